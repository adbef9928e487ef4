/* Every endpoint, as one const table: what it needs and what it may be given stand beside its
 * name, so that the dispatcher cannot forget a step. */
#pragma once

#include "doc/path.h"
#include "http/params.h"
#include "http/request_target.h"
#include "service/call.h"

enum method { METHOD_GET, METHOD_PUT, METHOD_PATCH, METHOD_POST, METHOD_DELETE, METHOD_COUNT };

/* Who answers. All but the health endpoints go through the service. */
enum responder {
	RESPONDER_SERVICE,
	RESPONDER_METRICS, /* the service's, and http's own counts behind it */
	RESPONDER_ALIVE,   /* without a token */
	RESPONDER_READY,   /* without a token */
};

/* The path that is authorised: call.path. */
enum subject {
	SUBJECT_NONE,	/* the verb authorises what its body names */
	SUBJECT_REST,	/* all behind "/v1/": "profiles/orders/base", "config/orders/production" */
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
	const char
		*pattern; /* {kind} {path} {app} {profile} {number} {accessor}; a verb behind ':' */
	enum verb verb;
	uint32_t permission; /* enum permission; 0 where the verb decides */
	enum subject subject;
	const char *path;
	uint32_t params;
	enum body_class body;
	uint32_t media;	     /* what it can answer beside JSON: bits of enum media */
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

/* What a pattern's braces stood for. */
struct route_match {
	const struct route *route; /* NULL for none */
	uint32_t methods; /* bits of enum method that this target has: empty is 404, else 405 */
	struct slice number, accessor; /* data NULL where the pattern has none */
	enum doc_kind kind;	       /* with {kind} */
	bool has_kind;
};

void route_find(struct route_match *ret, const struct request_target *t, enum method m);
