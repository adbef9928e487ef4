/*
 * Pointers (RFC 6901; draft-bhutton-relative-json-pointer-00) and UUIDs (RFC 4122 section 3).
 *
 * In a JSON pointer only "~0" and "~1" may follow a tilde. A relative one begins with a number
 * without leading zeros: "0", "1/name", "2#". UUIDs of every version and variant are valid, in
 * upper and lower case.
 */
#include "schema/format/format_checks.h"

bool is_json_pointer(struct slice text)
{
	if (text.len != 0 && text.data[0] != '/')
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '~' &&
		    (i + 1 == text.len || (text.data[i + 1] != '0' && text.data[i + 1] != '1')))
			return false;
	return true;
}

bool is_relative_json_pointer(struct slice text)
{
	size_t at = 0;

	while (at < text.len && is_ascii_digit(text.data[at]))
		at++;
	if (at == 0 || (at > 1 && text.data[0] == '0'))
		return false;
	text = slice_from(text, at);
	return slice_is_text(text, "#") || is_json_pointer(text);
}

bool is_uuid(struct slice text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (text.len != sizeof form - 1)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (form[i] == '-' ? text.data[i] != '-' : !is_ascii_hex(text.data[i]))
			return false;
	return true;
}
