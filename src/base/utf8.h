/*
 * UTF-8 (RFC 3629): checking, decoding, counting, and places in a text. Offsets and lengths are in
 * bytes unless the text says code points. Nothing is normalized: two texts are the same if their
 * bytes are.
 */
#pragma once

#include "base/slice.h"

/* Checks strictly: no overlong forms, no surrogates, at most U+10FFFF. SIZE_MAX when the text is
 * valid, else the offset of the first character that is not. */
size_t utf8_check(struct slice s);

/* Decodes the code point at `s.data[*at]` and moves `*at` past it; the text must be valid UTF-8,
 * and `*at` must be less than its length. */
uint32_t utf8_next(struct slice s, size_t *at);

/* The number of code points in valid UTF-8. */
size_t utf8_length(struct slice s);

/* The length of the text without an incomplete character at its end: for texts that were cut at a
 * number of bytes. */
size_t utf8_whole(struct slice s);

/* The line and column of a byte offset, both from 1. The column counts code points; a byte that is
 * not UTF-8 counts as one. */
void text_position(struct slice s, size_t offset, uint32_t *ret_line, uint32_t *ret_column);
