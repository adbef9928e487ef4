/*
 * A write on its way: what the caller asked for, what a worker prepared against one snapshot, and
 * what the committer needs to apply it.
 *
 * A worker prepares the whole write before a byte of it is stored: each change by itself
 * (change_prepare.c), the references that it adds (reference_permission.c), its content
 * (change_check.c), then all documents that depend on it (cascade.c). The committer checks only
 * that all that was looked at is still the same, and writes the rows (commit_write.c). Where
 * something has changed, the write is thrown away and prepared again from the request.
 *
 * Each path in a write is authorised, whatever way it came in. What the caller may not read must
 * not show: neither in the response nor in problems (problems.c, problem_visibility.c).
 *
 * One thread at a time has a write: a worker, then the committer. The call owns it.
 */
#pragma once

#include "service/engine/audit_draft.h"
#include "service/engine/commit_job.h"
#include "service/engine/response.h"
#include "service/item.h"
#include "service/state/change.h"
#include "service/state/config_cache.h"
#include "service/state/view.h"
#include "service/write/idempotency.h"

/* A profile or schema that the write changes, or that depends on a document that it changes. */
struct affected {
	struct slice path;
	enum doc_kind kind;
	struct snap_doc *before; /* referenced; NULL for a new one */
	bool exists;		 /* afterwards */
	bool has_edges;		 /* `edges` replaces the stored ones */
	struct doc_edges *edges;
	struct effective_entry *entry; /* the configuration of a profile, while it is needed */
	bool has_entry;		       /* false: not known, abstract, gone or invalid */
	uint8_t digest[HASH_BYTES];    /* of the configuration */
	bool was_ready;		       /* the configuration was cached, and will be cached again */
	bool is_changed;	       /* the configuration differs from the one before */
	bool is_invalid;	       /* after a forced write */
	bool has_checked_secrets;      /* its check looked for each secret that it needs */
};

struct write {
	struct commit_job job; /* first: the committer has a pointer to it */
	struct service *service;
	struct call *call;
	struct arena arena; /* wiped */
	struct view view;   /* as the caller sees the documents, with the changes */
	struct change *changes;
	uint32_t changes_count;
	struct affected *affected;
	uint32_t affected_count;
	struct check_report report;
	bool is_dry_run, is_forced, is_batch;
	bool was_forced; /* it would have been refused without force */
	struct slice author, accessor, message, source;
	struct idempotency idempotency;

	struct slice administrator; /* see lockout_check() */
	bool has_revision;	    /* documents change; false: only a key is to be kept */

	/* by the committer */
	uint64_t revision;
	int64_t time_ms;
};

/* The call's commit job; freed with it. NULL: no memory. */
struct write *write_new(struct verb_context *ctx, uint32_t changes_max);
/* Makes room for so many changes, where there is no change yet. False: no memory. */
bool write_make_room(struct write *w, uint32_t changes_max);
void write_free(struct commit_job *job);

/* For the audit entry of a refused write: calls back for each path, as far as the body was read. */
bool write_each_path(const struct commit_job *job, bool (*look)(void *ctx, struct slice path),
		     void *ctx);

/* Bits of enum permission: a change that is no dry run needs all of them on its path. Its kind is
 * set. */
uint32_t change_permissions(const struct write *w, const struct change *c);
/* Whether the caller may make the change. Its kind is set. */
bool write_may_change(const struct verb_context *ctx, const struct write *w,
		      const struct change *c);
/* Whether it is a delete or a destroy. */
bool change_takes_away(const struct change *c);

/* The write's change of a document; NULL where it does not change it. */
const struct change *write_change(const struct write *w, struct slice path);
