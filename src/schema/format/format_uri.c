/* URIs (RFC 3986 appendix A) and IRIs (RFC 3987 section 2.2), read from left to right by the same
 * functions. */
#include "schema/format/format_checks.h"

#include "base/text.h"

#define UNRESERVED_AND_DELIMITERS "-._~!$&'()*+,;="

bool is_iri_character(uint32_t c, bool is_private_allowed)
{
	if ((c >= 0xa0 && c <= 0xd7ff) || (c >= 0xf900 && c <= 0xfdcf) ||
	    (c >= 0xfdf0 && c <= 0xffef))
		return true;
	if (c >= 0x10000 && c <= 0xeffff)
		return (c & 0xffff) <= 0xfffd && (c < 0xe0000 || c >= 0xe1000);
	return is_private_allowed && ((c >= 0xe000 && c <= 0xf8ff) ||
				      (c >= 0xf0000 && c <= 0x10ffff && (c & 0xffff) <= 0xfffd));
}

bool is_percent_encoded(struct slice text, size_t at)
{
	return text.len - at >= 3 && text.data[at] == '%' && is_ascii_hex(text.data[at + 1]) &&
	       is_ascii_hex(text.data[at + 2]);
}

/* The characters of one part of a URI. In an IRI characters beyond ASCII are allowed in every part,
 * those for private use in the query only. */
struct part {
	const char *others; /* that it allows besides letters, digits and percent-encoding */
	bool is_private_allowed;
};

static const struct part user_part = {UNRESERVED_AND_DELIMITERS ":", false};
static const struct part name_part = {UNRESERVED_AND_DELIMITERS, false};
static const struct part path_part = {UNRESERVED_AND_DELIMITERS ":@/", false};
static const struct part query_part = {UNRESERVED_AND_DELIMITERS ":@/?", true};
static const struct part fragment_part = {UNRESERVED_AND_DELIMITERS ":@/?", false};

/* A part must consist of its characters and of percent-encoding. */
static bool check_part(struct slice text, const struct part *part, bool is_iri)
{
	for (size_t at = 0; at < text.len;) {
		char c = text.data[at];

		if ((unsigned char)c >= 0x80) {
			if (!is_iri ||
			    !is_iri_character(utf8_next(text, &at), part->is_private_allowed))
				return false;
		} else if (is_ascii_letter(c) || is_ascii_digit(c) || is_one_of(c, part->others)) {
			at++;
		} else if (is_percent_encoded(text, at)) {
			at += 3;
		} else {
			return false;
		}
	}
	return true;
}

/* Removes the text before the first character of `ends` from `*rest` and returns it. */
static struct slice take_until(struct slice *rest, const char *ends)
{
	size_t len = 0;
	struct slice taken;

	while (len < rest->len && !is_one_of(rest->data[len], ends))
		len++;
	taken = slice_first(*rest, len);
	*rest = slice_from(*rest, len);
	return taken;
}

/* A letter, then letters, digits, "+", "-" and "." (RFC 3986 section 3.1). */
static bool is_scheme(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (!is_ascii_letter(c) && (i == 0 || (!is_ascii_digit(c) && !is_one_of(c, "+-."))))
			return false;
	}
	return text.len != 0;
}

/* "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ) */
static bool is_future_address(struct slice text)
{
	size_t at = 1;

	if (text.len < 4 || (text.data[0] | 0x20) != 'v')
		return false;
	while (at < text.len && is_ascii_hex(text.data[at]))
		at++;
	if (at == 1 || at + 1 >= text.len || text.data[at] != '.')
		return false;
	return check_part(slice_from(text, at + 1), &user_part, false) &&
	       memchr(text.data, '%', text.len) == NULL;
}

/* May be empty, as in "http://example.org:/" (RFC 3986 section 3.2.3). */
static bool is_port(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_ascii_digit(text.data[i]))
			return false;
	return true;
}

/* [ userinfo "@" ] host [ ":" port ], where the host may be an IP literal in brackets. */
static bool check_authority(struct slice text, bool is_iri)
{
	const char *at = text.len != 0 ? memchr(text.data, '@', text.len) : NULL;
	struct slice host;

	if (at != NULL) {
		if (!check_part(slice_first(text, (size_t)(at - text.data)), &user_part, is_iri))
			return false;
		text = slice_from(text, (size_t)(at - text.data) + 1);
	}
	if (text.len != 0 && text.data[0] == '[') {
		text = slice_from(text, 1);
		host = take_until(&text, "]");
		if (text.len == 0 || (!is_ipv6(host) && !is_future_address(host)))
			return false;
		text = slice_from(text, 1);
		if (text.len != 0 && text.data[0] != ':')
			return false;
	} else if (!check_part(take_until(&text, ":"), &name_part, is_iri)) {
		return false;
	}
	return text.len == 0 || is_port(slice_from(text, 1));
}

/* URI-reference; with `needs_scheme` a URI. */
static bool check_reference(struct slice rest, bool is_iri, bool needs_scheme)
{
	struct slice ahead = rest, scheme = take_until(&ahead, ":/?#");

	if (ahead.len != 0 && ahead.data[0] == ':') {
		/* Without a scheme the first segment may not have a colon. */
		if (!is_scheme(scheme))
			return false;
		rest = slice_from(ahead, 1);
	} else if (needs_scheme) {
		return false;
	}
	if (slice_starts_with(rest, SLICE_LITERAL("//"))) {
		rest = slice_from(rest, 2);
		if (!check_authority(take_until(&rest, "/?#"), is_iri))
			return false;
	}
	if (!check_part(take_until(&rest, "?#"), &path_part, is_iri))
		return false;
	if (rest.len != 0 && rest.data[0] == '?') {
		rest = slice_from(rest, 1);
		if (!check_part(take_until(&rest, "#"), &query_part, is_iri))
			return false;
	}
	return rest.len == 0 || check_part(slice_from(rest, 1), &fragment_part, is_iri);
}

bool is_uri(struct slice text)
{
	return check_reference(text, false, true);
}

bool is_uri_reference(struct slice text)
{
	return check_reference(text, false, false);
}

bool is_iri(struct slice text)
{
	return check_reference(text, true, true);
}

bool is_iri_reference(struct slice text)
{
	return check_reference(text, true, false);
}
