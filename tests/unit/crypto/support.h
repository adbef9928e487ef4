/* What the tests of this folder share. */
#pragma once

#include "base/text.h"
#include "crypto/crypto.h"
#include "crypto/secret_memory.h"

#include "../faults.h"

#include <criterion/criterion.h>

static inline struct secret_memory *new_memory(void)
{
	struct secret_memory *m = NULL;
	struct error err = ERROR_NULL;

	cr_assert_eq(crypto_start(&err), OK);
	cr_assert_eq(secret_memory_new(&m, &err), OK, "%s", err.text);
	return m;
}

/* A key of known bytes: those of the vectors count from 0. */
static inline struct key *key_from(struct secret_memory *m, const uint8_t bytes[static KEY_BYTES])
{
	uint8_t copy[KEY_BYTES];
	struct key *k = NULL;

	memcpy(copy, bytes, sizeof copy);
	cr_assert_eq(key_take_bytes(&k, m, copy, NULL), OK);
	return k;
}

static inline struct key *key_from_hex(struct secret_memory *m, const char *hex)
{
	uint8_t bytes[KEY_BYTES];

	cr_assert(hex_parse(slice_text(hex), bytes, sizeof bytes));
	return key_from(m, bytes);
}

static inline struct key *counting_key(struct secret_memory *m)
{
	return key_from_hex(m, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
}

static inline bool is_hex(const void *bytes, size_t len, const char *hex)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;

	hex_append(&b, bytes, len);
	return slice_is_text(buf_slice(&b), hex);
}

static inline struct buf bytes_of_hex(const char *hex)
{
	struct buf b = BUF_NULL;
	size_t len = strlen(hex) / 2;

	cr_assert(buf_reserve(&b, len));
	cr_assert(hex_parse(slice_text(hex), b.data, len));
	b.len = len;
	return b;
}
