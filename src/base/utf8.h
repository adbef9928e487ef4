/* UTF-8: checking, counting, walking. */
#pragma once

#include "base/slice.h"

/* Strict UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF). SIZE_MAX when all is
 * valid, else the offset of the first bad byte. */
size_t utf8_check(struct slice s);

/* Decodes the code point at `s.data[*at]` and moves `*at` past it; the text must be valid UTF-8. */
uint32_t utf8_next(struct slice s, size_t *at);

/* Code points in valid UTF-8. */
size_t utf8_length(struct slice s);

/* The length of the text without a character that was cut at its end. */
size_t utf8_whole(struct slice s);

/* Line and column (both from 1; the column counts code points, a bad byte as one) of a byte offset. */
void text_position(struct slice s, size_t offset, uint32_t *ret_line, uint32_t *ret_column);
