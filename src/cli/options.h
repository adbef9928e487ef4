/* Options of a command: one row each; `--name value`, `--name=value`, `-x value`. Options and operands mix; "--" ends the options. */
#pragma once

#include "cli/command.h"

#include <stdbool.h>
#include <stddef.h>

#define OPTION_LIST_MAX 64

/* As `operands_max`: any number, and the first ends the options, which behind it are another command's. */
#define OPERANDS_END_OPTIONS (-2)

struct option_list {
	const char *items[OPTION_LIST_MAX];
	size_t count;
};

enum option_kind {
	OPTION_FLAG, /* bool * */
	OPTION_TEXT, /* const char ** */
	OPTION_LIST, /* struct option_list *: may be given several times */
};

struct option_row {
	const char *name; /* without dashes */
	char letter;	  /* 0: none */
	enum option_kind kind;
	void *target;
};

/* What is left when the options are taken: argv pieces, borrowed. */
struct operands {
	char **items;
	int count;
};

/* True: go on with `ret`. False: end with `*ret_exit`; help was printed (EXIT_DONE) or what is wrong (EXIT_USAGE). `operands_max` -1: any number. */
bool options_parse(struct operands *ret, const struct command *command, int argc, char **argv,
		   const struct option_row *rows, size_t count, int operands_min, int operands_max,
		   int *ret_exit);

/* Prints "reeve NAME: <text>" and a pointer to --help; gives EXIT_USAGE. */
int usage_error(const struct command *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
