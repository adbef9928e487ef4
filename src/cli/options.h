/*
 * The options of a command, one row each: --name VALUE, --name=VALUE, -x VALUE. Options and
 * operands may mix; "--" ends the options.
 */
#pragma once

#include "base/memory.h"
#include "cli/command.h"

#include <stdbool.h>
#include <stddef.h>

/* How often an option may be repeated; one more is an error. */
#define OPTION_LIST_MAX 64

/* The values of a repeated option in the order of the command line; pointers into argv. */
struct option_list {
	const char *items[OPTION_LIST_MAX];
	size_t count;
};

enum option_kind {
	OPTION_FLAG, /* bool * */
	OPTION_TEXT, /* const char **; the last one counts */
	OPTION_LIST, /* struct option_list *; may be repeated */
};

struct option_row {
	const char *name; /* without dashes */
	char letter;	  /* 0: the option has no short form */
	enum option_kind kind;
	void *target; /* where the value goes; untouched where the option is not given */
};

/* The options of one command, at most 32. */
struct option_set {
	const struct option_row *rows;
	size_t count;
};

/* `rows` is an array, not a pointer: its size is taken. */
#define OPTION_SET(rows) ((struct option_set){(rows), ARRAY_SIZE(rows)})
#define OPTION_SET_EMPTY ((struct option_set){NULL, 0})

/* The words that remain once the options are removed; pointers into argv. */
struct operands {
	char **items;
	int count;
};

/* Stores each option's value at its row's target, and checks the number of operands. True: the
 * command goes on with `ret`. False: it ends with `*ret_exit`, after help was printed (EXIT_DONE)
 * or an error (EXIT_USAGE). */
bool options_parse(struct operands *ret, const struct command *command, int argc, char **argv,
		   struct option_set options, int *ret_exit);

/* Prints "reeve NAME: <text>" and where help is found. Returns EXIT_USAGE. */
int usage_error(const struct command *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
