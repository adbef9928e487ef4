/*
 * One version's content at rest: sealed under its own random data key, which is wrapped under a
 * generation of the key-encryption key. Two blobs, kept side by side:
 *
 *   content      associated data {"reeve", store id, kind, path, version, content type}
 *   wrapped key  associated data {"reeve", store id, kind, path, version, key generation}
 *
 * so that neither can be moved to another document or version, and rotation re-wraps 32 bytes and
 * never content. Without its wrapped key a content is gone: that is how a version is destroyed.
 */
#pragma once

#include "crypto/envelope.h"
#include "crypto/keyring.h"

#define WRAPPED_KEY_BYTES (ENVELOPE_OVERHEAD + KEY_BYTES)

/* Whose content it is. */
struct content_place {
	struct slice kind;	   /* "secrets" */
	struct slice path;	   /* "secrets/orders/warehouse" */
	uint64_t version;	   /* from 1 */
	struct slice content_type; /* "application/yaml" */
};

/* Appends to both; on failure both hold what they held before. */
MUST_USE enum result content_seal(struct buf *ret_blob, struct buf *ret_wrapped,
				  const struct keyring *ring, const struct content_place *place,
				  struct slice plain, struct error *err);

/* Appends the content, which the caller keeps in a buffer or arena that is wiped. E_CRYPTO when
 * either blob is another's or was changed, or names a key that is not here; E_CORRUPT,
 * E_UNSUPPORTED, E_MEMORY. */
MUST_USE enum result content_open(struct buf *ret, const struct keyring *ring,
				  const struct content_place *place, struct slice blob,
				  struct slice wrapped, struct error *err);

/* The generation that a wrapped key names. */
MUST_USE enum result content_generation(struct slice wrapped, uint32_t *ret, struct error *err);

/* Appends the same data key wrapped under the newest generation. */
MUST_USE enum result content_rewrap(struct buf *ret_wrapped, const struct keyring *ring,
				    const struct content_place *place, struct slice wrapped,
				    struct error *err);
