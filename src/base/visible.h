/* Text from outside as it may be shown on a terminal. */
#pragma once

#include "base/slice.h"

/* Whether a character could move a terminal's cursor, or have text read otherwise than it is: control
 * characters, what changes the direction of text, and what has no glyph. */
bool text_is_hidden(uint32_t code_point);

#define TEXT_VISIBLE_BYTES 11 /* the longest, \U0010ffff, and a NUL */

/* Gives the character of `s` at `*at`, and moves `*at` past it, so that it can be shown on a terminal: as it
 * is, or as \xNN (ASCII, or a byte that is not UTF-8), \uNNNN or \UNNNNNNNN. Gives the length; `ret` is not
 * a terminated text. */
size_t text_visible(char ret[static TEXT_VISIBLE_BYTES], struct slice s, size_t *at);

/* A name (a key, a path; never a value) in double quotes for a message: '"' and '\\' escaped, and what
 * text_visible() escapes as \xNN, \uNNNN or \UNNNNNNNN. Cut with "..." to fit, at least 16 bytes, never
 * inside a character. Gives back `ret`. */
const char *text_quote(char *ret, size_t size, struct slice name);
