/*
 * Which failures are recorded, and what their entries name.
 *
 * Each refusal of a known principal is recorded, and each of its writes that failed, since an
 * attempt to write is worth knowing also if it was only malformed. Failures of the server itself
 * (429, 503) are not recorded: they say nothing of the caller, and the log may be what has failed.
 * Reads that found nothing are not recorded either.
 *
 * The paths come from the commit job where there is one, so that a refused batch names all its
 * documents; else from the request. They may be malformed: text of a client, cut at
 * AUDIT_PATH_BYTES_MAX.
 */
#include "service/engine/audit_draft.h"
#include "service/engine/commit_job.h"
#include "service/engine/verb.h"

#include <stdio.h>

#define SUBJECT_BYTES_MAX (2 * AUDIT_PATH_BYTES_MAX)

static bool changes_state(enum verb verb)
{
	return verb_is_write(verb) || verb == VERB_TOKEN_CREATE || verb == VERB_TOKEN_REVOKE ||
	       verb == VERB_TOKEN_RENEW;
}

bool call_is_refusal(const struct call *c, enum result rc)
{
	switch (rc) {
	case E_FORBIDDEN:
		return true;
	case E_INVALID:
	case E_CONFLICT:
	case E_PRECONDITION:
	case E_LIMIT:
	case E_NOT_FOUND:
	case E_MALFORMED:
	case E_TOO_LARGE:
	case E_UNSUPPORTED:
		return changes_state(c->verb);
	default:
		return false;
	}
}

/* Each path once: several changes of a batch may be of one document. */
static bool touch(struct call *c, struct slice path)
{
	return path.len == 0 || audit_draft_has(c, path) || audit_draft_touch(c, path, 0, NULL);
}

static bool touch_two(struct call *c, struct slice folder, struct slice name)
{
	char text[SUBJECT_BYTES_MAX];
	int len = snprintf(text, sizeof text, "%.*s%.*s", SLICE_ARGS(folder), SLICE_ARGS(name));

	return touch(c,
		     slice_make(text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1));
}

static bool touch_revision(struct call *c, uint64_t number)
{
	char text[48];

	snprintf(text, sizeof text, "revisions/%llu", (unsigned long long)number);
	return touch(c, slice_text(text));
}

struct job_paths {
	struct call *call;
	bool has_any;
};

/* A malformed path of a batch is left out. If no other path is left, the subject of the request is
 * named. */
static bool touch_path(void *ctx, struct slice path)
{
	struct job_paths *p = ctx;
	enum doc_kind kind;

	if (path_check(path, &kind, NULL) != OK)
		return true;
	p->has_any = true;
	return touch(p->call, path);
}

/* All paths that the job would have changed, as far as its body was read. False: no memory. */
static bool touch_changes(struct call *c, bool *ret_has_any)
{
	struct job_paths p = {.call = c};
	bool is_kept = c->job == NULL || c->job->ops->each_path == NULL ||
		       c->job->ops->each_path(c->job, touch_path, &p);

	*ret_has_any = p.has_any;
	return is_kept;
}

/* The subject of a request that names no document in its path. */
static bool touch_subject(struct call *c)
{
	switch (c->verb) {
	case VERB_BATCH:
		return touch(c, SLICE_LITERAL("batch"));
	case VERB_REVISION_LIST:
		return c->in.page.path.len != 0 ? touch(c, c->in.page.path)
						: touch(c, SLICE_LITERAL("revisions/"));
	case VERB_REVISION_GET:
		return touch_revision(c, c->in.numbered.number);
	case VERB_REVISION_REVERT:
		return touch_revision(c, c->in.write.revision);
	case VERB_DOCUMENT_LIST:
		return touch_two(c, c->path, c->in.page.prefix);
	case VERB_AUDIT_LIST:
		return touch(c, c->path) && touch(c, c->in.audit.path);
	case VERB_TOKEN_REVOKE:
		return touch_two(c, SLICE_LITERAL("sys/tokens/"), c->in.token.accessor);
	case VERB_TOKEN_SELF:
	case VERB_TOKEN_RENEW:
		return touch_two(c, SLICE_LITERAL("sys/tokens/"), c->principal->accessor);
	default:
		return c->path.len != 0 ? touch(c, c->path) : touch(c, SLICE_LITERAL("sys"));
	}
}

/* A refused dry run stays a refusal; any other failed dry run says so in its reason. */
bool audit_draft_refusal(struct call *c)
{
	bool has_any;
	bool is_kept = touch_changes(c, &has_any);

	if (is_kept && !has_any)
		is_kept = touch_subject(c);
	if (is_kept && call_is_dry_run(c) && c->out.result != E_FORBIDDEN &&
	    c->audit_draft->reason.len == 0)
		c->audit_draft->reason = SLICE_LITERAL("dry run");
	return is_kept;
}
