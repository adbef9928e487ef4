/*
 * How functions fail: a result that the compiler makes every caller use, and an explanation that
 * the caller owns and that needs no heap, so that it works when there is no memory.
 *
 * The function that knows the reason calls fail(). Each caller that knows the place adds it with
 * wrap(). Only http/, cli/ and app/ print. Programs decide by the result; the text explains it to a
 * person: never derive one from the other. A text names keys, places and types and never holds a
 * value from a document.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#define MUST_USE	       __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum result {
	OK = 0,
	E_MALFORMED,	   /* the input's form is wrong: syntax, a bad path, an unknown parameter */
	E_UNAUTHENTICATED, /* the request has no valid credentials */
	E_FORBIDDEN,	   /* the principal may not do this, or may not know whether it exists */
	/* No such document, version, file or key. */
	E_NOT_FOUND,
	E_CONFLICT,	/* the state of the store does not allow it */
	E_PRECONDITION, /* If-Match or if_version does not hold */
	E_TOO_LARGE,	/* the input is larger than a bound */
	E_UNSUPPORTED,	/* a content type, format or version that we do not support */
	E_INVALID,	/* well-formed but refused: validation, references, merging */
	E_LIMIT,	/* a bound on work, depth or count was reached: refused, never "valid" */
	E_BUSY,		/* try again later: a queue is full or a rate limit is reached */
	E_STALE,	/* the state changed after the write was prepared: prepare it again */
	E_NEEDS_STORE,	/* must be repeated on a thread that may read the store */
	E_UNAVAILABLE,	/* sealed, read-only, shutting down */
	E_IO,		/* the operating system or the disk failed */
	E_FULL,		/* no space left for data: a full disk, a quota, a limit on files */
	E_CORRUPT,	/* stored data differs from the data that was written */
	E_CRYPTO,	/* a wrong key, or sealed data that cannot be opened */
	/* The system gave no memory. A bound of our own is E_LIMIT instead. */
	E_MEMORY,
	/* Something that must hold does not: a defect of this program. */
	E_INTERNAL,
};

#define ERROR_TEXT_BYTES 512

/* The explanation. `line` and `column` (from 1, in code points; 0 when unknown) are the place in
 * the input. On the stack of the caller, with ERROR_NULL; there is nothing to free. */
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

/* Writes the explanation and returns `rc`. `err` may be NULL. The arguments must not point into
 * `err`. A text that is too long is cut between characters; characters that text_visible() escapes
 * become '?'. The place is set to unknown. */
enum result fail(struct error *err, enum result rc, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Like fail(), with a place in the input. */
enum result fail_at(struct error *err, enum result rc, uint32_t line, uint32_t column,
		    const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Like fail(), with ": " and strerror(errno) after the text. E_IO becomes E_FULL where errno says
 * that there is no space (errno_is_full()). */
enum result fail_errno(struct error *err, enum result rc, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "<fmt>: " before the existing explanation and returns `rc`. The place stays. The existing
 * explanation must be of this failure: with a fresh ERROR_NULL the text ends in ": ". */
enum result wrap(struct error *err, enum result rc, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Whether an errno of a write says that there is no space left: ENOSPC, EDQUOT (a quota), EFBIG (a
 * limit on the size of files). The same write can succeed later. */
bool errno_is_full(int number);

/* A short stable name such as "not_found", for logs, metrics and audit entries. */
const char *result_name(enum result rc);
