/*
 * Counts the bytes of large responses while their clients receive them.
 *
 * A hash table with chains, keyed by the body's address: bodies are shared by reference, so equal
 * addresses are equal bodies as long as a response refers to them. An entry is one pair of body and
 * principal; it lives from the first such response to the last. The sum of all counts a body once,
 * when its first entry is made and until its last is freed; a share counts it once for each of its
 * principal's entries.
 *
 * An entry owns a reference to its share. It borrows its body, which the responses in progress keep
 * alive. All under one mutex: a walk along a chain is short, and only large responses come here.
 */
#include "http/pending_response.h"

#include "base/memory.h"

/* Small ones are bounded by the number of connections alone, and counting each would make every
 * read take the mutex. */
#define COUNTED_BYTES_MIN (64 * 1024) /* a smaller response is not counted */

/* One body that is being sent to clients of one principal. */
struct pending_response {
	struct pending_response *next;	/* in its bucket */
	const struct shared_body *body; /* alive: each response in progress has a reference */
	struct share *share;		/* a reference; NULL: of no principal */
	size_t len;
	uint32_t responses;
};

void pending_responses_init(struct pending_responses *all, size_t bytes_max)
{
	*all = (struct pending_responses){.bytes_max = bytes_max};
	pthread_mutex_init(&all->mutex, NULL);
}

void pending_responses_clear(struct pending_responses *all)
{
	pthread_mutex_destroy(&all->mutex);
}

/* The lowest bits of an allocation's address are always the same: a struct shared_body takes about
 * 64 bytes. */
static struct pending_response **bucket_of(struct pending_responses *all,
					   const struct shared_body *body)
{
	return &all->buckets[((uintptr_t)body >> 6) % PENDING_BUCKETS];
}

static bool is_counted(struct pending_responses *all, const struct shared_body *body)
{
	for (struct pending_response *r = *bucket_of(all, body); r != NULL; r = r->next) {
		if (r->body == body)
			return true;
	}
	return false;
}

/* Under the mutex: only here is the sum of all increased, so comparing and adding need not be one
 * step. */
static bool count(struct pending_responses *all, struct share *share,
		  const struct shared_body *body)
{
	size_t len = body->bytes.len, max = all->bytes_max;
	size_t used = atomic_load(&all->bytes);
	bool is_new = !is_counted(all, body);

	if (is_new && (len > max || used > max - len))
		return false;
	if (share != NULL && !share_take(share, SHARE_RESPONSE_BYTES, len, max / 4))
		return false;
	if (is_new)
		atomic_fetch_add(&all->bytes, len);
	return true;
}

static struct pending_response *pending_new(struct pending_responses *all, struct share *share,
					    const struct shared_body *body)
{
	struct pending_response **bucket = bucket_of(all, body);
	struct pending_response *r = alloc_zero(sizeof *r);

	if (r == NULL || !count(all, share, body)) {
		alloc_free(r);
		return NULL;
	}
	r->body = body;
	r->share = share != NULL ? share_ref(share) : NULL;
	r->len = body->bytes.len;
	r->next = *bucket;
	*bucket = r;
	return r;
}

bool pending_response_begin(struct pending_response **ret, struct pending_responses *all,
			    struct share *share, const struct shared_body *body)
{
	struct pending_response *r;

	*ret = NULL;
	if (body->bytes.len < COUNTED_BYTES_MIN)
		return true;
	pthread_mutex_lock(&all->mutex);
	r = *bucket_of(all, body);
	while (r != NULL && (r->body != body || r->share != share))
		r = r->next;
	if (r == NULL)
		r = pending_new(all, share, body);
	if (r != NULL)
		r->responses++;
	pthread_mutex_unlock(&all->mutex);
	*ret = r;
	return r != NULL;
}

static void pending_free(struct pending_responses *all, struct pending_response *r)
{
	struct pending_response **at = bucket_of(all, r->body);

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	/* The entry is out of its chain: another one of the same body is that of another
	 * principal. */
	if (!is_counted(all, r->body))
		atomic_fetch_sub(&all->bytes, r->len);
	if (r->share != NULL)
		share_give(r->share, SHARE_RESPONSE_BYTES, r->len);
	share_unref(r->share);
	alloc_free(r);
}

void pending_response_end(struct pending_responses *all, struct pending_response *r)
{
	if (r == NULL)
		return;
	pthread_mutex_lock(&all->mutex);
	if (--r->responses == 0)
		pending_free(all, r);
	pthread_mutex_unlock(&all->mutex);
}
