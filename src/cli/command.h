/*
 * A command of `reeve` is one row: its name, its texts and the function that runs it. Dispatch,
 * --help and shell completion all read these rows, so that they agree.
 */
#pragma once

#include "cli/exit_code.h"

/* For `operands_max`: any number of operands. */
#define OPERANDS_ANY (-1)
/* For `operands_max`: any number, and the first operand ends the options. The words after it belong
 * to another command. */
#define OPERANDS_END_OPTIONS (-2)

/* Constant for the whole run; all texts are literals. `run` or `subcommands` is set; with
 * both, `run` has the words that name no subcommand. */
struct command {
	const char *name;    /* as typed: one word, or two for a subcommand: "secret put" */
	const char *summary; /* one line, no full stop */
	const char *help;    /* usage, options and an example; ends with a newline */
	/* `argv[0]` is the last word of the name. Returns an enum command_exit. NULL for a command
	 * that has subcommands. */
	int (*run)(int argc, char **argv);
	int operands_min, operands_max; /* checked by options_parse() */
	const struct command *const *subcommands;
	unsigned subcommands_count;
};

/* Runs the command, or the subcommand that `argv[1]` names. Lists the subcommands for --help, and
 * where the word is missing or unknown. Returns an enum command_exit. */
int command_run(const struct command *command, int argc, char **argv);
