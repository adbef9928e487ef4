/* The keyring of a store that the command reads, opened with a root key from a file. */
#pragma once

#include "crypto/keyring.h"
#include "store/store.h"

struct store_keys {
	struct secret_memory *memory;
	struct key *root; /* until the keyring is open */
	struct keyring *ring;
};

#define STORE_KEYS_NULL ((struct store_keys){NULL, NULL, NULL})

/* Wipes. For CLEANUP too. */
void store_keys_clear(struct store_keys *k);

/* Reads the root key: its results are those of root_key_read(). */
MUST_USE enum result store_keys_read(struct store_keys *ret, const char *file, struct error *err);
/* Opens the store's keyring, once. E_CRYPTO where the key is another one or the store's keys were
 * changed; the other results are those of store_open_keyring(). */
MUST_USE enum result store_keys_open(struct store_keys *k, struct store *store, struct error *err);
