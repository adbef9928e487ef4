/* The commands of `reeve`: one row each in a const table, so that help, dispatch and the manual agree. */
#pragma once

/* What a command ends with; scripts rely on the numbers. */
enum command_exit {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1, /* understood, and the answer is no: invalid, forbidden, failed */
	EXIT_USAGE = 2,	  /* the call itself is wrong, or an input cannot be read */
	EXIT_CHANGES = 3, /* a comparison found differences */
};

struct command {
	const char *name;    /* as typed: one word, or two of a command with subcommands */
	const char *summary; /* one line, no full stop */
	const char *help;    /* usage, options and an example; ends with a newline */
	/* argv[0] is the command's last word. Gives an enum command_exit. NULL where there are subcommands. */
	int (*run)(int argc, char **argv);
	const struct command *const *subcommands;
	unsigned subcommands_count;
};

/* Runs the command, or the subcommand that argv[1] names; lists those for --help, a missing or an unknown word. Gives an enum
 * command_exit. */
int command_run(const struct command *command, int argc, char **argv);
