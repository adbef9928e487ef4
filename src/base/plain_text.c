/*
 * The rule for texts that a client sends and others read, such as the message of a write.
 *
 * A control character could move the cursor of a terminal; a change of direction could show a text
 * in another order than its bytes (CVE-2021-42574); a line separator could look like an entry of
 * its own. Such a text is refused and not cleaned, so that the stored text is the one that was
 * sent.
 */
#include "base/plain_text.h"

#include "base/utf8.h"

/* C0, DEL and C1; the bidirectional controls of UAX 9 (61C, 200E, 200F, 202A to 202E, 2066 to
 * 2069); the separators 2028 and 2029. Fewer than text_is_hidden() escapes: joiners such as U+200D
 * belong to ordinary texts of some languages. */
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
