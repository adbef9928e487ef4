/* Text: UTF-8, JSON string escapes, hexadecimal, near words for "did you mean". */
#pragma once

#include "base/buf.h"
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

/* Appends a code point (a valid scalar value) as UTF-8. */
void utf8_append(struct buf *b, uint32_t code_point);

/* Line and column (both from 1; the column counts code points, a bad byte as one) of a byte offset. */
void text_position(struct slice s, size_t offset, uint32_t *ret_line, uint32_t *ret_column);

/* Appends the text as a JSON string with its quotes; escapes only what RFC 8259 section 7 demands.
 * The text must be valid UTF-8. */
void json_append_string(struct buf *b, struct slice s);
void json_append_escape(struct buf *b, uint16_t unit); /* \uXXXX of one UTF-16 unit */

/* Whether a character could move a terminal's cursor, or have text read otherwise than it is: control
 * characters, what changes the direction of text, and what has no glyph. */
bool text_is_hidden(uint32_t code_point);

#define TEXT_VISIBLE_BYTES 11 /* the longest, \U0010ffff, and a NUL */

/* Gives the character of `s` at `*at`, and moves `*at` past it, so that it can be shown on a terminal: as it
 * is, or as \xNN (ASCII, or a byte that is not UTF-8), \uNNNN or \UNNNNNNNN. Gives the length; `ret` is not
 * a terminated text. */
size_t text_visible(char ret[static TEXT_VISIBLE_BYTES], struct slice s, size_t *at);

/* Appends the whole text so; ASCII characters in `kept`, such as "\n\t", stay as they are. */
void text_append_visible(struct buf *b, struct slice s, const char *kept);

/* A name (a key, a path; never a value) in double quotes for a message: '"' and '\\' escaped, and what
 * text_visible() escapes as \xNN, \uNNNN or \UNNNNNNNN. Cut with "..." to fit, at least 16 bytes, never
 * inside a character. Gives back `ret`. */
const char *text_quote(char *ret, size_t size, struct slice name);

int hex_digit(char c);					      /* its value, either case, or -1 */
void hex_append(struct buf *b, const void *data, size_t len); /* lower case */
bool hex_parse(struct slice text, void *ret, size_t len);     /* exactly 2 * len digits */

/* The candidate nearest to `word` within an edit distance of a third of its length (at most 3), or
 * SLICE_NULL. Words over 64 bytes have none. */
struct slice text_nearest(struct slice word, const struct slice *candidates, size_t count);
