#include "base/result.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void set_text(struct error *err, const char *fmt, va_list args)
{
	vsnprintf(err->text, sizeof err->text, fmt, args);
}

enum result fail(struct error *err, enum result rc, const char *fmt, ...)
{
	va_list args;

	if (err == NULL)
		return rc;
	err->line = 0;
	err->column = 0;
	va_start(args, fmt);
	set_text(err, fmt, args);
	va_end(args);
	return rc;
}

enum result fail_at(struct error *err, enum result rc, uint32_t line, uint32_t column,
		    const char *fmt, ...)
{
	va_list args;

	if (err == NULL)
		return rc;
	err->line = line;
	err->column = column;
	va_start(args, fmt);
	set_text(err, fmt, args);
	va_end(args);
	return rc;
}

enum result fail_errno(struct error *err, enum result rc, const char *fmt, ...)
{
	int saved = errno;
	va_list args;
	size_t used;

	if (err == NULL)
		return rc;
	err->line = 0;
	err->column = 0;
	va_start(args, fmt);
	set_text(err, fmt, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof err->text - used, ": %s", strerror(saved));
	return rc;
}

enum result wrap(struct error *err, enum result rc, const char *fmt, ...)
{
	char inner[ERROR_TEXT_BYTES];
	va_list args;
	size_t used;

	if (err == NULL)
		return rc;
	memcpy(inner, err->text, sizeof inner);
	va_start(args, fmt);
	set_text(err, fmt, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof err->text - used, ": %s", inner);
	return rc;
}

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
		[E_UNAVAILABLE] = "unavailable",
		[E_IO] = "io",
		[E_CORRUPT] = "corrupt",
		[E_CRYPTO] = "crypto",
		[E_MEMORY] = "memory",
		[E_INTERNAL] = "internal",
	};
	size_t i = (size_t)rc;

	return i < sizeof names / sizeof *names ? names[i] : "unknown";
}
