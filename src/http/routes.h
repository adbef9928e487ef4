/* Every endpoint, as one const table. Each row names the permission, the parameters and the body
 * that its endpoint needs, and request.c applies the rows: no endpoint can forget a check. */
#pragma once

#include "doc/path.h"
#include "http/params.h"
#include "http/request_target.h"
#include "service/call.h"

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

enum body_class {
	BODY_IS_NONE,
	BODY_IS_DOCUMENT, /* the kind decides its bound */
	BODY_IS_PATCH,	  /* the same, as application/merge-patch+json */
	BODY_IS_BATCH,
	BODY_IS_SMALL,
};

#define BODY_SMALL_BYTES_MAX (64 * 1024)

struct route {
	enum method method;
	/* {kind} {path} {app} {profile} {number} {accessor}; a custom verb after ':'. */
	const char *pattern;
	enum verb verb;
	uint32_t permission; /* enum permission; 0 where the verb decides */
	enum subject subject;
	const char *path;
	uint32_t params;
	enum body_class body;
	uint32_t media;	     /* that it can respond with beside JSON: bits of enum media */
	bool is_conditional; /* takes If-Match and If-None-Match as a write's precondition */
	enum responder responder;
};

#define ROUTES_MAX 64

extern const struct route routes[];
extern const uint32_t routes_count;

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

void route_find(struct route_match *ret, const struct request_target *t, enum method m);
