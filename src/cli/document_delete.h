/* The subcommands of `secret` that work as those of other documents do. secret.c lists them. */
#pragma once

#include "cli/command.h"

extern const struct command secret_delete_command;
extern const struct command secret_undelete_command;
extern const struct command secret_destroy_command;
