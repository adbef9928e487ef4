#include "fake_service.h"

#include "base/memory.h"
#include "service/state/share.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

struct service {
	pthread_mutex_t mutex;
	struct call *waiting; /* at most one */
	bool is_draining;
	struct shared_body *cached;
	int busy_looks; /* so often a poll seems to be with a worker */
	atomic_bool is_released;
	struct shares *shares;
	struct fake_counts counts;
};

struct service *fake_service_new(void)
{
	struct service *s = alloc_zero(sizeof *s);

	pthread_mutex_init(&s->mutex, NULL);
	s->shares = shares_new();
	return s;
}

void fake_service_free(struct service *s)
{
	pthread_mutex_destroy(&s->mutex);
	shared_body_unref(s->cached);
	shares_free(s->shares);
	alloc_free(s);
}

const struct fake_counts *fake_counts(const struct service *s)
{
	return &s->counts;
}

void call_init(struct call *c)
{
	*c = (struct call){0};
}

void call_clear(struct call *c)
{
	share_unref(c->share);
	c->share = NULL;
	shared_body_unref(c->out.body);
	buf_clear(&c->out.problems);
	arena_clear(&c->arena);
}

struct shared_body *shared_body_new(struct buf *bytes_taken, bool is_secret)
{
	struct shared_body *b = alloc_zero(sizeof *b);

	if (b == NULL)
		return NULL;
	b->refs = 1;
	b->is_secret = is_secret;
	b->bytes = buf_steal(bytes_taken);
	return b;
}

struct shared_body *shared_body_ref(struct shared_body *b)
{
	atomic_fetch_add(&b->refs, 1);
	return b;
}

void shared_body_unref(struct shared_body *b)
{
	if (b == NULL || atomic_fetch_sub(&b->refs, 1) != 1)
		return;
	buf_clear(&b->bytes);
	alloc_free(b);
}

enum result service_authenticate(struct service *s, struct call *call, struct slice token,
				 struct error *err)
{
	atomic_fetch_add(&s->counts.authenticated, 1);
	if (!slice_starts_with(token, SLICE_LITERAL(FAKE_TOKEN)))
		return fail(err, E_UNAUTHENTICATED, "a valid token is needed");
	call->share = shares_get(s->shares, token);
	return OK;
}

struct share *service_share(struct service *s, struct call *call)
{
	(void)s;
	return call->share;
}

bool service_is_share_of(const struct call *call, const struct share *share)
{
	return call->share == share;
}

bool service_admit(struct service *s, struct call *call)
{
	(void)s;
	call->is_refused = slice_starts_with(call->path, SLICE_LITERAL("profiles/forbidden/"));
	return !call->is_refused;
}

static void response_text(struct call *c, const char *json)
{
	struct buf b = BUF_NULL;

	buf_append_text(&b, json);
	c->out.body = buf_is_failed(&b) ? NULL : shared_body_new(&b, false);
	if (c->out.body == NULL)
		c->out.result = fail(&c->out.error, E_MEMORY, "out of memory");
	buf_clear(&b);
	c->out.kind = BODY_JSON;
	snprintf(c->out.etag, sizeof c->out.etag, "\"e1\"");
	c->out.revision = 7;
	c->out.epoch = 1;
	atomic_store(&c->state, CALL_DONE);
}

static void *response_later(void *arg)
{
	struct call *c = arg;
	const struct timespec pause = {0, 20000000};

	nanosleep(&pause, NULL);
	response_text(c, "{\"late\":true}");
	c->done(c);
	return NULL;
}

static void append_blanks(struct buf *ret, size_t count)
{
	static char blanks[1 << 16];

	memset(blanks, ' ', sizeof blanks);
	for (size_t i = 0; i < count; i += sizeof blanks)
		buf_append(ret, blanks, sizeof blanks);
}

static struct shared_body *new_large(void)
{
	struct buf b = BUF_NULL;

	append_blanks(&b, 8 << 20);
	return shared_body_new(&b, false);
}

static void response_large(struct service *s, struct call *c, bool is_cached)
{
	pthread_mutex_lock(&s->mutex);
	if (is_cached && s->cached == NULL)
		s->cached = new_large();
	c->out.body = is_cached ? shared_body_ref(s->cached) : new_large();
	pthread_mutex_unlock(&s->mutex);
	c->out.kind = BODY_JSON;
	c->out.revision = 7;
	atomic_store(&c->state, CALL_DONE);
}

static struct service *slow_service; /* of the one test that requests the slow path */

static void *response_slowly(void *arg)
{
	struct call *c = arg;
	struct service *s = slow_service;
	const struct timespec pause = {0, 1000000};

	while (!atomic_load(&c->is_abandoned) && !atomic_load(&s->is_released))
		nanosleep(&pause, NULL);
	if (atomic_load(&c->is_abandoned))
		atomic_fetch_add(&s->counts.abandoned, 1);
	response_text(c, "{\"slow\":true}");
	c->done(c);
	return NULL;
}

void fake_release(struct service *s)
{
	atomic_store(&s->is_released, true);
}

static enum call_state response_elsewhere(struct call *c, void *(*response)(void *call))
{
	pthread_attr_t detached;
	pthread_t thread;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	atomic_store(&c->state, CALL_PENDING);
	pthread_create(&thread, &detached, response, c);
	pthread_attr_destroy(&detached);
	return CALL_PENDING;
}

static enum call_state poll_call(struct service *s, struct call *c)
{
	pthread_mutex_lock(&s->mutex);
	if (!call_is_poll(c) || c->attempts++ != 0 || s->is_draining) {
		response_text(c, "{\"woken\":true}");
		pthread_mutex_unlock(&s->mutex);
		return CALL_DONE;
	}
	atomic_store(&c->state, CALL_WAITING);
	s->waiting = c;
	atomic_store(&s->counts.waiting, 1);
	pthread_mutex_unlock(&s->mutex);
	return CALL_WAITING;
}

void fake_wake(struct service *s)
{
	pthread_mutex_lock(&s->mutex);
	struct call *c = steal(&s->waiting);
	atomic_store(&s->counts.waiting, 0);
	if (c != NULL)
		c->done(c); /* as the service may do while it holds a lock of its own */
	pthread_mutex_unlock(&s->mutex);
}

static enum call_state refuse(struct call *c, enum result rc, const char *text)
{
	c->out.result = fail(&c->out.error, rc, "%s", text);
	atomic_store(&c->state, CALL_DONE);
	return CALL_DONE;
}

enum call_state service_submit(struct service *s, struct call *c)
{
	atomic_fetch_add(&s->counts.submitted, 1);
	if (c->is_refused)
		return refuse(c, E_FORBIDDEN, "test may not write");
	if (c->verb == VERB_DOCUMENT_PUT || c->verb == VERB_DOCUMENT_PATCH) {
		char text[64];

		atomic_fetch_add(&s->counts.bodies, 1);
		atomic_fetch_add(&s->counts.body_bytes, c->in.body.len);
		snprintf(text, sizeof text, "{\"bytes\":%zu}", c->in.body.len);
		response_text(c, text);
		c->out.is_created = true;
		return CALL_DONE;
	}
	if (slice_is_text(c->path, "config/test/later"))
		return response_elsewhere(c, response_later);
	if (slice_is_text(c->path, "config/test/large") ||
	    slice_is_text(c->path, "config/test/cached")) {
		response_large(s, c, slice_is_text(c->path, "config/test/cached"));
		return CALL_DONE;
	}
	if (slice_is_text(c->path, "config/test/slow")) {
		slow_service = s;
		return response_elsewhere(c, response_slowly);
	}
	if (slice_is_text(c->path, "config/test/poll"))
		return poll_call(s, c);
	if (slice_is_text(c->path, "config/test/broken"))
		return refuse(c, E_IO, "write /secret/place: disk full");
	if (slice_is_text(c->path, "config/test/refused")) {
		buf_append_text(&c->out.problems, "[{\"pointer\":\"/a\"}]");
		return refuse(c, E_INVALID, "one profile would be invalid");
	}
	if (slice_is_text(c->path, "config/test/full")) {
		buf_append_text(&c->out.problems, "[{\"pointer\":\"/a\"}");
		append_blanks(&c->out.problems, 512 << 10);
		buf_append_text(&c->out.problems, "]");
		return refuse(c, E_INVALID, "one profile would be invalid");
	}
	if (slice_is_text(c->path, "sys/tokens")) {
		response_large(s, c, false);
		return CALL_DONE;
	}
	response_text(c, "{\"name\":\"ready\"}");
	return CALL_DONE;
}

void fake_keep_polls(struct service *s, int looks)
{
	pthread_mutex_lock(&s->mutex);
	s->busy_looks = looks;
	pthread_mutex_unlock(&s->mutex);
}

bool service_forget(struct service *s, struct call *call)
{
	bool was_there;

	pthread_mutex_lock(&s->mutex);
	was_there = s->waiting == call && s->busy_looks == 0;
	if (s->busy_looks > 0)
		s->busy_looks--;
	if (was_there) {
		s->waiting = NULL;
		atomic_store(&s->counts.waiting, 0);
		atomic_fetch_add(&s->counts.forgotten, 1);
	}
	pthread_mutex_unlock(&s->mutex);
	return was_there;
}

void service_drain(struct service *s)
{
	pthread_mutex_lock(&s->mutex);
	s->is_draining = true;
	pthread_mutex_unlock(&s->mutex);
	atomic_fetch_add(&s->counts.drained, 1);
	fake_wake(s);
}

void service_tick(struct service *s)
{
	(void)s;
}

enum result service_ready(struct service *s, struct error *err)
{
	(void)s;
	(void)err;
	return OK;
}

void service_revision(struct service *s, uint64_t *ret_epoch, uint64_t *ret_revision)
{
	(void)s;
	*ret_epoch = 1;
	*ret_revision = 7;
}
