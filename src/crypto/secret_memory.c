/*
 * The pool of keys: one guarded mapping for all keys, because sodium_malloc() takes 25 µs and the
 * memory that a process may lock (RLIMIT_MEMLOCK) is small. `taken` says which slots are in use; it
 * lives outside the mapping.
 *
 * Must hold: a slot that is not taken is all zeros, since the pool starts so and key_free() wipes
 * before it gives the slot back. So key_new_blank() need not wipe, and a key never has bytes of an
 * earlier one.
 *
 * Threads: `lock` guards `taken` only and is taken with no other lock held inside. A slot belongs
 * to the thread that took it until it is freed.
 */
#include "crypto/secret_memory.h"

#include "crypto/crypto.h"
#include "crypto/internal.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORDS ((SECRET_MEMORY_KEYS + 63) / 64)

struct secret_memory {
	pthread_mutex_t lock; /* guards `taken` */
	uint64_t taken[WORDS];
	struct key *keys;
	bool is_locked;
};

/* sodium_malloc() puts a canary of 16 bytes before the block and uses whole pages: the canary and
 * this many keys fill eight. */
_Static_assert(sizeof(struct key) == 48, "keys lie close together");
_Static_assert(SECRET_MEMORY_KEYS == (8 * 4096 - 16) / sizeof(struct key), "the pages are full");

/* Locks again, because sodium_malloc() does not say whether it could. Asks the kernel directly,
 * because the mlock() of a sanitizer does nothing and reports success. */
static bool lock_pages(const void *at, size_t len)
{
	return syscall(SYS_mlock, at, len) == 0;
}

enum result secret_memory_new(struct secret_memory **ret, struct error *err)
{
	CLEANUP(secret_memory_freep) struct secret_memory *m = alloc_zero(sizeof *m);

	if (m == NULL)
		return fail(err, E_MEMORY, "secret memory: out of memory");
	pthread_mutex_init(&m->lock, NULL);
	m->keys = sodium_allocarray(SECRET_MEMORY_KEYS, sizeof *m->keys);
	if (m->keys == NULL)
		return fail_errno(err, E_MEMORY, "secret memory");
	sodium_memzero(m->keys, SECRET_MEMORY_KEYS * sizeof *m->keys);
	m->is_locked = lock_pages(m->keys, SECRET_MEMORY_KEYS * sizeof *m->keys);
	*ret = steal(&m);
	return OK;
}

void secret_memory_free(struct secret_memory *m)
{
	if (m == NULL)
		return;
	sodium_free(m->keys); /* wipes and unlocks */
	pthread_mutex_destroy(&m->lock);
	alloc_free(m);
}

void secret_memory_freep(struct secret_memory **m)
{
	secret_memory_free(steal(m));
}

bool secret_memory_is_locked(const struct secret_memory *m)
{
	return m->is_locked;
}

uint32_t secret_memory_keys(struct secret_memory *m)
{
	uint32_t count = 0;

	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < WORDS; i++)
		count += (uint32_t)__builtin_popcountll(m->taken[i]);
	pthread_mutex_unlock(&m->lock);
	return count;
}

/* Returns SECRET_MEMORY_KEYS when no slot is free. The last word has more bits than there are
 * slots; a bit beyond them means that all before it are taken. */
static size_t take_slot(struct secret_memory *m)
{
	size_t slot = SECRET_MEMORY_KEYS;

	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < WORDS; i++) {
		size_t first;

		if (m->taken[i] == UINT64_MAX)
			continue;
		first = i * 64 + (size_t)__builtin_ctzll(~m->taken[i]);
		if (first < SECRET_MEMORY_KEYS) {
			m->taken[i] |= UINT64_C(1) << first % 64;
			slot = first;
		}
		break;
	}
	pthread_mutex_unlock(&m->lock);
	return slot;
}

enum result key_new_blank(struct key **ret, struct secret_memory *m, struct error *err)
{
	size_t slot = take_slot(m);

	if (slot == SECRET_MEMORY_KEYS)
		return fail(err, E_LIMIT, "all %d keys of the secret memory are in use",
			    SECRET_MEMORY_KEYS);
	m->keys[slot].memory = m;
	*ret = &m->keys[slot];
	return OK;
}

enum result key_new_random(struct key **ret, struct secret_memory *m, struct error *err)
{
	struct key *k;
	enum result rc = key_new_blank(&k, m, err);

	if (rc != OK)
		return rc;
	crypto_random(k->bytes, sizeof k->bytes);
	*ret = k;
	return OK;
}

enum result key_take_bytes(struct key **ret, struct secret_memory *m,
			   uint8_t bytes[static KEY_BYTES], struct error *err)
{
	struct key *k;
	enum result rc = key_new_blank(&k, m, err);

	if (rc == OK) {
		memcpy(k->bytes, bytes, KEY_BYTES);
		*ret = k;
	}
	sodium_memzero(bytes, KEY_BYTES);
	return rc;
}

enum result key_derive(struct key **ret, struct secret_memory *m, const struct key *from,
		       const char *label, struct error *err)
{
	struct key *k;
	enum result rc = key_new_blank(&k, m, err);

	if (rc != OK)
		return rc;
	crypto_generichash(k->bytes, sizeof k->bytes, (const unsigned char *)label, strlen(label),
			   from->bytes, sizeof from->bytes);
	*ret = k;
	return OK;
}

/* Wipes outside the lock, while no other thread can take the slot. */
void key_free(struct key *k)
{
	struct secret_memory *m;
	size_t slot;

	if (k == NULL)
		return;
	m = k->memory;
	slot = (size_t)(k - m->keys);
	sodium_memzero(k, sizeof *k);
	pthread_mutex_lock(&m->lock);
	m->taken[slot / 64] &= ~(UINT64_C(1) << slot % 64);
	pthread_mutex_unlock(&m->lock);
}

void key_freep(struct key **k)
{
	key_free(steal(k));
}

enum result key_lend(const struct key *k,
		     enum result (*use)(void *ctx, const uint8_t bytes[static KEY_BYTES],
					struct error *err),
		     void *ctx, struct error *err)
{
	return use(ctx, k->bytes, err);
}
