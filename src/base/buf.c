/*
 * Growing buffers.
 *
 * Must hold: `data` is NULL if and only if `size` is 0. Otherwise `len` is less than `size`, and
 * the byte after the content is a NUL. `is_failed` stays set until buf_reset() or buf_clear(), and
 * a failed buffer takes no more bytes, so that the content never has a gap.
 *
 * The bytes of a content are zeroed before their memory is freed or used again. No lock: a buffer
 * belongs to one thread at a time.
 */
#include "base/buf.h"

#include <stdio.h>

void buf_clear(struct buf *b)
{
	mem_wipe(b->data, b->size);
	alloc_free(b->data);
	*b = (struct buf)BUF_INIT(b->max_bytes);
}

/* The wiped bytes are zero, so the empty content has its NUL. */
void buf_reset(struct buf *b)
{
	mem_wipe(b->data, b->len);
	b->len = 0;
	b->is_failed = b->is_full = false;
}

/* A new block instead of realloc(), which could leave a copy behind that is not wiped. On failure
 * the old block stays, so that the content up to here can still be read. */
static bool grow(struct buf *b, size_t size)
{
	char *data = alloc_zero(size);

	if (data == NULL)
		return false;
	if (b->len != 0)
		memcpy(data, b->data, b->len);
	mem_wipe(b->data, b->size);
	alloc_free(b->data);
	b->data = data;
	b->size = size;
	return true;
}

/* Doubles until `need` fits, at most to the bound and its NUL, so that appending n bytes one by
 * one copies at most 2n bytes. The first block has 64 bytes: keys and short paths fit into it.
 * The caller has checked that `need` is within the bound. */
static size_t size_for(const struct buf *b, size_t need)
{
	size_t size = b->size < 64 ? 64 : b->size;

	while (size < need) {
		if (__builtin_mul_overflow(size, 2, &size))
			return need;
	}
	return b->max_bytes != 0 && size > b->max_bytes + 1 ? b->max_bytes + 1 : size;
}

bool buf_reserve(struct buf *b, size_t more)
{
	size_t need;

	if (b->is_failed)
		return false;
	if (b->max_bytes != 0 && more > b->max_bytes - b->len) {
		b->is_failed = b->is_full = true;
		return false;
	}
	if (__builtin_add_overflow(b->len, more, &need) || __builtin_add_overflow(need, 1, &need)) {
		b->is_failed = true;
		return false;
	}
	if (need > b->size && !grow(b, size_for(b, need)))
		b->is_failed = true;
	return !b->is_failed;
}

void buf_append(struct buf *b, const void *data, size_t len)
{
	if (!buf_reserve(b, len))
		return;
	if (len != 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_append_slice(struct buf *b, struct slice s)
{
	buf_append(b, s.data, s.len);
}

void buf_append_text(struct buf *b, const char *text)
{
	buf_append(b, text, strlen(text));
}

void buf_append_char(struct buf *b, char c)
{
	buf_append(b, &c, 1);
}

/* Not by buf_printf(), which would format twice: numbers are frequent in responses. UINT64_MAX
 * has 20 digits. */
void buf_append_u64(struct buf *b, uint64_t value)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	buf_append(b, digits + at, sizeof digits - at);
}

/* Formats twice: the first time for the length only. A format writes nothing where it does not fit
 * as a whole. `args` is used up by the first pass, so the second one has a copy. */
void buf_vprintf(struct buf *b, const char *fmt, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	if (len < 0)
		b->is_failed = true;
	if (len >= 0 && buf_reserve(b, (size_t)len)) {
		vsnprintf(b->data + b->len, (size_t)len + 1, fmt, again);
		b->len += (size_t)len;
	}
	va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_vprintf(b, fmt, args);
	va_end(args);
}

/* The wiped bytes are zero, so the shorter content has its NUL. */
void buf_cut(struct buf *b, size_t len)
{
	if (len >= b->len)
		return;
	mem_wipe(b->data + len, b->len - len);
	b->len = len;
}

enum result buf_check(const struct buf *b, struct error *err)
{
	if (b->is_full)
		return fail(err, E_LIMIT, "longer than %zu bytes", b->max_bytes);
	return b->is_failed ? fail(err, E_MEMORY, "out of memory") : OK;
}

/* The new owner gets the failure too, so that an incomplete content is not taken for a whole
 * one. */
struct buf buf_steal(struct buf *b)
{
	struct buf out = *b;

	*b = (struct buf)BUF_INIT(b->max_bytes);
	return out;
}
