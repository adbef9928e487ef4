/*
 * The check of each format, for the table in format.c. `text` is valid UTF-8 and may contain NULs;
 * the whole of it must have the format. Below them are the character tests that several files use.
 */
#pragma once

#include "base/slice.h"

#include <stdbool.h>

/* RFC 3339 section 5.6, and its appendix A for durations: 2026-11-20, 21:04:23Z, both with a T
 * between them, P3DT4H. */
bool is_date(struct slice text);
bool is_time(struct slice text);
bool is_date_time(struct slice text);
bool is_duration(struct slice text);

/* RFC 2673 section 3.2, RFC 4291 section 2.2, RFC 1123 section 2.1, RFC 5890: 192.0.2.1,
 * 2001:db8::1, api.example.org; an idn-hostname may have letters beyond ASCII. */
bool is_ipv4(struct slice text);
bool is_ipv6(struct slice text);
bool is_hostname(struct slice text);
bool is_idn_hostname(struct slice text);

/* 1 to 63 letters, digits and hyphens; the first and the last is not a hyphen (RFC 1123 section
 * 2.1). */
bool is_ldh_label(struct slice text);

/* RFC 5321 section 4.1.2, RFC 6531 section 3.3: an address without a display name. Only that of
 * is_idn_email() may have characters beyond ASCII. */
bool is_email(struct slice text);
bool is_idn_email(struct slice text);

/* RFC 3986, RFC 3987, RFC 6570. is_uri() and is_iri() need a scheme; a reference may be
 * relative. */
bool is_uri(struct slice text);
bool is_uri_reference(struct slice text);
bool is_iri(struct slice text);
bool is_iri_reference(struct slice text);
bool is_uri_template(struct slice text);

/* ucschar, and iprivate where it is allowed (RFC 3987 section 2.2). */
bool is_iri_character(uint32_t code_point, bool is_private_allowed);
/* '%' and two hexadecimal digits at `at`, which is at most `text.len`. */
bool is_percent_encoded(struct slice text, size_t at);

/* RFC 4122, RFC 6901, draft-bhutton-relative-json-pointer-00, ECMA-262. */
bool is_uuid(struct slice text);
bool is_json_pointer(struct slice text);
bool is_relative_json_pointer(struct slice text);
bool is_regex(struct slice text);

/* Not isdigit() and its like: those depend on the locale and are undefined for bytes above 127
 * where char is signed. */
static inline bool is_ascii_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_ascii_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool is_ascii_hex(char c)
{
	return is_ascii_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Whether `c` is in `set`; false for NUL. */
static inline bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}
