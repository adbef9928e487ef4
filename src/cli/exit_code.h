/* The exit codes of `reeve`. Scripts rely on the numbers. EXIT_CHANGES is given only where
 * --exit-code asks for it. `reeve run` is an exception: it exits with the code of its child. */
#pragma once

enum command_exit {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1, /* the request was understood, and was refused or failed */
	EXIT_USAGE = 2,	  /* wrong command line, or an input that cannot be read */
	EXIT_CHANGES = 3, /* a comparison found differences */
};
