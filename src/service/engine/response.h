/*
 * Filling call->out: every response of every verb passes through these functions.
 *
 * They belong to the thread that has the call. A response is filled once; a later one replaces it
 * whole. What a client reads as an error text stands in call->out.error: it must name no value, and
 * nothing that the caller may not know.
 */
#pragma once

#include "service/codec.h"
#include "service/engine/verb.h"

/* Responses. Each fills call->out and gives STEP_RESPOND, so that a verb says `return
 * response_…(…)`. A refusal (E_FORBIDDEN) also begins the audit draft. */
enum step response_fail(struct call *c, enum result rc, const char *fmt, ...) PRINTF_LIKE(3, 4);
enum step response_error(struct call *c, enum result rc, const struct error *err);
/* In place of a response that may not leave because its audit entry cannot be written: nothing of
 * it stays. */
void response_unrecorded(struct call *c, enum result rc, const char *reason);
enum step response_empty(struct call *c); /* 204 */
/* The buffer for the body of every response; its bound is the largest response of all. */
#define RESPONSE_BYTES_MAX ((size_t)64 << 20)
#define BUF_RESPONSE	   BUF_INIT(RESPONSE_BYTES_MAX)

/* buf_check() of a BUF_RESPONSE; where it is full the text says what to do. E_LIMIT, E_MEMORY. */
MUST_USE enum result response_check(const struct buf *b, struct error *err);
enum step response_body(struct call *c, enum body_kind kind, struct buf *bytes_taken,
			bool is_secret); /* as response_check() where the buffer failed */
enum step response_json(struct call *c,
			struct buf *bytes_taken); /* response_body(BODY_JSON, not secret) */
void response_etag_version(struct call *c, uint64_t version); /* "v3" */
/* Where the next page begins. A text that is too long leaves it out. */
void response_next(struct call *c, struct slice after);
/* The same for lists that go on below a number. */
void response_next_number(struct call *c, uint64_t after);

/* Where the differences of a comparison (service/state/diff.h) are written to: a BUF_RESPONSE, by
 * the call's codec. */
struct difference_writer {
	struct buf *out;
	const struct codec *codec;
};

/* A difference_fn; `writer` is a struct difference_writer. */
MUST_USE enum result response_difference(void *writer, const struct difference_item *d,
					 struct error *err);

/* Back to an empty response: body and problems are freed. Before each run of a verb, and where a
 * response did not come true. */
void response_reset(struct call *c);
