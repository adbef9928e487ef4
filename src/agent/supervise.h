/* Runs a command with its effective configuration, and has it take on changes. */
#pragma once

#include "agent/environment.h"
#include "client/client.h"

enum on_change { ON_CHANGE_RESTART, ON_CHANGE_SIGNAL };

struct run_options {
	const char *target;		    /* "/v1/config/orders/production" */
	struct environment_request request; /* config_file is filled in */
	enum on_change on_change;
	int signal;	   /* of ON_CHANGE_SIGNAL */
	int64_t splay_ms;  /* a random part of it passes before a change is taken on */
	int64_t grace_ms;  /* between SIGTERM and SIGKILL at a restart */
	char *const *argv; /* the command */
};

/* "HUP", "SIGHUP", "USR1" … */
bool signal_parse(const char *name, int *ret);

/* Takes `client`. OK: the child ended, `*ret_exit` is its exit code, or 128 and the signal that
 * ended it. Any other result: it could not be started. Handles the process's signals until then;
 * leaves a thread behind, so the caller is expected to end the process. */
MUST_USE enum result run_command(int *ret_exit, struct client *client_taken,
				 const struct run_options *options, struct error *err);
