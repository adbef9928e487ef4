/* Commands with a second word: `reeve secret put`. */
#pragma once

#include "cli/command.h"

#include <stddef.h>

/* Runs the row that argv[1] names; lists them for --help, a missing or an unknown word. */
int subcommand_run(const struct command *command, const struct command *const *rows, size_t count,
		   int argc, char **argv);
