/*
 * Failures of known principals, counted instead of recorded.
 *
 * In each window of WINDOW_MS a principal has `failures_recorded_max` entries of its own; its
 * further failures are counted in one struct folded_refusals, which hangs at its share.
 * service_tick() takes all of these out now and then and sends the committer one entry for each, in
 * a call that no client waits for.
 *
 * What must hold: no failure is lost. A struct is in the list of struct folded (and at its share),
 * or with the call of its entry; where the entry could not be written, entry_done() puts the counts
 * back.
 *
 * Any thread counts. Lock: the mutex of struct folded guards the list, all structs in it and
 * `refusals` of every share. It is held alone, except that share_ref() takes the mutex of the
 * shares under it.
 */
#include "service/engine/folded_failures.h"
#include "service/engine/engine.h"
#include "service/engine/audit_draft.h"

#include "service/state/share.h"

#include <stdio.h>
#include <string.h>

#define WINDOW_MS  10000 /* of counting, and between two entries of one principal */
#define PATHS_MAX  8	 /* named in the entry of the others */
#define PATH_BYTES 256

/* One principal's, since the last entry. Under the mutex. */
struct folded_refusals {
	struct folded_refusals *next;
	struct service *service;
	struct share *share;	     /* a reference */
	struct principal *principal; /* of the last one; a reference */
	uint64_t count;
	enum result result; /* of the last one */
	char action[64];
	char address_text[64];
	char paths[PATHS_MAX][PATH_BYTES];
	uint32_t paths_count;
};

struct folded {
	pthread_mutex_t mutex;
	struct folded_refusals *first;
	int64_t written_ms; /* monotonic */
};

struct folded *folded_new(void)
{
	struct folded *f = alloc_zero(sizeof *f);

	if (f != NULL && pthread_mutex_init(&f->mutex, NULL) != 0) {
		alloc_free(f);
		f = NULL;
	}
	return f;
}

static void refusals_free(struct folded_refusals *r)
{
	share_unref(r->share);
	principal_unref(r->principal);
	alloc_free(r);
}

void folded_free(struct folded *f)
{
	if (f == NULL)
		return;
	while (f->first != NULL) {
		struct folded_refusals *r = f->first;

		f->first = r->next;
		refusals_free(r);
	}
	pthread_mutex_destroy(&f->mutex);
	alloc_free(f);
}

/* Whether the principal has had its share of entries in this window. */
static bool is_over_share(struct share *sh, uint32_t max, int64_t now_ms)
{
	if (now_ms - sh->refusals.window_ms >= WINDOW_MS) {
		sh->refusals.window_ms = now_ms;
		sh->refusals.recorded = 0;
	}
	if (sh->refusals.recorded >= max)
		return true;
	sh->refusals.recorded++;
	return false;
}

static struct folded_refusals *refusals_of(struct folded *f, struct share *sh)
{
	struct folded_refusals *r = sh->refusals.folded;

	if (r != NULL)
		return r;
	r = alloc_zero(sizeof *r);
	if (r == NULL)
		return NULL;
	r->share = share_ref(sh);
	r->next = f->first;
	f->first = r;
	sh->refusals.folded = r;
	return r;
}

/* Some of the paths are enough to look into it; a path that does not fit is left out. */
static void add_path(struct folded_refusals *r, struct slice path)
{
	for (uint32_t i = 0; i < r->paths_count; i++) {
		if (slice_is_text(path, r->paths[i]))
			return;
	}
	if (r->paths_count < PATHS_MAX && path.len != 0 && path.len < PATH_BYTES)
		snprintf(r->paths[r->paths_count++], PATH_BYTES, "%.*s", SLICE_ARGS(path));
}

/* The entry describes the last failure, with its principal: a share can have several tokens. */
static void note(struct folded_refusals *r, const struct call *c)
{
	r->count++;
	r->result = c->out.result;
	principal_unref(r->principal);
	r->principal = principal_ref(c->principal);
	snprintf(r->action, sizeof r->action, "%.*s", SLICE_ARGS(c->audit_draft->action));
	memcpy(r->address_text, c->address_text, sizeof r->address_text);
	for (uint32_t i = 0; i < c->audit_draft->touched_count; i++)
		add_path(r, c->audit_draft->touched[i].path);
}

/* Without memory the failure gets an entry of its own after all. */
bool folded_count(struct service *s, struct call *c)
{
	struct folded *f = s->folded;
	struct share *sh = service_share(s, c);
	struct folded_refusals *r = NULL;

	if (sh == NULL)
		return false;
	pthread_mutex_lock(&f->mutex);
	if (is_over_share(sh, s->state.settings.failures_recorded_max,
			  clock_monotonic_ms(&s->state.clock)))
		r = refusals_of(f, sh);
	if (r != NULL)
		note(r, c);
	pthread_mutex_unlock(&f->mutex);
	return r != NULL;
}

/* The entry has the principal and address of the last failure and action "access.refused"; its
 * reason says how many there were. */
static bool fill_entry(struct service *s, struct call *c, const struct folded_refusals *r)
{
	char reason[160];

	snprintf(reason, sizeof reason, "%llu more that failed, the last of them %s: %s",
		 (unsigned long long)r->count, r->action, result_name(r->result));
	c->out.result = r->result;
	c->principal = principal_ref(r->principal);
	memcpy(c->address_text, r->address_text, sizeof c->address_text);
	service_revision(s, &c->out.epoch, &c->out.revision);
	c->audit_draft = arena_alloc(&c->arena, sizeof *c->audit_draft);
	if (c->audit_draft == NULL)
		return false;
	c->audit_draft->action = SLICE_LITERAL("access.refused");
	c->audit_draft->reason.data = arena_text(&c->arena, slice_text(reason));
	if (c->audit_draft->reason.data == NULL)
		return false;
	c->audit_draft->reason.len = strlen(reason);
	for (uint32_t i = 0; i < r->paths_count; i++) {
		if (!audit_draft_touch(c, slice_text(r->paths[i]), 0, NULL))
			return false;
	}
	return true;
}

/* Counts them again, for the next entry. */
static void put_back(struct folded *f, struct folded_refusals *r)
{
	pthread_mutex_lock(&f->mutex);
	if (r->share->refusals.folded == NULL) {
		r->next = f->first;
		f->first = r;
		r->share->refusals.folded = r;
		r = NULL;
	} else {
		r->share->refusals.folded->count += r->count;
	}
	pthread_mutex_unlock(&f->mutex);
	if (r != NULL)
		refusals_free(r);
}

/* Failures whose entry could not be written are counted again. */
static void entry_done(struct call *c)
{
	struct folded_refusals *r = c->ctx;
	bool is_written = c->out.has_audit_index;

	call_clear(c);
	alloc_free(c);
	if (is_written)
		refusals_free(r);
	else
		put_back(r->service->folded, r);
}

/* Sends the committer one entry; its call then has `r`. No bound on the queue: there is at most one
 * such call for each principal that had too many failures. */
static void write_one(struct service *s, struct folded_refusals *r)
{
	struct call *c = alloc_zero(sizeof *c);

	r->service = s;
	if (c == NULL) {
		put_back(s->folded, r);
		return;
	}
	call_init(c);
	c->done = entry_done;
	c->ctx = r;
	if (fill_entry(s, c, r)) {
		atomic_store(&c->state, CALL_PENDING);
		service_call_begin(s);
		if (queue_push(&s->commit, c, UINT32_MAX))
			return;
		service_call_end(s);
	}
	entry_done(c);
}

static struct folded_refusals *take_all(struct service *s)
{
	struct folded *f = s->folded;
	int64_t now_ms = clock_monotonic_ms(&s->state.clock);
	struct folded_refusals *list = NULL;

	pthread_mutex_lock(&f->mutex);
	if (now_ms - f->written_ms >= WINDOW_MS || lifecycle_rules(&s->lifecycle)->is_ending) {
		f->written_ms = now_ms;
		list = steal(&f->first);
		for (struct folded_refusals *r = list; r != NULL; r = r->next)
			r->share->refusals.folded = NULL;
	}
	pthread_mutex_unlock(&f->mutex);
	return list;
}

void folded_write(struct service *s)
{
	struct folded_refusals *r;

	if (lifecycle_rules(&s->lifecycle)->record_refusal != NULL)
		return;
	r = take_all(s);
	while (r != NULL) {
		struct folded_refusals *next = r->next;

		write_one(s, r);
		r = next;
	}
}
