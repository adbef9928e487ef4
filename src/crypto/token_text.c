/*
 * Makes and checks the text of tokens and accessors.
 *
 * The secret exists here as bytes only while it is encoded or checked, and is wiped (CLEANUP). The
 * text itself belongs to the caller, whose buffer wipes it. The checksum is no protection: everyone
 * can compute it. It lets the server refuse a mistyped token without a look at the store. No state;
 * any thread may call.
 */
#include "crypto/token_text.h"

#include "crypto/base64.h"
#include "crypto/crypto.h"

#include <sodium.h>

#define SECRET_BYTES   32
#define SECRET_CHARS   43 /* in base64url */
#define CHECKED_CHARS  (sizeof TOKEN_PREFIX - 1 + SECRET_CHARS)
#define CHECKSUM_BYTES 3

/* Crockford's: without i, l, o and u, which are mistaken for digits or make words. */
static const char base32_digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

static void wipe_hash(uint8_t (*hash)[HASH_BYTES])
{
	sodium_memzero(*hash, sizeof *hash);
}

enum result token_generate(struct buf *ret, struct error *err)
{
	CLEANUP(wipe_hash) uint8_t secret[HASH_BYTES];
	uint8_t sum[HASH_BYTES];
	size_t before = ret->len;

	_Static_assert(sizeof secret == SECRET_BYTES, "256 bits");
	crypto_random(secret, sizeof secret);
	buf_append_text(ret, TOKEN_PREFIX);
	base64_append(ret, BASE64_URL, secret, sizeof secret);
	if (!buf_is_failed(ret)) {
		sha256_slice(sum, slice_make(ret->data + before, CHECKED_CHARS));
		base64_append(ret, BASE64_URL, sum, CHECKSUM_BYTES);
	}
	if (buf_is_failed(ret)) {
		buf_cut(ret, before);
		return fail(err, E_MEMORY, "token: out of memory");
	}
	return OK;
}

/* Decodes the secret only to refuse digits that are not base64url, also the unused bits of the last
 * one. */
bool token_is_well_formed(struct slice text)
{
	CLEANUP(wipe_hash) uint8_t secret[HASH_BYTES];
	uint8_t sum[HASH_BYTES], said[CHECKSUM_BYTES];

	if (text.len != TOKEN_TEXT_BYTES || !slice_starts_with(text, SLICE_LITERAL(TOKEN_PREFIX)))
		return false;
	sha256_slice(sum, slice_first(text, CHECKED_CHARS));
	return base64_parse(BASE64_URL, slice_from(text, CHECKED_CHARS), said, sizeof said) &&
	       secret_is_equal(sum, said, sizeof said) &&
	       base64_parse(BASE64_URL,
			    slice_make(text.data + sizeof TOKEN_PREFIX - 1, SECRET_CHARS), secret,
			    sizeof secret);
}

bool token_hash(uint8_t ret[static HASH_BYTES], const struct key *pepper, struct slice text)
{
	if (!token_is_well_formed(text))
		return false;
	key_mac(ret, pepper, text);
	return true;
}

/* 128 bits are 25 digits of 5 bits and a last one for the remaining 3. */
void accessor_generate(char ret[static ACCESSOR_BYTES])
{
	uint8_t bytes[16];
	uint32_t bits = 0;
	int held = 0;
	size_t at = 0;

	crypto_random(bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++) {
		bits = bits << 8 | bytes[i];
		for (held += 8; held >= 5; held -= 5)
			ret[at++] = base32_digits[bits >> (held - 5) & 31];
	}
	ret[at++] = base32_digits[bits << (5 - held) & 31];
	ret[at] = '\0';
}

bool accessor_is_well_formed(struct slice text)
{
	if (text.len != ACCESSOR_BYTES - 1)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\0' || strchr(base32_digits, text.data[i]) == NULL)
			return false;
	}
	return true;
}
