/*
 * A growing sequence of bytes. The buffer remembers a failure (no memory, or its own bound is
 * reached): append as often as you like, then call buf_is_failed() or buf_check() once. A loop over
 * data that a client sent or stored checks in each turn, so that it ends as soon as nothing more
 * can be added.
 *
 * Every buffer is wiped when it grows, is cleared or reset, because any of them may have held a
 * secret.
 */
#pragma once

#include "base/memory.h"
#include "base/result.h"
#include "base/slice.h"

#include <stdarg.h>

/* Initialized with BUF_INIT or BUF_NULL, freed by buf_clear(). Code that has called buf_reserve()
 * may write into `data` after `len` and then add to `len`; it must put a NUL after the content. */
struct buf {
	char *data; /* NUL-terminated whenever not NULL; the NUL is not counted in `len` */
	size_t len;
	size_t size;
	size_t max_bytes; /* the largest `len`; 0: no bound */
	bool is_failed;	  /* something is missing from the content */
	bool is_full;	  /* it failed because of `max_bytes` */
};

#define BUF_INIT(max_bytes_)                           \
	{                                              \
		NULL, 0, 0, (max_bytes_), false, false \
	}
#define BUF_NULL BUF_INIT(0)

void buf_clear(struct buf *b); /* wipes and frees; the buffer and its bound may be used again */
void buf_reset(struct buf *b); /* wipes the content, keeps the memory, forgets a failure */

/* Makes room for `more` bytes after the content. False without memory or beyond the bound; the
 * buffer has then failed. */
bool buf_reserve(struct buf *b, size_t more);

/* Each appends all or nothing; when it cannot, the buffer has failed. The bytes must not lie in the
 * same buffer: growing frees the old block. */
void buf_append(struct buf *b, const void *data, size_t len);
void buf_append_slice(struct buf *b, struct slice s);
void buf_append_text(struct buf *b, const char *text);
void buf_append_char(struct buf *b, char c);
void buf_append_u64(struct buf *b, uint64_t value); /* decimal */
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

void buf_cut(struct buf *b, size_t len); /* keeps the first `len` bytes, wipes the rest */

/* Whether something is missing from the content. For loops; buf_check() also gives the reason. */
static inline bool buf_is_failed(const struct buf *b)
{
	return b->is_failed;
}

/* The content, borrowed until the buffer next changes. Its data is never NULL. A failed buffer
 * gives what fitted, so call buf_check() before the content is used. */
static inline struct slice buf_slice(const struct buf *b)
{
	return (struct slice){b->data != NULL ? b->data : "", b->len};
}

/* OK, E_LIMIT when the buffer reached its bound, E_MEMORY when it failed for another reason. */
MUST_USE enum result buf_check(const struct buf *b, struct error *err);

/* Moves the content out and leaves an empty buffer with the same bound. The caller clears the
 * buffer that it gets. */
struct buf buf_steal(struct buf *b);
