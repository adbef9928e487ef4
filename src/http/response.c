/*
 * From a call's result to a response that libmicrohttpd sends.
 *
 * A body is a reference to shared bytes: a cached configuration goes to many clients without a
 * copy. libmicrohttpd gives the reference back by unref_body() when it has sent the last byte or
 * the connection is closed. `taken` in a parameter's name says that the function takes that
 * reference, also when it fails.
 *
 * The order in response_send() matters. The body is chosen and counted first, since too many large
 * responses turn the result into a refusal, and status and headers must say the same. The call is
 * ended last: nothing of it is needed to send the bytes, and a slow client would hold its arena and
 * its snapshot.
 *
 * What must hold: a write that was done is never reported as refused (shorten_response()).
 *
 * Runs in the connection's event loop.
 */
#include "http/response.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/retry.h"
#include "doc/json_member.h"
#include "http/problem.h"
#include "http/response_headers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* About 64 kB a second: a client that receives a large response slower is cut. Small ones have the
 * setting response_ms. */
#define RESPONSE_BYTES_PER_MS 64

static void unref_body(void *body)
{
	shared_body_unref(body);
}

/* Takes the reference to the body. */
static struct MHD_Response *respond_with_body(struct shared_body *taken)
{
	struct MHD_Response *m =
		MHD_create_response_from_buffer_with_free_callback_cls(taken->bytes.len,
								       taken->bytes.data,
								       unref_body, taken);

	if (m == NULL)
		shared_body_unref(taken);
	return m;
}

/* Sends a file, the copy of a backup, and removes its name before: the open descriptor keeps the
 * bytes until they are sent, and no copy stays behind, not even after a crash. libmicrohttpd closes
 * the descriptor. */
static struct MHD_Response *respond_with_file(struct connection *conn)
{
	const struct response *r = &conn->exchange.call.out;
	struct MHD_Response *m;
	struct stat info;
	int fd = RETRY(open(r->body->bytes.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));

	if (fd < 0 || unlink(r->body->bytes.data) != 0 || fstat(fd, &info) != 0) {
		log_line(LOG_ERROR, "file_not_sent", "reason=%s", strerrorname_np(errno));
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	m = MHD_create_response_from_fd64((uint64_t)info.st_size, fd);
	if (m == NULL)
		close(fd);
	conn->exchange.response_bytes = (uint64_t)info.st_size;
	return m;
}

/* The service's metrics, followed by those of http/. */
static struct shared_body *metrics_body(struct connection *conn)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct http_server *s = conn->server;
	const struct http_gauges now = {
		atomic_load(&s->in_flight),
		atomic_load(&s->bodies.bytes) + atomic_load(&s->bodies.small_bytes),
		atomic_load(&s->pending.bytes),
	};

	buf_append_slice(&text, buf_slice(&conn->exchange.call.out.body->bytes));
	counts_write(&text, &s->counts, &now);
	return buf_is_failed(&text) ? NULL : shared_body_new(&text, false);
}

/* Written for each response, because it has the request's id. */
static struct shared_body *problem_body(struct connection *conn)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	const struct exchange *x = &conn->exchange;
	const struct problem problem = {.response = &x->call.out,
					.request_id = x->call.request_id,
					.is_wrong_method = x->is_wrong_method,
					.is_errors_omitted = x->is_errors_omitted};

	problem_write(&text, &problem);
	return buf_is_failed(&text) ? NULL : shared_body_new(&text, false);
}

/* `*ret` becomes a reference to the body that is sent, NULL for an empty one or a file. False: no
 * memory. */
static bool choose_body(struct shared_body **ret, struct connection *conn)
{
	struct response *r = &conn->exchange.call.out;
	unsigned status = response_status(r);

	*ret = NULL;
	if (r->result == OK && (status == 204 || status == 304 || r->kind == BODY_FILE))
		return true;
	if (r->result != OK)
		*ret = problem_body(conn);
	else if (conn->exchange.route != NULL &&
		 conn->exchange.route->responder == RESPONDER_METRICS)
		*ret = metrics_body(conn);
	else
		*ret = shared_body_ref(r->body);
	return *ret != NULL;
}

/* Takes the reference to the body. */
static struct MHD_Response *respond(struct connection *conn, struct shared_body *taken)
{
	const struct response *r = &conn->exchange.call.out;

	if (taken == NULL && r->result == OK && !r->is_not_modified && r->kind == BODY_FILE)
		return respond_with_file(conn);
	if (taken == NULL)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	conn->exchange.response_bytes = taken->bytes.len;
	return respond_with_body(taken);
}

/* One line for each response at the level debug, and a warning for each failure of the server. The
 * route's pattern stands for the target: the names of documents are not for the log of requests. */
static void log_response(const struct connection *conn, unsigned status)
{
	const struct call *c = &conn->exchange.call;
	const char *route = conn->exchange.route != NULL ? conn->exchange.route->pattern : "";
	char quoted[ERROR_TEXT_BYTES];

	/* Clients that leave are not failures of the server, and must not fill the log. */
	if (status >= 500 && !atomic_load(&c->is_abandoned))
		log_line(LOG_WARN, "request_failed",
			 "request_id=%s route=%s status=%u result=%s reason=%s", c->request_id,
			 route, status, result_name(c->out.result),
			 log_quote(quoted, sizeof quoted, slice_text(c->out.error.text)));
	else
		log_line(LOG_DEBUG, "request", "request_id=%s route=%s status=%u", c->request_id,
			 route, status);
}

/* Whether the client can simply repeat the request: a write that was done must be reported. */
static bool is_repeatable(const struct connection *conn)
{
	const struct call *c = &conn->exchange.call;

	return call_is_dry_run(c) ||
	       (conn->exchange.route != NULL && conn->exchange.route->method == METHOD_GET);
}

/* Replaces a response for which there is no memory left: a problem loses its list of errors, a read
 * is refused, and a write that was done is reported without its body. False: no memory. */
static bool shorten_response(struct connection *conn)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct response *r = &conn->exchange.call.out;

	if (r->result != OK) {
		conn->exchange.is_errors_omitted = true;
		return true;
	}
	if (is_repeatable(conn)) {
		r->result =
			fail(&r->error, E_BUSY,
			     "too many large responses wait for their clients to read them; try "
			     "again later");
		/* A refusal must not carry the tag of the content that was not sent. */
		r->etag[0] = '\0';
		return true;
	}
	buf_append_char(&text, '{');
	json_member_text(&text, "omitted",
			 SLICE_LITERAL(
				 "the change was made, but too many large responses wait for their "
				 "clients to read them"));
	buf_append_text(&text, "}\n");
	shared_body_unref(r->body);
	r->body = buf_is_failed(&text) ? NULL : shared_body_new(&text, false);
	r->kind = BODY_JSON;
	conn->exchange.media = MEDIA_JSON;
	return r->body != NULL;
}

/* The body that is sent, which is counted if it is large. False: no memory. */
static bool take_body(struct shared_body **ret, struct connection *conn)
{
	if (!choose_body(ret, conn))
		return false;
	if (*ret == NULL || pending_response_begin(&conn->exchange.pending, &conn->server->pending,
						   conn->entry.share, *ret))
		return true;
	shared_body_unref(*ret);
	return shorten_response(conn) && choose_body(ret, conn);
}

enum MHD_Result response_send(struct connection *conn)
{
	struct exchange *x = &conn->exchange;
	struct response *r = &x->call.out;
	struct shared_body *body;
	unsigned status;
	struct MHD_Response *m;
	enum MHD_Result queued;

	if (!take_body(&body, conn))
		return MHD_NO;
	/* No verb has set it, as in most refusals: the headers still name the server's state. */
	if (r->revision == 0)
		service_revision(conn->server->service, &r->epoch, &r->revision);
	status = x->is_wrong_method ? 405 : response_status(r);
	m = respond(conn, body);
	if (m == NULL)
		return MHD_NO;
	response_add_headers(m, conn, status);
	log_response(conn, status);
	queued = MHD_queue_response(conn->mhd, status, m);
	MHD_destroy_response(m);
	counts_add(&conn->server->counts, x->route, status, counts_time_us() - x->started_us);
	x->phase = PHASE_RESPONDED;
	connection_set_deadline(conn, conn->server->settings.response_ms +
					      (int64_t)(x->response_bytes / RESPONSE_BYTES_PER_MS));
	exchange_end_call(x);
	return queued;
}
