/*
 * All that is decided about a request from its headers, in this order: guard, target and route,
 * token, parameters and headers, path, body. Each step relies on the ones before. What the request
 * may not do is told only to authenticated clients; that a path does not exist is told to all,
 * since the routes are public.
 *
 * Two failures close the connection: those of the guard and those of a malformed target, after
 * which the two sides may disagree about where the next request begins.
 *
 * A failed authentication makes the connection an unauthenticated one again, also if an earlier
 * request on it was valid: it can be evicted from then on.
 *
 * Runs in the connection's event loop, without waiting: the service's functions that it calls take
 * locks for moments only. Fills the exchange and the call, whose slices point into x->target and
 * into libmicrohttpd's headers; both live until the request is completed.
 */
#include "http/request_check.h"

#include "base/memory.h"
#include "http/params.h"

#include <stdio.h>

/* libmicrohttpd's iterator: the only walk over the headers. */
static enum MHD_Result collect_header(void *headers, enum MHD_ValueKind kind, const char *name,
				      size_t name_len, const char *value, size_t value_len)
{
	(void)kind;
	guard_header(headers, slice_make(name, name_len), slice_make(value, value_len));
	return MHD_YES;
}

/* x->target is a copy, because it is decoded in place: raw_target is needed again for the link to a
 * next page. */
static enum result find_route(struct exchange *x, struct request_target *target, const char *method,
			      struct route_match *match, struct error *err)
{
	enum method m;
	enum result rc;

	buf_reset(&x->target);
	buf_append_slice(&x->target, buf_slice(&x->raw_target));
	if (buf_is_failed(&x->raw_target) || buf_is_failed(&x->target) || x->target.data == NULL)
		return fail(err, E_MEMORY, "request: out of memory");
	rc = request_target_parse(target, x->target.data, x->target.len, err);
	if (rc != OK) {
		/* This client may find other borders between requests than we do. */
		x->must_close = true;
		return rc;
	}
	route_find(match, target, method_parse(method, &m) ? m : METHOD_COUNT);
	x->route = match->route;
	x->methods = match->methods;
	if (match->route != NULL)
		return OK;
	x->is_wrong_method = match->methods != 0;
	return fail(err, E_NOT_FOUND,
		    x->is_wrong_method ? "this path does not support the method"
				       : "there is no such path");
}

/* Names the formats that the route has, so that the client can choose another. */
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

/* Chooses the response's media type: ?format= must be one that the route has; Accept is only a
 * preference, without which the response is JSON. */
static enum result read_media(struct exchange *x, const struct headers *h,
			      const struct param_format *format, struct error *err)
{
	/* Without a row: 0, CONFIG_JSON. */
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

/* The bound depends on the kind of document, which is known from the path. */
static size_t body_max(const struct connection *conn, const struct route_match *match)
{
	const struct service_settings *limits = &conn->server->service_settings;

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

/* The type and the announced length, before a byte of it is received. */
static enum result check_body(struct connection *conn, const struct headers *h,
			      const struct route_match *match, struct error *err)
{
	struct exchange *x = &conn->exchange;
	enum content content = content_from_type(h->content_type);
	bool is_patch = match->route->body == BODY_IS_PATCH;

	x->body.bytes_max = body_max(conn, match);
	if (match->route->body == BODY_IS_NONE)
		return x->body.bytes_announced == 0
			       ? OK
			       : fail(err, E_MALFORMED, "this request takes no body");
	/* A compressed body could grow to many times its counted bytes. */
	if (h->content_encoding.data != NULL)
		return fail(err, E_UNSUPPORTED, "a body may have no Content-Encoding");
	if (x->body.bytes_announced != BODY_BYTES_UNKNOWN &&
	    x->body.bytes_announced > x->body.bytes_max)
		return fail(err, E_TOO_LARGE, "the body may have at most %zu bytes",
			    x->body.bytes_max);
	if (x->body.bytes_announced == 0)
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

/* Takes over the verb, the permission and the values in the path: for "/v1/profiles/orders/base"
 * call.path becomes "profiles/orders/base". The number in a path is a revision to revert to for
 * writes, else the thing to read. */
static enum result fill_call(struct connection *conn, const struct request_target *t,
			     const struct route_match *match, struct error *err)
{
	const struct route *route = match->route;
	struct call *c = &conn->exchange.call;

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

/* The order decides which of several errors the client sees: parameters, headers, path, body. */
static enum result read_input(struct connection *conn, const struct headers *h,
			      const struct request_target *t, const struct route_match *match,
			      struct error *err)
{
	struct exchange *x = &conn->exchange;
	const struct param_rules rules = {
		verb_input_family(x->route->verb),
		x->route->params,
		{conn->server->service_settings.limit_max,
		 conn->server->service_settings.wait_ms_max},
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
		rc = fill_call(conn, t, match, err);
	return rc == OK ? check_body(conn, h, match, err) : rc;
}

/* The connection keeps the principal's share between requests, because looking it up takes a lock
 * that all event loops share. */
static enum result identify(struct connection *conn, struct error *err)
{
	struct share *share;

	if (conn->entry.share != NULL &&
	    service_is_share_of(&conn->exchange.call, conn->entry.share))
		return OK;
	share = service_share(conn->server->service, &conn->exchange.call);
	if (share == NULL)
		return fail(err, E_MEMORY, "request: out of memory");
	connection_limits_identify(&conn->server->limits, &conn->entry, share_ref(share));
	return OK;
}

enum result request_check(struct connection *conn, const char *method, const char *version,
			  struct headers *h, struct error *err)
{
	struct exchange *x = &conn->exchange;
	struct request_target target;
	struct route_match match = {0};
	enum result rc;

	MHD_get_connection_values_n(conn->mhd, MHD_HEADER_KIND, collect_header, h);
	rc = guard_check(h, slice_text(version), &x->body.bytes_announced, err);
	if (rc != OK) {
		x->must_close = true;
		return rc;
	}
	rc = find_route(x, &target, method, &match, err);
	if (rc != OK)
		return rc;
	if (x->route->responder == RESPONDER_SERVICE || x->route->responder == RESPONDER_METRICS) {
		rc = service_authenticate(conn->server->service, &x->call, params_bearer(h), err);
		if (rc == OK)
			rc = identify(conn, err);
		else
			connection_limits_identify(&conn->server->limits, &conn->entry, NULL);
	}
	return rc == OK ? read_input(conn, h, &target, &match, err) : rc;
}
