/*
 * The shares of principals, by name, in one hash table.
 *
 * What must hold:
 * - `refs`, the bucket lists and the idle list are under the mutex; `held` is atomic and needs
 *   none.
 * - A share is in the idle list exactly while `refs` is 0. It is freed only from there, the oldest
 *   first, once more than IDLE_MAX are idle.
 * - The name lies behind the struct, in the same block.
 *
 * Idle shares are kept because they remember the principal's recent failures: if they were freed at
 * once, the count would begin again with each connection. Only authenticated principals have
 * shares, so unknown callers cannot make the table grow.
 */
#include "service/state/share.h"

#include "base/memory.h"

#include <pthread.h>
#include <string.h>

#define BUCKETS	 1024 /* a power of two */
#define IDLE_MAX 1024 /* unreferenced shares that are kept */

struct shares {
	pthread_mutex_t mutex;
	struct share *buckets[BUCKETS];
	struct share *idle_oldest, *idle_newest;
	uint32_t idle_count;
};

struct shares *shares_new(void)
{
	struct shares *s = alloc_zero(sizeof *s);

	if (s != NULL && pthread_mutex_init(&s->mutex, NULL) != 0) {
		alloc_free(s);
		s = NULL;
	}
	return s;
}

static struct share **bucket_of(struct shares *s, struct slice name)
{
	return &s->buckets[slice_hash(name) & (BUCKETS - 1)];
}

static void idle_remove(struct shares *s, struct share *sh)
{
	if (sh->idle_before != NULL)
		sh->idle_before->idle_next = sh->idle_next;
	else
		s->idle_oldest = sh->idle_next;
	if (sh->idle_next != NULL)
		sh->idle_next->idle_before = sh->idle_before;
	else
		s->idle_newest = sh->idle_before;
	sh->idle_before = sh->idle_next = NULL;
	s->idle_count--;
}

static void idle_add(struct shares *s, struct share *sh)
{
	sh->idle_before = s->idle_newest;
	if (s->idle_newest != NULL)
		s->idle_newest->idle_next = sh;
	else
		s->idle_oldest = sh;
	s->idle_newest = sh;
	s->idle_count++;
}

static void remove_share(struct shares *s, struct share *sh)
{
	struct share **at = bucket_of(s, sh->name);

	while (*at != sh)
		at = &(*at)->next;
	*at = sh->next;
	alloc_free(sh);
}

void shares_free(struct shares *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (s->buckets[i] != NULL)
			remove_share(s, s->buckets[i]);
	}
	pthread_mutex_destroy(&s->mutex);
	alloc_free(s);
}

static struct share *new_share(struct shares *s, struct slice name)
{
	struct share *sh = alloc_zero(sizeof *sh + name.len + 1);

	if (sh == NULL)
		return NULL;
	if (name.len != 0)
		memcpy(sh->bytes, name.data, name.len);
	sh->name = slice_make(sh->bytes, name.len);
	sh->shares = s;
	sh->next = *bucket_of(s, name);
	*bucket_of(s, name) = sh;
	return sh;
}

struct share *shares_get(struct shares *s, struct slice principal)
{
	struct share *sh;

	pthread_mutex_lock(&s->mutex);
	sh = *bucket_of(s, principal);
	while (sh != NULL && !slice_is_equal(sh->name, principal))
		sh = sh->next;
	if (sh == NULL)
		sh = new_share(s, principal);
	else if (sh->refs == 0)
		idle_remove(s, sh);
	if (sh != NULL)
		sh->refs++;
	pthread_mutex_unlock(&s->mutex);
	return sh;
}

struct share *share_ref(struct share *sh)
{
	pthread_mutex_lock(&sh->shares->mutex);
	sh->refs++;
	pthread_mutex_unlock(&sh->shares->mutex);
	return sh;
}

void share_unref(struct share *sh)
{
	struct shares *s = sh != NULL ? sh->shares : NULL;

	if (sh == NULL)
		return;
	pthread_mutex_lock(&s->mutex);
	if (--sh->refs == 0) {
		idle_add(s, sh);
		if (s->idle_count > IDLE_MAX) {
			struct share *oldest = s->idle_oldest;

			idle_remove(s, oldest);
			remove_share(s, oldest);
		}
	}
	pthread_mutex_unlock(&s->mutex);
}

/* Adds first and takes back on failure, so that two threads cannot both take the last piece. For a
 * moment `held` may be above `max`; a thread that looks just then is refused, which is harmless. */
bool share_take(struct share *sh, enum share_kind kind, uint64_t amount, uint64_t max)
{
	uint64_t before = atomic_fetch_add(&sh->held[kind], amount);

	if (amount <= max && before <= max - amount)
		return true;
	atomic_fetch_sub(&sh->held[kind], amount);
	return false;
}

void share_give(struct share *sh, enum share_kind kind, uint64_t amount)
{
	atomic_fetch_sub(&sh->held[kind], amount);
}
