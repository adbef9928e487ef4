/* schema: validates files without a server. Each subcommand has a file of its own; schema_command.c
 * lists them. */
#pragma once

#include "cli/command.h"

extern const struct command schema_command;

extern const struct command schema_test_command, schema_check_command, schema_bench_command;
