/* The rule: every verb goes the same way, and what must not be forgotten (who may, what is recorded) is done here, by the table. */
#include "service/state/config_cache.h"
#include "service/engine/folded_failures.h"
#include "service/write/idempotency.h"
#include "service/engine/response_yaml.h"
#include "service/state/share.h"
#include "service/token/tokens.h"
#include "service/engine/waiters.h"
#include "service/engine/waker.h"
#include "service/write/write.h"

/* An action that begins with a dot has "secret", "policy" or "document" before it. */
const struct verb_row verb_table[VERB_COUNT] = {
	[VERB_DOCUMENT_LIST] = {".list", GUARD_UNDER, NULL, document_list_on_worker},
	[VERB_DOCUMENT_GET] = {".read", GUARD_PATH, document_get_on_loop, document_get_on_worker},
	[VERB_DOCUMENT_PUT] = {".put", GUARD_PATH, NULL, document_write_on_worker, KEY_HONOURED},
	[VERB_DOCUMENT_PATCH] = {".patch", GUARD_PATH, NULL, document_write_on_worker,
				 KEY_HONOURED},
	[VERB_DOCUMENT_DELETE] = {".delete", GUARD_PATH, NULL, document_write_on_worker,
				  KEY_HONOURED},
	[VERB_DOCUMENT_UNDELETE] = {".undelete", GUARD_PATH, NULL, document_write_on_worker,
				    KEY_HONOURED},
	[VERB_DOCUMENT_DESTROY] = {".destroy", GUARD_PATH, NULL, document_write_on_worker,
				   KEY_HONOURED},
	[VERB_DOCUMENT_ROLLBACK] = {".rollback", GUARD_PATH, NULL, document_write_on_worker,
				    KEY_HONOURED},
	[VERB_DOCUMENT_VERSIONS] = {".versions", GUARD_PATH, NULL, document_versions_on_worker},
	[VERB_DOCUMENT_DIFF] = {".diff", GUARD_PATH, NULL, document_diff_on_worker},
	[VERB_DOCUMENT_DEPENDENTS] = {".dependents", GUARD_PATH, NULL,
				      document_dependents_on_worker},
	[VERB_BATCH] = {"batch.write", GUARD_VERB, NULL, batch_on_worker, KEY_HONOURED},
	[VERB_REVISION_LIST] = {"revision.list", GUARD_VERB, NULL, revision_list_on_worker},
	[VERB_REVISION_GET] = {"revision.read", GUARD_VERB, NULL, revision_get_on_worker},
	[VERB_REVISION_REVERT] = {"revision.revert", GUARD_VERB, NULL, revert_on_worker,
				  KEY_HONOURED},
	[VERB_CONFIG_GET] = {"config.read", GUARD_PATH, config_get_on_loop, config_get_on_worker},
	[VERB_CONFIG_VERSIONS] = {"config.versions", GUARD_PATH, NULL, config_versions_on_worker},
	[VERB_CONFIG_DIFF] = {"config.diff", GUARD_PATH, NULL, config_diff_on_worker},
	[VERB_AUDIT_LIST] = {"audit.list", GUARD_VERB, NULL, audit_list_on_worker},
	[VERB_AUDIT_ENTRY] = {"audit.read", GUARD_PATH, NULL, audit_entry_on_worker},
	[VERB_AUDIT_CHECKPOINT] = {"audit.checkpoint", GUARD_PATH, audit_checkpoint_on_loop, NULL},
	[VERB_TOKEN_CREATE] = {"token.create", GUARD_PATH, NULL, token_create_on_worker,
			       KEY_NEVER_KEPT},
	[VERB_TOKEN_LIST] = {"token.list", GUARD_PATH, NULL, token_list_on_worker},
	[VERB_TOKEN_REVOKE] = {"token.revoke", GUARD_VERB, NULL, token_revoke_on_worker},
	[VERB_TOKEN_SELF] = {"token.self", GUARD_VERB, token_self_on_loop, NULL},
	[VERB_TOKEN_RENEW] = {"token.renew", GUARD_VERB, NULL, token_renew_on_worker},
	[VERB_ACCESS_CHECK] = {"access.check", GUARD_VERB, access_check_on_loop, NULL},
	[VERB_STATUS] = {"status.read", GUARD_PATH, NULL, status_on_worker},
	[VERB_METRICS] = {"metrics.read", GUARD_PATH, metrics_on_loop, NULL},
	[VERB_BACKUP] = {"backup.read", GUARD_PATH, NULL, backup_on_worker},
};

struct snapshot *service_snapshot(struct service *s)
{
	struct snapshot *now;

	pthread_mutex_lock(&s->snapshot_mutex);
	now = snapshot_ref(s->current);
	pthread_mutex_unlock(&s->snapshot_mutex);
	return now;
}

static bool is_of_one_document(enum verb verb)
{
	return verb >= VERB_DOCUMENT_PUT && verb <= VERB_DOCUMENT_ROLLBACK;
}

bool verb_is_write(enum verb verb)
{
	return is_of_one_document(verb) || verb == VERB_BATCH || verb == VERB_REVISION_REVERT;
}

static bool may_pass(const struct scene *scene)
{
	const struct call *c = scene->call;

	switch (verb_table[c->verb].guard) {
	case GUARD_PATH:
		if (rights_may(scene->rights, c->permission, c->path))
			return true;
		return is_of_one_document(c->verb) && c->in.is_dry_run &&
		       rights_may(scene->rights, MAY_CHECK, c->path);
	case GUARD_UNDER:
		return rights_may_under(scene->rights, c->permission, c->path);
	case GUARD_VERB:
		return true;
	}
	return false;
}

/* E_NOT_FOUND: the verb is to run. */
static enum result look_at_key(struct scene *scene, const struct verb_row *row, struct error *err)
{
	const struct call_input *in = &scene->call->in;

	if (in->idempotency_key.len == 0)
		return E_NOT_FOUND;
	if (row->key == KEY_NEVER_KEPT)
		return fail(err, E_MALFORMED,
			    "Idempotency-Key is not known here: the answer is a new token, which "
			    "is never kept; revoke what a lost answer made");
	if (row->key == KEY_REFUSED)
		return fail(err, E_MALFORMED, "Idempotency-Key is not known here: send it without");
	if (in->is_dry_run || scene->worker == NULL)
		return E_NOT_FOUND;
	return idempotency_replay(scene, err);
}

/* An event loop parses little, and no YAML. */
static bool has_small_body(const struct call *c)
{
	return c->in.body.len == 0 ||
	       (c->in.body.len <= LOOP_BYTES_MAX && c->in.body_format == DOC_JSON);
}

static enum step run_verb(struct scene *scene)
{
	struct call *c = scene->call;
	const struct verb_row *row = &verb_table[c->verb];
	struct error err = ERROR_NULL;
	enum result rc;

	/* A right that came since does not help: the body is not there. */
	if (c->is_refused || !may_pass(scene)) {
		atomic_fetch_add(&scene->service->counters.refused, 1);
		return answer_fail(c, E_FORBIDDEN, "%s may not %s %.*s",
				   c->token->record.name.len != 0 ? c->token->record.name.data
								  : "the token",
				   permission_name(c->permission), SLICE_ARGS(c->path));
	}
	rc = look_at_key(scene, row, &err);
	if (rc != E_NOT_FOUND)
		return rc == OK ? STEP_ANSWER : answer_error(c, rc, &err);
	if (row->on_loop == NULL && row->on_worker == NULL)
		return answer_fail(c, E_UNSUPPORTED, "this server does not know how to do that");
	if (scene->worker == NULL)
		return row->on_loop != NULL && has_small_body(c) ? row->on_loop(scene)
								 : STEP_WORKER;
	return row->on_worker != NULL ? row->on_worker(scene) : row->on_loop(scene);
}

static enum step render(struct scene *scene)
{
	struct call *c = scene->call;
	struct error err = ERROR_NULL;
	enum result rc;

	if (scene->worker == NULL && c->out.body->bytes.len > LOOP_BYTES_MAX)
		return STEP_WORKER;
	rc = render_yaml(c, scene->budget, &err);
	return rc == OK ? STEP_ANSWER : answer_error(c, rc, &err);
}

/* What ran out ends the call, whatever its verb made of it: what was left undone must not look like an answer, still less be
 * written. Where the verb has said more, as which document it was, that stays. */
static enum step answer_exhausted(struct call *c, const struct error *err)
{
	if (c->out.result == E_LIMIT && c->budget.outcome == E_LIMIT)
		return STEP_ANSWER;
	return answer_error(c, c->budget.outcome, err);
}

enum step scene_run(struct scene *scene, struct service *s, struct call *c, struct worker *worker)
{
	struct error err = ERROR_NULL;
	enum result rc;
	enum step step;

	scene->service = s;
	scene->call = c;
	scene->worker = worker;
	scene->session = worker != NULL ? worker->session : NULL;
	scene->budget = worker != NULL ? &c->budget : NULL;
	scene->rights = &scene->own_rights;
	scene->now_ms = clock_wall_ms(&s->clock);
	scene->snapshot = service_snapshot(s);
	answer_reset(c);
	call_drop_work(c);
	c->recording = NULL;
	c->is_spending = false;
	arena_clear(&c->arena); /* a poll comes here each time it is woken */
	snapshot_unref(c->snapshot);
	c->snapshot = snapshot_ref(scene->snapshot);
	c->out.revision = scene->snapshot->revision;
	c->out.epoch = scene->snapshot->epoch;
	if (c->token == NULL)
		return answer_fail(c, E_UNAUTHENTICATED, "a valid token is needed");
	rc = rights_load(&scene->own_rights, &c->arena, scene->snapshot, c->token, scene->now_ms,
			 &err);
	if (rc != OK)
		return answer_error(c, rc, &err);
	step = run_verb(scene);
	if (step == STEP_ANSWER && render_is_needed(c))
		step = render(scene);
	if (worker != NULL && budget_result(&c->budget, &err) != OK)
		step = answer_exhausted(c, &err);
	if (step != STEP_COMMIT && c->work_free == write_free)
		call_drop_work(c); /* what was refused must never meet the committer */
	return step;
}

bool service_admit(struct service *s, struct call *c)
{
	CLEANUP(snapshot_unrefp) struct snapshot *now = service_snapshot(s);
	struct error err = ERROR_NULL;
	struct scene scene = {.service = s, .call = c, .snapshot = now};

	scene.rights = &scene.own_rights;
	/* What keeps the rights from being known is told when the call is submitted. */
	if (c->token != NULL && rights_load(&scene.own_rights, &c->arena, now, c->token,
					    clock_wall_ms(&s->clock), &err) == OK)
		c->is_refused = !may_pass(&scene);
	arena_clear(&c->arena);
	return !c->is_refused;
}

void scene_end(struct scene *scene)
{
	snapshot_unref(scene->snapshot);
	scene->snapshot = NULL;
}

void call_finish(struct service *s, struct call *c)
{
	work_queue_end_turn(&s->work, c);
	/* What the committer has answered, a worker renders. */
	if (render_is_needed(c) && !c->is_rendered) {
		c->is_rendered = true;
		if (work_queue_push_again(&s->work, c))
			return;
	}
	if (c->out.result != OK)
		atomic_fetch_add(&s->counters.failed, 1);
	atomic_store(&c->state, CALL_DONE);
	c->done(c);
	service_let_go(s);
}

/* One principal fills at most half of what may wait. */
bool call_queued(struct service *s, struct call *c)
{
	uint64_t max = s->settings.queue_max / 2 + 1;

	if (service_share(s, c) == NULL) {
		answer_fail(c, E_MEMORY, "out of memory");
		return false;
	}
	c->is_queued = share_take(c->share, SHARE_QUEUED, 1, max);
	if (!c->is_queued)
		answer_fail(c, E_BUSY, "too many of your requests wait already");
	return c->is_queued;
}

void call_unqueued(struct call *c)
{
	if (c->is_queued)
		share_give(c->share, SHARE_QUEUED, 1);
	c->is_queued = false;
}

/* Publishing comes before marking: a poll that was added too late to be marked is marked here. */
static void mark_if_moved(struct scene *scene, const struct snap_doc *seen)
{
	CLEANUP(snapshot_unrefp) struct snapshot *now = service_snapshot(scene->service);
	const struct snapshot *then = scene->snapshot;
	struct slice path = seen->record->row.path;

	if (snapshot_doc(now, path) == seen && pmap_is_same(&now->policies, &then->policies) &&
	    pmap_is_same(&now->tokens_by_accessor, &then->tokens_by_accessor))
		return;
	waker_mark_profile(scene->service, path);
	waker_kick(scene->service);
}

/* When the poll is to go on at the latest: its own time is over, or that of a token that it hangs on. */
static int64_t wake_time(const struct scene *scene, const struct token *token, int64_t now_ms)
{
	int64_t deadline_ms = scene->call->deadline_ms;
	int64_t end_ms = token_chain_end(scene->snapshot, token, true);

	if (end_ms == 0 || end_ms - scene->now_ms >= deadline_ms - now_ms)
		return deadline_ms;
	return now_ms + (end_ms - scene->now_ms) + 1;
}

/* One principal has at most a quarter of the polls. */
static bool add_to_waiters(struct service *s, struct call *c)
{
	if (service_share(s, c) == NULL ||
	    !share_take(c->share, SHARE_POLLS, 1, s->settings.waiters_max / 4 + 1)) {
		answer_fail(c, E_BUSY, "too many of your polls wait already");
		return false;
	}
	if (waiters_add(s->waiters, c))
		return true;
	share_give(c->share, SHARE_POLLS, 1);
	answer_fail(c, E_BUSY, "too many polls wait already");
	return false;
}

static enum call_state wait_for_change(struct scene *scene)
{
	struct call *c = scene->call;
	struct service *s = scene->service;
	int64_t now_ms = clock_monotonic_ms(&s->clock);
	struct snap_doc *seen = config_doc(scene->snapshot, c->path);
	const struct token *token = snapshot_token(scene->snapshot, c->token->record.accessor);

	if (c->deadline_ms == 0)
		c->deadline_ms = now_ms + (c->in.wait_ms < s->settings.wait_ms_max
						   ? c->in.wait_ms
						   : s->settings.wait_ms_max);
	if (now_ms >= c->deadline_ms || atomic_load(&s->is_draining) || seen == NULL ||
	    token == NULL)
		return CALL_DONE;
	c->wake_ms = wake_time(scene, token, now_ms);
	c->seen_serial = seen->serial;
	c->seen_rights = rights_fingerprint(scene->snapshot, token->record.accessor, scene->now_ms);
	c->has_budget = false;	     /* what it has come to so far is done */
	snapshot_unref(c->snapshot); /* what has changed is not kept for who waits */
	c->snapshot = NULL;
	arena_clear(&c->arena); /* nor what the rights took: thousands may wait */
	if (!add_to_waiters(s, c))
		return CALL_DONE;
	mark_if_moved(scene, seen);
	return CALL_WAITING;
}

static enum call_state to_committer(struct scene *scene)
{
	struct call *c = scene->call;
	struct service *s = scene->service;

	if (atomic_load(&s->is_read_only)) {
		answer_unrecorded(c, E_UNAVAILABLE, "the disk has failed");
		return CALL_DONE;
	}
	/* What a worker has prepared is let in: the bounds were kept at its door. */
	if (scene->worker == NULL && !call_queued(s, c)) {
		answer_unrecorded(c, E_BUSY, c->out.error.text);
		return CALL_DONE;
	}
	atomic_store(&c->state, CALL_PENDING);
	if (scene->worker == NULL)
		service_hold(s);
	if (queue_push(&s->commit, c, scene->worker != NULL ? UINT32_MAX : s->settings.queue_max))
		return CALL_PENDING;
	if (scene->worker == NULL)
		service_let_go(s);
	call_unqueued(c);
	answer_unrecorded(c, E_BUSY, "too many calls wait already");
	return CALL_DONE;
}

static enum call_state to_worker(struct scene *scene)
{
	struct call *c = scene->call;
	struct service *s = scene->service;

	if (!call_queued(s, c))
		return CALL_DONE;
	atomic_store(&c->state, CALL_PENDING);
	service_hold(s);
	if (work_queue_push(&s->work, c, s->settings.queue_max))
		return CALL_PENDING;
	service_let_go(s);
	call_unqueued(c);
	answer_fail(c, E_BUSY, "too many calls wait already");
	return CALL_DONE;
}

/* A token that is good for so many answers pays for each before it leaves. */
static bool must_pay(const struct scene *scene)
{
	const struct call *c = scene->call;

	return c->token != NULL && c->out.result != E_UNAUTHENTICATED &&
	       token_is_limited(scene->snapshot, c->token);
}

enum call_state call_after(struct scene *scene, enum step step)
{
	struct call *c = scene->call;
	struct service *s = scene->service;

	switch (step) {
	case STEP_WORKER:
		return to_worker(scene);
	case STEP_COMMIT:
		return to_committer(scene);
	case STEP_WAIT:
		if (!must_pay(scene))
			return wait_for_change(scene);
		break;
	case STEP_ANSWER:
		break;
	}
	c->is_spending = must_pay(scene);
	if (recording_says_only_failure(c) && folded_count(s, c))
		c->recording = NULL;
	return c->recording != NULL || c->is_spending ? to_committer(scene) : CALL_DONE;
}

enum call_state service_submit(struct service *s, struct call *c)
{
	struct scene scene;
	enum call_state state;
	enum step step;

	atomic_fetch_add(&s->counters.calls[c->verb], 1);
	if (c->deadline_ms != 0)
		atomic_fetch_sub(&s->woken, 1);
	if (atomic_load(&s->is_draining) && c->deadline_ms == 0) {
		answer_reset(c);
		answer_fail(c, E_UNAVAILABLE, "shutting down");
		atomic_store(&c->state, CALL_DONE);
		return CALL_DONE;
	}
	step = scene_run(&scene, s, c, NULL);
	state = call_after(&scene, step);
	scene_end(&scene);
	if (state != CALL_DONE)
		return state;
	if (c->out.result != OK)
		atomic_fetch_add(&s->counters.failed, 1);
	atomic_store(&c->state, CALL_DONE);
	return CALL_DONE;
}
