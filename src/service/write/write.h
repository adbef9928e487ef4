/*
 * A write on its way: what the caller asked for, what a worker prepared against one snapshot, and
 * what the committer needs to apply it.
 *
 * A worker prepares the whole write before a byte of it is stored: each change by itself
 * (write_prepare.c), the references that it adds (reference_permission.c), its content
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
/* Tells the change feed of the committed write. The committer's. */
void write_published(struct commit_job *job, struct service *s);

/* All of a write that comes before the commit. STEP_RESPOND with the response where it ends here
 * (refused, nothing changed, dry run), else STEP_COMMIT. */
enum step write_prepare(struct verb_context *ctx, struct write *w);

/* Bits of enum permission: a change that is no dry run needs all of them on its path. Its kind is
 * set. */
uint32_t change_permissions(const struct write *w, const struct change *c);
/* Whether the caller may make the change. Its kind is set. */
bool write_may_change(const struct verb_context *ctx, const struct write *w,
		      const struct change *c);

/* patch_without_read.c: whether the change makes content that the caller may not read. */
bool change_is_blind(const struct write *w, const struct change *c);
/* What can be checked of a patch alone, where the caller may not read the document that it
 * changes. */
MUST_USE enum result blind_patch_check(const struct change *c, size_t bytes_max, struct error *err);
/* Removes from the merged secret the encoding of each key that the patch sets without an
 * encoding. `scratch` (TREE_INIT) outlives `merged`. */
MUST_USE enum result blind_patch_finish(struct write *w, const struct change *c,
					struct tree *scratch, struct tree_node *merged,
					struct error *err);

/* write_prepare.c: the result of one change: version, state, new content. Looks at no other
 * change. */
MUST_USE enum result change_prepare(struct verb_context *ctx, struct write *w, struct change *c,
				    struct error *err);
/* reference_permission.c: whether the caller may refer to each document that the changes newly
 * refer to. E_FORBIDDEN, recorded. Comes before any look at those documents. */
MUST_USE enum result referral_check(struct write *w, struct error *err);
/* change_check.c: whether the content is valid for its kind; sets policy and warnings. E_INVALID
 * with problems in the report. */
MUST_USE enum result change_check(struct write *w, struct change *c, struct error *err);
/* Adds the problems of a schema that does not compile, with their places in it. */
void schema_problems_add(struct write *w, const struct view_doc *d,
			 const struct schema_report *report);
/* Whether a document has the form of a secret: {"data": {…}, "metadata": {…}}. E_INVALID. */
MUST_USE enum result secret_check(const struct tree_node *root, struct error *err);

/* The write's change of a document; NULL where it does not change it. */
const struct change *write_change(const struct write *w, struct slice path);

struct path_list {
	struct slice *items;
	uint32_t count;
};

/* cascade_closure.c: the profiles and schemas that depend on the changed documents, with these,
 * in the order of their paths; the list lives in `a`. `budget` NULL: not counted. E_LIMIT. */
MUST_USE enum result cascade_closure(struct path_list *ret, const struct snapshot *snapshot,
				     const struct write *w, struct budget *budget, struct arena *a,
				     struct error *err);
/* cascade.c: resolves and validates them. E_INVALID, E_CONFLICT: the reasons are in the report. */
MUST_USE enum result cascade_check(struct verb_context *ctx, struct write *w, struct error *err);

/* problems.c: a list of the report's problems as far as the writer may see them; the hidden ones
 * are counted in one problem that names nothing. A failed buffer where the report ran out of
 * memory. */
void problems_write(struct buf *ret, const struct write *w, enum problem_list list);
/* Replaces an error text that names a document which the caller may not read; its line and column
 * too. */
void problems_hide_names(const struct write *w, struct error *err);
/* Adds a problem to the report. The texts of `place` are copied. */
void report_add_error(struct check_report *r, const struct check_problem *place,
		      const char *message);
void report_add_warning(struct check_report *r, const struct check_problem *place,
			const char *message);

/* Whether the caller knows the content of a document: it sends the whole content (put), or may
 * read it. */
bool write_may_see(const struct write *w, struct slice path);

/* Whether the caller may know which constraint a value breaks, since constraints are part of the
 * schema. */
bool write_may_see_constraint(const struct write *w, const struct check_problem *p);

/* problem_visibility.c: the edges of a document after the write; NULL for none. */
const struct doc_edges *edges_as_written(const struct write *w, struct slice path);
/* Removes from a problem all that tells of content which the caller neither wrote nor may read:
 * the message, and the place where needed. */
void problem_cut_content(const struct write *w, struct check_problem *p);
/* Whether a problem is left out because it would tell of a profile's content to a caller who may
 * not read it. */
bool problem_is_left_out(const struct write *w, const struct check_problem *p);
/* Whether a text quotes words that the caller did not send, while documents took part which the
 * caller may not read. */
bool problem_quotes_hidden(const struct write *w, struct slice text);

/* dry_run.c */
enum step dry_run_response(struct verb_context *ctx, struct write *w);
/* write_response.c: fills call->out once revision and time are known. In the committer. */
enum result write_response(struct write *w, struct error *err);

/* The same for a caller who may write but has other rights by then: no digests, no problems.
 * Appended. */
void write_response_short(struct buf *ret, const struct write *w);

/* commit_write.c */
extern const struct commit_job_ops write_job_ops;

/* The verbs. */
verb_fn document_write_on_worker; /* put, patch, delete, undelete, destroy, rollback */
verb_fn batch_on_worker, revert_on_worker;
