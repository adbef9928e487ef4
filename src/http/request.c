/*
 * One dispatcher for all routes: guards, routes, reads parameters, authenticates, reads the body,
 * runs, answers; so no route can forget a step. The steps up to the body run in libmicrohttpd's
 * first call of the handler; the answer is queued in a later one, because one queued in the first
 * call closes the connection. Refusals of requests that still have a body to send are queued at
 * once for just that reason, unless the body is so short that reading it costs less than a new
 * connection.
 */
#include "base/memory.h"
#include "http/exchange.h"
#include "http/native/native.h"
#include "service/state/share.h"

#include <stdio.h>

#define SWALLOW_BYTES_MAX (16 * 1024)
#define KEPT_BYTES_MAX	  1024

static void wake_call(struct call *c)
{
	peer_wake(c->ctx, false);
}

void *dispatch_target(void *server, const char *target, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct peer *p = info != NULL ? info->socket_context : NULL;

	(void)server;
	if (p == NULL)
		return NULL;
	buf_reset(&p->x.raw);
	buf_append_text(&p->x.raw, target);
	p->x.phase = PHASE_NEW;
	peer_set_deadline(p, p->server->settings.header_ms);
	return p;
}

/* Splitmix64's finaliser is a bijection, so a process never repeats an id. */
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

static void start_exchange(struct peer *p)
{
	struct exchange *x = &p->x;

	x->must_close = x->is_wrong_method = x->is_refused = false;
	x->route = NULL;
	x->methods = 0;
	x->media = MEDIA_JSON;
	x->has_format = false;
	x->body_bytes = x->body_seen = 0;
	x->body_max = 0;
	x->response_bytes = 0;
	x->started_us = time_us();
	call_init(&x->call);
	x->has_call = x->is_open = true;
	atomic_store_explicit(&p->rests_since_ms, 0, memory_order_relaxed);
	x->call.codec = &native_codec;
	x->call.done = wake_call;
	x->call.ctx = p;
	make_request_id(p->server, x->call.request_id, sizeof x->call.request_id);
	memcpy(x->call.address, p->address, sizeof p->address);
	memcpy(x->call.address_text, p->address_text, sizeof p->address_text);
	x->is_counted = !atomic_load(&p->server->is_draining);
	if (x->is_counted)
		atomic_fetch_add(&p->server->in_flight, 1);
}

static enum MHD_Result collect_header(void *headers, enum MHD_ValueKind kind, const char *name,
				      size_t name_len, const char *value, size_t value_len)
{
	(void)kind;
	guard_header(headers, slice_make(name, name_len), slice_make(value, value_len));
	return MHD_YES;
}

static enum result find_route(struct exchange *x, struct target *target, const char *method,
			      struct route_match *match, struct error *err)
{
	enum method m;
	enum result rc;

	buf_reset(&x->target);
	buf_append_slice(&x->target, buf_slice(&x->raw));
	if (buf_is_failed(&x->raw) || buf_is_failed(&x->target) || x->target.data == NULL)
		return fail(err, E_MEMORY, "request: out of memory");
	rc = target_parse(target, x->target.data, x->target.len, err);
	if (rc != OK) {
		x->must_close =
			true; /* a client that frames requests otherwise than we do gets no second one */
		return rc;
	}
	route_find(match, target, method_parse(method, &m) ? m : METHOD_COUNT);
	x->route = match->route;
	x->methods = match->methods;
	if (match->route != NULL)
		return OK;
	x->is_wrong_method = match->methods != 0;
	return fail(err, E_NOT_FOUND,
		    x->is_wrong_method ? "this path does not have that method"
				       : "there is no such path");
}

static enum result refuse_format(uint32_t offered, enum media format, struct error *err)
{
	char names[64] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < MEDIA_COUNT; i++) {
		if ((offered & MEDIA_BIT(i)) != 0 && used < sizeof names)
			used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
						 used != 0 ? ", " : "", media_name((enum media)i));
	}
	return fail(err, E_MALFORMED, "format \"%s\" is not supported here; use one of: %s",
		    media_name(format), names);
}

static enum result read_media(struct exchange *x, const struct headers *h,
			      const struct param_format *format, struct error *err)
{
	static const enum config_format formats[MEDIA_COUNT] = {
		[MEDIA_YAML] = CONFIG_YAML,
		[MEDIA_PROPERTIES] = CONFIG_PROPERTIES,
		[MEDIA_ENV] = CONFIG_ENV,
		[MEDIA_RAW] = CONFIG_RAW,
	};
	struct call_input *in = &x->call.in;
	enum input_family family = verb_input_family(x->route->verb);
	uint32_t offered = x->route->media | MEDIA_BIT(MEDIA_JSON);

	if (format->is_given && (MEDIA_BIT(format->media) & offered) == 0)
		return refuse_format(offered, format->media, err);
	x->has_format = format->is_given;
	x->media = format->is_given ? format->media : media_from_accept(h->accept, offered);
	in->wants_yaml = x->media == MEDIA_YAML && (format->is_given || family != INPUT_DOCUMENT);
	/* Accept: application/yaml means a document as it was written, whatever that was;
	 * ?format=yaml means YAML. */
	if (family == INPUT_DOCUMENT)
		in->document.wants_source = x->media == MEDIA_YAML;
	else if (family == INPUT_CONFIG)
		in->config.format = formats[x->media];
	else if (family == INPUT_AUDIT)
		in->audit.wants_lines = x->media == MEDIA_NDJSON;
	return OK;
}

static size_t body_max(const struct peer *p, const struct route_match *match)
{
	const struct service_settings *limits = &p->server->limits;

	switch (match->route->body) {
	case BODY_IS_NONE:
		return 0;
	case BODY_IS_DOCUMENT:
	case BODY_IS_PATCH:
		return match->kind == KIND_SECRETS ? limits->secret_bytes_max
						   : limits->document_bytes_max;
	case BODY_IS_BATCH:
		return limits->batch_bytes_max;
	case BODY_IS_SMALL:
		break;
	}
	return BODY_SMALL_BYTES_MAX;
}

/* Type and announced size, before a byte of it is read. */
static enum result check_body(struct peer *p, const struct headers *h,
			      const struct route_match *match, struct error *err)
{
	struct exchange *x = &p->x;
	enum content content = content_from_type(h->content_type);
	bool is_patch = match->route->body == BODY_IS_PATCH;

	x->body_max = body_max(p, match);
	if (match->route->body == BODY_IS_NONE)
		return x->body_bytes == 0 ? OK
					  : fail(err, E_MALFORMED, "this request takes no body");
	if (h->content_encoding.data != NULL)
		return fail(err, E_UNSUPPORTED, "a body may have no Content-Encoding");
	if (x->body_bytes != UINT64_MAX && x->body_bytes > x->body_max)
		return fail(err, E_TOO_LARGE, "the body may have at most %zu bytes", x->body_max);
	if (x->body_bytes == 0)
		return OK;
	if (is_patch && content != CONTENT_MERGE_PATCH)
		return fail(err, E_UNSUPPORTED,
			    "a patch must have the type application/merge-patch+json");
	if (!is_patch && content != CONTENT_JSON && content != CONTENT_YAML)
		return fail(err, E_UNSUPPORTED,
			    "the body must be application/json or application/yaml");
	x->call.in.body_format = content == CONTENT_YAML ? DOC_YAML : DOC_JSON;
	return OK;
}

static enum result fill_call(struct peer *p, const struct target *t,
			     const struct route_match *match, struct error *err)
{
	const struct route *route = match->route;
	struct call *c = &p->x.call;

	c->verb = route->verb;
	c->permission = (enum permission)route->permission;
	if (route->subject == SUBJECT_FIXED)
		c->path = slice_text(route->path);
	else if (route->subject == SUBJECT_REST)
		c->path = slice_from(t->path, sizeof "v1/" - 1);
	else if (route->subject == SUBJECT_FOLDER)
		c->path = slice_text(kind_folder(match->kind));
	if (match->accessor.data != NULL)
		c->in.token.accessor = match->accessor;
	if (match->number.data == NULL)
		return OK;
	return slice_to_u64(match->number, INT64_MAX,
			    verb_input_family(c->verb) == INPUT_WRITE ? &c->in.write.revision
								      : &c->in.numbered.number)
		       ? OK
		       : fail(err, E_MALFORMED, "the path must end in a number");
}

static enum result read_input(struct peer *p, const struct headers *h, const struct target *t,
			      const struct route_match *match, struct error *err)
{
	struct exchange *x = &p->x;
	const struct param_rules rules = {
		verb_input_family(x->route->verb),
		x->route->params,
		{p->server->limits.limit_max, p->server->limits.wait_ms_max},
	};
	struct param_format format = {false, MEDIA_JSON};
	enum result rc;

	rc = params_read(&x->call.in, &format, t->query, &rules, err);
	if (rc == OK)
		rc = read_media(x, h, &format, err);
	if (rc == OK && x->route->is_conditional)
		rc = params_read_preconditions(&x->call.in, h, err);
	else if (rc == OK && x->route->method == METHOD_GET)
		params_read_conditions(&x->call.in, h);
	else if (rc == OK)
		rc = params_refuse_preconditions(h, err);
	if (rc == OK && !x->route->is_conditional && x->route->method != METHOD_GET)
		rc = params_read_idempotency(&x->call.in, h, err);
	if (rc == OK)
		rc = fill_call(p, t, match, err);
	return rc == OK ? check_body(p, h, match, err) : rc;
}

/* The connection keeps the share between requests: looking it up takes a lock that all loops
 * share. */
static enum result know(struct peer *p, struct error *err)
{
	struct share *share;

	if (p->share != NULL && service_is_share_of(&p->x.call, p->share))
		return OK;
	share = service_share(p->server->service, &p->x.call);
	if (share == NULL)
		return fail(err, E_MEMORY, "request: out of memory");
	connection_identify(p, share_ref(share));
	return OK;
}

/* Everything before the body. */
static enum result check_request(struct peer *p, const char *method, const char *version,
				 struct headers *h, struct error *err)
{
	struct exchange *x = &p->x;
	struct target target;
	struct route_match match = {0};
	enum result rc;

	MHD_get_connection_values_n(p->connection, MHD_HEADER_KIND, collect_header, h);
	rc = guard_check(h, slice_text(version), &x->body_bytes, err);
	if (rc != OK) {
		x->must_close = true;
		return rc;
	}
	rc = find_route(x, &target, method, &match, err);
	if (rc != OK)
		return rc;
	if (x->route->responder == RESPONDER_SERVICE || x->route->responder == RESPONDER_METRICS) {
		rc = service_authenticate(p->server->service, &x->call, params_bearer(h), err);
		if (rc == OK)
			rc = know(p, err);
		else
			connection_identify(p, NULL);
	}
	return rc == OK ? read_input(p, h, &target, &match, err) : rc;
}

static enum MHD_Result response_local(struct peer *p)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct response *a = &p->x.call.out;

	if (p->x.route->responder == RESPONDER_READY)
		a->result = service_ready(p->server->service, &a->error);
	if (a->result == OK) {
		buf_append_text(&text, p->x.route->responder == RESPONDER_READY
					       ? "{\"status\":\"ready\"}\n"
					       : "{\"status\":\"alive\"}\n");
		a->kind = BODY_JSON;
		a->body = buf_is_failed(&text) ? NULL : shared_body_new(&text, false);
		if (a->body == NULL)
			a->result = fail(&a->error, E_MEMORY, "answer: out of memory");
	}
	return response_send(p);
}

/* Once, and again after each wake from a long poll. */
static enum MHD_Result run(struct peer *p)
{
	struct exchange *x = &p->x;

	for (;;) {
		enum call_state state = atomic_load(&x->call.state);

		x->phase = PHASE_RUN;
		if (state != CALL_DONE)
			state = service_submit(p->server->service, &x->call);
		if (state == CALL_DONE) {
			body_release(p);
			return response_send(p);
		}
		/* A poll that a worker has just now will wait later, without our being told. */
		if (peer_suspend(p, call_is_poll(&x->call)))
			return MHD_YES;
		if (peer_resumed(p))
			return MHD_NO;
	}
}

static enum MHD_Result finish_body(struct peer *p)
{
	struct exchange *x = &p->x;

	peer_set_deadline(p, 0);
	body_end_upload(p);
	if (x->call.out.result != OK)
		return response_send(p);
	if (x->route->responder == RESPONDER_ALIVE || x->route->responder == RESPONDER_READY)
		return response_local(p);
	x->call.in.body = buf_slice(&x->body);
	return run(p);
}

/* What is left to ask before a body is read: may its sender do this at all, and has it room for
 * one more? */
static enum result admit_body(struct peer *p, struct error *err)
{
	struct exchange *x = &p->x;

	x->is_refused = !service_admit(p->server->service, &x->call);
	return x->is_refused ? OK : body_admit(p, err);
}

/* A request keeps its connection from being closed for others, be it a poll, a body that does
 * not come or an answer that is not read: those of one principal leave a quarter of the table to
 * others. */
static enum result take_connection(struct peer *p, struct error *err)
{
	uint32_t max = p->server->settings.connections_max;

	if (p->share == NULL)
		return OK; /* unknown: it gives its place to a newer one */
	if (!share_take(p->share, SHARE_HELD_CONNECTIONS, 1, max - max / 4))
		return fail(err, E_BUSY,
			    "this token's name has too many requests at once; try again");
	p->x.has_connection = true;
	return OK;
}

static void let_connection_go(struct peer *p)
{
	if (p->x.has_connection)
		share_give(p->share, SHARE_HELD_CONNECTIONS, 1);
	p->x.has_connection = false;
}

static enum MHD_Result begin(struct peer *p, const char *method, const char *version)
{
	struct exchange *x = &p->x;
	struct response *a = &x->call.out;
	struct headers headers = {0};
	enum result held;
	bool is_swallowed;

	start_exchange(p);
	a->result = check_request(p, method, version, &headers, &a->error);
	held = take_connection(p, &a->error);
	if (held != OK) {
		a->result = held;
		x->must_close = true;
	}
	if (a->result == OK && x->body_bytes != 0)
		a->result = admit_body(p, &a->error);
	x->phase = PHASE_BODY;
	is_swallowed =
		!x->must_close && x->body_bytes <= SWALLOW_BYTES_MAX && headers.expect.data == NULL;
	if ((a->result != OK || x->is_refused) && !is_swallowed) {
		x->must_close = true;
		return a->result != OK ? response_send(p) : run(p);
	}
	if (x->body_bytes != 0)
		body_expect(p);
	else
		peer_set_deadline(p, 0);
	return MHD_YES;
}

enum MHD_Result dispatch_request(void *server, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *upload,
				 size_t *upload_bytes, void **context)
{
	struct peer *p = *context;
	size_t len;

	(void)server;
	(void)connection;
	(void)url; /* x.raw has it, query and all */
	if (p == NULL)
		return MHD_NO;
	switch (p->x.phase) {
	case PHASE_NEW:
		return begin(p, method, version);
	case PHASE_BODY:
		if (*upload_bytes == 0)
			return finish_body(p);
		len = *upload_bytes;
		*upload_bytes = 0;
		return body_take(p, upload, len) ? MHD_YES : MHD_NO;
	case PHASE_RUN:
		return peer_resumed(p) ? MHD_NO : run(p);
	case PHASE_RESPONDED:
		break;
	}
	*upload_bytes = 0;
	return MHD_YES;
}

/* Of a connection that rests only a little is kept. */
static void keep_small(struct buf *b)
{
	if (b->size > KEPT_BYTES_MAX)
		buf_clear(b);
	else
		buf_reset(b);
}

void exchange_end_call(struct peer *p)
{
	if (!p->x.has_call)
		return;
	body_release(p);
	call_clear(&p->x.call);
	p->x.has_call = false;
}

void dispatch_completed(void *server, struct MHD_Connection *connection, void **context,
			enum MHD_RequestTerminationCode code)
{
	struct peer *p = *context;

	(void)server;
	(void)connection;
	(void)code;
	*context = NULL;
	if (p == NULL || !p->x.is_open)
		return;
	p->x.is_open = false;
	exchange_end_call(p);
	pending_response_end(p);
	let_connection_go(p);
	keep_small(&p->x.raw);
	keep_small(&p->x.target);
	peer_rest(p);
	if (p->x.is_counted)
		atomic_fetch_sub(&p->server->in_flight, 1);
}
