/*
 * The commands of `reeved` (init, serve, restore) and their exit codes. main.c holds the table.
 * Each command has one file, which owns everything that it opens and closes it before it returns.
 */
#pragma once

enum command_exit {
	/* Scripts and service managers rely on the numbers. */
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* the command line was right, but the command failed */
	EXIT_USAGE = 2,	 /* wrong command line or settings */
};

/* `argv` is without the command's name. Each function prints its errors to standard error and
 * returns an enum command_exit. */
int command_init(int argc, char **argv);
int command_serve(int argc, char **argv);
int command_restore(int argc, char **argv);
int command_recover(int argc, char **argv);
