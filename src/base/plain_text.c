#include "base/plain_text.h"

#include "base/utf8.h"

static bool is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x61c || cp == 0x200e ||
	       cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

bool text_is_plain(struct slice text, bool may_have_lines)
{
	size_t at = 0;

	if (utf8_check(text) != SIZE_MAX)
		return false;
	while (at < text.len) {
		uint32_t cp = utf8_next(text, &at);

		if (is_control(cp) && !(may_have_lines && (cp == '\t' || cp == '\n' || cp == '\r')))
			return false;
	}
	return true;
}
