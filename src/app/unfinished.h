/*
 * The folder DIR/unfinished, in which init and restore build a store before it gets its name.
 *
 * The file `made` in it names the command and what that makes outside of the folder, and is durable
 * before any of that exists. So a run that was interrupted leaves a folder that `reeved serve`
 * refuses and that a later run can clear. DIR/reeve.db appears as the last step, by a rename, when
 * all else is durable. From then on DIR is finished, whether or not DIR/unfinished is still there.
 *
 * One thread. Paths are made absolute.
 */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <limits.h>
#include <stdbool.h>

#define UNFINISHED_FOLDER "unfinished"

/* What a run is going to make. */
struct unfinished_plan {
	const char *command; /* "init" or "restore" */
	/* Clears what an earlier run of the command left; else such a folder is E_CONFLICT. */
	bool may_begin_anew;
	struct slice folder;	 /* the data folder */
	struct slice token_file; /* must not exist */
	struct slice root_key;	 /* is made where it does not exist; SLICE_NULL: never made */
};

/* One run. */
struct unfinished {
	const char *command;
	char folder[PATH_MAX]; /* DIR */
	char inside[PATH_MAX]; /* DIR/unfinished: where the store is built */
	char token_file[PATH_MAX];
	char root_key[PATH_MAX]; /* "" without */
	/* An earlier run made the root key: this run uses it again and never removes it. */
	bool is_root_key_kept;
	/* Set by the caller once it has made the file, for unfinished_undo(). */
	bool is_root_key_made, is_token_made;
	int lock; /* of DIR; -1 for none */
};

#define UNFINISHED_NULL    \
	{                  \
		.lock = -1 \
	}

/* Makes DIR, unless it is there and empty; takes its lock; clears it of an earlier run; writes the
 * file `made`. E_CONFLICT where DIR or the token's file holds anything else, or the plan does not
 * allow to begin anew; E_BUSY where another process has the folder. On failure DIR is as it was,
 * but for a lock file and what an earlier run had made. */
MUST_USE enum result unfinished_begin(struct unfinished *ret, const struct unfinished_plan *plan,
				      struct error *err);

/* Gives the store its name and removes DIR/unfinished. The store is closed, and the other files are
 * durable. After a failure the caller calls unfinished_undo(). E_IO, E_CONFLICT. */
MUST_USE enum result unfinished_commit(struct unfinished *u, struct error *err);

/* Removes what this run has made. DIR/unfinished stays where a root key of an earlier run does. */
void unfinished_undo(struct unfinished *u);

/* Releases the lock. Harmless for UNFINISHED_NULL. */
void unfinished_clear(struct unfinished *u);

/* Whether DIR may be served: E_CONFLICT, with the command to run, where a run did not finish. */
MUST_USE enum result unfinished_check(struct slice folder, struct error *err);

/* The same, by a caller that holds the folder's lock: removes what a finished run left of
 * DIR/unfinished. */
MUST_USE enum result unfinished_settle(struct slice folder, struct error *err);
