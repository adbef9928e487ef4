/*
 * The keys of one store in secret memory, and their rows in wrapped form.
 *
 * Must hold: `keks` is sorted by generation, without duplicates; every key of the ring is owned by
 * it and freed with it; the root key never leaves this file. A row is bound to the store, its
 * purpose and its generation, so rows cannot be swapped or moved to another store.
 *
 * Threads: after a keyring was made, only keyring_add_generation() changes it. Generations are
 * appended and never moved. It writes the new entry first and raises `count` afterwards (a
 * sequentially consistent atomic), so a reader that has read `count` may use all entries below it
 * without a lock.
 */
#include "crypto/keyring.h"

#include "crypto/envelope.h"

#include <stdatomic.h>

#define ROOT_ID	  0 /* the root key has no generations */
#define ROW_LABEL "keyring"

/* One generation of the key-encryption key. */
struct kek {
	uint32_t generation;
	struct key *key;
};

/* Made by begin_ring() with all keys NULL, so that it can be freed at any moment. `derived` comes
 * from `derive` and is not stored. */
struct keyring {
	struct secret_memory *memory;
	struct key *root;
	struct key *derive;
	struct key *signing;
	struct key *derived[DERIVED_COUNT];
	char store_id[STORE_ID_BYTES_MAX];
	size_t store_id_len;
	_Atomic uint32_t count;
	struct kek keks[KEYRING_GENERATIONS_MAX]; /* by generation */
};

/* These names and labels are part of the stored form: a change makes every existing store
 * unreadable. */
static const char *const purpose_names[] = {
	[KEY_KEK] = "kek",
	[KEY_DERIVE] = "derive",
	[KEY_SIGNING] = "signing",
};

static const char *const derived_labels[DERIVED_COUNT] = {
	[DERIVED_TOKEN_PEPPER] = "reeve/v1/derive/token-pepper",
	[DERIVED_VALUE_MAC] = "reeve/v1/derive/value-mac",
	[DERIVED_DIGEST_MAC] = "reeve/v1/derive/digest-mac",
	[DERIVED_ROW_MAC] = "reeve/v1/derive/row-mac",
	[DERIVED_STATE] = "reeve/v1/derive/state",
};

void keyring_free(struct keyring *ring)
{
	if (ring == NULL)
		return;
	for (uint32_t i = 0; i < ring->count; i++)
		key_free(ring->keks[i].key);
	for (size_t i = 0; i < DERIVED_COUNT; i++)
		key_free(ring->derived[i]);
	key_free(ring->signing);
	key_free(ring->derive);
	key_free(ring->root);
	alloc_free(ring);
}

void keyring_freep(struct keyring **ring)
{
	keyring_free(steal(ring));
}

/* A ring with nothing but its root key. */
static enum result begin_ring(struct keyring **ret, struct secret_memory *m, struct key *root_take,
			      struct slice store_id, struct error *err)
{
	struct keyring *ring;

	if (store_id.len == 0 || store_id.len > STORE_ID_BYTES_MAX) {
		key_free(root_take);
		return fail(err, E_INVALID, "keyring: a store's id has 1 to %d bytes, not %zu",
			    STORE_ID_BYTES_MAX, store_id.len);
	}
	ring = alloc_zero(sizeof *ring);
	if (ring == NULL) {
		key_free(root_take);
		return fail(err, E_MEMORY, "keyring: out of memory");
	}
	ring->memory = m;
	ring->root = root_take;
	memcpy(ring->store_id, store_id.data, store_id.len);
	ring->store_id_len = store_id.len;
	*ret = ring;
	return OK;
}

/* Derived and not stored: they come out the same at each start, and a new root key or a rotation
 * does not change them. */
static enum result derive_keys(struct keyring *ring, struct error *err)
{
	for (size_t i = 0; i < DERIVED_COUNT; i++) {
		enum result rc = key_derive(&ring->derived[i], ring->memory, ring->derive,
					    derived_labels[i], err);

		if (rc != OK)
			return rc;
	}
	return OK;
}

/* A key that cannot be made leaves a ring with some keys missing; keyring_free() takes NULL for
 * each. */
enum result keyring_create(struct keyring **ret, struct secret_memory *m, struct key *root_take,
			   struct slice store_id, struct error *err)
{
	CLEANUP(keyring_freep) struct keyring *ring = NULL;
	enum result rc = begin_ring(&ring, m, root_take, store_id, err);

	if (rc == OK)
		rc = key_new_random(&ring->derive, m, err);
	if (rc == OK)
		rc = key_new_random(&ring->signing, m, err);
	if (rc == OK)
		rc = key_new_random(&ring->keks[0].key, m, err);
	if (rc == OK) {
		ring->keks[0].generation = 1;
		ring->count = 1;
		rc = derive_keys(ring, err);
	}
	if (rc == OK)
		*ret = steal(&ring);
	return rc;
}

/* The rows come from the store and are not trusted: purpose and generation are checked before they
 * index purpose_names. */
static bool is_row_known(const struct key_row *row)
{
	return (row->purpose == KEY_KEK && row->generation != 0) ||
	       ((row->purpose == KEY_DERIVE || row->purpose == KEY_SIGNING) &&
		row->generation == 1);
}

static enum result row_associated(struct buf *ad, const struct keyring *ring,
				  const struct key_row *row, struct error *err)
{
	associated_append_text(ad, "reeve");
	associated_append(ad, keyring_store_id(ring));
	associated_append_text(ad, purpose_names[row->purpose]);
	associated_append_u64(ad, row->generation);
	return buf_check(ad, err);
}

static enum result wrap_row(struct buf *ret, const struct keyring *ring, const struct key_row *row,
			    const struct key *k, struct error *err)
{
	CLEANUP(buf_clear) struct buf ad = BUF_NULL;
	enum result rc = row_associated(&ad, ring, row, err);

	if (rc != OK)
		return rc;
	return envelope_wrap(ret,
			     &(struct envelope_params){ring->root, ROOT_ID, ROW_LABEL,
						       buf_slice(&ad)},
			     k, err);
}

static enum result unwrap_row(struct key **ret, const struct keyring *ring,
			      const struct key_row *row, struct error *err)
{
	CLEANUP(buf_clear) struct buf ad = BUF_NULL;
	enum result rc = row_associated(&ad, ring, row, err);

	if (rc != OK)
		return rc;
	rc = envelope_unwrap(ret, ring->memory,
			     &(struct envelope_params){ring->root, ROOT_ID, ROW_LABEL,
						       buf_slice(&ad)},
			     row->wrapped, err);
	if (rc == E_CRYPTO)
		return fail(err, rc,
			    "the root key is not the one that wrapped this store's %s key %u, or "
			    "the row was changed",
			    purpose_names[row->purpose], row->generation);
	return rc;
}

/* Inserts the key in the order of generations; takes it only when OK. */
static enum result insert_kek(struct keyring *ring, uint32_t generation, struct key *k,
			      struct error *err)
{
	uint32_t at = ring->count;

	if (at == KEYRING_GENERATIONS_MAX)
		return fail(err, E_LIMIT, "more than %d key generations", KEYRING_GENERATIONS_MAX);
	while (at > 0 && ring->keks[at - 1].generation > generation)
		at--;
	if (at > 0 && ring->keks[at - 1].generation == generation)
		return fail(err, E_CORRUPT, "key generation %u is stored twice", generation);
	memmove(&ring->keks[at + 1], &ring->keks[at], (ring->count - at) * sizeof *ring->keks);
	ring->keks[at] = (struct kek){generation, k};
	ring->count++;
	return OK;
}

/* Unwraps one row and puts its key into its place; a second key for the same place is E_CORRUPT. */
static enum result open_row(struct keyring *ring, const struct key_row *row, struct error *err)
{
	CLEANUP(key_freep) struct key *k = NULL;
	struct key **single = row->purpose == KEY_DERIVE ? &ring->derive : &ring->signing;
	enum result rc;

	if (!is_row_known(row))
		return fail(err, E_CORRUPT, "a key of purpose %d and generation %u is unknown",
			    (int)row->purpose, row->generation);
	rc = unwrap_row(&k, ring, row, err);
	if (rc != OK)
		return rc;
	if (row->purpose == KEY_KEK) {
		rc = insert_kek(ring, row->generation, k, err);
		if (rc == OK)
			steal(&k);
		return rc;
	}
	if (*single != NULL)
		return fail(err, E_CORRUPT, "the %s key is stored twice",
			    purpose_names[row->purpose]);
	*single = steal(&k);
	return OK;
}

/* All rows first, then what is missing: the rows may come in any order. */
enum result keyring_open(struct keyring **ret, struct secret_memory *m, struct key *root_take,
			 struct slice store_id, struct key_rows rows, struct error *err)
{
	CLEANUP(keyring_freep) struct keyring *ring = NULL;
	enum result rc = begin_ring(&ring, m, root_take, store_id, err);

	for (size_t i = 0; rc == OK && i < rows.count; i++)
		rc = open_row(ring, &rows.items[i], err);
	if (rc != OK)
		return wrap(err, rc, "keyring");
	if (ring->count == 0 || ring->derive == NULL || ring->signing == NULL)
		return fail(err, E_CORRUPT, "keyring: the store's %s key is missing",
			    ring->count == 0	   ? "kek"
			    : ring->derive == NULL ? "derive"
						   : "signing");
	rc = derive_keys(ring, err);
	if (rc == OK)
		*ret = steal(&ring);
	return rc;
}

/* First the generations, then the two single keys. The nonces are random, so a row wrapped anew
 * differs from the stored one. */
enum result keyring_each_row(const struct keyring *ring,
			     enum result (*each)(void *ctx, const struct key_row *row,
						 struct error *err),
			     void *ctx, struct error *err)
{
	uint32_t generations = ring->count;

	for (uint32_t i = 0; i < generations + 2; i++) {
		CLEANUP(buf_clear) struct buf wrapped = BUF_NULL;
		struct key_row row = {KEY_KEK, 1, SLICE_NULL};
		const struct key *k;
		enum result rc;

		if (i < generations) {
			row.generation = ring->keks[i].generation;
			k = ring->keks[i].key;
		} else {
			row.purpose = i == generations ? KEY_DERIVE : KEY_SIGNING;
			k = i == generations ? ring->derive : ring->signing;
		}
		rc = wrap_row(&wrapped, ring, &row, k, err);
		if (rc != OK)
			return rc;
		row.wrapped = buf_slice(&wrapped);
		rc = each(ctx, &row, err);
		if (rc != OK)
			return rc;
	}
	return OK;
}

struct slice keyring_store_id(const struct keyring *ring)
{
	return slice_make(ring->store_id, ring->store_id_len);
}

uint32_t keyring_generation(const struct keyring *ring)
{
	return ring->keks[ring->count - 1].generation;
}

struct secret_memory *keyring_memory(const struct keyring *ring)
{
	return ring->memory;
}

const struct key *keyring_derived(const struct keyring *ring, enum derived_key which)
{
	return ring->derived[which];
}

const struct key *keyring_signing_seed(const struct keyring *ring)
{
	return ring->signing;
}

const struct key *keyring_kek(const struct keyring *ring, uint32_t generation)
{
	/* The newest first: most contents were written lately or re-wrapped. */
	for (uint32_t i = ring->count; i > 0; i--) {
		if (ring->keks[i - 1].generation == generation)
			return ring->keks[i - 1].key;
	}
	return NULL;
}

void generation_clear(struct generation *g)
{
	key_free(steal(&g->key));
	buf_clear(&g->wrapped);
	g->number = 0;
}

/* Changes nothing in the ring: until the row is durable, no write may use the key, or a crash would
 * make its contents unreadable. */
enum result keyring_make_generation(const struct keyring *ring, struct generation *ret,
				    struct error *err)
{
	CLEANUP(generation_clear) struct generation g = GENERATION_NULL;
	struct key_row row = {KEY_KEK, keyring_generation(ring), SLICE_NULL};
	enum result rc;

	if (ring->count == KEYRING_GENERATIONS_MAX || row.generation == UINT32_MAX)
		return fail(err, E_LIMIT, "more than %d key generations", KEYRING_GENERATIONS_MAX);
	g.number = ++row.generation;
	rc = key_new_random(&g.key, ring->memory, err);
	if (rc == OK)
		rc = wrap_row(&g.wrapped, ring, &row, g.key, err);
	if (rc != OK)
		return rc;
	*ret = g;
	g = (struct generation)GENERATION_NULL;
	return OK;
}

enum result keyring_add_generation(struct keyring *ring, struct generation *g, struct error *err)
{
	uint32_t count = ring->count;

	if (g->key == NULL || g->number <= keyring_generation(ring))
		return fail(err, E_CONFLICT, "key generation %u is not newer than %u", g->number,
			    keyring_generation(ring));
	if (count == KEYRING_GENERATIONS_MAX)
		return fail(err, E_LIMIT, "more than %d key generations", KEYRING_GENERATIONS_MAX);
	ring->keks[count] = (struct kek){g->number, steal(&g->key)};
	ring->count = count + 1; /* publishes what was written before */
	return OK;
}
