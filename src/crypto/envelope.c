/*
 * Seals and opens blobs in the form that envelope.h describes.
 *
 * Why the derivation and the commitment: XChaCha20-Poly1305 alone does not commit to its key; a
 * blob can be built that opens under two keys. Each blob therefore has an encryption key and a
 * commitment of its own, both from one BLAKE2b-512 over the key, the label and the nonce. The label
 * separates uses of one key, so a blob of one use does not open in another. A nonce has 24 random
 * bytes: two of one key do not meet by chance.
 *
 * Must hold: nothing is decrypted before the commitment is compared; no plaintext leaves a function
 * that failed; derived keys are wiped on every path (CLEANUP). No state, no locks; any thread may
 * call.
 */
#include "crypto/envelope.h"

#include "base/bytes.h"
#include "crypto/crypto.h"
#include "crypto/internal.h"

#include <sodium.h>

/* The layout of a blob. KEY_ID_AT follows the byte of the version. */
#define VERSION	     1
#define NONCE_BYTES  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define COMMIT_BYTES 32
#define TAG_BYTES    crypto_aead_xchacha20poly1305_ietf_ABYTES
#define KEY_ID_AT    1
#define NONCE_AT     (KEY_ID_AT + 4)
#define COMMIT_AT    (NONCE_AT + NONCE_BYTES)
#define CIPHER_AT    (COMMIT_AT + COMMIT_BYTES)
#define LABEL_PREFIX "reeve/v1/"

_Static_assert(CIPHER_AT + TAG_BYTES == ENVELOPE_OVERHEAD, "as the header says");

/* The encryption key and the commitment to it. */
struct okm {
	uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
	uint8_t commit[COMMIT_BYTES];
};

_Static_assert(sizeof(struct okm) == crypto_generichash_BYTES_MAX, "one BLAKE2b-512 output");

static void wipe_okm(struct okm *okm)
{
	sodium_memzero(okm, sizeof *okm);
}

void associated_append(struct buf *ad, struct slice field)
{
	uint8_t len[4];

	if (field.len > UINT32_MAX) {
		ad->is_failed = true;
		return;
	}
	u32_store(len, (uint32_t)field.len);
	buf_append(ad, len, sizeof len);
	buf_append_slice(ad, field);
}

void associated_append_text(struct buf *ad, const char *field)
{
	associated_append(ad, slice_text(field));
}

void associated_append_u64(struct buf *ad, uint64_t field)
{
	uint8_t bytes[8];

	u64_store(bytes, field);
	associated_append(ad, slice_make((const char *)bytes, sizeof bytes));
}

/* The zero byte ends the label: without it a label and a nonce could be divided in two ways.
 * BLAKE2b with a key is a PRF, so no HKDF is needed (RFC 7693). */
static void derive_okm(struct okm *ret, const struct envelope_params *params,
		       const uint8_t nonce[static NONCE_BYTES])
{
	const char *label = params->label;
	uint8_t input[sizeof LABEL_PREFIX + ENVELOPE_LABEL_MAX + NONCE_BYTES];
	size_t len = strnlen(label, ENVELOPE_LABEL_MAX), at = sizeof LABEL_PREFIX - 1;

	memcpy(input, LABEL_PREFIX, at);
	memcpy(input + at, label, len);
	at += len;
	input[at++] = 0;
	memcpy(input + at, nonce, NONCE_BYTES);
	crypto_generichash((unsigned char *)ret, sizeof *ret, input, at + NONCE_BYTES,
			   params->key->bytes, sizeof params->key->bytes);
}

enum result envelope_seal(struct buf *ret, const struct envelope_params *params, struct slice plain,
			  struct error *err)
{
	CLEANUP(wipe_okm) struct okm okm;
	struct slice ad = params->associated;
	uint8_t *blob;

	if (plain.len > ENVELOPE_PLAIN_MAX)
		return fail(err, E_TOO_LARGE, "seal: more than %d bytes", ENVELOPE_PLAIN_MAX);
	if (!buf_reserve(ret, ENVELOPE_OVERHEAD + plain.len))
		return fail(err, E_MEMORY, "seal: out of memory");
	blob = (uint8_t *)ret->data + ret->len;
	blob[0] = VERSION;
	u32_store(blob + KEY_ID_AT, params->key_id);
	crypto_random(blob + NONCE_AT, NONCE_BYTES);
	derive_okm(&okm, params, blob + NONCE_AT);
	memcpy(blob + COMMIT_AT, okm.commit, COMMIT_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(blob + CIPHER_AT, NULL,
						   (const unsigned char *)plain.data, plain.len,
						   (const unsigned char *)ad.data, ad.len, NULL,
						   blob + NONCE_AT, okm.key);
	ret->len += ENVELOPE_OVERHEAD + plain.len;
	ret->data[ret->len] = '\0';
	return OK;
}

enum result envelope_key_id(struct slice blob, uint32_t *ret, struct error *err)
{
	const uint8_t *bytes = (const uint8_t *)blob.data;

	if (blob.len < ENVELOPE_OVERHEAD || blob.len > ENVELOPE_OVERHEAD + ENVELOPE_PLAIN_MAX)
		return fail(err, E_CORRUPT, "sealed data cannot have %zu bytes", blob.len);
	if (bytes[0] != VERSION)
		return fail(err, E_CORRUPT,
			    "sealed data of version %d; only version %d is supported", bytes[0],
			    VERSION);
	*ret = u32_load(bytes + KEY_ID_AT);
	return OK;
}

/* Opens into `plain`, which has room for it; the caller has checked the length and the version.
 * libsodium leaves no plaintext there when the tag is wrong. */
static enum result open_into(uint8_t *plain, const struct envelope_params *params,
			     struct slice blob, struct error *err)
{
	CLEANUP(wipe_okm) struct okm okm;
	struct slice ad = params->associated;
	const uint8_t *bytes = (const uint8_t *)blob.data;

	derive_okm(&okm, params, bytes + NONCE_AT);
	if (sodium_memcmp(okm.commit, bytes + COMMIT_AT, COMMIT_BYTES) != 0)
		return fail(err, E_CRYPTO, "the blob is sealed under another key or was changed");
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, bytes + CIPHER_AT,
						       blob.len - CIPHER_AT,
						       (const unsigned char *)ad.data, ad.len,
						       bytes + NONCE_AT, okm.key) != 0)
		return fail(err, E_CRYPTO, "the blob was changed or belongs elsewhere");
	return OK;
}

/* The id is not encrypted, and that of a content is not in its associated data: so it is
 * compared. */
static enum result check_key_id(struct slice blob, uint32_t key_id, struct error *err)
{
	uint32_t named;
	enum result rc = envelope_key_id(blob, &named, err);

	if (rc == OK && named != key_id)
		rc = fail(err, E_CRYPTO, "the blob names key %u, not %u", named, key_id);
	return rc;
}

enum result envelope_open(struct buf *ret, const struct envelope_params *params, struct slice blob,
			  struct error *err)
{
	size_t len;
	enum result rc = check_key_id(blob, params->key_id, err);

	if (rc != OK)
		return rc;
	len = blob.len - ENVELOPE_OVERHEAD;
	if (!buf_reserve(ret, len))
		return fail(err, E_MEMORY, "open: out of memory");
	rc = open_into((uint8_t *)ret->data + ret->len, params, blob, err);
	if (rc == OK)
		ret->len += len;
	ret->data[ret->len] = '\0';
	return rc;
}

enum result envelope_wrap(struct buf *ret, const struct envelope_params *params,
			  const struct key *inner, struct error *err)
{
	return envelope_seal(ret, params,
			     slice_make((const char *)inner->bytes, sizeof inner->bytes), err);
}

/* The plaintext is a key, so it is written straight into secret memory and never into a buffer. */
enum result envelope_unwrap(struct key **ret, struct secret_memory *m,
			    const struct envelope_params *params, struct slice blob,
			    struct error *err)
{
	CLEANUP(key_freep) struct key *inner = NULL;
	enum result rc = check_key_id(blob, params->key_id, err);

	if (rc != OK)
		return rc;
	if (blob.len != ENVELOPE_OVERHEAD + KEY_BYTES)
		return fail(err, E_CORRUPT, "a wrapped key has %d bytes, this one %zu",
			    ENVELOPE_OVERHEAD + KEY_BYTES, blob.len);
	rc = key_new_blank(&inner, m, err);
	if (rc == OK)
		rc = open_into(inner->bytes, params, blob, err);
	if (rc == OK)
		*ret = steal(&inner);
	return rc;
}
