/*
 * URI templates (RFC 6570 section 2): literals, and expressions in braces, such as /users/{id} or
 * {?page,size}. An expression may begin with an operator; each of its variables may end with "*" or
 * with a length such as ":3".
 */
#include "schema/format/format_checks.h"

#include "base/text.h"

/* Reads varname = varchar *( ["."] varchar ) at `*at` and moves past it. */
static bool read_variable(struct slice text, size_t *at)
{
	bool is_dot_allowed = false;
	size_t start = *at;

	while (*at < text.len) {
		char c = text.data[*at];

		if (is_ascii_letter(c) || is_ascii_digit(c) || c == '_') {
			is_dot_allowed = true;
			(*at)++;
		} else if (is_percent_encoded(text, *at)) {
			is_dot_allowed = true;
			*at += 3;
		} else if (c == '.' && is_dot_allowed) {
			is_dot_allowed = false;
			(*at)++;
		} else {
			break;
		}
	}
	return *at != start && text.data[*at - 1] != '.';
}

/* Reads "*", or ":" and a number from 1 to 9999 without a leading zero, or nothing. */
static bool read_modifier(struct slice text, size_t *at)
{
	size_t digits = 0;

	if (*at < text.len && text.data[*at] == '*') {
		(*at)++;
		return true;
	}
	if (*at == text.len || text.data[*at] != ':')
		return true;
	(*at)++;
	if (*at < text.len && text.data[*at] == '0')
		return false;
	for (; *at < text.len && is_ascii_digit(text.data[*at]); (*at)++)
		digits++;
	return digits >= 1 && digits <= 4;
}

/* The text between two braces. */
static bool is_expression(struct slice text)
{
	size_t at = text.len != 0 && is_one_of(text.data[0], "+#./;?&=,!@|") ? 1 : 0;

	while (read_variable(text, &at) && read_modifier(text, &at)) {
		if (at == text.len)
			return true;
		if (text.data[at++] != ',')
			return false;
	}
	return false;
}

/* Literals and expressions (section 2.1); a brace outside an expression is not allowed. */
bool is_uri_template(struct slice text)
{
	for (size_t at = 0; at < text.len;) {
		char c = text.data[at];

		if (c == '{') {
			struct slice rest = slice_from(text, at + 1);
			const char *close = rest.len != 0 ? memchr(rest.data, '}', rest.len) : NULL;

			if (close == NULL ||
			    !is_expression(slice_first(rest, (size_t)(close - rest.data))))
				return false;
			at = (size_t)(close - text.data) + 1;
		} else if ((unsigned char)c >= 0x80) {
			if (!is_iri_character(utf8_next(text, &at), true))
				return false;
		} else if (is_percent_encoded(text, at)) {
			at += 3;
		} else if (c <= ' ' || c == 0x7f || is_one_of(c, "\"%<>\\^`|}")) {
			return false;
		} else {
			at++;
		}
	}
	return true;
}
