/*
 * A write on its way: what was asked, what it was prepared to against one snapshot, and what the committer makes of it. A worker prepares; the committer
 * re-checks what was read and writes the rows. On a conflict the whole is thrown away and prepared again.
 */
#pragma once

#include "service/engine/commit_job.h"
#include "service/engine/response.h"
#include "service/engine/audit_draft.h"
#include "service/item.h"
#include "service/state/change.h"
#include "service/state/config_cache.h"
#include "service/state/view.h"
#include "service/write/idempotency.h"

/* A profile or schema that a write touches, directly or through what it needs. */
struct affected {
	struct slice path;
	enum doc_kind kind;
	struct snap_doc *before; /* referenced; NULL for a new one */
	bool exists;		 /* afterwards */
	bool has_edges;		 /* `edges` replaces the stored ones */
	struct doc_edges *edges;
	struct effective_entry *entry; /* what a profile comes to, while somebody will look at it */
	bool has_entry;		       /* false: not known, abstract, gone or invalid */
	uint8_t digest[HASH_BYTES];    /* of what it comes to */
	bool was_ready;		       /* somebody reads it: what it comes to is kept ready again */
	bool is_changed;	       /* the effective configuration is another one than before */
	bool is_invalid;	       /* after a forced write */
	bool has_checked_secrets;      /* its check looked for each secret that it needs */
};

struct write {
	struct commit_job job; /* first: the committer has a pointer to it */
	struct service *service;
	struct call *call;
	struct arena arena; /* wiped */
	struct view view;   /* reader: the writer */
	struct change *changes;
	uint32_t changes_count;
	struct affected *affected;
	uint32_t affected_count;
	struct check_report report;
	bool is_dry_run, is_forced, is_batch;
	bool was_forced; /* something went through that would have been refused */
	struct slice author, accessor, message, source;
	struct idempotency idempotency;

	struct slice
		administrator; /* accessor of one who can administer afterwards; empty: not asked */
	bool has_revision;     /* documents change; false: only a key is to be kept */

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

/* Everything between asking and committing: opens, parses, checks each change, then the cascade. Fills the answer and gives
 * STEP_RESPOND where it ends here (refused, nothing changed, dry run), else STEP_COMMIT. */
enum step write_prepare(struct verb_context *ctx, struct write *w);

/* Bits of enum permission, all of which the change takes on its path when it is no dry run; its
 * kind is set. */
uint32_t change_permissions(const struct write *w, const struct change *c);
/* Whether the one who asks may make the change; its kind is set. */
bool write_may_change(const struct verb_context *ctx, const struct write *w,
		      const struct change *c);

/* patch_blind.c. Whether the change brings content that its writer does not know. */
bool change_is_blind(const struct write *w, const struct change *c);
/* What of a patch is judged by itself, where its writer may not read what it is merged into. */
MUST_USE enum result blind_patch_check(const struct change *c, size_t bytes_max, struct error *err);
/* Takes from the merged secret the encoding of what the patch sets without one. `scratch` (TREE_INIT) outlives `merged`. */
MUST_USE enum result blind_patch_finish(struct write *w, const struct change *c,
					struct tree *scratch, struct tree_node *merged,
					struct error *err);

/* write_prepare.c: what one change comes to by itself: version, state, new content. Does not look at others. */
MUST_USE enum result change_prepare(struct verb_context *ctx, struct write *w, struct change *c,
				    struct error *err);
/* referral.c: whether the writer may refer to what the changes newly refer to. E_FORBIDDEN, recorded. Before anything of what is referred to is
 * looked at. */
MUST_USE enum result referral_check(struct write *w, struct error *err);
/* change_check.c: whether the content is right for its kind, as the view has it; edges, policy, warnings. E_INVALID with problems in the report. */
MUST_USE enum result change_check(struct verb_context *ctx, struct write *w, struct change *c,
				  struct error *err);
/* Those of a schema that does not compile, with their places in it. */
void schema_problems_add(struct write *w, const struct view_doc *d,
			 const struct schema_report *report);
/* {"data": {…}, "metadata": {…}} */
MUST_USE enum result secret_check(const struct tree_node *root, struct error *err);

/* Whether it is one of the documents that this write changes; NULL when not. */
const struct change *write_change(const struct write *w, struct slice path);

struct path_list {
	struct slice *items;
	uint32_t count;
};

/* cascade_closure.c: the profiles and schemas that depend on the changed documents, with these, in the
 * order of their paths; the list lives in `a`. `budget` NULL: not counted. E_LIMIT. */
MUST_USE enum result cascade_closure(struct path_list *ret, const struct snapshot *snapshot,
				     const struct write *w, struct budget *budget, struct arena *a,
				     struct error *err);
/* Resolves and validates them. E_INVALID, E_CONFLICT: the reasons are in the report. */
MUST_USE enum result cascade_check(struct verb_context *ctx, struct write *w, struct error *err);

/* problems.c: a list of the report's problems as far as the writer may see them; the hidden ones are counted in one problem that
 * names nothing. A failed buffer where the report ran out of memory. */
void problems_write(struct buf *ret, const struct write *w, enum problem_list list);
/* Takes a text away that names a document which the writer may not know; its line and column with it. */
void problems_hide_names(const struct write *w, struct error *err);
/* One more, in the report. `place`'s texts are copied. */
void report_add_error(struct check_report *r, const struct check_problem *place,
		      const char *message);
void report_add_warning(struct check_report *r, const struct check_problem *place,
			const char *message);

/* Whether the writer knows a document's content: puts it, which who moves or patches it does not, or may read it. */
bool write_may_see(const struct write *w, struct slice path);

/* Which constraint it is that a value does not fit is part of the schema: whether the writer may read that. */
bool write_may_see_constraint(const struct write *w, const struct check_problem *p);

/* problem_sight.c. What the document needs after the write, or NULL. */
const struct doc_edges *edges_as_written(const struct write *w, struct slice path);
/* Takes from a problem what tells of content that the writer neither wrote nor may read: message, and place where need be. */
void problem_cut_content(const struct write *w, struct check_problem *p);
/* A warning that tells of a profile's content, to who may not read it. */
bool problem_is_unsaid(const struct write *w, const struct check_problem *p);
/* Whether a text quotes what the writer did not send, where documents took part that he may not see. */
bool problem_quotes_hidden(const struct write *w, struct slice text);

enum step dry_run_response(struct verb_context *ctx, struct write *w);
/* Once revision and time are known: what was done. */
enum result write_response(struct write *w, struct error *err);

/* The same for a caller who may write but has other rights by then: no digests, no problems. Appended. */
void write_response_short(struct buf *ret, const struct write *w);

/* commit_write.c: the committer's half. */
extern const struct commit_job_ops write_job_ops;

/* The verbs. */
verb_fn document_write_on_worker; /* put, patch, delete, undelete, destroy, rollback */
verb_fn batch_on_worker, revert_on_worker;
