/* `reeve schema`: schemas tested, files checked and validation timed without a server. */
#pragma once

#include "cli/command.h"

extern const struct command schema_command;

/* Each takes what stands behind `reeve schema`, argv[0] being its own name. */
int schema_test_run(int argc, char **argv);
int schema_check_run(int argc, char **argv);
int schema_bench_run(int argc, char **argv);
