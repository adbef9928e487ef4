/*
 * The keys of one store. The root key wraps a handful of rows that the store keeps beside its
 * data:
 *
 *   kek      generation 1, 2, 3 …   wraps data keys; new writes use the newest
 *   derive   1                      the sub-keys below come from it and so outlive a new root key
 *   signing  1                      the Ed25519 seed of the audit log
 *
 * A keyring does not change after it was made, but for keyring_add_generation(); any number of
 * threads may use it.
 */
#pragma once

#include "base/buf.h"
#include "crypto/secret_memory.h"

#define STORE_ID_BYTES_MAX	64
#define KEYRING_GENERATIONS_MAX 256

enum key_purpose {
	KEY_KEK = 1, /* stored as numbers: never change one */
	KEY_DERIVE = 2,
	KEY_SIGNING = 3,
};

/* What the store keeps of a key. */
struct key_row {
	enum key_purpose purpose;
	uint32_t generation; /* from 1 */
	struct slice wrapped;
};

enum derived_key {
	DERIVED_TOKEN_PEPPER, /* hashes tokens: token_hash() */
	DERIVED_VALUE_MAC,    /* hashes values for the audit log: audit_value_mac() */
	DERIVED_DIGEST_MAC, /* hashes contents of secrets where configuration has a plain digest */
	DERIVED_COUNT,
};

struct keyring;

/* New random keys. `store_id` is 1 to STORE_ID_BYTES_MAX bytes, bound into all that is sealed.
 * Takes `root`, which is the keyring's from here on, also on failure. `m` must outlive the
 * keyring. */
MUST_USE enum result keyring_create(struct keyring **ret, struct secret_memory *m,
				    struct key *root_take, struct slice store_id,
				    struct error *err);

/* From rows that were stored, in any order. E_CRYPTO when the root key is not theirs; E_CORRUPT
 * when one is missing, twice there or of an unknown purpose; E_LIMIT. */
MUST_USE enum result keyring_open(struct keyring **ret, struct secret_memory *m,
				  struct key *root_take, struct slice store_id,
				  const struct key_row *rows, size_t count, struct error *err);

void keyring_free(struct keyring *ring);
void keyring_freep(struct keyring **ring);

/* Calls back with every row, freshly wrapped under the root key; stops at the first that is not
 * OK. */
MUST_USE enum result keyring_each_row(const struct keyring *ring,
				      enum result (*each)(void *ctx, const struct key_row *row,
							  struct error *err),
				      void *ctx, struct error *err);

/* Borrowed. */
struct slice keyring_store_id(const struct keyring *ring);
uint32_t keyring_generation(const struct keyring *ring); /* the newest: what new writes use */
struct secret_memory *keyring_memory(const struct keyring *ring);
const struct key *keyring_derived(const struct keyring *ring, enum derived_key which);
const struct key *keyring_signing_seed(const struct keyring *ring);

/* NULL where there is none of that generation. Borrowed. */
const struct key *keyring_kek(const struct keyring *ring, uint32_t generation);

/* Rotation in two steps, so that no write uses a generation that is not yet durable. */
struct generation {
	uint32_t number;
	struct key *key;
	struct buf wrapped; /* for the store: KEY_KEK, `number` */
};

#define GENERATION_NULL           \
	{                         \
		0, NULL, BUF_NULL \
	}

void generation_clear(struct generation *g);
MUST_USE enum result keyring_make_generation(const struct keyring *ring, struct generation *ret,
					     struct error *err);
/* Once its row is durable. One thread at a time. Moves the key out of `g`. E_CONFLICT when the
 * number does not rise; E_LIMIT. */
MUST_USE enum result keyring_add_generation(struct keyring *ring, struct generation *g,
					    struct error *err);
