/*
 * The content of one version as it is stored: sealed under its own random data key, which is
 * wrapped under a generation of the key-encryption key. Two blobs are stored side by side:
 *
 *   content      associated data {"reeve", store id, kind, path, version, content type}
 *   wrapped key  associated data {"reeve", store id, kind, path, version, key generation}
 *
 * Neither can be moved to another document or version. Rotation wraps 32 bytes again and leaves the
 * content alone. Without its wrapped key a content cannot be decrypted: to destroy a version, the
 * wrapped key is deleted.
 */
#pragma once

#include "crypto/envelope.h"
#include "crypto/keyring.h"

#define WRAPPED_KEY_BYTES (ENVELOPE_OVERHEAD + KEY_BYTES)

/* The version that a content belongs to. */
struct content_place {
	struct slice kind;	   /* "secrets" */
	struct slice path;	   /* "secrets/orders/warehouse" */
	uint64_t version;	   /* from 1 */
	struct slice content_type; /* "application/yaml" */
};

/* Appends to both buffers; on failure both are unchanged. */
MUST_USE enum result content_seal(struct buf *ret_blob, struct buf *ret_wrapped,
				  const struct keyring *ring, const struct content_place *place,
				  struct slice plain, struct error *err);

/* Appends the content; `ret` must be a buffer or be copied to an arena that is wiped. E_CRYPTO when
 * a blob was changed, belongs to another version or names a key that is not in the keyring;
 * E_CORRUPT, E_MEMORY. */
MUST_USE enum result content_open(struct buf *ret, const struct keyring *ring,
				  const struct content_place *place, struct slice blob,
				  struct slice wrapped, struct error *err);

/* The generation of the key that a data key is wrapped under. E_CORRUPT. */
MUST_USE enum result content_generation(struct slice wrapped, uint32_t *ret, struct error *err);

/* Wraps the same data key under the newest generation and appends it. */
MUST_USE enum result content_rewrap(struct buf *ret_wrapped, const struct keyring *ring,
				    const struct content_place *place, struct slice wrapped,
				    struct error *err);
