#include "base/slice.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(slice, order_is_by_unsigned_bytes_then_length)
{
	static const struct {
		const char *a, *b;
		int order;
	} cases[] = {
		{"", "", 0}, {"", "a", -1}, {"a", "b", -1}, {"a", "aa", -1}, {"a\x7f", "a\xc3", -1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int order = slice_compare(slice_text(cases[i].a), slice_text(cases[i].b));
		int back = slice_compare(slice_text(cases[i].b), slice_text(cases[i].a));

		cr_expect_eq((order > 0) - (order < 0), cases[i].order);
		cr_expect_eq((back > 0) - (back < 0), -cases[i].order);
	}
}

Test(slice, parts_come_one_by_one_the_empty_ones_too)
{
	struct slice rest = SLICE_LITERAL("a//b/"), part;
	static const char *const expected[] = {"a", "", "b", ""};

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		cr_assert(slice_next_part(&rest, '/', &part));
		cr_expect(slice_is_text(part, expected[i]), "part %zu", i);
	}
	cr_expect_not(slice_next_part(&rest, '/', &part));
	rest = SLICE_LITERAL("");
	cr_expect(slice_next_part(&rest, '/', &part) && part.len == 0);
	cr_expect_not(slice_next_part(&rest, '/', &part));
}

Test(slice, numbers_are_digits_within_a_bound)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool is_good;
		uint64_t value;
	} cases[] = {
		{"0", 10, true, 0},
		{"10", 10, true, 10},
		{"11", 10, false, 0},
		{"007", 10, true, 7},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, false, 0},
		{"99999999999999999999999", UINT64_MAX, false, 0},
		{"", 10, false, 0},
		{"-1", 10, false, 0},
		{"+1", 10, false, 0},
		{" 1", 10, false, 0},
		{"1x", 10, false, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t value = 77;

		cr_expect_eq(slice_to_u64(slice_text(cases[i].text), cases[i].max, &value),
			     cases[i].is_good, "%s", cases[i].text);
		cr_expect_eq(value, cases[i].is_good ? cases[i].value : 77);
	}
}

Test(slice, pieces_never_reach_beyond_the_end)
{
	struct slice s = SLICE_LITERAL("abc");

	cr_expect(slice_is_text(slice_from(s, 1), "bc"));
	cr_expect(slice_is_text(slice_from(s, 3), ""));
	cr_expect(slice_is_text(slice_from(s, 99), ""));
	cr_expect(slice_is_text(slice_first(s, 2), "ab"));
	cr_expect(slice_is_text(slice_first(s, 99), "abc"));
	cr_expect(slice_starts_with(s, SLICE_LITERAL("")));
	cr_expect(slice_starts_with(s, SLICE_LITERAL("ab")));
	cr_expect_not(slice_starts_with(s, SLICE_LITERAL("abcd")));
	cr_expect(slice_is_equal(SLICE_NULL, SLICE_LITERAL("")));
}

/* Every byte and the length count, at each length around the bounds of the hash's branches. */
Test(hash, changing_any_byte_or_the_length_changes_it)
{
	unsigned char bytes[70];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 37 + 1);
	for (size_t len = 0; len < sizeof bytes; len++) {
		uint64_t hash = hash_bytes(bytes, len);

		cr_expect_eq(hash, hash_bytes(bytes, len));
		cr_expect_neq(hash, hash_bytes(bytes, len + 1));
		for (size_t i = 0; i < len; i++) {
			bytes[i] ^= 0x10;
			cr_expect_neq(hash, hash_bytes(bytes, len), "byte %zu of %zu", i, len);
			bytes[i] ^= 0x10;
		}
	}
}

Test(hash, short_keys_do_not_fall_together)
{
	enum { COUNT = 26 * 26 * 26 };
	static uint64_t hashes[COUNT];
	size_t low_bits[256] = {0};

	for (size_t i = 0; i < COUNT; i++) {
		char key[3] = {(char)('a' + i / 676), (char)('a' + i / 26 % 26),
			       (char)('a' + i % 26)};

		hashes[i] = hash_bytes(key, sizeof key);
		low_bits[hashes[i] % 256]++;
	}
	for (size_t i = 0; i < COUNT; i += 97) {
		for (size_t j = i + 1; j < COUNT; j++)
			cr_assert_neq(hashes[i], hashes[j]);
	}
	/* 68.7 each on average; 6 standard deviations are 50. */
	for (size_t i = 0; i < 256; i++)
		cr_expect(low_bits[i] > 18 && low_bits[i] < 119, "%zu", low_bits[i]);
}
