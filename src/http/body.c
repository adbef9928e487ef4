/*
 * The counting of request bodies; body.h has the rules that it keeps.
 *
 * The way of one body: body_init() when the request starts; body_admit() once the principal is
 * known; body_append() for each piece; body_end_upload() after the last one; body_release() when
 * the service no longer reads it. A refused body takes the same way with body_discard().
 *
 * What is added to a sum is noted in the body (bytes_counted, bytes_counted_small, is_upload), and
 * exactly that is given back. So a body can be released at any step, and twice. A body is counted
 * in one place at a time: in the reserve while it is small, then in the pool and its principal's
 * share.
 *
 * Several event loops add to the sums at once. Only its own loop touches a struct request_body;
 * while the service has the call, its threads read the content.
 */
#include "http/body.h"

#include "base/memory.h"

/* A body of at most so many bytes may use the reserve. */
#define SMALL_BYTES_MAX ((size_t)16 * 1024)
/* Many clients read no response before they have sent the whole body. A refused body is received up
 * to here, so that they see why, and not only a broken connection. */
#define DISCARDED_BYTES_MAX (16 * 1024 * 1024)
#define GRACE_MS	    5000 /* before the minimum rate applies */
/* The longest pause between two pieces of a body, however many bytes came before. */
#define STALL_MS 10000

/* The part of the pool that only small bodies may take. */
static size_t reserve_bytes(const struct body_pool *pool)
{
	return pool->settings->bodies_bytes_max / 8;
}

/* Adds first and compares then: two threads that only compared could both pass the limit. */
static bool take_bytes(_Atomic size_t *sum, size_t len, size_t max)
{
	if (atomic_fetch_add(sum, len) + len <= max)
		return true;
	atomic_fetch_sub(sum, len);
	return false;
}

void body_init(struct request_body *b, struct body_pool *pool)
{
	*b = (struct request_body){.pool = pool, .content = BUF_NULL};
}

enum result body_admit(struct request_body *b, struct share *share, struct error *err)
{
	const struct http_settings *settings = b->pool->settings;
	uint32_t max = settings->uploads_per_principal_max;

	/* However high the setting is, stalled uploads leave half of the connections to others. */
	if (max > settings->connections_max / 2)
		max = settings->connections_max / 2;
	if (!share_take(share, SHARE_UPLOADS, 1, max))
		return fail(err, E_BUSY,
			    "this principal has too many uploads at once; try again later");
	b->share = share;
	b->is_upload = true;
	return OK;
}

/* The earliest of three ends, each counted from the body's beginning: STALL_MS after now; the time
 * that the bytes so far have earned at the minimum rate, after the grace; the setting for the whole
 * body. A fast client thus earns time for later pauses, and a slow one cannot stretch its body. */
int64_t body_deadline_ms(const struct request_body *b, int64_t now_ms)
{
	const struct http_settings *settings = b->pool->settings;
	int64_t took_ms = now_ms - b->began_ms;
	int64_t end_ms = took_ms + STALL_MS;

	if (settings->body_rate_min != 0) {
		/* Divided before it is multiplied, so that no announced length overflows. */
		uint64_t earned_ms =
			b->bytes_seen / settings->body_rate_min * 1000 +
			b->bytes_seen % settings->body_rate_min * 1000 / settings->body_rate_min;

		if (end_ms > GRACE_MS + (int64_t)earned_ms)
			end_ms = GRACE_MS + (int64_t)earned_ms;
	}
	if (end_ms > settings->body_ms)
		end_ms = settings->body_ms;
	return end_ms > took_ms ? end_ms - took_ms : 1;
}

/* False: the body is too large for the reserve, or the reserve is full. It then counts as a large
 * one. */
static bool count_small(struct request_body *b, size_t len)
{
	if (b->bytes_seen > SMALL_BYTES_MAX || b->bytes_counted != 0 ||
	    (b->bytes_announced != BODY_BYTES_UNKNOWN && b->bytes_announced > SMALL_BYTES_MAX) ||
	    !take_bytes(&b->pool->small_bytes, len, reserve_bytes(b->pool)))
		return false;
	b->bytes_counted_small += len;
	return true;
}

static void uncount_small(struct request_body *b)
{
	if (b->bytes_counted_small == 0)
		return;
	atomic_fetch_sub(&b->pool->small_bytes, b->bytes_counted_small);
	b->bytes_counted_small = 0;
}

/* Counts `len` more bytes. A body that has outgrown the reserve moves from it to the pool. */
static enum result count(struct request_body *b, size_t len, struct error *err)
{
	size_t all = len + b->bytes_counted_small;
	size_t max = b->pool->settings->bodies_bytes_max;

	if (count_small(b, len))
		return OK;
	if (!share_take(b->share, SHARE_BODY_BYTES, all, max / 4))
		return fail(err, E_BUSY, "this principal sends too much at once; try again later");
	if (!take_bytes(&b->pool->bytes, all, max - reserve_bytes(b->pool))) {
		share_give(b->share, SHARE_BODY_BYTES, all);
		return fail(err, E_BUSY, "the server receives too much at once; try again later");
	}
	uncount_small(b);
	b->bytes_counted += all;
	return OK;
}

static void drop_content(struct request_body *b)
{
	buf_clear(&b->content);
	uncount_small(b);
	if (b->bytes_counted == 0)
		return;
	share_give(b->share, SHARE_BODY_BYTES, b->bytes_counted);
	atomic_fetch_sub(&b->pool->bytes, b->bytes_counted);
	b->bytes_counted = 0;
}

/* The length is checked before the bytes are counted, so a body that is too large never makes
 * another one wait. */
static enum result keep(struct request_body *b, const char *bytes, size_t len, struct error *err)
{
	enum result rc;

	if (b->bytes_seen > b->bytes_max)
		return fail(err, E_TOO_LARGE, "the body may have at most %zu bytes", b->bytes_max);
	rc = count(b, len, err);
	if (rc != OK)
		return rc;
	buf_append(&b->content, bytes, len);
	return buf_is_failed(&b->content) ? fail(err, E_MEMORY, "request body: out of memory") : OK;
}

enum result body_append(struct request_body *b, const char *bytes, size_t len, struct error *err)
{
	enum result rc;

	b->bytes_seen += len;
	rc = keep(b, bytes, len, err);
	if (rc != OK)
		drop_content(b);
	return rc;
}

void body_discard(struct request_body *b, size_t len)
{
	b->bytes_seen += len;
}

bool body_may_discard(const struct request_body *b)
{
	return b->bytes_seen <= DISCARDED_BYTES_MAX;
}

void body_end_upload(struct request_body *b)
{
	if (b->is_upload)
		share_give(b->share, SHARE_UPLOADS, 1);
	b->is_upload = false;
}

void body_release(struct request_body *b)
{
	drop_content(b);
	body_end_upload(b);
}
