#include "base/clock.h"
#include "base/memory.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(clock, a_timestamp_survives_formatting_and_parsing)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{INT64_C(951782400001), "2000-02-29T00:00:00.001Z"},
		{INT64_C(1763672663123), "2025-11-20T21:04:23.123Z"},
		{TIMESTAMP_MS_MAX, "9999-12-31T23:59:59.999Z"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[TIMESTAMP_BYTES];
		int64_t ms = -1;

		timestamp_format(text, cases[i].ms);
		cr_expect_str_eq(text, cases[i].text);
		cr_expect(timestamp_parse(slice_text(text), &ms));
		cr_expect_eq(ms, cases[i].ms);
	}
}

Test(clock, an_offset_moves_the_time_to_utc)
{
	int64_t with_offset = 0, utc = 0;

	cr_assert(timestamp_parse(SLICE_LITERAL("2026-01-01T01:30:00+02:00"), &with_offset));
	cr_assert(timestamp_parse(SLICE_LITERAL("2025-12-31T23:30:00Z"), &utc));
	cr_expect_eq(with_offset, utc);
}

Test(clock, what_is_no_rfc_3339_time_is_refused)
{
	static const char *const bad[] = {
		"",
		"2026-01-01",
		"2026-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-01-01T24:00:00Z",
		"2026-01-01T00:00:00",
		"2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00Zx",
		"1969-12-31T23:59:59Z",
	};
	int64_t ms;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_expect_not(timestamp_parse(slice_text(bad[i]), &ms), "%s", bad[i]);
}

Test(clock, durations_have_units_and_a_bound)
{
	int64_t ms = 0;

	cr_expect(duration_parse(SLICE_LITERAL("30"), 60000, &ms) && ms == 30000);
	cr_expect(duration_parse(SLICE_LITERAL("250ms"), 60000, &ms) && ms == 250);
	cr_expect(duration_parse(SLICE_LITERAL("7d"), INT64_MAX, &ms) && ms == INT64_C(604800000));
	cr_expect_not(duration_parse(SLICE_LITERAL("61s"), 60000, &ms));
	cr_expect_not(duration_parse(SLICE_LITERAL("-1s"), 60000, &ms));
	cr_expect_not(duration_parse(SLICE_LITERAL("99999999999999999999d"), INT64_MAX, &ms));
	cr_expect_not(duration_parse(SLICE_LITERAL("s"), 60000, &ms));
}
