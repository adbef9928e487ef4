/* Opening the keyring of a stored store. Before the store has its keys; one thread. */
#pragma once

#include "crypto/keyring.h"
#include "crypto/note.h"
#include "store/store.h"

/* Reads the wrapped keys and opens them with the root key, which is taken, also on failure.
 * `memory` must outlive the keyring. E_CRYPTO for another root key; E_NOT_FOUND where the store was
 * never initialised; E_CORRUPT, E_LIMIT. */
MUST_USE enum result store_open_keyring(struct keyring **ret, struct store *store,
					struct secret_memory *memory, struct key *root_take,
					struct error *err);

/* The public key of the store's audit log: the log's name, which is stored, with the signing key of
 * the keyring. E_NOT_FOUND where the store was never initialised; E_CORRUPT, E_IO, E_MEMORY. */
MUST_USE enum result store_log_key(struct vkey *ret, struct store *store,
				   const struct keyring *ring, struct error *err);
