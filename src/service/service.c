/*
 * Opens and closes a service, and the functions of the facade that need no call.
 *
 * Order of opening: locks, tables, the first snapshot, then the committer, the waker and the
 * workers. So no thread runs before all that it uses is there. service_close() goes the other way,
 * as far as the service was opened: workers first, because they give calls to the committer, then
 * the committer, then the waker. All members were zero before, so that a half-open service can be
 * closed too.
 *
 * service_drain() comes before service_close(): it refuses new calls, lets those in flight finish,
 * and returns when no call is open and no poll waits.
 *
 * Locks: snapshot_mutex for the current revision, idle_mutex for the end of the last call; one at a
 * time.
 */
#include "service/service.h"

#include "access/principal.h"
#include "base/log.h"
#include "service/engine/authenticate.h"
#include "service/state/config_cache.h"
#include "service/engine/engine.h"
#include "service/engine/folded_failures.h"
#include "service/state/share.h"
#include "service/engine/waiters.h"
#include "service/engine/waker.h"
#include "service/setup/open_store.h"
#include "service/token/token_sweep.h"

/* Calls that take longer than a short one may. Their threads are added to the workers of the
 * settings, so that short calls never wait for them. */
#define LONG_CALLS_MAX 12
#define CLOCK_MOVE_MS  500 /* between two ticks; a clock that is only adjusted moves less */

/* Expiry goes by server time, which never goes back (state/server_time.h). */
#define CLOCK_ADVICE \
	"advice=\"check the clock of this machine; time for tokens and entries never goes back\""

static bool init_locks(struct service *s)
{
	/* On the systems that we run on these do not fail, so that a failure need not undo those
	 * before it. */
	uint32_t workers = s->state.settings.workers != 0 ? s->state.settings.workers : 2;

	return work_queue_init(&s->work, workers, LONG_CALLS_MAX) && queue_init(&s->commit) &&
	       pthread_mutex_init(&s->state.snapshot_mutex, NULL) == 0 &&
	       pthread_mutex_init(&s->head_mutex, NULL) == 0 &&
	       pthread_mutex_init(&s->idle_mutex, NULL) == 0 &&
	       pthread_mutex_init(&s->waker.mutex, NULL) == 0 &&
	       pthread_cond_init(&s->waker.kicked, NULL) == 0 &&
	       pthread_cond_init(&s->idle, NULL) == 0;
}

/* Server time goes on behind all that the data say of time. */
static void continue_time(struct service *s)
{
	int64_t last_ms = s->state.current->time_ms > s->log.last_time_ms
				  ? s->state.current->time_ms
				  : s->log.last_time_ms;
	int64_t behind_ms = server_time_raise(&s->state.time, &s->state.clock, last_ms);
	char last[TIMESTAMP_BYTES];

	if (behind_ms < SERVER_TIME_JUMP_MS)
		return;
	timestamp_format(last, last_ms);
	log_line(LOG_WARN, "clock_behind_data", "seconds=%lld last=%s " CLOCK_ADVICE,
		 (long long)(behind_ms / 1000), last);
}

/* Nothing that is stored is served before all of it was checked. Loading goes on beside the check;
 * each row that it reads is checked by itself too. An epoch that a restore raised counts for the
 * log from its next entry on. */
static enum result load(struct service *s, struct error *err)
{
	CLEANUP(store_head_clear) struct store_head head = STORE_HEAD_NULL;
	const struct stopped_store stored = {s->state.store, s->state.keyring, &s->state.clock};
	struct error of_rows = ERROR_NULL;
	struct store_checks checks;
	enum result rc = setup_open_head(&stored, &head, err), checked;

	if (rc != OK)
		return wrap(err, rc, "the stored data");
	setup_check_begin(&checks, &stored, &head);
	rc = state_load(&s->state, &head, err);
	checked = setup_check_end(&checks, &of_rows);
	if (checked != OK) {
		rc = checked;
		if (err != NULL)
			*err = of_rows;
	}
	if (rc != OK)
		return wrap(err, rc, "the stored data");
	s->log = head.log;
	if (s->log.epoch < head.epoch)
		s->log.epoch = head.epoch;
	s->log_key = head.log_key;
	s->checkpoint = buf_steal(&head.checkpoint);
	continue_time(s);
	return OK;
}

static enum result start(struct service *s, struct error *err)
{
	enum result rc;

	s->state.cache = config_cache_new(s->state.settings.cache_bytes_max);
	s->waiters = waiters_new(s->state.settings.waiters_max);
	s->refusals = refusals_new();
	s->shares = shares_new();
	s->folded = folded_new();
	s->changes = change_feed_new();
	if (s->shares == NULL || s->folded == NULL || s->changes == NULL ||
	    s->state.cache == NULL || s->waiters == NULL || s->refusals == NULL)
		return fail(err, E_MEMORY, "out of memory");
	rc = load(s, err);
	if (rc != OK)
		return rc;
	/* No call can come yet; from here on the committer says in which state the service is. */
	lifecycle_move(&s->lifecycle, EVENT_OPENED);
	rc = committer_start(s, err);
	if (rc == OK)
		rc = waker_start(s, err);
	if (rc == OK)
		rc = workers_start(s, err);
	return rc;
}

/* Once the locks exist, service_close() undoes everything, and closes store and keyring as well. */
enum result service_open(struct service **ret, const struct service_parts *parts, struct error *err)
{
	struct service *s = alloc_zero(sizeof *s);
	enum result rc;

	if (s != NULL)
		s->state.settings = *parts->settings;
	if (s == NULL || !init_locks(s)) {
		alloc_free(s);
		store_close(parts->store);
		keyring_free(parts->keyring);
		return fail(err, E_MEMORY, "out of memory");
	}
	s->state.store = parts->store;
	s->state.keyring = parts->keyring;
	s->state.clock = *parts->clock;
	server_time_begin(&s->state.time, parts->clock);
	s->started_ms = server_time_wall_ms(parts->clock);
	rc = start(s, err);
	if (rc != OK) {
		service_close(s);
		return rc;
	}
	*ret = s;
	return OK;
}

void service_call_begin(struct service *s)
{
	atomic_fetch_add(&s->calls_open, 1);
}

/* Only a service that is ending has a thread that waits for the last call. */
void service_call_end(struct service *s)
{
	if (atomic_fetch_sub(&s->calls_open, 1) != 1 || !lifecycle_rules(&s->lifecycle)->is_ending)
		return;
	pthread_mutex_lock(&s->idle_mutex);
	pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&s->idle_mutex);
}

static void wait_until_idle(struct service *s)
{
	pthread_mutex_lock(&s->idle_mutex);
	while (atomic_load(&s->calls_open) != 0) {
		struct timespec until;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += 1; /* a wake that came between is made up for */
		pthread_cond_clockwait(&s->idle, &s->idle_mutex, CLOCK_MONOTONIC, &until);
	}
	pthread_mutex_unlock(&s->idle_mutex);
}

/* Polls that a worker or the committer still had may wait again after the first wake, so that it is
 * repeated until none does. */
void service_drain(struct service *s)
{
	lifecycle_move(&s->lifecycle, EVENT_DRAIN);
	folded_write(s);
	do {
		waiters_wake_all(s->waiters);
		wait_until_idle(s);
	} while (waiters_count(s->waiters) != 0);
}

void service_close(struct service *s)
{
	if (s == NULL)
		return;
	workers_stop(s);
	committer_stop(s);
	waker_stop(s);
	token_sweep_clear(s);
	snapshot_unref(s->state.current);
	config_cache_free(s->state.cache);
	waiters_free(s->waiters);
	refusals_free(s->refusals);
	folded_free(s->folded);
	change_feed_free(s->changes);
	shares_free(s->shares);
	buf_clear(&s->checkpoint);
	audit_rows_free(&s->audit_rows);
	store_close(s->state.store);
	keyring_free(s->state.keyring);
	work_queue_clear(&s->work);
	queue_clear(&s->commit);
	pthread_mutex_destroy(&s->state.snapshot_mutex);
	pthread_mutex_destroy(&s->head_mutex);
	pthread_mutex_destroy(&s->idle_mutex);
	pthread_mutex_destroy(&s->waker.mutex);
	pthread_cond_destroy(&s->waker.kicked);
	pthread_cond_destroy(&s->idle);
	alloc_free(s);
}

struct share *service_share(struct service *s, struct call *c)
{
	if (c->share == NULL)
		c->share = shares_get(s->shares, c->principal->share);
	return c->share;
}

bool service_is_share_of(const struct call *c, const struct share *share)
{
	return slice_is_equal(share->name, c->principal->share);
}

bool service_forget(struct service *s, struct call *c)
{
	return waiters_take(s->waiters, c);
}

/* Tokens end by server time and polls by monotonic time: when the two move against each other, each
 * poll is looked at. */
static void notice_jump(struct service *s)
{
	int64_t moved_ms = server_time_look(&s->state.time, &s->state.clock);

	if (moved_ms <= -SERVER_TIME_JUMP_MS || moved_ms >= SERVER_TIME_JUMP_MS)
		log_line(LOG_WARN, "clock_jumped", "seconds=%lld " CLOCK_ADVICE,
			 (long long)(moved_ms / 1000));
	if (moved_ms > -CLOCK_MOVE_MS && moved_ms < CLOCK_MOVE_MS)
		return;
	waiters_mark(s->waiters, SLICE_NULL);
	waker_kick(s);
}

/* The one place where time passes: late polls, clock jumps, counted failures that are due, and
 * tokens that have ended. */
void service_tick(struct service *s)
{
	int64_t now_ms = clock_monotonic_ms(&s->state.clock);

	waiters_wake_late(s->waiters, now_ms);
	notice_jump(s);
	refusals_fold(s);
	folded_write(s);
	token_sweep(s);
}

enum result service_ready(struct service *s, struct error *err)
{
	const char *reason = lifecycle_rules(&s->lifecycle)->health;

	return reason == NULL ? OK : fail(err, E_UNAVAILABLE, "%s", reason);
}

void service_revision(struct service *s, uint64_t *ret_epoch, uint64_t *ret_revision)
{
	pthread_mutex_lock(&s->state.snapshot_mutex);
	*ret_epoch = s->state.current->epoch;
	*ret_revision = s->state.current->revision;
	pthread_mutex_unlock(&s->state.snapshot_mutex);
}
