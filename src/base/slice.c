/*
 * Slices: order, parts, numbers and a hash. Nothing here allocates or keeps state; any thread may
 * call. The functions that are short enough to be inlined stand in slice.h.
 */
#include "base/slice.h"

/* memcmp() must not get NULL, even for 0 bytes (C17 7.24.1), and an empty slice may have NULL. */
int slice_compare(struct slice a, struct slice b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter != 0 ? memcmp(a.data, b.data, shorter) : 0;

	if (order != 0)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

bool slice_next_part(struct slice *rest, char separator, struct slice *part)
{
	const char *end;

	if (rest->data == NULL)
		return false;
	end = rest->len != 0 ? memchr(rest->data, separator, rest->len) : NULL;
	if (end == NULL) {
		*part = *rest;
		*rest = SLICE_NULL;
		return true;
	}
	*part = slice_make(rest->data, (size_t)(end - rest->data));
	*rest = slice_from(*rest, part->len + 1);
	return true;
}

/* Leading zeros are allowed. An overflow ends it at once, so a long text costs no more than 20
 * digits and its zeros. */
bool slice_to_u64(struct slice s, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned char)s.data[i] - (unsigned)'0';

		if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	if (value > max)
		return false;
	*ret = value;
	return true;
}

/* Byte order of the machine, at any address: the hash is never stored or sent. */
static uint64_t read_u64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

/* In the manner of wyhash: 16 bytes for each multiplication. The first constant is 2^64 divided
 * by the golden ratio; the second has no meaning but its scattered bits. */
uint64_t hash_long_bytes(const void *data, size_t len)
{
	const uint64_t k0 = UINT64_C(0x9e3779b97f4a7c15), k1 = UINT64_C(0xd6e8feb86659fd93);
	const unsigned char *p = data;
	uint64_t h = k0 ^ len;
	size_t left = len;

	for (; left > 16; left -= 16, p += 16)
		h = hash_fold(read_u64(p) ^ k1, read_u64(p + 8) ^ h);
	/* The last 16 bytes, which may overlap those before. */
	p = (const unsigned char *)data + len - 16;
	h = hash_fold(read_u64(p) ^ k1, read_u64(p + 8) ^ h);
	return hash_fold(h ^ len, k0 ^ k1);
}
