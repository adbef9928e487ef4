/* Answers become libmicrohttpd's responses: body by reference, headers, then it is queued. */
#include "http/problem.h"

#include "base/log.h"
#include "base/memory.h"
#include "http/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RESPONSE_BYTES_PER_MS 64 /* the slowest client that we bear with for a large answer */

int64_t time_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void add(struct MHD_Response *r, const char *name, const char *value)
{
	/* Fails without memory or for what is no header value; the answer then goes without. */
	(void)MHD_add_response_header(r, name, value);
}

static void add_number(struct MHD_Response *r, const char *name, uint64_t value)
{
	char text[21], *p = text + sizeof text - 1;

	*p = '\0';
	do {
		*--p = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	add(r, name, p);
}

static void unref_body(void *body)
{
	shared_body_unref(body);
}

/* Takes a reference to the body. */
static struct MHD_Response *respond_shared(struct shared_body *taken)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer_with_free_callback_cls(taken->bytes.len,
								       taken->bytes.data,
								       unref_body, taken);

	if (r == NULL)
		shared_body_unref(taken);
	return r;
}

/* A file that is sent and already has no name any more. */
static struct MHD_Response *respond_file(struct peer *p)
{
	const struct response *a = &p->x.call.out;
	struct MHD_Response *r;
	struct stat info;
	int fd = open(a->body->bytes.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || unlink(a->body->bytes.data) != 0 || fstat(fd, &info) != 0) {
		log_line(LOG_ERROR, "file_not_sent", "reason=%s", strerrorname_np(errno));
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	r = MHD_create_response_from_fd64((uint64_t)info.st_size, fd);
	if (r == NULL)
		close(fd);
	p->x.response_bytes = (uint64_t)info.st_size;
	return r;
}

static struct shared_body *metrics_body(struct peer *p)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct http_server *s = p->server;
	const struct http_gauges now = {
		atomic_load(&s->in_flight),
		atomic_load(&s->bodies_bytes) + atomic_load(&s->small_bodies_bytes),
		atomic_load(&s->responses_bytes),
	};

	buf_append_slice(&text, buf_slice(&p->x.call.out.body->bytes));
	counts_write(&text, &s->counts, &now);
	return buf_is_failed(&text) ? NULL : shared_body_new(&text, false);
}

static struct shared_body *problem_body(struct peer *p)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct call *c = &p->x.call;

	response_write_problem(&text, &c->out, p->x.is_wrong_method, c->request_id);
	return buf_is_failed(&text) ? NULL : shared_body_new(&text, false);
}

/* `*ret` becomes what is sent, a reference, NULL for nothing or a file. False: no memory. */
static bool choose_body(struct shared_body **ret, struct peer *p)
{
	struct response *a = &p->x.call.out;
	unsigned status = response_status(a);

	*ret = NULL;
	if (a->result == OK && (status == 204 || status == 304 || a->kind == BODY_FILE))
		return true;
	if (a->result != OK)
		*ret = problem_body(p);
	else if (p->x.route != NULL && p->x.route->responder == RESPONDER_METRICS)
		*ret = metrics_body(p);
	else
		*ret = shared_body_ref(a->body);
	return *ret != NULL;
}

/* Takes the reference to the body. */
static struct MHD_Response *respond(struct peer *p, struct shared_body *taken)
{
	const struct response *a = &p->x.call.out;

	if (taken == NULL && a->result == OK && !a->is_not_modified && a->kind == BODY_FILE)
		return respond_file(p);
	if (taken == NULL)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	p->x.response_bytes = taken->bytes.len;
	return respond_shared(taken);
}

/* A slice as a header's value: NUL-terminated, cut to what any of our types needs. */
static void add_slice(struct MHD_Response *r, const char *name, struct slice value)
{
	char text[128];

	snprintf(text, sizeof text, "%.*s", SLICE_ARGS(slice_first(value, sizeof text - 1)));
	add(r, name, text);
}

static void add_content_type(struct MHD_Response *r, const struct peer *p)
{
	const struct response *a = &p->x.call.out;

	switch (a->kind) {
	case BODY_NONE:
		return;
	case BODY_SOURCE:
		if (p->x.has_format)
			add(r, "Content-Type", media_type(p->x.media));
		else
			add_slice(r, "Content-Type", a->content_type);
		return;
	case BODY_JSON:
		add(r, "Content-Type",
		    media_type(p->x.media == MEDIA_YAML ? MEDIA_YAML : MEDIA_JSON));
		return;
	case BODY_YAML:
		add(r, "Content-Type", media_type(MEDIA_YAML));
		return;
	case BODY_PROPERTIES:
		add(r, "Content-Type", media_type(MEDIA_PROPERTIES));
		return;
	case BODY_ENV:
		add(r, "Content-Type", media_type(MEDIA_ENV));
		return;
	case BODY_TEXT:
		add(r, "Content-Type",
		    p->x.route != NULL && p->x.route->responder == RESPONDER_METRICS
			    ? "text/plain; version=0.0.4; charset=utf-8"
			    : media_type(MEDIA_RAW));
		return;
	case BODY_NDJSON:
		add(r, "Content-Type", media_type(MEDIA_NDJSON));
		return;
	case BODY_FILE:
		add(r, "Content-Type", "application/octet-stream");
		add(r, "Content-Disposition", "attachment; filename=\"reeve-backup.db\"");
		return;
	}
}

static void add_next(struct MHD_Response *r, const struct peer *p)
{
	CLEANUP(buf_clear) struct buf link = BUF_NULL;

	response_write_next(&link, buf_slice(&p->x.raw), p->x.call.out.next);
	if (!buf_is_failed(&link))
		add(r, "Link", link.data);
}

static void add_allow(struct MHD_Response *r, uint32_t methods)
{
	char text[64] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < METHOD_COUNT; i++) {
		if ((methods & 1u << i) != 0)
			used += (size_t)snprintf(text + used, sizeof text - used, "%s%s",
						 used != 0 ? ", " : "",
						 i == METHOD_GET ? "GET, HEAD"
								 : method_name((enum method)i));
	}
	add(r, "Allow", text);
}

/* Headers of refusals. */
static void add_refusal(struct MHD_Response *r, const struct peer *p, unsigned status)
{
	const struct response *a = &p->x.call.out;

	add(r, "Content-Type", PROBLEM_TYPE);
	add(r, "Cache-Control", "no-store");
	if (status == 401)
		add(r, "WWW-Authenticate", "Bearer realm=\"reeve\"");
	if (status == 405)
		add_allow(r, p->x.methods);
	if (a->retry_after_s != 0 || status == 429)
		add_number(r, "Retry-After", a->retry_after_s != 0 ? a->retry_after_s : 1);
}

/* Probes of /healthz carry no token: they are told before their connection's time is over, not
 * cut off in the middle. */
static bool is_ending(const struct peer *p)
{
	const struct http_server *s = p->server;

	return !p->is_known &&
	       p->known_by_ms - clock_monotonic_ms(s->clock) < s->settings.authentication_ms / 2;
}

static void add_headers(struct MHD_Response *r, struct peer *p, unsigned status)
{
	const struct response *a = &p->x.call.out;
	/* With an entity tag and no secret in it a client may keep it, but must ask each time. */
	bool may_keep = a->etag[0] != '\0' && (a->body == NULL || !a->body->is_secret);

	if (a->result != OK) {
		add_refusal(r, p, status);
	} else {
		if (status != 204 && status != 304)
			add_content_type(r, p);
		add(r, "Cache-Control", may_keep ? "private, no-cache" : "no-store");
		if (a->etag[0] != '\0')
			add(r, "ETag", a->etag);
		/* One version, one tag, in either form. */
		if (p->x.route != NULL && p->x.route->verb == VERB_DOCUMENT_GET)
			add(r, "Vary", "Accept");
		if (a->next[0] != '\0')
			add_next(r, p);
	}
	add(r, "X-Content-Type-Options", "nosniff");
	add_number(r, "Reeve-Revision", a->revision);
	add_number(r, "Reeve-Epoch", a->epoch);
	add(r, "Reeve-Request-Id", p->x.call.request_id);
	if (a->has_audit_index)
		add_number(r, "Reeve-Audit-Index", a->audit_index);
	if (p->x.must_close || is_ending(p) ||
	    atomic_load_explicit(&p->server->is_draining, memory_order_relaxed))
		add(r, "Connection", "close");
}

static void log_response(const struct peer *p, unsigned status)
{
	const struct call *c = &p->x.call;
	const char *route = p->x.route != NULL ? p->x.route->pattern : "";
	char quoted[ERROR_TEXT_BYTES];

	/* A client that left is no failure of ours, and must not fill the log. */
	if (status >= 500 && !atomic_load(&c->is_abandoned))
		log_line(LOG_WARN, "request_failed",
			 "request_id=%s route=%s status=%u result=%s reason=%s", c->request_id,
			 route, status, result_name(c->out.result),
			 log_quote(quoted, sizeof quoted, slice_text(c->out.error.text)));
	else
		log_line(LOG_DEBUG, "request", "request_id=%s route=%s status=%u", c->request_id,
			 route, status);
}

/* What was done must be answered; what was only looked at can be asked for again. */
static bool may_be_refused(const struct peer *p)
{
	const struct call *c = &p->x.call;

	return call_is_dry_run(c) || (p->x.route != NULL && p->x.route->method == METHOD_GET);
}

/* The answer where there is no room for it: a refusal loses its list, a read is refused, and
 * what was done is told without its body. */
static bool make_small(struct peer *p)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct response *a = &p->x.call.out;

	if (a->result != OK) {
		response_omit_errors(a);
		return true;
	}
	if (may_be_refused(p)) {
		a->result = fail(&a->error, E_BUSY,
				 "too many large answers wait for their clients to read them; try "
				 "again");
		a->etag[0] = '\0';
		return true;
	}
	buf_append_text(&text, "{\"omitted\":\"it was done, but too many large answers wait for "
			       "their clients to read them\"}\n");
	shared_body_unref(a->body);
	a->body = buf_is_failed(&text) ? NULL : shared_body_new(&text, false);
	a->kind = BODY_JSON;
	p->x.media = MEDIA_JSON;
	return a->body != NULL;
}

/* The body that is sent, counted where it is large. False: no memory. */
static bool take_body(struct shared_body **ret, struct peer *p)
{
	if (!choose_body(ret, p))
		return false;
	if (*ret == NULL || pending_response(p, *ret))
		return true;
	shared_body_unref(*ret);
	return make_small(p) && choose_body(ret, p);
}

enum MHD_Result response_send(struct peer *p)
{
	struct response *a = &p->x.call.out;
	struct shared_body *body;
	unsigned status;
	struct MHD_Response *r;
	enum MHD_Result queued;

	if (!take_body(&body, p))
		return MHD_NO; /* no memory: nothing can be said */
	if (a->revision == 0)
		service_revision(p->server->service, &a->epoch, &a->revision);
	status = p->x.is_wrong_method ? 405 : response_status(a);
	r = respond(p, body);
	if (r == NULL)
		return MHD_NO;
	add_headers(r, p, status);
	log_response(p, status);
	queued = MHD_queue_response(p->connection, status, r);
	MHD_destroy_response(r);
	counts_add(&p->server->counts, p->x.route, status, time_us() - p->x.started_us);
	p->x.phase = PHASE_RESPONDED;
	peer_set_deadline(p, p->server->settings.response_ms +
				     (int64_t)(p->x.response_bytes / RESPONSE_BYTES_PER_MS));
	exchange_end_call(p);
	return queued;
}
