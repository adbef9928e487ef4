/* The commands of reeved. */
#pragma once

enum command_exit {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* understood, but it could not be done */
	EXIT_USAGE = 2,	 /* the call itself is wrong */
};

/* argv without the command's name. Each prints its errors to stderr and gives an enum command_exit. */
int command_init(int argc, char **argv);
int command_serve(int argc, char **argv);
int command_restore(int argc, char **argv);
