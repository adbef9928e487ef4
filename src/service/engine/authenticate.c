/*
 * Authentication by token, and the counting of callers that have no valid one.
 *
 * Callers without a valid token all get the same error text, whatever is wrong with their token, so
 * that a guess teaches nothing. A token is found by its keyed hash in the snapshot, in memory; the
 * store is not read. Uses are not counted here but when the response leaves (token_use.c).
 *
 * Refusals of unknown callers are counted by address and become audit entries every
 * REFUSALS_FOLD_MS: one for each of the ENTRIES_MAX busiest addresses and one for all others. So
 * unknown callers can make at most 17 entries in ten seconds, and yet none of their refusals is
 * lost: where an entry cannot be written, its count goes back into the tally.
 *
 * service_authenticate() runs in any thread; refusals_fold() in the one that ticks. Lock: the mutex
 * of struct refusals, held alone. The tally is taken out under it and folded without it.
 */
#include "service/engine/authenticate.h"
#include "service/engine/audit_draft.h"
#include "service/engine/engine.h"
#include "service/state/token_chain.h"
#include "service/state/state.h"

#include "crypto/token_text.h"
#include "service/state/share.h"

#include <stdio.h>
#include <string.h>

#define ROWS		 1024  /* a power of two */
#define PROBES		 16    /* rows looked at for one address, under the mutex */
#define ENTRIES_MAX	 16    /* of addresses by themselves, each time */
#define REFUSALS_FOLD_MS 10000 /* between two foldings */

/* Refusals of unknown callers by address (IPv6 by /64), until they are written to the log. Those of
 * addresses that find no row are counted together, so that no refusal is lost. */
struct tally {
	struct refusal {
		uint8_t address[16]; /* folded */
		uint64_t count;	     /* 0: the row is free */
	} rows[ROWS];
	uint64_t others;
};

struct refusals {
	pthread_mutex_t mutex;
	struct tally tally;
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

/* The row of an address; else a free one; else one with a single refusal, which loses it to the new
 * address: so an address that comes often keeps a row, however many others come once. NULL: all
 * rows that were probed have several refusals. */
static struct refusal *row_of(struct tally *t, const uint8_t address[static 16])
{
	uint64_t at = slice_hash(slice_make((const char *)address, 16));
	struct refusal *single = NULL;

	for (uint32_t i = 0; i < PROBES; i++) {
		struct refusal *row = &t->rows[(at + i) & (ROWS - 1)];

		if (row->count == 0 || memcmp(row->address, address, 16) == 0)
			return row;
		if (row->count == 1)
			single = row;
	}
	if (single != NULL) {
		t->others++;
		single->count = 0;
	}
	return single;
}

/* IPv6 addresses are folded to their /64, since one host usually has all addresses of one. */
static void refusals_add(struct refusals *r, const uint8_t address[static 16], uint64_t count)
{
	uint8_t folded[16];
	struct refusal *row;

	address_fold(folded, address);
	pthread_mutex_lock(&r->mutex);
	row = row_of(&r->tally, folded);
	if (row != NULL) {
		memcpy(row->address, folded, sizeof folded);
		row->count += count;
	} else {
		r->tally.others += count;
	}
	pthread_mutex_unlock(&r->mutex);
}

/* The refusals that an entry is about: they are counted again where it cannot be written. In the
 * entry's arena. */
struct entry {
	struct service *service;
	struct refusal row;
	const struct tally *rest; /* the entry is of all these; NULL: of the row */
};

static void add_tally(struct refusals *r, const struct tally *t)
{
	for (uint32_t i = 0; i < ROWS; i++) {
		if (t->rows[i].count != 0)
			refusals_add(r, t->rows[i].address, t->rows[i].count);
	}
	pthread_mutex_lock(&r->mutex);
	r->tally.others += t->others;
	pthread_mutex_unlock(&r->mutex);
}

/* Counts the refusals of an entry that was not written again, for the next fold. */
static void count_on(const struct entry *e)
{
	if (e->rest != NULL)
		add_tally(e->service->refusals, e->rest);
	else
		refusals_add(e->service->refusals, e->row.address, e->row.count);
}

static void entry_free(struct call *c)
{
	call_clear(c);
	alloc_free(c);
}

/* The committer's last word on the entry: without an index in the log it was not written. */
static void entry_done(struct call *c)
{
	if (!c->out.has_audit_index)
		count_on(c->ctx);
	entry_free(c);
}

/* All that the entry refers to moves to the arena of its call, because the caller's stack is gone
 * when the committer gets to it. */
static bool fill_entry(struct call *c, const struct entry *e, const char *reason)
{
	struct entry *kept = arena_copy(&c->arena, e, sizeof *e);

	c->ctx = kept;
	c->audit_draft = arena_alloc(&c->arena, sizeof *c->audit_draft);
	if (kept == NULL || c->audit_draft == NULL)
		return false;
	if (e->rest != NULL)
		kept->rest = arena_copy(&c->arena, e->rest, sizeof *e->rest);
	c->audit_draft->action = SLICE_LITERAL("access.refused");
	c->audit_draft->reason.data = arena_text(&c->arena, slice_text(reason));
	c->audit_draft->reason.len = strlen(reason);
	return c->audit_draft->reason.data != NULL && (e->rest == NULL || kept->rest != NULL);
}

/* Sends the committer an audit entry that no client waits for, in a call of its own. False: it
 * cannot be written now; the caller counts again. */
static bool submit_entry(const struct entry *e, const char *address, const char *reason)
{
	struct service *s = e->service;
	struct call *c = alloc_zero(sizeof *c);

	if (c == NULL)
		return false;
	call_init(c);
	c->done = entry_done;
	c->out.result = E_UNAUTHENTICATED;
	snprintf(c->address_text, sizeof c->address_text, "%s", address);
	service_revision(s, &c->out.epoch, &c->out.revision);
	if (fill_entry(c, e, reason)) {
		atomic_store(&c->state, CALL_PENDING);
		service_call_begin(s);
		if (queue_push(&s->commit, c, s->state.settings.queue_max))
			return true;
		service_call_end(s);
	}
	entry_free(c);
	return false;
}

static void fold_row(struct service *s, const struct refusal *row)
{
	const struct entry e = {.service = s, .row = *row};
	char address[ADDRESS_TEXT_BYTES], reason[64];

	address_write_folded(address, row->address);
	snprintf(reason, sizeof reason, "%llu refused without a valid token",
		 (unsigned long long)row->count);
	if (!submit_entry(&e, address, reason))
		count_on(&e);
}

/* One entry for all refusals that have no entry of their own. */
static void fold_rest(struct service *s, const struct tally *t)
{
	const struct entry e = {.service = s, .rest = t};
	uint64_t count = t->others, addresses = 0;
	char reason[128];

	for (uint32_t i = 0; i < ROWS; i++) {
		count += t->rows[i].count;
		addresses += t->rows[i].count != 0;
	}
	if (count == 0)
		return;
	snprintf(reason, sizeof reason,
		 "%llu refused without a valid token, from %s%llu other addresses",
		 (unsigned long long)count, t->others != 0 ? "more than " : "",
		 (unsigned long long)addresses);
	if (!submit_entry(&e, "", reason))
		count_on(&e);
}

/* A look at all rows for each of the few entries; it is done every ten seconds, without the mutex.
 */
static struct refusal *largest(struct tally *t)
{
	struct refusal *found = &t->rows[0];

	for (uint32_t i = 1; i < ROWS; i++) {
		if (t->rows[i].count > found->count)
			found = &t->rows[i];
	}
	return found->count != 0 ? found : NULL;
}

static void fold_tally(struct service *s, struct tally *t)
{
	struct refusal *row;

	for (uint32_t i = 0; i < ENTRIES_MAX && (row = largest(t)) != NULL; i++) {
		fold_row(s, row);
		row->count = 0;
	}
	fold_rest(s, t);
}

/* Not while entries cannot be written (`record_refusal`): the counts stay and are written later. */
void refusals_fold(struct service *s)
{
	const struct lifecycle_rules *rules = lifecycle_rules(&s->lifecycle);
	struct refusals *r = s->refusals;
	int64_t now_ms = clock_monotonic_ms(&s->state.clock);
	bool is_time;
	struct tally taken;

	pthread_mutex_lock(&r->mutex);
	is_time = (now_ms - r->folded_ms >= REFUSALS_FOLD_MS || rules->is_ending) &&
		  rules->record_refusal == NULL;
	if (is_time) {
		r->folded_ms = now_ms;
		taken = r->tally;
		r->tally = (struct tally){0};
	}
	pthread_mutex_unlock(&r->mutex);
	if (is_time)
		fold_tally(s, &taken);
}

/* Only the token itself is looked at here; the tokens above it are when the rights are loaded. */
static bool is_good(struct service *s, const struct token *t, const struct principal *p,
		    const struct call *c)
{
	return !token_has_ended(t, state_now_ms(&s->state)) &&
	       principal_may_come_from(p, c->address);
}

/* The lookup by hash takes time that depends on the hash, not on the token: without the key a
 * caller cannot aim at a hash. The comparison that decides takes constant time. */
enum result service_authenticate(struct service *s, struct call *c, struct slice token,
				 struct error *err)
{
	CLEANUP(snapshot_unrefp) struct snapshot *now = NULL;
	uint8_t hash[HASH_BYTES];
	struct principal *p = NULL;
	struct token *t = NULL;

	principal_unref(c->principal);
	c->principal = NULL;
	share_unref(c->share);
	c->share = NULL;
	if (token_hash(hash, keyring_derived(s->state.keyring, DERIVED_TOKEN_PEPPER), token)) {
		now = state_snapshot(&s->state);
		t = pmap_get(&now->tokens_by_hash, slice_make((const char *)hash, HASH_BYTES));
	}
	if (t != NULL && secret_is_equal(t->hash, hash, HASH_BYTES)) {
		p = token_principal(now, t);
		if (p == NULL)
			return fail(err, E_MEMORY, "request: out of memory");
	}
	if (p == NULL || !is_good(s, t, p, c)) {
		refusals_add(s->refusals, c->address, 1);
		return fail(err, E_UNAUTHENTICATED, "a valid token is needed");
	}
	c->principal = principal_ref(p);
	return OK;
}
