/*
 * How calls fail. One result that the compiler makes every caller look at, and one explanation that
 * the caller owns and that needs no heap, so that it works when memory is what failed.
 *
 * Who knows the reason calls fail(); each caller that knows where wraps it outward with wrap(); only
 * http/, cli/ and app/ print. The result is the truth, the text its explanation for a person: never
 * derive one from the other. No text ever holds a value from a document, only names, places, types.
 */
#pragma once

#include <stdarg.h>
#include <stdint.h>

#define MUST_USE	       __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum result {
	OK = 0,
	E_MALFORMED,	   /* the input's form is wrong: syntax, a bad path, an unknown parameter */
	E_UNAUTHENTICATED, /* nobody is behind this request */
	E_FORBIDDEN,	   /* somebody is, who may not (also: may not know that it exists) */
	E_NOT_FOUND,
	E_CONFLICT,	/* the state of the store does not allow it */
	E_PRECONDITION, /* If-Match or if_version does not hold */
	E_TOO_LARGE,	/* the input passes a size bound */
	E_UNSUPPORTED,	/* a content type, format or version that we do not handle */
	E_INVALID,	/* well-formed and refused: validation, references, merging */
	E_LIMIT,	/* a work, depth or count bound ran out: refused, never "valid" */
	E_BUSY,		/* try again later: a queue is full, a rate is reached */
	E_STALE,	/* what was prepared no longer fits what is there: prepare it again */
	E_NEEDS_STORE,	/* only a thread that may read the store can do it */
	E_UNAVAILABLE,	/* sealed, read-only, shutting down */
	E_IO,		/* the operating system or the disk failed */
	E_CORRUPT,	/* stored data is not what we wrote */
	E_CRYPTO,	/* wrong key, or a sealed blob that does not open */
	E_MEMORY,
	E_INTERNAL,
};

#define ERROR_TEXT_BYTES 512

/* `line` and `column` (from 1, 0 when unknown) place a parse error in its input. */
struct error {
	uint32_t line;
	uint32_t column;
	char text[ERROR_TEXT_BYTES];
};

#define ERROR_NULL        \
	{                 \
		0, 0,     \
		{         \
			0 \
		}         \
	}

/* Writes the explanation and gives back `rc`. `err` may be NULL. Text that does not fit is cut, between
 * characters; what text_visible() escapes becomes '?'. */
enum result fail(struct error *err, enum result rc, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As fail(), for a place in an input. */
enum result fail_at(struct error *err, enum result rc, uint32_t line, uint32_t column,
		    const char *fmt, ...) PRINTF_LIKE(5, 6);

/* fail() with strerror(errno) behind the text. */
enum result fail_errno(struct error *err, enum result rc, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "<fmt>: " before the explanation that is there and gives back `rc`. */
enum result wrap(struct error *err, enum result rc, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* A short stable name such as "not_found", for logs, metrics and audit outcomes. */
const char *result_name(enum result rc);
