/*
 * Large answers until their clients have taken them: what they hold together, and what each
 * principal's hold.
 *
 * Many connections may send one body (the cache shares them), which is in memory once: it counts
 * once in the server's sum and once for each principal to whom it is being sent, from the first of
 * those answers to the last, whether or not the cache still has it.
 */
#include "base/memory.h"
#include "http/exchange.h"
#include "service/state/share.h"

#define COUNTED_BYTES_MIN (64 * 1024) /* a smaller answer is not counted */

/* One body on its way to clients of one principal. */
struct pending_response {
	struct pending_response *next;	/* in its bucket */
	const struct shared_body *body; /* alive: each answer that is being sent has a reference */
	struct share *share;		/* a reference; NULL: of no principal */
	size_t len;
	uint32_t responses;
};

static struct pending_response **bucket_of(struct http_server *s, const struct shared_body *body)
{
	return &s->pending_responses[((uintptr_t)body >> 6) % PENDING_BUCKETS];
}

static bool is_counted(struct http_server *s, const struct shared_body *body)
{
	for (struct pending_response *h = *bucket_of(s, body); h != NULL; h = h->next) {
		if (h->body == body)
			return true;
	}
	return false;
}

static bool take(struct http_server *s, struct share *share, const struct shared_body *body)
{
	size_t len = body->bytes.len, max = s->settings.responses_bytes_max;
	size_t held = atomic_load(&s->responses_bytes);
	bool is_new = !is_counted(s, body);

	if (is_new && (len > max || held > max - len))
		return false;
	if (share != NULL && !share_take(share, SHARE_RESPONSE_BYTES, len, max / 4))
		return false;
	if (is_new)
		atomic_fetch_add(&s->responses_bytes, len);
	return true;
}

/* NULL: too much is held already, or there is no memory. */
static struct pending_response *pending_new(struct http_server *s, struct share *share,
					    const struct shared_body *body)
{
	struct pending_response **bucket = bucket_of(s, body);
	struct pending_response *h = alloc_zero(sizeof *h);

	if (h == NULL || !take(s, share, body)) {
		alloc_free(h);
		return NULL;
	}
	h->body = body;
	h->share = share != NULL ? share_ref(share) : NULL;
	h->len = body->bytes.len;
	h->next = *bucket;
	*bucket = h;
	return h;
}

bool pending_response(struct peer *p, const struct shared_body *body)
{
	struct http_server *s = p->server;
	struct pending_response *h;

	if (body->bytes.len < COUNTED_BYTES_MIN)
		return true;
	pthread_mutex_lock(&s->pending_mutex);
	h = *bucket_of(s, body);
	while (h != NULL && (h->body != body || h->share != p->share))
		h = h->next;
	if (h == NULL)
		h = pending_new(s, p->share, body);
	if (h != NULL)
		h->responses++;
	pthread_mutex_unlock(&s->pending_mutex);
	p->x.pending = h;
	return h != NULL;
}

static void pending_free(struct http_server *s, struct pending_response *h)
{
	struct pending_response **at = bucket_of(s, h->body);

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	if (!is_counted(s, h->body))
		atomic_fetch_sub(&s->responses_bytes, h->len);
	if (h->share != NULL)
		share_give(h->share, SHARE_RESPONSE_BYTES, h->len);
	share_unref(h->share);
	alloc_free(h);
}

void pending_response_end(struct peer *p)
{
	struct http_server *s = p->server;
	struct pending_response *h = steal(&p->x.pending);

	if (h == NULL)
		return;
	pthread_mutex_lock(&s->pending_mutex);
	if (--h->responses == 0)
		pending_free(s, h);
	pthread_mutex_unlock(&s->pending_mutex);
}
