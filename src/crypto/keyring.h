/*
 * The keys of one store. The root key wraps a few rows that the store keeps beside its data:
 *
 *   kek      generation 1, 2, 3 …   wraps data keys; new writes use the newest
 *   derive   1                      the derived keys below come from it: they outlive a root key
 *   signing  1                      the Ed25519 seed of the audit log
 *
 * Only keyring_add_generation() changes a keyring after it was made; any number of threads may use
 * it meanwhile.
 */
#pragma once

#include "base/buf.h"
#include "crypto/secret_memory.h"

#define STORE_ID_BYTES_MAX 64
/* Old generations are kept, so this bounds the rotations of a store. */
#define KEYRING_GENERATIONS_MAX 256

enum key_purpose {
	KEY_KEK = 1, /* stored as numbers: never change one */
	KEY_DERIVE = 2,
	KEY_SIGNING = 3,
};

/* A key as the store keeps it. */
struct key_row {
	enum key_purpose purpose;
	uint32_t generation; /* from 1 */
	struct slice wrapped;
};

/* All rows of one store, borrowed for the call. */
struct key_rows {
	const struct key_row *items;
	size_t count;
};

/* A key for each use, so that no hash of one use means anything in another. */
enum derived_key {
	DERIVED_TOKEN_PEPPER, /* hashes tokens: token_hash() */
	DERIVED_VALUE_MAC,    /* hashes values for the audit log: audit_value_mac() */
	DERIVED_DIGEST_MAC,   /* digests of secrets; other documents have a plain digest */
	DERIVED_ROW_MAC,      /* MACs of stored rows: store/row_auth.h */
	DERIVED_STATE,	      /* sums of these MACs */
	DERIVED_COUNT,
};

struct keyring;

/* A keyring of new random keys. `store_id` has 1 to STORE_ID_BYTES_MAX bytes and is bound into all
 * sealed data. Takes `root`, also on failure. `m` must outlive the keyring. */
MUST_USE enum result keyring_create(struct keyring **ret, struct secret_memory *m,
				    struct key *root_take, struct slice store_id,
				    struct error *err);

/* From the stored rows, in any order. Takes `root`, also on failure. E_CRYPTO when another root key
 * wrapped them; E_CORRUPT when a row is missing, stored twice or of an unknown purpose; E_LIMIT. */
MUST_USE enum result keyring_open(struct keyring **ret, struct secret_memory *m,
				  struct key *root_take, struct slice store_id,
				  struct key_rows rows, struct error *err);

/* Wipes and frees all keys, the root key included. Takes NULL. No thread may use the keyring or a
 * key borrowed from it any more. */
void keyring_free(struct keyring *ring);
void keyring_freep(struct keyring **ring);

/* Wraps every row anew under the root key and calls `each` with it; stops at the first result that
 * is not OK. */
MUST_USE enum result keyring_each_row(const struct keyring *ring,
				      enum result (*each)(void *ctx, const struct key_row *row,
							  struct error *err),
				      void *ctx, struct error *err);

/* All borrowed: they live as long as the keyring. */
struct slice keyring_store_id(const struct keyring *ring);
uint32_t keyring_generation(const struct keyring *ring); /* the newest: what new writes use */
struct secret_memory *keyring_memory(const struct keyring *ring);
const struct key *keyring_derived(const struct keyring *ring, enum derived_key which);
const struct key *keyring_signing_seed(const struct keyring *ring);

/* NULL without a key of that generation. Borrowed. */
const struct key *keyring_kek(const struct keyring *ring, uint32_t generation);

/* Rotation has two steps (make, then add), so that no write uses a generation that is not yet
 * durable. */
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
/* Call it when the row is durable; one thread at a time. Moves the key out of `g`. E_CONFLICT when
 * the number is not above the newest; E_LIMIT. */
MUST_USE enum result keyring_add_generation(struct keyring *ring, struct generation *g,
					    struct error *err);
