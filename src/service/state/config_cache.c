/*
 * The cache of effective configurations: how an entry is made, and which entries are kept.
 *
 * An entry is immutable and belongs to one snap_doc. The order of use is a list through the
 * snap_docs themselves (cache_before, cache_next), so that keeping an entry allocates nothing and
 * cannot fail.
 *
 * What must hold:
 * - `d->entry` is not NULL exactly while `d` is in the list, and `bytes` is the sum of the listed
 *   entries.
 * - The cache holds one reference to each entry. A snap_doc that is freed takes its entry out
 *   (drop_entry), so the list never names a freed document.
 * - The mutex is never held while an entry is made or freed: both may take long.
 */
#include "service/state/config_cache.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "doc/write.h"

#include <string.h>

#define ETAG_HASH_BYTES 16 /* of the digest, in an ETag */
_Static_assert(2 * ETAG_HASH_BYTES + 3 <= ETAG_BYTES, "an ETag has room");

struct config_cache {
	struct doc_cache base; /* first: documents have a pointer to it */
	pthread_mutex_t mutex;
	size_t bytes, bytes_max;
	struct snap_doc *newest, *oldest; /* by use */
};

struct effective_entry *effective_entry_ref(struct effective_entry *e)
{
	if (e != NULL)
		atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
	return e;
}

void effective_entry_unref(struct effective_entry *e)
{
	if (e == NULL || atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) != 1)
		return;
	effective_clear(&e->effective);
	alloc_free(e->secret_versions);
	shared_body_unref(e->json);
	alloc_free(e);
}

/* Big-endian, so that the digest does not depend on the machine: the store keeps it. */
static void hash_u64(struct sha256 *h, uint64_t value)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> (56 - 8 * i));
	sha256_update(h, bytes, sizeof bytes);
}

/* The length goes first, so that no two sequences of texts hash the same bytes. */
static void hash_slice(struct sha256 *h, struct slice s)
{
	hash_u64(h, s.len);
	sha256_update(h, s.data, s.len);
}

/* The digest covers the versions of the secrets too: a rotated secret changes no byte of the JSON,
 * but must wake polls and change the ETag. */
static void digest_entry(struct effective_entry *e)
{
	struct sha256 h;

	sha256_init(&h);
	hash_slice(&h, buf_slice(&e->json->bytes));
	for (uint32_t i = 0; i < e->effective.secrets_count; i++) {
		hash_slice(&h, e->effective.secrets[i].path);
		hash_u64(&h, e->secret_versions[i]);
	}
	sha256_final(&h, e->digest);
}

/* It writes into the entry itself and allocates nothing, so that it cannot fail. 16 bytes of the
 * digest are enough: an ETag must only not collide by accident. */
static void write_etag(char ret[static ETAG_BYTES], const uint8_t digest[static HASH_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	uint32_t at = 0;

	ret[at++] = '"';
	for (uint32_t i = 0; i < ETAG_HASH_BYTES; i++) {
		ret[at++] = digits[digest[i] >> 4];
		ret[at++] = digits[digest[i] & 15];
	}
	ret[at++] = '"';
	ret[at] = '\0';
}

void effective_etag(char ret[static ETAG_BYTES], const struct effective_entry *e,
		    enum config_format format, bool is_revealed, struct slice key)
{
	uint8_t digest[HASH_BYTES];
	struct sha256 h;

	sha256_init(&h);
	sha256_update(&h, e->digest, HASH_BYTES);
	hash_u64(&h, (uint64_t)format);
	hash_u64(&h, is_revealed);
	hash_slice(&h, key);
	sha256_final(&h, digest);
	write_etag(ret, digest);
}

/* The version that each reference means now. A reference that finds no secret has a default, or
 * else the check would have failed; its version stays 0. */
static enum result note_versions(struct effective_entry *e, struct view *v, struct error *err)
{
	enum result rc = OK;

	e->secret_versions =
		alloc_zero_array(e->effective.secrets_count, sizeof *e->secret_versions);
	if (e->secret_versions == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; rc == OK && i < e->effective.secrets_count; i++) {
		rc = view_secret_version(v, &e->effective.secrets[i], &e->secret_versions[i], err);
		if (rc == E_NOT_FOUND || rc == E_MALFORMED)
			rc = OK; /* the reference has a default */
	}
	return rc;
}

/* The JSON is written once, here, and sent to every reader. `bytes` is what the entry takes of the
 * cache: the tree and the JSON are by far the largest parts. */
static enum result write_ready(struct effective_entry *e, struct error *err)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL;

	json_write(&json, &e->effective.tree.root);
	e->json = shared_body_new(&json, false);
	if (e->json == NULL)
		return fail(err, E_MEMORY, "out of memory");
	digest_entry(e);
	effective_etag(e->etag, e, CONFIG_JSON, false, SLICE_NULL);
	e->bytes = sizeof *e + e->effective.tree.arena.used_bytes + e->json->bytes.size;
	return OK;
}

enum result effective_entry_new(struct effective_entry **ret, struct view *v, struct slice path,
				struct check_report *report, struct error *err)
{
	struct check_source source = view_source(v);
	struct effective_entry *e = alloc_zero(sizeof *e);
	enum result rc;

	if (e == NULL)
		return fail(err, E_MEMORY, "out of memory");
	atomic_init(&e->refs, 1);
	rc = profile_check(&e->effective, path, &source, report, err);
	if (rc != OK) {
		alloc_free(e);
		return rc;
	}
	rc = note_versions(e, v, err);
	if (rc == OK)
		rc = write_ready(e, err);
	if (rc != OK) {
		effective_entry_unref(e);
		return rc;
	}
	*ret = e;
	return OK;
}

static void unlink_doc(struct config_cache *c, struct snap_doc *d)
{
	if (d->cache_before != NULL)
		d->cache_before->cache_next = d->cache_next;
	else
		c->newest = d->cache_next;
	if (d->cache_next != NULL)
		d->cache_next->cache_before = d->cache_before;
	else
		c->oldest = d->cache_before;
	d->cache_before = d->cache_next = NULL;
}

/* Called by snap_doc_unref() for the last reference to a document, by any thread. */
static void drop_entry(struct doc_cache *base, struct snap_doc *d)
{
	struct config_cache *c = (struct config_cache *)base;
	struct effective_entry *e;

	pthread_mutex_lock(&c->mutex);
	e = d->entry;
	if (e != NULL) {
		unlink_doc(c, d);
		c->bytes -= e->bytes;
		d->entry = NULL;
	}
	pthread_mutex_unlock(&c->mutex);
	effective_entry_unref(e);
}

struct config_cache *config_cache_new(size_t bytes_max)
{
	struct config_cache *c = alloc_zero(sizeof *c);

	if (c != NULL && pthread_mutex_init(&c->mutex, NULL) != 0) {
		alloc_free(c);
		return NULL;
	}
	if (c != NULL) {
		c->base.drop = drop_entry;
		c->bytes_max = bytes_max;
	}
	return c;
}

void config_cache_free(struct config_cache *c)
{
	if (c == NULL)
		return;
	pthread_mutex_destroy(&c->mutex);
	alloc_free(c);
}

static void link_newest(struct config_cache *c, struct snap_doc *d)
{
	d->cache_next = c->newest;
	if (c->newest != NULL)
		c->newest->cache_before = d;
	else
		c->oldest = d;
	c->newest = d;
}

struct effective_entry *config_cache_get(struct config_cache *c, struct snap_doc *d)
{
	struct effective_entry *e;

	pthread_mutex_lock(&c->mutex);
	e = effective_entry_ref(d->entry);
	if (e != NULL && c->newest != d) {
		unlink_doc(c, d);
		link_newest(c, d);
	}
	pthread_mutex_unlock(&c->mutex);
	return e;
}

/* Takes out at most `max` of the oldest entries while the cache is too large, but never the one of
 * `but`, which was just put. The caller frees them, without the mutex. What is too much after `max`
 * is taken out by the next put. */
static uint32_t evict(struct config_cache *c, const struct snap_doc *but,
		      struct effective_entry **gone, uint32_t max)
{
	uint32_t count = 0;

	while (c->bytes > c->bytes_max && count < max && c->oldest != NULL && c->oldest != but) {
		struct snap_doc *d = c->oldest;

		unlink_doc(c, d);
		c->bytes -= d->entry->bytes;
		gone[count++] = d->entry;
		d->entry = NULL;
	}
	return count;
}

/* An entry larger than the whole cache is not kept: it would drive out all others. If another
 * thread put an entry for the document first, that one stays; both are the same. */
void config_cache_put(struct config_cache *c, struct snap_doc *d, struct effective_entry *e)
{
	struct effective_entry *gone[16];
	uint32_t count = 0;

	pthread_mutex_lock(&c->mutex);
	if (d->entry == NULL && e->bytes <= c->bytes_max) {
		d->entry = effective_entry_ref(e);
		d->cache = &c->base;
		c->bytes += e->bytes;
		link_newest(c, d);
		count = evict(c, d, gone, ARRAY_SIZE(gone));
	}
	pthread_mutex_unlock(&c->mutex);
	for (uint32_t i = 0; i < count; i++)
		effective_entry_unref(gone[i]);
}
