/* What the tests of this folder share. */
#pragma once

#include "base/text.h"
#include "crypto/crypto.h"
#include "crypto/secret_memory.h"

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

/* Lets one allocation fail: the n-th. */
struct fault {
	uint32_t n, seen;
};

static inline bool fault_may_allocate(void *ctx)
{
	struct fault *f = ctx;

	return ++f->seen != f->n;
}

/* Runs `body` with the first, second, third … allocation failing, until a run in which none did. The
 * body says whether what it did succeeded. */
static inline void each_fault(bool (*body)(void *ctx), void *ctx)
{
	for (uint32_t n = 1;; n++) {
		struct fault f = {n, 0};
		bool is_done;

		cr_assert(n < 1000, "never ends");
		alloc_hook_set(fault_may_allocate, &f);
		is_done = body(ctx);
		alloc_hook_set(NULL, NULL);
		if (f.seen < n) {
			cr_assert(is_done, "failed although no allocation did");
			return;
		}
		cr_assert_not(is_done, "allocation %u failed unnoticed", n);
	}
}
