/* What the tests of this folder share: keys, and a log in memory. */
#pragma once

#include "audit/audit_log.h"
#include "base/text.h"
#include "crypto/crypto.h"

#include "../faults.h"

#include <criterion/criterion.h>

#define ORIGIN "reeve.example/log"

struct signer {
	struct secret_memory *m;
	struct key *seed;
	struct vkey key;
};

static inline struct signer new_signer(const char *name)
{
	struct signer s = {0};

	cr_assert_eq(crypto_start(NULL), OK);
	cr_assert_eq(secret_memory_new(&s.m, NULL), OK);
	cr_assert_eq(key_new_random(&s.seed, s.m, NULL), OK);
	cr_assert_eq(vkey_init_from_seed(&s.key, slice_text(name), s.seed, NULL), OK);
	return s;
}

static inline void signer_clear(struct signer *s)
{
	key_free(s->seed);
	secret_memory_free(s->m);
}
