#include "agent/poller.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "net/url.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS	       30000
#define WAIT_MS_MIN    1000
#define EARLY_MAX      8 /* answers in a row that came within WAIT_MS_MIN: then each is paused after */
#define BACKOFF_MS_MIN 500
#define BACKOFF_MS_MAX 30000

struct poller {
	struct client *client;
	struct buf target;
	int fd; /* eventfd */
	pthread_t thread;
	/* The thread's own. */
	char etag[128];
	uint64_t epoch, revision;
	unsigned wait_ms;
	bool was_file_open; /* the token file, to others: told once */
	/* Shared. */
	pthread_mutex_t lock;
	struct fetched newest;
	bool has_newest;
};

void fetched_clear(struct fetched *f)
{
	buf_clear(&f->content);
	*f = (struct fetched)FETCHED_NULL;
}

static enum result fetch(struct fetched *ret, bool *ret_is_changed, struct client *client,
			 struct slice target, const char *etag, unsigned wait_ms, struct error *err)
{
	CLEANUP(client_response_clear) struct client_response response = CLIENT_RESPONSE_NULL;
	CLEANUP(buf_clear) struct buf full = BUF_NULL;
	struct client_request request = {.method = "GET",
					 .if_none_match = etag,
					 .timeout_ms = wait_ms + 15000};
	enum result rc;

	/* Asked without one the server answers at once, and every answer would be a change. */
	if (etag != NULL && etag[0] == '\0')
		return fail(
			err, E_UNSUPPORTED,
			"the server's answer had no ETag, so changes cannot be waited for: a proxy "
			"before it must pass ETag on");
	buf_append_slice(&full, target);
	url_append_query(&full, "reveal", SLICE_LITERAL("true"));
	if (etag != NULL)
		buf_printf(&full, "&wait=%ums", wait_ms);
	rc = buf_check(&full, err);
	if (rc != OK)
		return rc;
	request.target = buf_slice(&full);
	rc = client_call(client, &request, &response, err);
	if (rc != OK)
		return rc;
	*ret_is_changed = response.status == 200;
	if (!*ret_is_changed)
		return OK;
	fetched_clear(ret);
	ret->content = buf_steal(&response.body);
	snprintf(ret->etag, sizeof ret->etag, "%s", response.etag);
	ret->epoch = response.epoch;
	ret->revision = response.revision;
	return OK;
}

enum result fetch_config(struct fetched *ret, struct client *client, struct slice target,
			 struct error *err)
{
	bool is_changed;

	return fetch(ret, &is_changed, client, target, NULL, WAIT_MS, err);
}

static void publish(struct poller *p, struct fetched *f)
{
	const uint64_t one = 1;

	snprintf(p->etag, sizeof p->etag, "%s", f->etag);
	p->epoch = f->epoch;
	p->revision = f->revision;
	pthread_mutex_lock(&p->lock);
	fetched_clear(&p->newest);
	p->newest = *f;
	p->has_newest = true;
	pthread_mutex_unlock(&p->lock);
	*f = (struct fetched)FETCHED_NULL;
	if (write(p->fd, &one, sizeof one) < 0)
		log_line(LOG_ERROR, "wake_failed", "errno=%d", errno);
}

/* Doubles up to a bound; sleeps a random part of it, so that a fleet does not come back at once. */
static void back_off(int64_t *backoff_ms)
{
	int64_t part =
		(int64_t)random_below(&system_random, (uint64_t)*backoff_ms) + *backoff_ms / 2;
	struct timespec pause = {part / 1000, part % 1000 * 1000000};

	nanosleep(&pause, NULL);
	*backoff_ms = *backoff_ms * 2 < BACKOFF_MS_MAX ? *backoff_ms * 2 : BACKOFF_MS_MAX;
}

static bool is_backwards(const struct poller *p, const struct fetched *f)
{
	return f->epoch < p->epoch || (f->epoch == p->epoch && f->revision < p->revision);
}

static void say_failed(enum result rc, const struct error *err)
{
	char why[2 * ERROR_TEXT_BYTES];

	log_line(LOG_WARN, "poll_failed", "result=%s detail=%s", result_name(rc),
		 log_quote(why, sizeof why, slice_text(err->text)));
}

/* What was rewritten while we ran may have become readable by others. */
static void warn_of_token_file(struct poller *p)
{
	unsigned mode;
	bool is_open = client_has_open_token_file(p->client, &mode);

	if (is_open && !p->was_file_open)
		log_line(LOG_WARN, "token_file_open", "mode=%04o detail=\"%s\"", mode,
			 "others can read the token file; mend it by chmod 600");
	p->was_file_open = is_open;
}

static void *poll_for_ever(void *ctx)
{
	struct poller *p = ctx;
	int64_t backoff_ms = BACKOFF_MS_MIN;
	bool is_away = false, is_held;
	unsigned early = 0;

	for (;;) {
		struct fetched f = FETCHED_NULL;
		struct error err = ERROR_NULL;
		bool is_changed = false;
		int64_t asked_ms = clock_monotonic_ms(&system_clock);
		enum result rc = fetch(&f, &is_changed, p->client, buf_slice(&p->target), p->etag,
				       p->wait_ms, &err);

		/* A server may be set to hold requests for less. */
		if (rc == E_MALFORMED && p->wait_ms > WAIT_MS_MIN) {
			p->wait_ms = p->wait_ms / 2 > WAIT_MS_MIN ? p->wait_ms / 2 : WAIT_MS_MIN;
			continue;
		}
		if (rc == OK && is_changed && is_backwards(p, &f)) {
			rc = fail(&err, E_CONFLICT,
				  "the server's revision went backwards: it is refused");
			fetched_clear(&f);
		}
		if (rc != OK) {
			if (!is_away)
				say_failed(rc, &err);
			is_away = true;
			back_off(&backoff_ms);
			continue;
		}
		if (is_away)
			log_line(LOG_INFO, "poll_resumed", "revision=%llu",
				 (unsigned long long)p->revision);
		is_away = false;
		warn_of_token_file(p);
		is_held = clock_monotonic_ms(&system_clock) - asked_ms >= WAIT_MS_MIN;
		early = is_held ? 0 : early + 1;
		if (is_held || is_changed)
			backoff_ms = BACKOFF_MS_MIN;
		if (is_changed)
			publish(p, &f);
		if (early > EARLY_MAX)
			back_off(&backoff_ms);
	}
	return NULL;
}

static void poller_free(struct poller *p)
{
	if (p == NULL)
		return;
	if (p->fd >= 0)
		close(p->fd);
	client_close(p->client);
	buf_clear(&p->target);
	alloc_free(p);
}

static enum result start_thread(struct poller *p, struct error *err)
{
	sigset_t all, before;
	int code;

	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	code = pthread_create(&p->thread, NULL, poll_for_ever, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code != 0)
		return fail(err, E_UNAVAILABLE, "cannot start a thread: %s", strerror(code));
	pthread_detach(p->thread);
	return OK;
}

enum result poller_start(struct poller **ret, struct client *client_taken, struct slice target,
			 const struct fetched *known, struct error *err)
{
	struct poller *p = alloc_zero(sizeof *p);
	unsigned mode;
	enum result rc;

	if (p == NULL) {
		client_close(client_taken);
		return fail(err, E_MEMORY, "out of memory");
	}
	p->client = client_taken;
	p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	buf_append_slice(&p->target, target);
	snprintf(p->etag, sizeof p->etag, "%s", known->etag);
	p->epoch = known->epoch;
	p->revision = known->revision;
	p->wait_ms = WAIT_MS;
	p->was_file_open = client_has_open_token_file(client_taken, &mode);
	pthread_mutex_init(&p->lock, NULL);
	rc = p->fd < 0 ? fail_errno(err, E_IO, "eventfd") : buf_check(&p->target, err);
	if (rc == OK)
		rc = start_thread(p, err);
	if (rc != OK) {
		poller_free(p);
		return rc;
	}
	*ret = p;
	return OK;
}

int poller_fd(const struct poller *p)
{
	return p->fd;
}

bool poller_take(struct poller *p, struct fetched *ret)
{
	uint64_t count;
	bool has;

	if (read(p->fd, &count, sizeof count) < 0 && errno != EAGAIN)
		return false;
	pthread_mutex_lock(&p->lock);
	has = p->has_newest;
	if (has) {
		fetched_clear(ret);
		*ret = p->newest;
		p->newest = (struct fetched)FETCHED_NULL;
		p->has_newest = false;
	}
	pthread_mutex_unlock(&p->lock);
	return has;
}
