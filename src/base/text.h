/*
 * Text in buffers: UTF-8, JSON strings, text for a terminal, hexadecimal; and similar words for
 * "did you mean". Functions that need no buffer are in utf8.h and visible.h.
 */
#pragma once

#include "base/buf.h"
#include "base/slice.h"
#include "base/utf8.h"
#include "base/visible.h"

/* Appends a code point as UTF-8. It must be a scalar value: at most U+10FFFF and no surrogate; the
 * function does not check that. */
void utf8_append(struct buf *b, uint32_t code_point);

/* Appends the text as a JSON string with its quotes, and escapes only what RFC 8259 section 7
 * requires. The text must be valid UTF-8. */
void json_append_string(struct buf *b, struct slice s);
void json_append_escape(struct buf *b, uint16_t unit); /* \uXXXX of one UTF-16 unit */

/* Appends the whole text as text_visible() shows it; ASCII characters in `kept`, such as "\n\t",
 * are not escaped. */
void text_append_visible(struct buf *b, struct slice s, const char *kept);

/* Hexadecimal. hex_parse() writes `len` bytes to `ret`; when it returns false, `ret` may hold
 * the first of them. Their time depends on the digits: not where an attacker could measure it. */
int hex_digit(char c);					      /* its value, either case, or -1 */
void hex_append(struct buf *b, const void *data, size_t len); /* lower case */
bool hex_parse(struct slice text, void *ret, size_t len);     /* exactly 2 * len digits */

/* The candidate that is most similar to `word`, within an edit distance of a third of its length
 * (at most 3), or SLICE_NULL. Words over 64 bytes have no similar word. Borrows from `candidates`.
 * The time is bounded by 4,096 steps for each candidate, so the caller bounds `count`. */
struct slice text_nearest(struct slice word, const struct slice *candidates, size_t count);
