/*
 * Bodies while they are read, and until the service has answered: what they hold together, and what
 * each principal's hold.
 *
 * Nothing is held before bytes arrive. Small bodies have a reserve of their own, so that large ones
 * that stall never shut them out; a principal has a share of what large ones may hold, and a number
 * of uploads at a time. An upload must keep up a least rate.
 */
#include "base/memory.h"
#include "http/exchange.h"
#include "service/state/share.h"

#define SMALL_BYTES_MAX ((size_t)16 * 1024)
/* A body that was refused while it was sent is read on for an answer, but not without end. */
#define REFUSED_BYTES_MAX (16 * 1024 * 1024)
#define GRACE_MS	  5000 /* before the least rate is asked for */
#define STALL_MS	  10000

static size_t reserve_bytes(const struct http_server *s)
{
	return s->settings.bodies_bytes_max / 8;
}

static bool pool_take(_Atomic size_t *pool, size_t len, size_t max)
{
	if (atomic_fetch_add(pool, len) + len <= max)
		return true;
	atomic_fetch_sub(pool, len);
	return false;
}

static void set_deadline(struct peer *p)
{
	const struct http_settings *settings = &p->server->settings;
	struct exchange *x = &p->x;
	int64_t took_ms = clock_monotonic_ms(p->server->clock) - x->body_since_ms;
	int64_t end_ms = took_ms + STALL_MS;

	if (settings->body_rate_min != 0) {
		uint64_t earned_ms =
			x->body_seen / settings->body_rate_min * 1000 +
			x->body_seen % settings->body_rate_min * 1000 / settings->body_rate_min;

		if (end_ms > GRACE_MS + (int64_t)earned_ms)
			end_ms = GRACE_MS + (int64_t)earned_ms;
	}
	if (end_ms > settings->body_ms)
		end_ms = settings->body_ms;
	peer_set_deadline(p, end_ms > took_ms ? end_ms - took_ms : 1);
}

void body_expect(struct peer *p)
{
	p->x.body_since_ms = clock_monotonic_ms(p->server->clock);
	set_deadline(p);
}

enum result body_admit(struct peer *p, struct error *err)
{
	struct exchange *x = &p->x;
	const struct http_settings *settings = &p->server->settings;
	uint32_t max = settings->uploads_per_principal_max;

	if (max > settings->connections_max / 2)
		max = settings->connections_max / 2;
	if (!share_take(p->share, SHARE_UPLOADS, 1, max))
		return fail(err, E_BUSY,
			    "this token's name has too many uploads at once; try again");
	x->has_upload = true;
	return OK;
}

static bool count_small(struct peer *p, size_t len)
{
	struct exchange *x = &p->x;

	if (x->body_seen > SMALL_BYTES_MAX || x->body_counted != 0 ||
	    (x->body_bytes != UINT64_MAX && x->body_bytes > SMALL_BYTES_MAX) ||
	    !pool_take(&p->server->small_bodies_bytes, len, reserve_bytes(p->server)))
		return false;
	x->body_counted_small += len;
	return true;
}

static void let_small_go(struct peer *p)
{
	if (p->x.body_counted_small == 0)
		return;
	atomic_fetch_sub(&p->server->small_bodies_bytes, p->x.body_counted_small);
	p->x.body_counted_small = 0;
}

/* `len` more. What has outgrown the reserve leaves it. */
static enum result pending(struct peer *p, size_t len, struct error *err)
{
	struct exchange *x = &p->x;
	struct http_server *s = p->server;
	size_t all = len + x->body_counted_small;
	size_t max = s->settings.bodies_bytes_max;

	if (count_small(p, len))
		return OK;
	if (!share_take(p->share, SHARE_BODY_BYTES, all, max / 4))
		return fail(err, E_BUSY,
			    "the requests of this token's name send too much at once; try again");
	if (!pool_take(&s->bodies_bytes, all, max - reserve_bytes(s))) {
		share_give(p->share, SHARE_BODY_BYTES, all);
		return fail(err, E_BUSY, "too much is being sent at once; try again");
	}
	let_small_go(p);
	x->body_counted += all;
	return OK;
}

void body_end_upload(struct peer *p)
{
	if (p->x.has_upload)
		share_give(p->share, SHARE_UPLOADS, 1);
	p->x.has_upload = false;
}

static void let_bytes_go(struct peer *p)
{
	struct exchange *x = &p->x;

	buf_clear(&x->body);
	let_small_go(p);
	if (x->body_counted == 0)
		return;
	share_give(p->share, SHARE_BODY_BYTES, x->body_counted);
	atomic_fetch_sub(&p->server->bodies_bytes, x->body_counted);
	x->body_counted = 0;
}

void body_release(struct peer *p)
{
	let_bytes_go(p);
	body_end_upload(p);
}

static enum result append_upload(struct peer *p, const char *upload, size_t len, struct error *err)
{
	struct exchange *x = &p->x;
	enum result rc;

	if (x->body_seen > x->body_max)
		return fail(err, E_TOO_LARGE, "the body may have at most %zu bytes", x->body_max);
	rc = pending(p, len, err);
	if (rc != OK)
		return rc;
	buf_append(&x->body, upload, len);
	return buf_is_failed(&x->body) ? fail(err, E_MEMORY, "request body: out of memory") : OK;
}

bool body_take(struct peer *p, const char *upload, size_t len)
{
	struct exchange *x = &p->x;
	struct response *a = &x->call.out;

	x->body_seen += len;
	set_deadline(p);
	if (a->result == OK && !x->is_refused) {
		a->result = append_upload(p, upload, len, &a->error);
		if (a->result != OK)
			let_bytes_go(p); /* it is still an upload until its end */
	}
	return (a->result == OK && !x->is_refused) || x->body_seen <= REFUSED_BYTES_MAX;
}
