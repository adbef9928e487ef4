/*
 * The table of all endpoints, and the search in it.
 *
 * The first row whose pattern, custom verb and method fit is the route; the methods of other rows
 * that fit are collected, for 405 and Allow. A pattern is compared segment by segment: {kind} fits
 * the four folders of documents only, so "config" and "tokens" never fit it; {path} fits the rest
 * of the target. The search is linear: some thirty short comparisons, and the most frequent route
 * is first.
 *
 * What must hold: a route's permission is asked for on the path that its subject gives. A row with
 * permission 0 belongs to a verb that asks by itself (its body names the paths), that any token may
 * use, or that needs no token.
 *
 * All is constant; any thread may call.
 */
#include "http/routes.h"

#include "base/memory.h"

#define PARAMS_WHEN  (PARAM_VERSION | PARAM_REVISION | PARAM_AT)
#define PARAMS_PAGE  (PARAM_AFTER_NUMBER | PARAM_LIMIT)
#define PARAMS_WRITE (PARAM_MESSAGE | PARAM_SOURCE | PARAM_DRY_RUN)
#define PARAMS_AUDIT \
	(PARAM_ACTOR | PARAM_ACTION | PARAM_OUTCOME | PARAM_PATH | PARAM_FROM_TIME | PARAM_TO_TIME)
#define PARAMS_CONFIG \
	(PARAM_REVEAL | PARAM_EXPLAIN | PARAM_KEY | PARAM_REVISION | PARAM_AT | PARAM_WAIT)
#define YAML MEDIA_BIT(MEDIA_YAML)
#define MEDIA_CONFIG \
	(YAML | MEDIA_BIT(MEDIA_PROPERTIES) | MEDIA_BIT(MEDIA_ENV) | MEDIA_BIT(MEDIA_RAW))

#define DOCUMENT "/v1/{kind}/{path}"
#define CONFIG	 "/v1/config/{app}/{profile}"
#define REST	 SUBJECT_REST, NULL
#define FIXED(p) SUBJECT_FIXED, p
#define NONE	 SUBJECT_NONE, NULL

/* clang-format off */
const struct route routes[] = {
	/* Reads of configurations first, because most requests are such. */
	{METHOD_GET,	CONFIG,			 VERB_CONFIG_GET,	  MAY_READ,	REST, PARAMS_CONFIG | PARAM_FORMAT, BODY_IS_NONE, MEDIA_CONFIG, false, RESPONDER_SERVICE},
	{METHOD_GET,	CONFIG ":versions",	 VERB_CONFIG_VERSIONS,	  MAY_READ,	REST, PARAMS_PAGE | PARAM_FORMAT, BODY_IS_NONE, YAML, false, RESPONDER_SERVICE},
	{METHOD_GET,	CONFIG ":diff",		 VERB_CONFIG_DIFF,	  MAY_READ,	REST, PARAM_FROM | PARAM_TO | PARAM_FORMAT, BODY_IS_NONE, YAML, false, RESPONDER_SERVICE},

	{METHOD_GET,	"/v1/{kind}",		 VERB_DOCUMENT_LIST,	  MAY_LIST,	SUBJECT_FOLDER, NULL, PARAM_PREFIX | PARAM_AFTER | PARAM_LIMIT | PARAM_FORMAT, BODY_IS_NONE, YAML, false, RESPONDER_SERVICE},
	{METHOD_GET,	DOCUMENT,		 VERB_DOCUMENT_GET,	  MAY_READ,	REST, PARAMS_WHEN | PARAM_FORMAT, BODY_IS_NONE, YAML, false, RESPONDER_SERVICE},
	{METHOD_PUT,	DOCUMENT,		 VERB_DOCUMENT_PUT,	  MAY_WRITE,	REST, PARAMS_WRITE | PARAM_FORCE | PARAM_FORMAT, BODY_IS_DOCUMENT, YAML, true, RESPONDER_SERVICE},
	{METHOD_PATCH,	DOCUMENT,		 VERB_DOCUMENT_PATCH,	  MAY_WRITE,	REST, PARAMS_WRITE | PARAM_FORCE | PARAM_FORMAT, BODY_IS_PATCH, YAML, true, RESPONDER_SERVICE},
	{METHOD_DELETE,	DOCUMENT,		 VERB_DOCUMENT_DELETE,	  MAY_DELETE,	REST, PARAMS_WRITE | PARAM_FORCE, BODY_IS_NONE, 0, true, RESPONDER_SERVICE},
	{METHOD_POST,	DOCUMENT ":undelete",	 VERB_DOCUMENT_UNDELETE,  MAY_DELETE,	REST, PARAMS_WRITE | PARAM_FORCE | PARAM_FORMAT, BODY_IS_SMALL, YAML, true, RESPONDER_SERVICE},
	{METHOD_POST,	DOCUMENT ":destroy",	 VERB_DOCUMENT_DESTROY,	  MAY_DESTROY,	REST, PARAMS_WRITE | PARAM_FORCE | PARAM_FORMAT, BODY_IS_SMALL, YAML, true, RESPONDER_SERVICE},
	{METHOD_POST,	DOCUMENT ":rollback",	 VERB_DOCUMENT_ROLLBACK,  MAY_ROLLBACK,	REST, PARAMS_WRITE | PARAM_FORCE | PARAM_FORMAT, BODY_IS_SMALL, YAML, true, RESPONDER_SERVICE},
	{METHOD_GET,	DOCUMENT ":versions",	 VERB_DOCUMENT_VERSIONS,  MAY_READ,	REST, PARAMS_PAGE | PARAM_FORMAT, BODY_IS_NONE, YAML, false, RESPONDER_SERVICE},
	{METHOD_GET,	DOCUMENT ":diff",	 VERB_DOCUMENT_DIFF,	  MAY_READ,	REST, PARAM_FROM | PARAM_TO | PARAM_FORMAT, BODY_IS_NONE, YAML, false, RESPONDER_SERVICE},
	{METHOD_GET,	DOCUMENT ":dependents",	 VERB_DOCUMENT_DEPENDENTS, MAY_READ,	REST, PARAM_FORMAT, BODY_IS_NONE, YAML, false, RESPONDER_SERVICE},

	{METHOD_POST,	"/v1/batch",		 VERB_BATCH,		  0,		NONE, PARAMS_WRITE | PARAM_FORCE | PARAM_FORMAT, BODY_IS_BATCH, YAML, false, RESPONDER_SERVICE},
	{METHOD_GET,	"/v1/revisions",	 VERB_REVISION_LIST,	  0,		NONE, PARAM_PATH | PARAMS_PAGE | PARAM_FORMAT, BODY_IS_NONE, YAML, false, RESPONDER_SERVICE},
	{METHOD_GET,	"/v1/revisions/{number}", VERB_REVISION_GET,	  0,		NONE, PARAM_FORMAT, BODY_IS_NONE, YAML, false, RESPONDER_SERVICE},
	{METHOD_POST,	"/v1/revisions/{number}:revert", VERB_REVISION_REVERT, 0,	NONE, PARAMS_WRITE | PARAM_FORCE | PARAM_FORMAT, BODY_IS_SMALL, YAML, false, RESPONDER_SERVICE},

	{METHOD_GET,	"/v1/audit",		 VERB_AUDIT_LIST,	  MAY_AUDIT,	FIXED("sys/audit"), PARAMS_AUDIT | PARAMS_PAGE | PARAM_FORMAT, BODY_IS_NONE, YAML | MEDIA_BIT(MEDIA_NDJSON), false, RESPONDER_SERVICE},
	{METHOD_GET,	"/v1/audit/checkpoint",	 VERB_AUDIT_CHECKPOINT,	  MAY_AUDIT,	FIXED("sys/audit"), 0, BODY_IS_NONE, 0, false, RESPONDER_SERVICE},
	{METHOD_GET,	"/v1/audit/entries/{number}", VERB_AUDIT_ENTRY,	  MAY_AUDIT,	FIXED("sys/audit"), PARAM_FORMAT, BODY_IS_NONE, YAML, false, RESPONDER_SERVICE},

	{METHOD_POST,	"/v1/tokens",		 VERB_TOKEN_CREATE,	  MAY_WRITE,	FIXED("sys/tokens"), PARAM_FORMAT, BODY_IS_SMALL, YAML, false, RESPONDER_SERVICE},
	{METHOD_GET,	"/v1/tokens",		 VERB_TOKEN_LIST,	  MAY_LIST,	FIXED("sys/tokens"), PARAM_AFTER | PARAM_LIMIT | PARAM_FORMAT, BODY_IS_NONE, YAML, false, RESPONDER_SERVICE},
	{METHOD_GET,	"/v1/tokens/self",	 VERB_TOKEN_SELF,	  0,		NONE, PARAM_FORMAT, BODY_IS_NONE, YAML, false, RESPONDER_SERVICE},
	{METHOD_POST,	"/v1/tokens/self:renew", VERB_TOKEN_RENEW,	  0,		NONE, PARAM_FORMAT, BODY_IS_SMALL, YAML, false, RESPONDER_SERVICE},
	{METHOD_DELETE,	"/v1/tokens/{accessor}", VERB_TOKEN_REVOKE,	  MAY_DELETE,	FIXED("sys/tokens"), PARAM_FORCE, BODY_IS_NONE, 0, false, RESPONDER_SERVICE},
	{METHOD_POST,	"/v1/access:check",	 VERB_ACCESS_CHECK,	  0,		NONE, PARAM_FORMAT, BODY_IS_SMALL, YAML, false, RESPONDER_SERVICE},

	{METHOD_GET,	"/v1/status",		 VERB_STATUS,		  MAY_READ,	FIXED("sys/status"), PARAM_FORMAT, BODY_IS_NONE, YAML, false, RESPONDER_SERVICE},
	{METHOD_GET,	"/v1/backup",		 VERB_BACKUP,		  MAY_READ,	FIXED("sys/backup"), 0, BODY_IS_NONE, 0, false, RESPONDER_SERVICE},
	{METHOD_GET,	"/metrics",		 VERB_METRICS,		  MAY_READ,	FIXED("sys/metrics"), 0, BODY_IS_NONE, 0, false, RESPONDER_METRICS},
	{METHOD_GET,	"/healthz",		 VERB_COUNT,		  0,		NONE, 0, BODY_IS_NONE, 0, false, RESPONDER_ALIVE},
	{METHOD_GET,	"/readyz",		 VERB_COUNT,		  0,		NONE, 0, BODY_IS_NONE, 0, false, RESPONDER_READY},
};
/* clang-format on */

_Static_assert(ARRAY_SIZE(routes) <= ROUTES_MAX, "counts by route have ROUTES_MAX rows");

const uint32_t routes_count = ARRAY_SIZE(routes);

static const char *const method_names[METHOD_COUNT] = {
	[METHOD_GET] = "GET",	[METHOD_PUT] = "PUT",	    [METHOD_PATCH] = "PATCH",
	[METHOD_POST] = "POST", [METHOD_DELETE] = "DELETE",
};

const char *kind_folder(enum doc_kind kind)
{
	static const char *const folders[KIND_COUNT] = {
		[KIND_SCHEMAS] = "schemas/",
		[KIND_PROFILES] = "profiles/",
		[KIND_POLICIES] = "policies/",
		[KIND_SECRETS] = "secrets/",
	};

	return folders[kind];
}

const char *method_name(enum method m)
{
	return method_names[m];
}

/* libmicrohttpd leaves out the body of a response to HEAD. */
bool method_parse(const char *name, enum method *ret)
{
	if (strcmp(name, "HEAD") == 0) {
		*ret = METHOD_GET;
		return true;
	}
	for (size_t i = 0; i < METHOD_COUNT; i++) {
		if (strcmp(name, method_names[i]) == 0) {
			*ret = (enum method)i;
			return true;
		}
	}
	return false;
}

/* One segment of a pattern against one of the target. */
static bool match_segment(struct slice pattern, struct slice segment, struct route_match *m)
{
	if (pattern.data[0] != '{')
		return slice_is_equal(pattern, segment);
	if (slice_is_text(pattern, "{kind}"))
		m->has_kind = kind_parse(segment, &m->kind);
	else if (slice_is_text(pattern, "{number}"))
		m->number = segment;
	else if (slice_is_text(pattern, "{accessor}"))
		m->accessor = segment;
	return !slice_is_text(pattern, "{kind}") || m->has_kind;
}

static bool match_pattern(const char *pattern, const struct request_target *t,
			  struct route_match *m)
{
	const char *colon = strchr(pattern, ':');
	struct slice rest = slice_make(pattern + 1, colon != NULL ? (size_t)(colon - pattern) - 1
								  : strlen(pattern) - 1);
	struct slice part;
	uint32_t at = 0;

	if (!slice_is_equal(t->verb, slice_text(colon != NULL ? colon + 1 : NULL)))
		return false;
	while (slice_next_part(&rest, '/', &part)) {
		if (at == t->segments_count)
			return false;
		if (slice_is_text(part, "{path}"))
			return true; /* path_check() checks the form of the rest */
		if (!match_segment(part, t->segments[at++], m))
			return false;
	}
	return at == t->segments_count;
}

void route_find(struct route_match *ret, const struct request_target *t, enum method m)
{
	*ret = (struct route_match){0};
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		struct route_match found = {0};

		if (!match_pattern(routes[i].pattern, t, &found))
			continue;
		found.methods = ret->methods | 1u << routes[i].method;
		if (routes[i].method == m) {
			*ret = found;
			ret->route = &routes[i];
			return;
		}
		ret->methods = found.methods;
	}
}
