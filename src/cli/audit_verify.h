/* The subcommand `audit verify`, which audit.c lists. */
#pragma once

#include "cli/command.h"

extern const struct command audit_verify_command;
