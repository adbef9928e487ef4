/* The commands of `reeved`. main.c holds the table. */
#pragma once

enum command_exit {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* the command line was right, but the command failed */
	EXIT_USAGE = 2,	 /* wrong command line or settings */
};

/* `argv` is without the command's name. Each function prints its errors to standard error and
 * returns an enum command_exit. */
int command_init(int argc, char **argv);
int command_serve(int argc, char **argv);
int command_restore(int argc, char **argv);
