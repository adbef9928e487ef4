/*
 * A growing run of bytes. Out-of-memory is kept in the buffer: append as often as you like, then ask
 * buf_is_failed() once. Every buffer is wiped when it grows, is cleared or reset, since any of them may
 * have held a secret; one that is large and surely holds none pays a memset for it.
 */
#pragma once

#include "base/memory.h"
#include "base/result.h"
#include "base/slice.h"

#include <stdarg.h>

struct buf {
	char *data; /* NUL-terminated whenever not NULL; the NUL is not counted in `len` */
	size_t len;
	size_t size;
	bool is_failed;
};

#define BUF_NULL                  \
	{                         \
		NULL, 0, 0, false \
	}

void buf_clear(struct buf *b); /* wipes and frees; the buffer may be used again */
void buf_reset(struct buf *b); /* wipes the content, keeps the memory, forgets a failure */

/* Makes room for `more` bytes behind the content. False, and the buffer failed, without memory. */
bool buf_reserve(struct buf *b, size_t more);

void buf_append(struct buf *b, const void *data, size_t len);
void buf_append_slice(struct buf *b, struct slice s);
void buf_append_text(struct buf *b, const char *text);
void buf_append_char(struct buf *b, char c);
void buf_append_u64(struct buf *b, uint64_t value); /* decimal */
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

void buf_cut(struct buf *b, size_t len); /* keeps the first `len` bytes, wipes the rest */

static inline bool buf_is_failed(const struct buf *b)
{
	return b->is_failed;
}

static inline struct slice buf_slice(const struct buf *b)
{
	return (struct slice){b->data != NULL ? b->data : "", b->len};
}

/* E_MEMORY with a sentence when the buffer failed, else OK. */
MUST_USE enum result buf_check(const struct buf *b, struct error *err);

/* Moves the content out and leaves an empty buffer. */
struct buf buf_steal(struct buf *b);
