/* Opening the keyring of a stored store. Before the store has its keys; one thread. */
#pragma once

#include "crypto/keyring.h"
#include "store/store.h"

/* Reads the wrapped keys and opens them with the root key, which is taken, also on failure.
 * `memory` must outlive the keyring. E_CRYPTO for another root key; E_NOT_FOUND where the store was
 * never initialised; E_CORRUPT, E_LIMIT. */
MUST_USE enum result store_open_keyring(struct keyring **ret, struct store *store,
					struct secret_memory *memory, struct key *root_take,
					struct error *err);
