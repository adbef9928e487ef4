/* The options that `reeve schema test`, `check` and `bench` share. */
#pragma once

#include "cli/schema_files.h"

struct schema_arguments {
	struct schema_library library;
	const char *schema;    /* --schema */
	const char *instances; /* --instances */
	struct schema_options options;
	bool has_output; /* --output */
	enum schema_output output;
	bool is_batch; /* --batch */
	char **files;
	int files_count;
};

/* `argv[0]` is the subcommand; the caller has set defaults in `ret->options`. False, and said why on stderr, for what is wrong. */
bool schema_arguments_parse(struct schema_arguments *ret, int argc, char **argv);

/* Reads and compiles `--schema`; prints each reason on stderr where it is refused. */
MUST_USE enum result schema_arguments_compile(struct schema **ret, struct schema_arguments *a);
