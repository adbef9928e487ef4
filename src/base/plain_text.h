/* Text that a client sends to be kept and shown to others: it must not disturb the text around
 * it. */
#pragma once

#include "base/slice.h"

/* Whether a text is valid UTF-8 and has no control characters (C0, DEL, C1), line separators and
 * characters that change the direction of text. `may_have_lines`: tabs and ends of lines are
 * allowed. An empty text is plain. The caller bounds the length: each byte is read twice. */
bool text_is_plain(struct slice text, bool may_have_lines);
