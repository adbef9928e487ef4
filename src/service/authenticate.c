/* The rule: whoever is not somebody hears one sentence, whatever the reason, and is counted. */
#include "service/authenticate.h"

#include "crypto/token.h"
#include "service/internal.h"

#include <stdio.h>
#include <string.h>

#define REFUSALS_MAX	 1024
#define REFUSALS_FOLD_MS 10000

/* Refusals of unknown callers by address, until they are folded into the log. What finds no room is counted together. */
struct refusals {
	pthread_mutex_t mutex;
	struct refusal {
		char address[64];
		uint64_t count;
	} items[REFUSALS_MAX];
	uint32_t count;
	uint64_t others;
	int64_t folded_ms; /* monotonic */
};

struct refusals *refusals_new(void)
{
	struct refusals *r = alloc_zero(sizeof *r);

	if (r != NULL && pthread_mutex_init(&r->mutex, NULL) != 0) {
		alloc_free(r);
		r = NULL;
	}
	return r;
}

void refusals_free(struct refusals *r)
{
	if (r == NULL)
		return;
	pthread_mutex_destroy(&r->mutex);
	alloc_free(r);
}

static void refusals_add(struct refusals *r, const char *address)
{
	pthread_mutex_lock(&r->mutex);
	for (uint32_t i = 0; i < r->count; i++) {
		if (strcmp(r->items[i].address, address) == 0) {
			r->items[i].count++;
			pthread_mutex_unlock(&r->mutex);
			return;
		}
	}
	if (r->count < REFUSALS_MAX) {
		snprintf(r->items[r->count].address, sizeof r->items[0].address, "%s", address);
		r->items[r->count++].count = 1;
	} else {
		r->others++;
	}
	pthread_mutex_unlock(&r->mutex);
}

static bool refusals_take(struct refusals *r, char address[static 64], uint64_t *ret_count)
{
	bool has_one = true;

	pthread_mutex_lock(&r->mutex);
	if (r->count != 0) {
		r->count--;
		memcpy(address, r->items[r->count].address, 64);
		*ret_count = r->items[r->count].count;
	} else if (r->others != 0) {
		address[0] = '\0';
		*ret_count = r->others;
		r->others = 0;
	} else {
		has_one = false;
	}
	pthread_mutex_unlock(&r->mutex);
	return has_one;
}

static void folded(struct call *c)
{
	call_clear(c);
	alloc_free(c);
}

/* An entry without an answer: nobody waits for it. */
static void fold_one(struct service *s, const char *address, uint64_t count)
{
	struct call *c = alloc_zero(sizeof *c);
	char reason[64];

	if (c == NULL)
		return;
	call_init(c);
	c->done = folded;
	c->out.result = E_UNAUTHENTICATED;
	snprintf(c->address_text, sizeof c->address_text, "%s", address);
	snprintf(reason, sizeof reason, "%llu refused without a valid token",
		 (unsigned long long)count);
	c->out.revision = s->log.revision;
	c->recording = arena_alloc(&c->arena, sizeof *c->recording);
	if (c->recording != NULL) {
		c->recording->action = SLICE_LITERAL("access.refused");
		c->recording->reason.data = arena_text(&c->arena, slice_text(reason));
		c->recording->reason.len = c->recording->reason.data != NULL ? strlen(reason) : 0;
	}
	service_hold(s);
	atomic_store(&c->state, CALL_PENDING);
	if (c->recording != NULL && queue_push(&s->commit, c, s->settings.queue_max))
		return;
	service_let_go(s);
	folded(c);
}

void refusals_fold(struct service *s)
{
	struct refusals *r = s->refusals;
	int64_t now_ms = clock_monotonic_ms(&s->clock);
	char address[64];
	uint64_t count;

	pthread_mutex_lock(&r->mutex);
	if (now_ms - r->folded_ms < REFUSALS_FOLD_MS && r->count < REFUSALS_MAX / 2) {
		pthread_mutex_unlock(&r->mutex);
		return;
	}
	r->folded_ms = now_ms;
	pthread_mutex_unlock(&r->mutex);
	if (atomic_load(&s->is_read_only))
		return;
	for (uint32_t i = 0; i <= REFUSALS_MAX && refusals_take(r, address, &count); i++)
		fold_one(s, address, count);
}

static bool is_good(const struct service *s, const struct token *t, const struct call *c)
{
	int64_t now_ms = clock_wall_ms(&s->clock);

	return !t->is_revoked && t->uses_left != 0 &&
	       (t->expires_ms == 0 || now_ms < t->expires_ms) &&
	       (t->record.addresses_count == 0 ||
		address_ranges_contain(t->record.addresses, t->record.addresses_count, c->address));
}

enum result service_authenticate(struct service *s, struct call *c, struct slice token,
				 struct error *err)
{
	CLEANUP(snapshot_unrefp) struct snapshot *now = NULL;
	uint8_t hash[HASH_BYTES];
	struct token *t = NULL;

	token_unref(c->token);
	c->token = NULL;
	if (token_hash(hash, keyring_derived(s->keyring, DERIVED_TOKEN_PEPPER), token)) {
		now = service_snapshot(s);
		t = pmap_get(&now->tokens_by_hash, slice_make((const char *)hash, HASH_BYTES));
	}
	if (t == NULL || !secret_is_equal(t->hash, hash, HASH_BYTES) || !is_good(s, t, c)) {
		refusals_add(s->refusals, c->address_text);
		return fail(err, E_UNAUTHENTICATED, "a valid token is needed");
	}
	c->token = token_ref(t);
	return OK;
}
