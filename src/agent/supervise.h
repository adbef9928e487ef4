/* `reeve run`: runs a command with its effective configuration, and applies changes to it. */
#pragma once

#include "agent/environment.h"
#include "client/client.h"

/* What the child gets when its configuration has changed: a new process, or the new file and a
 * signal. */
enum on_change { ON_CHANGE_RESTART, ON_CHANGE_SIGNAL };

struct run_options {
	const char *target; /* "/v1/config/orders/production" */
	/* What the child's environment has; config_file is filled in by run_command(). */
	struct environment_request request;
	enum on_change on_change;
	int signal; /* of ON_CHANGE_SIGNAL */
	/* A change is applied after a random part of it, so that many children do not restart at
	 * once; 0: at once. */
	int64_t splay_ms;
	int64_t grace_ms; /* between SIGTERM and SIGKILL at a restart */
	/* The command and its arguments, up to a NULL; found by PATH. */
	char *const *argv;
};

/* The number of "HUP", "SIGHUP", "USR1" …; false for another name. */
bool signal_parse(const char *name, int *ret);

/* Runs the command until it ends. Takes `client`. OK: `*ret_exit` is the child's exit code, or 128
 * plus the number of the signal that ended it. Any other result: the child could not be started.
 * Handles all of the process's signals, and leaves the poller's thread running: the caller must end
 * the process. */
MUST_USE enum result run_command(int *ret_exit, struct client *client_taken,
				 const struct run_options *options, struct error *err);
