/* Base64 (RFC 4648), strict: no blanks, exactly the padding that is due, no stray bits. */
#pragma once

#include "base/buf.h"

enum base64_form {
	BASE64_STANDARD, /* section 4, with padding */
	BASE64_URL,	 /* section 5, without */
};

/* Appends the text. The buffer fails without memory. */
void base64_append(struct buf *b, enum base64_form form, const void *data, size_t len);

/* Decodes exactly `len` bytes; false for any other text. `ret` is wiped on failure. */
bool base64_parse(enum base64_form form, struct slice text, void *ret, size_t len);

/* Decodes any number of bytes and appends them. False, with `ret` unchanged, for a malformed text
 * or when there is no memory (the buffer has then failed). */
bool base64_decode(enum base64_form form, struct slice text, struct buf *ret);
