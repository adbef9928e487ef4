/*
 * Responses: how a call's `out` is filled, replaced and freed, and how the call itself begins and
 * ends.
 *
 * What must hold:
 * - A response is complete or becomes a failure: a body whose buffer failed is never sent, nor a
 *   list of problems that was cut short.
 * - A failure has no body, and a refusal of a known principal has an audit draft. If there is no
 *   memory for the draft, the failure becomes 503, since it could not be recorded.
 * - The call owns its response. The bytes of a body are counted, so that one configuration is sent
 *   to many readers without a copy.
 *
 * The thread that has the call; shared bodies in any thread.
 */
#include "base/text.h"
#include "service/engine/commit_job.h"
#include "service/engine/audit_draft.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"
#include "service/state/share.h"

#include <stdio.h>
#include <string.h>

#define CALL_ARENA_BYTES_MAX ((size_t)96 << 20)
/* A person or a clean-up job makes space; writing goes on within a second of that. */
#define RETRY_FULL_S 5

/* A failed buffer gives NULL and is freed all the same: it is taken in any case. */
struct shared_body *shared_body_new(struct buf *bytes_taken, bool is_secret)
{
	struct shared_body *b = buf_is_failed(bytes_taken) ? NULL : alloc_zero(sizeof *b);

	if (b == NULL) {
		buf_clear(bytes_taken);
		return NULL;
	}
	atomic_init(&b->refs, 1);
	b->is_secret = is_secret;
	b->bytes = buf_steal(bytes_taken);
	return b;
}

struct shared_body *shared_body_ref(struct shared_body *b)
{
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

void shared_body_unref(struct shared_body *b)
{
	if (b == NULL || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
		return;
	buf_clear(&b->bytes);
	alloc_free(b);
}

void call_init(struct call *c)
{
	*c = (struct call){.arena = ARENA_INIT(CALL_ARENA_BYTES_MAX, true),
			   .out.problems = BUF_RESPONSE};
	atomic_init(&c->state, CALL_NEW);
}

void response_reset(struct call *c)
{
	buf_clear(&c->out.problems);
	shared_body_unref(c->out.body);
	c->out = (struct response){.problems = BUF_RESPONSE};
}

void call_drop_work(struct call *c)
{
	if (c->work_free != NULL)
		c->work_free(c->work);
	c->work = NULL;
	c->work_free = NULL;
}

void call_set_job(struct call *c, struct commit_job *job_take)
{
	call_drop_job(c);
	c->job = job_take;
}

void call_drop_job(struct call *c)
{
	if (c->job != NULL)
		c->job->ops->free(c->job);
	c->job = NULL;
}

void call_clear(struct call *c)
{
	call_drop_job(c);
	call_drop_work(c);
	response_reset(c);
	snapshot_unref(c->snapshot);
	c->snapshot = NULL;
	principal_unref(c->principal);
	c->principal = NULL;
	share_unref(c->share);
	c->share = NULL;
	c->audit_draft = NULL;
	arena_clear(&c->arena);
}

/* Every failure passes here, so that none can leave without its entry. */
static enum step response_failed(struct call *c, enum result rc)
{
	c->out.result = rc;
	shared_body_unref(c->out.body);
	c->out.body = NULL;
	c->out.kind = BODY_NONE;
	if (buf_is_failed(&c->out.problems))
		buf_clear(&c->out.problems); /* half a list would look complete */
	if (rc == E_BUSY && c->out.retry_after_s == 0)
		c->out.retry_after_s = 1;
	if (rc == E_FULL)
		c->out.retry_after_s = RETRY_FULL_S;
	if (call_is_refusal(c, rc) && c->principal != NULL && !audit_draft_refusal(c))
		c->out.result = fail(&c->out.error, E_UNAVAILABLE, "cannot record the refusal");
	return STEP_RESPOND;
}

enum step response_fail(struct call *c, enum result rc, const char *fmt, ...)
{
	va_list args;

	c->out.error = (struct error)ERROR_NULL;
	va_start(args, fmt);
	vsnprintf(c->out.error.text, sizeof c->out.error.text, fmt, args);
	va_end(args);
	return response_failed(c, rc);
}

enum step response_error(struct call *c, enum result rc, const struct error *err)
{
	c->out.error = *err;
	return response_failed(c, rc);
}

void response_unrecorded(struct call *c, enum result rc, const char *reason)
{
	uint64_t revision = c->out.revision, epoch = c->out.epoch;
	struct error err = ERROR_NULL;

	fail(&err, rc, "%s", reason); /* a copy: `reason` may lie in the response */
	if (rc != E_BUSY)
		wrap(&err, rc, "it could not be recorded");
	response_reset(c);
	c->out.revision = revision;
	c->out.epoch = epoch;
	response_error(c, rc, &err);
	c->audit_draft = NULL;
}

enum step response_empty(struct call *c)
{
	c->out.result = OK;
	c->out.kind = BODY_NONE;
	return STEP_RESPOND;
}

enum result response_check(const struct buf *b, struct error *err)
{
	if (b->is_full)
		return fail(err, E_LIMIT,
			    "the answer would be larger than %zu MiB: ask for a part of it, with "
			    "`?key=` or a smaller `?limit=`",
			    b->max_bytes >> 20);
	return buf_check(b, err);
}

enum step response_body(struct call *c, enum body_kind kind, struct buf *bytes_taken,
			bool is_secret)
{
	struct error err = ERROR_NULL;
	enum result rc = response_check(bytes_taken, &err);
	struct shared_body *b = shared_body_new(bytes_taken, is_secret);

	if (rc != OK)
		return response_error(c, rc, &err);
	if (b == NULL)
		return response_fail(c, E_MEMORY, "out of memory");
	shared_body_unref(c->out.body);
	c->out.body = b;
	c->out.kind = kind;
	c->out.result = OK;
	return STEP_RESPOND;
}

enum step response_json(struct call *c, struct buf *bytes_taken)
{
	return response_body(c, BODY_JSON, bytes_taken, false);
}

void response_etag_version(struct call *c, uint64_t version)
{
	snprintf(c->out.etag, sizeof c->out.etag, "\"v%llu\"", (unsigned long long)version);
}

/* A text that does not fit is left out: a cut one would be another place in the list. */
void response_next(struct call *c, struct slice after)
{
	size_t len = after.len < sizeof c->out.next ? after.len : 0;

	if (len != 0)
		memcpy(c->out.next, after.data, len);
	c->out.next[len] = '\0';
}

void response_next_number(struct call *c, uint64_t after)
{
	snprintf(c->out.next, sizeof c->out.next, "%llu", (unsigned long long)after);
}

enum result response_difference(void *writer, const struct difference_item *d, struct error *err)
{
	const struct difference_writer *w = writer;

	w->codec->difference(w->out, d);
	return response_check(w->out, err);
}
