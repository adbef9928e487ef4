#include "access/token.h"

#include <criterion/criterion.h>

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
