/*
 * Uses libsodium, whose time does not depend on the bytes: tokens and keys are encoded here.
 *
 * libsodium checks the padding and the unused bits of the last digit. This file adds the limits of
 * our buffers and refuses what libsodium accepts beyond ASCII. Bytes of a text that turns out
 * malformed are wiped: they may be the beginning of a secret. Pure functions; any thread may call
 * them.
 */
#include "crypto/base64.h"

#include <sodium.h>

static int variant(enum base64_form form)
{
	return form == BASE64_URL ? sodium_base64_VARIANT_URLSAFE_NO_PADDING
				  : sodium_base64_VARIANT_ORIGINAL;
}

void base64_append(struct buf *b, enum base64_form form, const void *data, size_t len)
{
	size_t size;

	/* sodium_base64_encoded_len() would overflow for more than 3/4 of SIZE_MAX. */
	if (len > SIZE_MAX / 2) {
		b->is_failed = true;
		return;
	}
	size = sodium_base64_encoded_len(len, variant(form)); /* with the NUL */
	if (!buf_reserve(b, size))
		return;
	sodium_bin2base64(b->data + b->len, size, data, len, variant(form));
	b->len += size - 1;
}

/* libsodium 1.0.18 accepts some bytes beyond ASCII as digits. */
static bool is_ascii(struct slice text)
{
	unsigned char all = 0;

	for (size_t i = 0; i < text.len; i++)
		all |= (unsigned char)text.data[i];
	return all < 0x80;
}

static bool decode(enum base64_form form, struct slice text, void *ret, size_t max, size_t *ret_len)
{
	return is_ascii(text) && sodium_base642bin(ret, max, text.data, text.len, NULL, ret_len,
						   NULL, variant(form)) == 0;
}

bool base64_parse(enum base64_form form, struct slice text, void *ret, size_t len)
{
	size_t got = 0;

	if (decode(form, text, ret, len, &got) && got == len)
		return true;
	sodium_memzero(ret, len);
	return false;
}

/* The bound on `max` is generous: four digits make three bytes, and fewer digits make at most
 * two. */
bool base64_decode(enum base64_form form, struct slice text, struct buf *ret)
{
	size_t max = text.len / 4 * 3 + 3, got = 0;

	if (!buf_reserve(ret, max))
		return false;
	if (!decode(form, text, ret->data + ret->len, max, &got)) {
		sodium_memzero(ret->data + ret->len, max);
		ret->data[ret->len] = '\0';
		return false;
	}
	ret->len += got;
	ret->data[ret->len] = '\0';
	return true;
}
