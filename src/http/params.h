/*
 * Query parameters and request headers as typed input of a call. Which parameters a route knows is
 * a set of bits; one that it does not know, or that comes twice, is refused: a mistyped `dry_run`
 * must not write.
 *
 * The texts that are read stay where they are: in the decoded query and in the headers, both of
 * which live until the request is completed. Nothing is allocated.
 */
#pragma once

#include "http/guard.h"
#include "http/negotiate.h"
#include "http/request_target.h"
#include "service/call.h"

#define IDEMPOTENCY_KEY_BYTES_MAX 128
#define MESSAGE_BYTES_MAX	  4096

/* One bit for each parameter, or for each meaning where a name has two (`from`, `to`, `after`). */
enum param {
	/* A state of the past: a document's version, the store's revision, a time (RFC 3339). */
	PARAM_VERSION = 1 << 0,
	PARAM_REVISION = 1 << 1,
	PARAM_AT = 1 << 2,
	/* The two sides of a comparison: versions or revisions. */
	PARAM_FROM = 1 << 3,
	PARAM_TO = 1 << 4,
	/* Lists: a beginning of paths, the last item of the former page, the size of a page. */
	PARAM_PREFIX = 1 << 5,
	PARAM_AFTER = 1 << 6,	     /* a path */
	PARAM_AFTER_NUMBER = 1 << 7, /* an index, a revision or a version */
	PARAM_LIMIT = 1 << 8,
	/* Reads: a JSON pointer into a configuration, the response's format, secrets as values, the
	 * origin of each value. */
	PARAM_KEY = 1 << 9,
	PARAM_FORMAT = 1 << 10,
	PARAM_REVEAL = 1 << 11,
	PARAM_EXPLAIN = 1 << 12,
	/* Writes: check without writing; remove although others need it; the revision's message and
	 * source. */
	PARAM_DRY_RUN = 1 << 13,
	PARAM_FORCE = 1 << 14,
	PARAM_MESSAGE = 1 << 15,
	PARAM_SOURCE = 1 << 16,
	/* A long poll: the longest wait. */
	PARAM_WAIT = 1 << 17,
	/* Searches in the audit log; a path also selects revisions. */
	PARAM_ACTOR = 1 << 18,
	PARAM_ACTION = 1 << 19,
	PARAM_OUTCOME = 1 << 20,
	PARAM_PATH = 1 << 21,
	PARAM_FROM_TIME = 1 << 22,
	PARAM_TO_TIME = 1 << 23,
};

/* Settings of the service that bound parameters. */
struct param_limits {
	/* Of ?limit=, items of a page. */
	uint32_t limit_max;
	/* Of ?wait=. */
	int64_t wait_ms_max;
};

/* What a query may say. */
struct param_rules {
	enum input_family
		family;	  /* of the route's verb: where the values go in struct call_input */
	uint32_t allowed; /* bits of enum param */
	struct param_limits limits;
};

/* ?format= */
struct param_format {
	bool is_given;
	enum media media;
};

/* The parameters that calls of a family have a member for: bits of enum param. */
uint32_t params_of_family(enum input_family family);

/* Decodes `query` in place; texts in `ret` point into it. `ret_format` is untouched without
 * ?format=. E_MALFORMED, naming the parameter. Any thread. */
MUST_USE enum result params_read(struct call_input *ret, struct param_format *ret_format,
				 struct slice query, const struct param_rules *rules,
				 struct error *err);

/* The preconditions of a write, whose family is INPUT_WRITE: If-Match: "v3" or *, If-None-Match: *,
 * and Idempotency-Key. E_MALFORMED for another form, and for both conditions at once. */
MUST_USE enum result params_read_preconditions(struct call_input *ret, const struct headers *h,
					       struct error *err);

/* The conditions of a read: its lists of ETags, which live with the headers. */
void params_read_conditions(struct call_input *ret, const struct headers *h);

/* Where no document's version is a condition: E_MALFORMED for If-Match and If-None-Match, which
 * must not be overlooked. */
MUST_USE enum result params_refuse_preconditions(const struct headers *h, struct error *err);

/* Idempotency-Key alone, of writes without preconditions. */
MUST_USE enum result params_read_idempotency(struct call_input *ret, const struct headers *h,
					     struct error *err);

/* The token of "Authorization: Bearer rv_…". data NULL for a missing header and for another scheme.
 * Borrowed from the headers. */
struct slice params_bearer(const struct headers *h);
