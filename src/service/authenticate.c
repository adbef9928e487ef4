/* The rule: whoever is not somebody hears one sentence, whatever the reason, and is counted. */
#include "service/authenticate.h"

#include "crypto/token.h"
#include "service/share.h"
#include "service/tokens.h"

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

static void refusals_add(struct refusals *r, const char *address, uint64_t count)
{
	pthread_mutex_lock(&r->mutex);
	for (uint32_t i = 0; i < r->count; i++) {
		if (strcmp(r->items[i].address, address) == 0) {
			r->items[i].count += count;
			pthread_mutex_unlock(&r->mutex);
			return;
		}
	}
	if (r->count < REFUSALS_MAX) {
		snprintf(r->items[r->count].address, sizeof r->items[0].address, "%s", address);
		r->items[r->count++].count = count;
	} else {
		r->others += count;
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

/* An entry without an answer: nobody waits for it. False: not now. */
static bool fold_one(struct service *s, const char *address, uint64_t count)
{
	struct call *c = alloc_zero(sizeof *c);
	char reason[64];

	if (c == NULL)
		return false;
	call_init(c);
	c->done = folded;
	c->out.result = E_UNAUTHENTICATED;
	snprintf(c->address_text, sizeof c->address_text, "%s", address);
	snprintf(reason, sizeof reason, "%llu refused without a valid token",
		 (unsigned long long)count);
	service_revision(s, &c->out.epoch, &c->out.revision);
	c->recording = arena_alloc(&c->arena, sizeof *c->recording);
	if (c->recording != NULL) {
		c->recording->action = SLICE_LITERAL("access.refused");
		c->recording->reason.data = arena_text(&c->arena, slice_text(reason));
		c->recording->reason.len = c->recording->reason.data != NULL ? strlen(reason) : 0;
	}
	service_hold(s);
	atomic_store(&c->state, CALL_PENDING);
	if (c->recording != NULL && queue_push(&s->commit, c, s->settings.queue_max))
		return true;
	service_let_go(s);
	folded(c);
	return false;
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
	for (uint32_t i = 0; i <= REFUSALS_MAX && refusals_take(r, address, &count); i++) {
		if (fold_one(s, address, count))
			continue;
		refusals_add(r, address, count);
		return;
	}
}

/* What binds a token to addresses binds those made with it too: else a child would be the way out. */
static bool may_speak_from(const struct snapshot *now, const struct token *t,
			   const uint8_t *address)
{
	for (uint32_t i = 0; t != NULL && i < RIGHTS_LEVELS_MAX; i++) {
		const struct token_record *r = &t->record;

		if (r->addresses_count != 0 &&
		    !address_ranges_contain(r->addresses, r->addresses_count, address))
			return false;
		t = r->parent.len != 0 ? snapshot_token(now, r->parent) : NULL;
	}
	return true;
}

static bool is_good(const struct service *s, const struct snapshot *now, const struct token *t,
		    const struct call *c)
{
	return !token_has_ended(t, clock_wall_ms(&s->clock)) && may_speak_from(now, t, c->address);
}

enum result service_authenticate(struct service *s, struct call *c, struct slice token,
				 struct error *err)
{
	CLEANUP(snapshot_unrefp) struct snapshot *now = NULL;
	uint8_t hash[HASH_BYTES];
	struct token *t = NULL;

	token_unref(c->token);
	c->token = NULL;
	share_unref(c->share);
	c->share = NULL;
	if (token_hash(hash, keyring_derived(s->keyring, DERIVED_TOKEN_PEPPER), token)) {
		now = service_snapshot(s);
		t = pmap_get(&now->tokens_by_hash, slice_make((const char *)hash, HASH_BYTES));
	}
	if (t == NULL || !secret_is_equal(t->hash, hash, HASH_BYTES) || !is_good(s, now, t, c)) {
		refusals_add(s->refusals, c->address_text, 1);
		return fail(err, E_UNAUTHENTICATED, "a valid token is needed");
	}
	c->token = token_ref(t);
	return OK;
}
