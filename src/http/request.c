/*
 * The steps of a request (request.h names them) and what is counted for it meanwhile.
 *
 * What must hold:
 * - request_on_completed() runs once for each request that began, whatever ended it, and gives back
 *   what is still held: the call, the body, the large response, the places in the principal's share
 *   and in in_flight.
 * - Within one request x->phase moves forward only; request_on_access() looks at nothing else to
 *   choose the step.
 * - Between connection_suspend() and connection_resume() the call is the service's, and the event
 *   loop does not touch it.
 * - Each step that waits for the client sets a deadline.
 *
 * A failure that a step finds goes into x->call.out, as the service's own do, and response_send()
 * sends it: there is one way out. MHD_NO closes the connection without a response and is for lack
 * of memory and for clients that send too much or are gone.
 *
 * Runs in the connection's event loop. Only wake_connection() runs in threads of the service.
 */
#include "http/request.h"

#include "base/memory.h"
#include "doc/json_member.h"
#include "http/connection.h"
#include "http/native/native.h"
#include "http/request_check.h"
#include "http/response.h"

#define SHORT_BODY_BYTES_MAX (16 * 1024) /* received although its request is refused */

/* The service calls it, perhaps with its locks held: it only wakes the event loop. */
static void wake_connection(struct call *c)
{
	connection_wake(c->ctx, false);
}

/* The target is kept as it was sent, since libmicrohttpd's own `url` has no query. The buffer may
 * fail for lack of memory: request_check.c looks at that, for here nothing can be answered. The
 * result becomes the `context` of the other callbacks. */
void *request_on_uri(void *server, const char *raw_target, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *conn = info != NULL ? info->socket_context : NULL;

	(void)server;
	if (conn == NULL)
		return NULL;
	buf_reset(&conn->exchange.raw_target);
	buf_append_text(&conn->exchange.raw_target, raw_target);
	conn->exchange.phase = PHASE_NEW;
	connection_set_deadline(conn, conn->server->settings.header_ms);
	return conn;
}

/* Splitmix64 (Steele, Lea, Flood 2014) over a counter, with a random seed of the process. Its
 * finaliser is a bijection, so a process never repeats an id. An id is 16 hexadecimal digits; it is
 * a name for the log, not a secret. */
static void make_request_id(struct http_server *s, char *ret, size_t size)
{
	uint64_t z = s->request_seed +
		     atomic_fetch_add_explicit(&s->request_count, 1, memory_order_relaxed) *
			     UINT64_C(0x9e3779b97f4a7c15);
	static const char digits[] = "0123456789abcdef";

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	for (size_t i = 0; i < 16 && i + 1 < size; i++, z >>= 4)
		ret[i] = digits[z & 15];
}

static void init_call(struct connection *conn)
{
	struct call *c = &conn->exchange.call;

	call_init(c);
	c->codec = &native_codec;
	c->done = wake_connection;
	c->ctx = conn;
	make_request_id(conn->server, c->request_id, sizeof c->request_id);
	memcpy(c->address, conn->entry.address, sizeof conn->entry.address);
	memcpy(c->address_text, conn->address_text, sizeof conn->address_text);
}

static void start_exchange(struct connection *conn)
{
	struct exchange *x = &conn->exchange;

	x->must_close = x->is_wrong_method = x->is_admission_refused = false;
	x->is_errors_omitted = false;
	x->route = NULL;
	x->methods = 0;
	x->media = MEDIA_JSON;
	x->has_format = false;
	x->response_bytes = 0;
	x->started_us = counts_time_us();
	body_init(&x->body, &conn->server->bodies);
	init_call(conn);
	x->has_call = x->is_open = true;
	atomic_store_explicit(&conn->entry.idle_since_ms, 0, memory_order_relaxed);
	/* Requests that begin during the drain get their refusal, but the drain does not wait for
	 * them: new ones could keep it waiting to its end. */
	x->is_in_flight = !atomic_load(&conn->server->is_draining);
	if (x->is_in_flight)
		atomic_fetch_add(&conn->server->in_flight, 1);
}

/* The response of /healthz and /readyz. */
static enum MHD_Result send_health(struct connection *conn)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct response *r = &conn->exchange.call.out;
	bool is_ready = conn->exchange.route->responder == RESPONDER_READY;

	if (is_ready)
		r->result = service_ready(conn->server->service, &r->error);
	if (r->result == OK) {
		buf_append_char(&text, '{');
		json_member_text(&text, "status", slice_text(is_ready ? "ready" : "alive"));
		buf_append_text(&text, "}\n");
		r->kind = BODY_JSON;
		r->body = buf_is_failed(&text) ? NULL : shared_body_new(&text, false);
		if (r->body == NULL)
			r->result = fail(&r->error, E_MEMORY, "response: out of memory");
	}
	return response_send(conn);
}

/* Once, and again after each wake of a long poll. */
static enum MHD_Result run(struct connection *conn)
{
	struct exchange *x = &conn->exchange;

	for (;;) {
		enum call_state state = atomic_load(&x->call.state);

		x->phase = PHASE_RUN;
		if (state != CALL_DONE)
			state = service_submit(conn->server->service, &x->call);
		if (state == CALL_DONE) {
			body_release(&x->body);
			return response_send(conn);
		}
		/* A poll may be PENDING with a worker and become WAITING later, of which we are not
		 * told: every poll is watched. */
		if (connection_suspend(conn, call_is_poll(&x->call)))
			return MHD_YES;
		if (!connection_resume(conn))
			return MHD_NO;
	}
}

/* The body is complete, or the request has none: from here on the service works, without a
 * deadline of the connection. */
static enum MHD_Result finish_body(struct connection *conn)
{
	struct exchange *x = &conn->exchange;

	connection_set_deadline(conn, 0);
	body_end_upload(&x->body);
	if (x->call.out.result != OK)
		return response_send(conn);
	if (x->route->responder == RESPONDER_ALIVE || x->route->responder == RESPONDER_READY)
		return send_health(conn);
	x->call.in.body = buf_slice(&x->body.content);
	return run(conn);
}

static void set_body_deadline(struct connection *conn)
{
	int64_t now_ms = clock_monotonic_ms(conn->server->clock);

	connection_set_deadline(conn, body_deadline_ms(&conn->exchange.body, now_ms));
}

/* A piece of the body. False: the connection is to be closed. */
static bool receive_body(struct connection *conn, const char *upload, size_t len)
{
	struct exchange *x = &conn->exchange;
	struct response *r = &x->call.out;

	if (r->result != OK || x->is_admission_refused)
		body_discard(&x->body, len);
	else
		r->result = body_append(&x->body, upload, len, &r->error);
	set_body_deadline(conn);
	return (r->result == OK && !x->is_admission_refused) || body_may_discard(&x->body);
}

/* Before the body is received: may the principal do this at all, and may it send one body more? */
static enum result admit_body(struct connection *conn, struct error *err)
{
	struct exchange *x = &conn->exchange;

	x->is_admission_refused = !service_admit(conn->server->service, &x->call);
	return x->is_admission_refused ? OK : body_admit(&x->body, conn->entry.share, err);
}

/* A connection with a request is not evicted, be the request a poll, a body that does not arrive or
 * a response that is not received. So the requests of one principal take three quarters of the
 * connections at most. */
static enum result count_request(struct connection *conn, struct error *err)
{
	uint32_t max = conn->server->settings.connections_max;

	if (conn->entry.share == NULL)
		return OK; /* an unauthenticated connection can be evicted */
	if (!share_take(conn->entry.share, SHARE_HELD_CONNECTIONS, 1, max - max / 4))
		return fail(err, E_BUSY,
			    "this principal has too many requests at once; try again later");
	conn->exchange.holds_connection = true;
	return OK;
}

static void uncount_request(struct connection *conn)
{
	if (conn->exchange.holds_connection)
		share_give(conn->entry.share, SHARE_HELD_CONNECTIONS, 1);
	conn->exchange.holds_connection = false;
}

/* Step 1: all that can be decided before the body is received. */
static enum MHD_Result begin(struct connection *conn, const char *method, const char *version)
{
	struct exchange *x = &conn->exchange;
	struct response *r = &x->call.out;
	struct headers headers = {0};
	enum result rc;
	bool is_body_received;

	/* All checks run before anything is sent. The first failure is the response, except that a
	 * principal with too many requests hears that first, and its connection is closed. */
	start_exchange(conn);
	r->result = request_check(conn, method, version, &headers, &r->error);
	rc = count_request(conn, &r->error);
	if (rc != OK) {
		r->result = rc;
		x->must_close = true;
	}
	if (r->result == OK && x->body.bytes_announced != 0)
		r->result = admit_body(conn, &r->error);
	x->phase = PHASE_BODY;
	is_body_received = !x->must_close && x->body.bytes_announced <= SHORT_BODY_BYTES_MAX &&
			   headers.expect.data == NULL;
	/* A body that service_admit() refused goes to the service without it, so that the refusal
	 * is recorded like any other. */
	if ((r->result != OK || x->is_admission_refused) && !is_body_received) {
		x->must_close = true;
		return r->result != OK ? response_send(conn) : run(conn);
	}
	if (x->body.bytes_announced == 0) {
		connection_set_deadline(conn, 0);
		return MHD_YES;
	}
	x->body.began_ms = clock_monotonic_ms(conn->server->clock);
	set_body_deadline(conn);
	return MHD_YES;
}

enum MHD_Result request_on_access(void *server, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_bytes, void **context)
{
	struct connection *conn = *context;
	size_t len;

	(void)server;
	(void)mhd;
	(void)url; /* x->raw_target has it, with the query */
	if (conn == NULL)
		return MHD_NO;
	switch (conn->exchange.phase) {
	case PHASE_NEW:
		return begin(conn, method, version);
	case PHASE_BODY:
		if (*upload_bytes == 0)
			return finish_body(conn);
		len = *upload_bytes;
		*upload_bytes = 0;
		return receive_body(conn, upload, len) ? MHD_YES : MHD_NO;
	case PHASE_RUN:
		return connection_resume(conn) ? run(conn) : MHD_NO;
	case PHASE_RESPONDED:
		break;
	}
	*upload_bytes = 0;
	return MHD_YES;
}

void request_on_completed(void *server, struct MHD_Connection *mhd, void **context,
			  enum MHD_RequestTerminationCode code)
{
	struct connection *conn = *context;
	struct exchange *x;

	(void)server;
	(void)mhd;
	(void)code;
	*context = NULL;
	if (conn == NULL || !conn->exchange.is_open)
		return;
	x = &conn->exchange;
	x->is_open = false;
	exchange_end_call(x);
	pending_response_end(&conn->server->pending, steal(&x->pending));
	uncount_request(conn);
	exchange_reset(x);
	connection_set_idle(conn);
	if (x->is_in_flight)
		atomic_fetch_sub(&conn->server->in_flight, 1);
}
