/*
 * Error texts.
 *
 * Nothing here allocates: an error must be explained also when memory is what failed. A text is
 * always safe to print: it is cut between characters at ERROR_TEXT_BYTES, and characters that could
 * mislead a reader of a terminal are replaced, because a text may quote names from an input. With
 * `err` NULL no text is made; the result is the same.
 *
 * The arguments of a text must not point into the same `err`: it is overwritten while they are
 * read.
 */
#include "base/result.h"

#include "base/utf8.h"
#include "base/visible.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Replaces each character that could move a cursor or mislead a reader by '?'. In place: no
 * character becomes longer. */
static void hide(char *text)
{
	struct slice s = slice_text(text);
	size_t at = 0, used = 0;

	while (at < s.len) {
		char out[TEXT_VISIBLE_BYTES];
		size_t from = at, len = text_visible(out, s, &at);

		if (len != at - from || memcmp(out, text + from, len) != 0) {
			out[0] = '?';
			len = 1;
		}
		memcpy(text + used, out, len);
		used += len;
	}
	text[used] = '\0';
}

/* Formats after the first `used` bytes and cuts the text, between characters, when it is too long.
 * The text is made harmless: it may hold names from an input and be printed on a terminal. */
static void put_text(struct error *err, size_t used, const char *fmt, va_list args)
	PRINTF_LIKE(3, 0);

static void put_text(struct error *err, size_t used, const char *fmt, va_list args)
{
	size_t room = sizeof err->text - used;
	int len = vsnprintf(err->text + used, room, fmt, args);

	if (len >= 0 && (size_t)len >= room)
		err->text[utf8_whole(slice_make(err->text, sizeof err->text - 1))] = '\0';
	hide(err->text + used);
}

static void PRINTF_LIKE(2, 3) append_text(struct error *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_text(err, strlen(err->text), fmt, args);
	va_end(args);
}

static void set_text(struct error *err, uint32_t line, uint32_t column, const char *fmt,
		     va_list args) PRINTF_LIKE(4, 0);

static void set_text(struct error *err, uint32_t line, uint32_t column, const char *fmt,
		     va_list args)
{
	err->line = line;
	err->column = column;
	put_text(err, 0, fmt, args);
}

enum result fail(struct error *err, enum result rc, const char *fmt, ...)
{
	va_list args;

	if (err == NULL)
		return rc;
	va_start(args, fmt);
	set_text(err, 0, 0, fmt, args);
	va_end(args);
	return rc;
}

enum result fail_at(struct error *err, enum result rc, uint32_t line, uint32_t column,
		    const char *fmt, ...)
{
	va_list args;

	if (err == NULL)
		return rc;
	va_start(args, fmt);
	set_text(err, line, column, fmt, args);
	va_end(args);
	return rc;
}

bool errno_is_full(int number)
{
	return number == ENOSPC || number == EDQUOT || number == EFBIG;
}

/* errno is kept first, because formatting may change it. */
enum result fail_errno(struct error *err, enum result rc, const char *fmt, ...)
{
	int saved = errno;
	va_list args;

	if (rc == E_IO && errno_is_full(saved))
		rc = E_FULL;
	if (err == NULL)
		return rc;
	va_start(args, fmt);
	set_text(err, 0, 0, fmt, args);
	va_end(args);
	append_text(err, ": %s", strerror(saved));
	return rc;
}

/* `line` and `column` stay: they are those of the place where the reason is. When both texts are
 * too long together, the end of the inner one is lost. */
enum result wrap(struct error *err, enum result rc, const char *fmt, ...)
{
	char inner[ERROR_TEXT_BYTES];
	va_list args;

	if (err == NULL)
		return rc;
	memcpy(inner, err->text, sizeof inner);
	va_start(args, fmt);
	put_text(err, 0, fmt, args);
	va_end(args);
	append_text(err, ": %s", inner);
	return rc;
}

/* The names are kept in audit entries and used in alerts: a name is never changed, only added. */
const char *result_name(enum result rc)
{
	static const char *const names[] = {
		[OK] = "ok",
		[E_MALFORMED] = "malformed",
		[E_UNAUTHENTICATED] = "unauthenticated",
		[E_FORBIDDEN] = "forbidden",
		[E_NOT_FOUND] = "not_found",
		[E_CONFLICT] = "conflict",
		[E_PRECONDITION] = "precondition",
		[E_TOO_LARGE] = "too_large",
		[E_UNSUPPORTED] = "unsupported",
		[E_INVALID] = "invalid",
		[E_LIMIT] = "limit",
		[E_BUSY] = "busy",
		[E_STALE] = "stale",
		[E_NEEDS_STORE] = "needs_store",
		[E_UNAVAILABLE] = "unavailable",
		[E_IO] = "io",
		[E_FULL] = "full",
		[E_CORRUPT] = "corrupt",
		[E_CRYPTO] = "crypto",
		[E_MEMORY] = "memory",
		[E_INTERNAL] = "internal",
	};
	size_t i = (size_t)rc;

	return i < sizeof names / sizeof *names ? names[i] : "unknown";
}
