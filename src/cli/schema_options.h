/* The options that schema test, schema check and schema bench share. The texts are those of argv.
 * The caller clears the library with schema_library_clear(). */
#pragma once

#include "cli/options.h"
#include "cli/schema_files.h"

struct schema_arguments {
	struct schema_library library;
	const char *schema;    /* --schema */
	const char *instances; /* --instances */
	/* For schema_compile(); `load` reads from the library. */
	struct schema_options options;
	bool has_output; /* --output */
	enum schema_output output;
	bool is_batch; /* --batch */
	/* The files to check or run; borrowed from argv. */
	struct operands files;
};

/* The caller has set defaults in `ret->options`. Returns false, as options_parse() does, where the
 * command ends with `*ret_exit`. */
bool schema_arguments_parse(struct schema_arguments *ret, const struct command *command, int argc,
			    char **argv, int *ret_exit);

/* Reads and compiles the schema of --schema. On failure prints the reasons to standard error. */
MUST_USE enum result schema_arguments_compile(struct schema **ret, struct schema_arguments *a);
