/* Each format's check by itself: `text` is valid UTF-8 and may hold NULs; the whole of it must match. */
#pragma once

#include "base/slice.h"

#include <stdbool.h>

bool is_date(struct slice text);
bool is_time(struct slice text);
bool is_date_time(struct slice text);
bool is_duration(struct slice text);

bool is_ipv4(struct slice text);
bool is_ipv6(struct slice text);
bool is_hostname(struct slice text);
bool is_idn_hostname(struct slice text);

/* Letters, digits and hyphens, neither first nor last a hyphen, 1 to 63 of them (RFC 1123 section 2.1). */
bool is_ldh_label(struct slice text);

bool is_email(struct slice text);
bool is_idn_email(struct slice text);

bool is_uri(struct slice text);
bool is_uri_reference(struct slice text);
bool is_iri(struct slice text);
bool is_iri_reference(struct slice text);
bool is_uri_template(struct slice text);

/* ucschar, and iprivate where asked for (RFC 3987 section 2.2). */
bool is_iri_character(uint32_t code_point, bool is_private_allowed);
/* '%' and two hexadecimal digits at `at`. */
bool is_percent_encoded(struct slice text, size_t at);

bool is_uuid(struct slice text);
bool is_json_pointer(struct slice text);
bool is_relative_json_pointer(struct slice text);
bool is_regex(struct slice text);

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

/* Whether `c` is in `set`, which NUL never is. */
static inline bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}
