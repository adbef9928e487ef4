/* Hashes and keyed hashes over libsodium. No state beyond the caller's struct sha256; any thread
 * may call. */
#include "crypto/hash.h"

#include "base/bytes.h"
#include "crypto/internal.h"

#include <sodium.h>

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(struct sha256), "the state fits");
_Static_assert(_Alignof(crypto_hash_sha256_state) <= _Alignof(struct sha256), "and is aligned");

/* The state of libsodium: its header must not be included outside this folder. */
static crypto_hash_sha256_state *state(struct sha256 *s)
{
	return (crypto_hash_sha256_state *)(void *)s->opaque;
}

void sha256_init(struct sha256 *s)
{
	crypto_hash_sha256_init(state(s));
}

/* A slice of no bytes may have a NULL pointer, which is not passed on. */
void sha256_update(struct sha256 *s, const void *data, size_t len)
{
	if (len != 0)
		crypto_hash_sha256_update(state(s), data, len);
}

void sha256_final(struct sha256 *s, uint8_t ret[static HASH_BYTES])
{
	crypto_hash_sha256_final(state(s), ret);
}

void sha256_slice(uint8_t ret[static HASH_BYTES], struct slice data)
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, data.data, data.len);
	sha256_final(&s, ret);
}

void key_mac(uint8_t ret[static HASH_BYTES], const struct key *k, struct slice data)
{
	crypto_generichash(ret, HASH_BYTES, (const unsigned char *)data.data, data.len, k->bytes,
			   sizeof k->bytes);
}

/* The length before each field keeps {"a", "bc"} and {"ab", "c"} apart. */
void key_mac_fields(uint8_t ret[static HASH_BYTES], const struct key *k, const struct slice *fields,
		    size_t count)
{
	crypto_generichash_state s;

	crypto_generichash_init(&s, k->bytes, sizeof k->bytes, HASH_BYTES);
	for (size_t i = 0; i < count; i++) {
		uint8_t len[4];

		u32_store(len, (uint32_t)fields[i].len);
		crypto_generichash_update(&s, len, sizeof len);
		if (fields[i].len != 0)
			crypto_generichash_update(&s, (const unsigned char *)fields[i].data,
						  fields[i].len);
	}
	crypto_generichash_final(&s, ret, HASH_BYTES);
	sodium_memzero(&s, sizeof s); /* its buffer may hold the end of a secret */
}

_Static_assert(SHORT_MAC_BYTES == crypto_shorthash_siphashx24_BYTES, "as libsodium gives it");
_Static_assert(crypto_shorthash_siphashx24_KEYBYTES <= KEY_BYTES, "half of a key is enough");

void key_short_mac(uint8_t ret[static SHORT_MAC_BYTES], const struct key *k, struct slice data)
{
	crypto_shorthash_siphashx24(ret, (const unsigned char *)data.data, data.len, k->bytes);
}

bool secret_is_equal(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}
