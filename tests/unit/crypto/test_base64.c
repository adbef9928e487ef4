#include "support.h"

#include "crypto/base64.h"

Test(base64, the_vectors_of_rfc_4648_hold_both_ways)
{
	static const struct {
		const char *plain, *standard, *url;
	} cases[] = {
		{"", "", ""},
		{"f", "Zg==", "Zg"},
		{"fo", "Zm8=", "Zm8"},
		{"foo", "Zm9v", "Zm9v"},
		{"foob", "Zm9vYg==", "Zm9vYg"},
		{"fooba", "Zm9vYmE=", "Zm9vYmE"},
		{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
		{"\xfb\xff\xfe", "+//+", "-__-"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_clear) struct buf standard = BUF_NULL, url = BUF_NULL, back = BUF_NULL;
		size_t len = strlen(cases[i].plain);

		base64_append(&standard, BASE64_STANDARD, cases[i].plain, len);
		base64_append(&url, BASE64_URL, cases[i].plain, len);
		cr_expect(slice_is_text(buf_slice(&standard), cases[i].standard));
		cr_expect(slice_is_text(buf_slice(&url), cases[i].url));
		cr_expect(base64_decode(BASE64_STANDARD, buf_slice(&standard), &back));
		cr_expect(base64_decode(BASE64_URL, buf_slice(&url), &back));
		cr_expect_eq(back.len, 2 * len);
		cr_expect(memcmp(back.data, cases[i].plain, len) == 0);
	}
}

Test(base64, what_is_not_canonical_is_refused)
{
	static const struct {
		enum base64_form form;
		const char *text;
	} bad[] = {
		{BASE64_STANDARD, "Zg"},    {BASE64_STANDARD, "Zg="},	 {BASE64_STANDARD, "Zg==="},
		{BASE64_STANDARD, "Zh=="},  {BASE64_STANDARD, "Zg==\n"}, {BASE64_STANDARD, " Zg=="},
		{BASE64_STANDARD, "Z"},	    {BASE64_STANDARD, "Zm9-"},	 {BASE64_STANDARD, "=Zg="},
		{BASE64_STANDARD, "Zm9v="}, {BASE64_URL, "Zg=="},	 {BASE64_URL, "Zh"},
		{BASE64_URL, "Zm9+"},	    {BASE64_URL, "Z"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP(buf_clear) struct buf out = BUF_NULL;

		buf_append_text(&out, "x");
		cr_expect_not(base64_decode(bad[i].form, slice_text(bad[i].text), &out), "%s",
			      bad[i].text);
		cr_expect(slice_is_text(buf_slice(&out), "x"));
	}
}

Test(base64, no_byte_beyond_the_alphabet_is_a_digit)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	for (int c = 0; c < 256; c++) {
		char text[] = {'A', (char)c, 'A', 'A'};
		bool is_letter = c != 0 && strchr(alphabet, c) != NULL;
		uint8_t out[3];

		cr_expect_eq(base64_parse(BASE64_STANDARD, slice_make(text, 4), out, 3),
			     is_letter || c == '+' || c == '/', "%d", c);
		cr_expect_eq(base64_parse(BASE64_URL, slice_make(text, 4), out, 3),
			     is_letter || c == '-' || c == '_', "%d", c);
	}
}

Test(base64, a_fixed_length_is_met_exactly)
{
	uint8_t out[3];

	cr_expect(base64_parse(BASE64_STANDARD, SLICE_LITERAL("Zm9v"), out, 3));
	cr_expect_not(base64_parse(BASE64_STANDARD, SLICE_LITERAL("Zm8="), out, 3));
	cr_expect_not(base64_parse(BASE64_STANDARD, SLICE_LITERAL("Zm9vYg=="), out, 3));
	cr_expect(out[0] == 0 && out[1] == 0 && out[2] == 0, "half a key is left");
}
