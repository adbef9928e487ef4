#include "base/text.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(utf8, bad_forms_are_found_where_they_begin)
{
	static const struct {
		const char *text;
		size_t bad;
	} cases[] = {
		{"", SIZE_MAX},
		{"plain ascii, longer than a word of eight", SIZE_MAX},
		{"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", SIZE_MAX},
		{"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", SIZE_MAX},
		{"\x80", 0},
		{"a\xff", 1},
		{"\xc0\x80", 0},
		{"\xc1\xbf", 0},
		{"\xe0\x9f\xbf", 0},
		{"\xed\xa0\x80", 0},
		{"\xf0\x8f\xbf\xbf", 0},
		{"\xf4\x90\x80\x80", 0},
		{"\xf5\x80\x80\x80", 0},
		{"ab\xc3", 2},
		{"ab\xe2\x82", 2},
		{"\xe2\x82z", 0},
		{"12345678901234567\xfe", 17},
		{"1234567\xc3\xbc\xc3", 9},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(utf8_check(slice_text(cases[i].text)), cases[i].bad, "%zu", i);
}

Test(utf8, every_character_survives_encoding_and_decoding)
{
	for (uint32_t cp = 0; cp <= 0x10ffff; cp += cp < 0x3000 ? 1 : 211) {
		CLEANUP(buf_clear) struct buf b = BUF_NULL;
		size_t at = 0;

		if (cp >= 0xd800 && cp <= 0xdfff)
			continue;
		utf8_append(&b, cp);
		cr_assert_eq(utf8_check(buf_slice(&b)), SIZE_MAX, "U+%04X", cp);
		cr_assert_eq(utf8_length(buf_slice(&b)), 1);
		cr_assert_eq(utf8_next(buf_slice(&b), &at), cp);
		cr_assert_eq(at, b.len);
	}
}

Test(text, a_position_counts_lines_and_characters_from_one)
{
	static const struct {
		size_t offset;
		uint32_t line, column;
	} cases[] = {{0, 1, 1}, {3, 1, 3}, {4, 2, 1}, {7, 2, 3}, {8, 2, 4}, {99, 2, 4}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t line, column;

		text_position(SLICE_LITERAL("\xc3\xbc"
					    "a\n\xc3\xbc"
					    "bc"),
			      cases[i].offset, &line, &column);
		cr_expect(line == cases[i].line && column == cases[i].column, "%zu: %u:%u",
			  cases[i].offset, line, column);
	}
}

Test(text, json_strings_escape_only_what_they_must)
{
	static const struct {
		struct slice text;
		const char *json;
	} cases[] = {
		{{"", 0}, "\"\""},
		{{"a/b'c\x7f", 6}, "\"a/b'c\x7f\""},
		{{"\"\\", 2}, "\"\\\"\\\\\""},
		{{"\b\f\n\r\t\0\x1f", 7}, "\"\\b\\f\\n\\r\\t\\u0000\\u001f\""},
		{{"gr\xc3\xbc\xc3\x9f, and a longer text\nin two lines", 38},
		 "\"gr\xc3\xbc\xc3\x9f, and a longer text\\nin two lines\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_clear) struct buf b = BUF_NULL;

		json_append_string(&b, cases[i].text);
		cr_expect_str_eq(b.data, cases[i].json);
	}
}

/* At every place of a word of eight bytes. */
Test(text, json_strings_escape_at_any_offset)
{
	for (size_t at = 0; at < 40; at++) {
		CLEANUP(buf_clear) struct buf b = BUF_NULL;
		char text[40];

		memset(text, 'x', sizeof text);
		text[at] = '\n';
		json_append_string(&b, slice_make(text, sizeof text));
		cr_assert_eq(b.len, sizeof text + 3);
		cr_expect(b.data[at + 1] == '\\' && b.data[at + 2] == 'n', "%zu", at);
	}
}

Test(text, a_character_cut_at_the_end_is_left_off)
{
	static const struct {
		const char *text;
		size_t whole;
	} cases[] = {
		{"", 0},
		{"ab", 2},
		{"a\xc3\xbc", 3},
		{"a\xc3", 1},
		{"a\xe2\x80", 1},
		{"a\xe2\x80\xa6", 4},
		{"\xf0\x9f\x98", 0},
		{"\xf0\x9f\x98\x80", 4},
		{"a\xff", 2},
		{"\x80\x80\x80\x80", 4},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(utf8_whole(slice_text(cases[i].text)), cases[i].whole, "case %zu", i);
}

Test(text, a_quoted_name_can_do_no_harm_and_fits)
{
	static const struct {
		const char *name;
		size_t size;
		const char *quoted;
	} cases[] = {
		{"key", 80, "\"key\""},
		{"", 80, "\"\""},
		{"a\"b\\c", 80, "\"a\\\"b\\\\c\""},
		{"\x1b[2J\n\x7f", 80, "\"\\u001b[2J\\u000a\\u007f\""},
		{"\xc2\x9b\xe2\x80\xae", 80, "\"\\u009b\\u202e\""},
		{"\xd8\x9c", 80, "\"\\u061c\""},
		{"\xff\xc3", 80, "\"\\xff\\xc3\""},
		{"gr\xc3\xbc\xc3\x9f", 80, "\"gr\xc3\xbc\xc3\x9f\""},
		{"0123456789abcdef", 16, "\"0123456789...\""},
		{"012345678\xc3\xbc"
		 "abcdef",
		 16, "\"012345678...\""},
		{"key", 15, ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char out[80] = "?";

		cr_expect_str_eq(text_quote(out, cases[i].size, slice_text(cases[i].name)),
				 cases[i].quoted);
	}
}

Test(text, what_moves_hides_or_reorders_is_made_visible)
{
	static const struct {
		const char *text, *visible;
	} cases[] = {
		{"plain \\ \"text\"", "plain \\ \"text\""},
		{"\x1b[2J\r\x7f", "\\x1b[2J\\x0d\\x7f"},
		{"kept\n\t", "kept\n\t"},
		{"\xc2\x9b\xc2\xad", "\\u009b\\u00ad"},
		{"\xd8\x9c\xe2\x80\x8e\xe2\x80\xae\xe2\x81\xa9", "\\u061c\\u200e\\u202e\\u2069"},
		{"\xe2\x80\x8b\xe2\x80\xa8\xef\xbb\xbf\xef\xb8\x8f",
		 "\\u200b\\u2028\\ufeff\\ufe0f"},
		{"\xf3\xa0\x81\x81", "\\U000e0041"},
		{"\xff\xc3(\xed\xa0\x80", "\\xff\\xc3(\\xed\\xa0\\x80"},
		{"\xc3", "\\xc3"},
		{"gr\xc3\xbc\xc3\x9f \xd7\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80",
		 "gr\xc3\xbc\xc3\x9f \xd7\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80"},
		{"", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = BUF_NULL;

		text_append_visible(&out, slice_text(cases[i].text), "\n\t");
		cr_expect(slice_is_text(buf_slice(&out), cases[i].visible), "%s", out.data);
		buf_clear(&out);
	}
}

Test(text, no_character_of_a_terminals_is_shown)
{
	for (uint32_t cp = 0; cp < 0xa0; cp++)
		cr_expect_eq(text_is_hidden(cp), cp < 0x20 || cp >= 0x7f, "%x", cp);
	for (uint32_t cp = 0x202a; cp <= 0x202e; cp++)
		cr_expect(text_is_hidden(cp), "%x", cp);
	for (uint32_t cp = 0x2066; cp <= 0x2069; cp++)
		cr_expect(text_is_hidden(cp), "%x", cp);
}

Test(text, hexadecimal_survives_formatting_and_parsing)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;
	unsigned char got[4];

	hex_append(&b, "\x00\x7f\xab\xff", 4);
	cr_expect_str_eq(b.data, "007fabff");
	cr_expect(hex_parse(SLICE_LITERAL("007FabFF"), got, 4));
	cr_expect(memcmp(got, "\x00\x7f\xab\xff", 4) == 0);
	cr_expect_not(hex_parse(SLICE_LITERAL("007fabf"), got, 4));
	cr_expect_not(hex_parse(SLICE_LITERAL("007fabff0"), got, 4));
	cr_expect_not(hex_parse(SLICE_LITERAL("007fabfg"), got, 4));
}

Test(text, the_nearest_word_is_within_a_third_of_its_length)
{
	const struct slice words[] = {
		SLICE_LITERAL("minimum"),
		SLICE_LITERAL("maximum"),
		SLICE_LITERAL("items"),
		SLICE_LITERAL("properties"),
	};
	static const struct {
		const char *word, *nearest;
	} cases[] = {
		{"minimun", "minimum"},
		{"itmes", "items"},
		{"item", "items"},
		{"propertis", "properties"},
		{"porperteis", "properties"},
		{"x", NULL},
		{"whatever", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct slice got =
			text_nearest(slice_text(cases[i].word), words, ARRAY_SIZE(words));

		if (cases[i].nearest == NULL)
			cr_expect_null(got.data, "%s", cases[i].word);
		else
			cr_expect(slice_is_text(got, cases[i].nearest), "%s", cases[i].word);
	}
}
