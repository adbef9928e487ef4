#include "access/token.h"

#include <criterion/criterion.h>
#include <string.h>

static bool contains(const char *range_text, const char *address_text)
{
	struct address_range range;
	uint8_t address[16];

	cr_assert(address_range_parse(slice_text(range_text), &range), "%s", range_text);
	cr_assert(address_parse(slice_text(address_text), address), "%s", address_text);
	return address_ranges_contain(&range, 1, address);
}

Test(address, a_range_holds_what_shares_its_first_bits)
{
	cr_expect(contains("10.0.0.0/8", "10.255.0.1"));
	cr_expect_not(contains("10.0.0.0/8", "11.0.0.1"));
	cr_expect(contains("192.0.2.7", "192.0.2.7"));
	cr_expect_not(contains("192.0.2.7", "192.0.2.6"));
	cr_expect(contains("192.0.2.128/25", "192.0.2.129"));
	cr_expect_not(contains("192.0.2.128/25", "192.0.2.127"));
	cr_expect(contains("2001:db8::/32", "2001:db8:1::1"));
	cr_expect_not(contains("2001:db8::/32", "2001:db9::1"));
	cr_expect(contains("0.0.0.0/0", "8.8.8.8"));
}

Test(address, an_ipv4_address_is_its_mapped_form_and_not_within_an_ipv6_range)
{
	cr_expect(contains("127.0.0.0/8", "::ffff:127.0.0.1"));
	cr_expect_not(contains("0.0.0.0/0", "2001:db8::1"));
}

Test(address, without_ranges_every_address_is_allowed)
{
	uint8_t address[16] = {0};

	cr_expect(address_ranges_contain(NULL, 0, address));
}

Test(address, one_range_of_several_is_enough_and_none_is_not)
{
	struct address_range ranges[2];
	uint8_t first[16], second[16], other[16];

	cr_assert(address_range_parse(SLICE_LITERAL("10.0.0.0/8"), &ranges[0]));
	cr_assert(address_range_parse(SLICE_LITERAL("2001:db8::/33"), &ranges[1]));
	cr_assert(address_parse(SLICE_LITERAL("10.1.2.3"), first));
	cr_assert(address_parse(SLICE_LITERAL("2001:db8:7fff::"), second));
	cr_assert(address_parse(SLICE_LITERAL("2001:db8:8000::"), other));
	cr_expect(address_ranges_contain(ranges, 2, first));
	cr_expect(address_ranges_contain(ranges, 2, second));
	cr_expect_not(address_ranges_contain(ranges, 2, other));
}

Test(address, the_bits_of_an_ipv4_range_are_counted_in_its_mapped_form)
{
	struct address_range range;

	cr_assert(address_range_parse(SLICE_LITERAL("10.0.0.0/32"), &range));
	cr_expect_eq(range.bits, 128);
	cr_assert(address_range_parse(SLICE_LITERAL("10.0.0.0"), &range));
	cr_expect_eq(range.bits, 128);
	cr_assert(address_range_parse(SLICE_LITERAL("::/128"), &range));
	cr_expect_eq(range.bits, 128);
	cr_assert(address_range_parse(SLICE_LITERAL("::/0"), &range));
	cr_expect_eq(range.bits, 0);
}

/* 45 bytes are the longest there is (RFC 4291 section 2.2). */
Test(address, what_is_longer_than_any_address_is_refused)
{
	static const char longest[] = "0000:0000:0000:0000:0000:ffff:255.255.255.255";
	uint8_t address[16];
	char text[200];

	cr_assert_eq(strlen(longest), 45);
	cr_expect(address_parse(slice_text(longest), address));
	memset(text, '1', sizeof text);
	for (size_t len = 46; len < sizeof text; len++)
		cr_expect_not(address_parse(slice_make(text, len), address), "%zu", len);
	cr_expect_not(address_parse(slice_make("10.0.0.1\0", 9), address));
	cr_expect_not(address_parse(slice_make("10.0.0.1\0.2", 11), address));
}

Test(address, what_is_no_range_is_refused)
{
	static const char *const bad[] = {"",	       "10.0.0.0/33",  "10.0.0/8", "::1/129",
					  "10.0.0.0/", "10.0.0.0/8/8", "host",	   "10.0.0.0/-1"};
	struct address_range range;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_expect_not(address_range_parse(slice_text(bad[i]), &range), "%s", bad[i]);
}

Test(address, callers_are_counted_by_ipv4_address_and_by_ipv6_slash_64)
{
	static const struct {
		const char *address, *folded;
	} cases[] = {
		{"192.0.2.7", "192.0.2.7"},
		{"::ffff:192.0.2.7", "192.0.2.7"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"2001:db8:1:2::1", "2001:db8:1:2::/64"},
		{"2001:db8:1:3::1", "2001:db8:1:3::/64"},
		{"::1", "::/64"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t address[16], folded[16];
		char text[ADDRESS_TEXT_BYTES];

		cr_assert(address_parse(slice_text(cases[i].address), address));
		address_fold(folded, address);
		address_write_folded(text, folded);
		cr_expect_str_eq(text, cases[i].folded, "%s", cases[i].address);
	}
}
