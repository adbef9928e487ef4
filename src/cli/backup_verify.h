/* The subcommand `backup verify`, which backup.c lists. */
#pragma once

#include "cli/command.h"

extern const struct command backup_verify_command;
