/*
 * Text from an input, made safe for a terminal and for people. Control characters could move the
 * cursor, and other invisible characters could make a text look different from what it is: both are
 * escaped.
 */
#pragma once

#include "base/slice.h"

/* Whether a character is escaped: control characters, characters that change the direction of text,
 * and characters without a glyph. The end of a line and the tab are control characters too. */
bool text_is_hidden(uint32_t code_point);

#define TEXT_VISIBLE_BYTES 11 /* the longest, \U0010ffff, and a NUL */

/* Writes the character of `s` at `*at` to `ret` and moves `*at` past it: unchanged, or as \xNN
 * (ASCII, or a byte that is not UTF-8), \uNNNN or \UNNNNNNNN. `*at` must be less than the length of
 * `s`, which may hold any bytes. Returns the length, at most 10; `ret` is not NUL-terminated. */
size_t text_visible(char ret[static TEXT_VISIBLE_BYTES], struct slice s, size_t *at);

/* A name (a key or a path, never a value) in double quotes for a message. '"' and '\\' are escaped,
 * and what text_visible() escapes. Cut with "..." to fit into `size` (at least 16 bytes), between
 * characters. Returns `ret`. */
const char *text_quote(char *ret, size_t size, struct slice name);
