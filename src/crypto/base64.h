/* Base64 (RFC 4648), strict: no blanks, no other padding than the due one, no stray bits. */
#pragma once

#include "base/buf.h"

enum base64_form {
	BASE64_STANDARD, /* section 4, with padding */
	BASE64_URL,	 /* section 5, without */
};

void base64_append(struct buf *b, enum base64_form form, const void *data, size_t len);

/* Exactly `len` bytes; `ret` is wiped on failure. */
bool base64_parse(enum base64_form form, struct slice text, void *ret, size_t len);

/* Appends any number of bytes. False, and `ret` as it was, for what is malformed or when memory is
 * short (then the buffer is failed). */
bool base64_decode(enum base64_form form, struct slice text, struct buf *ret);
