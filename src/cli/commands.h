/*
 * Every command of `reeve`. main.c holds the table; to add a command, add it here and there, and
 * its file to meson.build. One file holds the options, the request, the output and the help text of
 * a command, often of several related ones.
 */
#pragma once

#include "cli/command.h"

#include <stddef.h>

extern const struct command access_command;
extern const struct command apply_command;
extern const struct command audit_command;
extern const struct command backup_command;
extern const struct command check_command;
extern const struct command completion_command;
extern const struct command config_command;
extern const struct command delete_command;
extern const struct command diff_command;
extern const struct command edit_command;
extern const struct command get_command;
extern const struct command history_command;
extern const struct command list_command;
extern const struct command log_command;
extern const struct command put_command;
extern const struct command revert_command;
extern const struct command rollback_command;
extern const struct command run_command_row; /* run_command() belongs to agent/ */
extern const struct command schema_command;
extern const struct command secret_command;
extern const struct command show_command;
extern const struct command status_command;
extern const struct command token_command;
extern const struct command undelete_command;

/* The table in main.c, in the order of the help text. */
extern const struct command *const commands[];
extern const size_t commands_count;
