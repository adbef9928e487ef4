/*
 * Every endpoint, as one const table. Each row names the permission, the parameters and the body
 * that its endpoint needs, and request_check.c applies the rows: no endpoint can forget a check.
 *
 * A pattern is matched against the decoded segments of a target. "/v1/{kind}/{path}:rollback" fits
 * "/v1/profiles/orders/base:rollback": {kind} is one of the four folders of documents, {path} all
 * segments that follow, and the word after ':' the custom verb, which must be equal. {app},
 * {profile}, {number} and {accessor} fit one segment each.
 *
 * All is constant. An endpoint is added by a row (docs/architecture.md, "How to add").
 */
#pragma once

#include "doc/path.h"
#include "http/params.h"
#include "http/request_target.h"
#include "service/call.h"

/* Each is a bit (1 << method) where a set of methods is meant. HEAD is GET. */
enum method { METHOD_GET, METHOD_PUT, METHOD_PATCH, METHOD_POST, METHOD_DELETE, METHOD_COUNT };

/* The source of the response. All but the health endpoints need a token. */
enum responder {
	RESPONDER_SERVICE,
	RESPONDER_METRICS, /* the service's metrics, then those of http/ */
	RESPONDER_ALIVE,   /* without a token */
	RESPONDER_READY,   /* without a token */
};

/* How call.path, the path that is authorised, follows from the target. */
enum subject {
	SUBJECT_NONE,	/* the verb authorises the paths that its body names */
	SUBJECT_REST,	/* all after "/v1/": "profiles/orders/base", "config/orders/production" */
	SUBJECT_FOLDER, /* "profiles/": the kind of a list */
	SUBJECT_FIXED,	/* the row's `path` */
};

/* What the body of a request is, which gives its bound and its types. */
enum body_class {
	BODY_IS_NONE,
	BODY_IS_DOCUMENT, /* the kind decides its bound */
	BODY_IS_PATCH,	  /* the same, as application/merge-patch+json */
	/* The bound is the setting batch_bytes_max; JSON or YAML. */
	BODY_IS_BATCH,
	/* At most BODY_SMALL_BYTES_MAX; JSON or YAML; may be empty where its members are
	 * optional. */
	BODY_IS_SMALL,
};

#define BODY_SMALL_BYTES_MAX (64 * 1024)

struct route {
	enum method method;
	/* {kind} {path} {app} {profile} {number} {accessor}; a custom verb after ':'. */
	const char *pattern;
	/* Of the service; VERB_COUNT for the health endpoints, which have no verb. */
	enum verb verb;
	uint32_t permission; /* enum permission; 0 where the verb decides */
	enum subject subject;
	/* Of SUBJECT_FIXED, such as "sys/audit"; else NULL. */
	const char *path;
	/* Bits of enum param; another parameter is refused. */
	uint32_t params;
	enum body_class body;
	uint32_t media;	     /* that it can respond with beside JSON: bits of enum media */
	bool is_conditional; /* takes If-Match and If-None-Match as a write's precondition */
	enum responder responder;
};

/* Bounds the counters by route (counters.h); a static assertion compares it with the table. */
#define ROUTES_MAX 64

extern const struct route routes[];
extern const uint32_t routes_count;

/* "GET" … */
const char *method_name(enum method m);
const char *kind_folder(enum doc_kind kind); /* "profiles/" */
/* HEAD is GET without its body. */
bool method_parse(const char *name, enum method *ret);

/* The route of a target, and the values of its pattern's braces. */
struct route_match {
	const struct route *route; /* NULL: no route */
	/* Bits of enum method that the target has. Without a route, 0 means 404, else 405. */
	uint32_t methods;
	struct slice number, accessor; /* data NULL where the pattern has none */
	enum doc_kind kind;	       /* with {kind} */
	bool has_kind;
};

/* `m`: METHOD_COUNT for a method that no route has, which fills only `ret->methods`. The slices of
 * `ret` point into the target. Any thread. */
void route_find(struct route_match *ret, const struct request_target *t, enum method m);
