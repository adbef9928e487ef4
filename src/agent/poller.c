/*
 * The long polls of `reeve run`. The thread sends one request after another: "respond when the
 * configuration is no longer the one with this ETag, or after 30 s". A 200 brings a new content, a
 * 304 means that the time was over.
 *
 * poller.h says what is owned by whom and which thread writes what. In this file publish() and
 * poller_take() are the two ends of the hand-over: content and flag change under `lock`; the
 * eventfd wakes the main thread's poll() and carries no data. publish() writes to it after the
 * content is in place, so a wake always finds it; a wake that finds nothing (two contents, taken at
 * once) is harmless.
 *
 * What bounds it: one request at a time, one content kept, a pause that doubles from 0.5 s to 30 s
 * while requests fail or return early, one line in the log for a row of failures.
 */
#include "agent/poller.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/retry.h"
#include "net/url.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Half of the server's default maximum (wait_max). Shorter waits cost more requests; longer ones
 * would meet the time-outs of proxies, which are often 60 s. */
#define WAIT_MS		 30000
#define WAIT_MS_MIN	 1000
#define TIMEOUT_EXTRA_MS 15000 /* a request may take so much longer than its wait */
#define EARLY_MAX	 8     /* early responses before each one is followed by a pause */
#define BACKOFF_MS_MIN	 500
#define BACKOFF_MS_MAX	 30000

/* One request for the configuration. */
struct poll {
	struct slice target;
	const char *etag; /* NULL: the server responds at once, not only after a change */
	unsigned wait_ms;
};

struct poller {
	struct client *client;
	struct buf target;
	int fd; /* eventfd */
	pthread_t thread;
	/* The thread's own. */
	char etag[128];
	uint64_t epoch, revision;
	unsigned wait_ms;
	int64_t backoff_ms;
	unsigned early;		 /* responses in a row that came within WAIT_MS_MIN */
	bool is_failing;	 /* the last request failed; logged once */
	bool is_token_file_open; /* others have a right on it; logged once */
	/* Under `lock`. */
	pthread_mutex_t lock;
	struct fetched_config newest;
	bool has_newest;
};

void fetched_config_clear(struct fetched_config *f)
{
	buf_clear(&f->content);
	*f = (struct fetched_config)FETCHED_CONFIG_NULL;
}

/* Both the first read and each poll. `reveal` is always asked for, because the child needs the
 * values of the secrets; so the token needs the rights to them. `*ret_is_changed` is false for a
 * 304, and `ret` is then untouched. */
static enum result fetch(struct fetched_config *ret, bool *ret_is_changed, struct client *client,
			 const struct poll *q, struct error *err)
{
	CLEANUP(client_response_clear) struct client_response response = CLIENT_RESPONSE_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL;
	struct client_request request = {.method = "GET",
					 .if_none_match = q->etag,
					 .timeout_ms = q->wait_ms + TIMEOUT_EXTRA_MS};
	enum result rc;

	/* Without an ETag the server would respond at once, and each response would count as a
	 * change. */
	if (q->etag != NULL && q->etag[0] == '\0')
		return fail(err, E_UNSUPPORTED,
			    "the server's response had no ETag, so changes cannot be waited for: a "
			    "proxy before the server must pass ETag on");
	buf_append_slice(&target, q->target);
	url_append_query(&target, "reveal", SLICE_LITERAL("true"));
	if (q->etag != NULL)
		buf_printf(&target, "&wait=%ums", q->wait_ms);
	rc = buf_check(&target, err);
	if (rc != OK)
		return rc;
	request.target = buf_slice(&target);
	rc = client_call(client, &request, &response, err);
	if (rc != OK)
		return rc;
	*ret_is_changed = response.status == 200;
	if (!*ret_is_changed)
		return OK;
	fetched_config_clear(ret);
	ret->content = buf_steal(&response.body);
	snprintf(ret->etag, sizeof ret->etag, "%s", response.etag);
	ret->epoch = response.epoch;
	ret->revision = response.revision;
	return OK;
}

enum result fetch_config(struct fetched_config *ret, struct client *client, struct slice target,
			 struct error *err)
{
	const struct poll q = {.target = target, .wait_ms = WAIT_MS};
	bool is_changed;

	return fetch(ret, &is_changed, client, &q, err);
}

/* Takes the content out of `f`. A content that was not taken yet is replaced and wiped. */
static void publish(struct poller *p, struct fetched_config *f)
{
	const uint64_t one = 1;

	snprintf(p->etag, sizeof p->etag, "%s", f->etag);
	p->epoch = f->epoch;
	p->revision = f->revision;
	pthread_mutex_lock(&p->lock);
	fetched_config_clear(&p->newest);
	p->newest = *f;
	p->has_newest = true;
	pthread_mutex_unlock(&p->lock);
	*f = (struct fetched_config)FETCHED_CONFIG_NULL;
	if (RETRY(write(p->fd, &one, sizeof one)) < 0)
		log_line(LOG_ERROR, "wake_failed", "errno=%d", errno);
}

/* Sleeps between a half and one and a half of the current back-off, which then doubles. */
static void back_off(struct poller *p)
{
	int64_t part_ms =
		(int64_t)random_below(&system_random, (uint64_t)p->backoff_ms) + p->backoff_ms / 2;

	sleep_us(part_ms * 1000);
	p->backoff_ms = p->backoff_ms * 2 < BACKOFF_MS_MAX ? p->backoff_ms * 2 : BACKOFF_MS_MAX;
}

/* An epoch is raised by a restore from a backup, after which revisions may be lower than before. So
 * a lower revision is acceptable only with a higher epoch. */
static bool is_backwards(const struct poller *p, const struct fetched_config *f)
{
	return f->epoch < p->epoch || (f->epoch == p->epoch && f->revision < p->revision);
}

/* Logs the first of several failures in a row. */
static void log_failure(struct poller *p, enum result rc, const struct error *err)
{
	char why[2 * ERROR_TEXT_BYTES];

	if (!p->is_failing)
		log_line(LOG_WARN, "poll_failed", "result=%s detail=%s", result_name(rc),
			 log_quote(why, sizeof why, slice_text(err->text)));
	p->is_failing = true;
}

static void log_success(struct poller *p)
{
	if (p->is_failing)
		log_line(LOG_INFO, "poll_resumed", "revision=%llu",
			 (unsigned long long)p->revision);
	p->is_failing = false;
}

/* The client reads the token file again when it changes; the new file may have other permission
 * bits. */
static void warn_of_token_file(struct poller *p)
{
	unsigned mode;
	bool is_open = client_has_open_token_file(p->client, &mode);

	if (is_open && !p->is_token_file_open)
		log_line(LOG_WARN, "token_file_open", "mode=%04o detail=\"%s\"", mode,
			 "others can read the token file; run chmod 600 on it");
	p->is_token_file_open = is_open;
}

/* E_MALFORMED (400) is the server's reply to a wait above its own maximum. The wait is halved until
 * the server takes it, down to WAIT_MS_MIN. It is not raised again: the maximum is a setting of the
 * server. False: this one is as short as it gets. */
static bool shorten_wait(struct poller *p)
{
	if (p->wait_ms <= WAIT_MS_MIN)
		return false;
	p->wait_ms = p->wait_ms / 2 > WAIT_MS_MIN ? p->wait_ms / 2 : WAIT_MS_MIN;
	return true;
}

/* After a response: a server that does not hold requests back must not be asked in a tight loop. */
static void pace(struct poller *p, int64_t took_ms, bool is_changed)
{
	bool is_early = took_ms < WAIT_MS_MIN;

	p->early = is_early ? p->early + 1 : 0;
	if (!is_early || is_changed)
		p->backoff_ms = BACKOFF_MS_MIN;
	if (p->early > EARLY_MAX)
		back_off(p);
}

static void poll_once(struct poller *p)
{
	const struct poll q = {buf_slice(&p->target), p->etag, p->wait_ms};
	struct fetched_config f = FETCHED_CONFIG_NULL;
	struct error err = ERROR_NULL;
	bool is_changed = false;
	int64_t began_ms = clock_monotonic_ms(&system_clock);
	enum result rc = fetch(&f, &is_changed, p->client, &q, &err);
	int64_t took_ms = clock_monotonic_ms(&system_clock) - began_ms;

	if (rc == E_MALFORMED && shorten_wait(p))
		return;
	if (rc == OK && is_changed && is_backwards(p, &f)) {
		rc = fail(&err, E_CONFLICT, "the server's revision went backwards: it is refused");
		fetched_config_clear(&f);
	}
	if (rc != OK) {
		log_failure(p, rc, &err);
		back_off(p);
		return;
	}
	log_success(p);
	warn_of_token_file(p);
	if (is_changed)
		publish(p, &f);
	pace(p, took_ms, is_changed);
}

static void *poll_forever(void *ctx)
{
	for (;;)
		poll_once(ctx);
	return NULL;
}

/* Only before the thread runs: after that the poller lives as long as the process. */
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

	/* The main thread handles all signals. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	code = pthread_create(&p->thread, NULL, poll_forever, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code != 0)
		return fail(err, E_UNAVAILABLE, "cannot start a thread: %s", strerror(code));
	pthread_detach(p->thread);
	return OK;
}

enum result poller_start(struct poller **ret, struct client *client_taken, struct slice target,
			 const struct fetched_config *current, struct error *err)
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
	snprintf(p->etag, sizeof p->etag, "%s", current->etag);
	p->epoch = current->epoch;
	p->revision = current->revision;
	p->wait_ms = WAIT_MS;
	p->backoff_ms = BACKOFF_MS_MIN;
	p->is_token_file_open = client_has_open_token_file(client_taken, &mode);
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

bool poller_take(struct poller *p, struct fetched_config *ret)
{
	uint64_t count;
	bool has;

	/* Resets the eventfd before the content is looked at. In the other order a content that
	 * comes between the two would wake nobody. */
	if (RETRY(read(p->fd, &count, sizeof count)) < 0 && errno != EAGAIN)
		return false;
	pthread_mutex_lock(&p->lock);
	has = p->has_newest;
	if (has) {
		fetched_config_clear(ret);
		*ret = p->newest;
		p->newest = (struct fetched_config)FETCHED_CONFIG_NULL;
		p->has_newest = false;
	}
	pthread_mutex_unlock(&p->lock);
	return has;
}
