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
	const char *name;    /* one word, as typed */
	const char *summary; /* one line, no full stop */
	const char *help;    /* usage, options and an example; ends with a newline */
	/* argv[0] is the command's name. Gives an enum command_exit. */
	int (*run)(int argc, char **argv);
};
