#include "http/request_target.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define ROOM 4096

static enum result parse(struct request_target *ret, char room[static ROOM], const char *text)
{
	snprintf(room, ROOM, "%s", text);
	return request_target_parse(ret, room, strlen(room), NULL);
}

Test(request_target, a_target_is_split_into_segments_verb_and_query)
{
	char room[ROOM];
	struct request_target t;

	cr_assert_eq(parse(&t, room, "/v1/profiles/orders/base:rollback?dry_run=true"), OK);
	cr_expect_eq(t.segments_count, 4);
	cr_expect(slice_is_text(t.path, "v1/profiles/orders/base"));
	cr_expect(slice_is_text(t.segments[3], "base"));
	cr_expect(slice_is_text(t.verb, "rollback"));
	cr_expect(slice_is_text(t.query, "dry_run=true"));
}

Test(request_target, characters_of_segments_may_be_percent_encoded_and_are_decoded_once)
{
	char room[ROOM];
	struct request_target t;

	cr_assert_eq(parse(&t, room, "/v1/secrets/%6frders/%41%2e%7E"), OK);
	cr_expect(slice_is_text(t.path, "v1/secrets/orders/A.~"));
}

Test(request_target, a_target_that_a_proxy_could_read_differently_is_refused)
{
	static const char *const bad[] = {
		"",
		"*",
		"v1/profiles",
		"http://x/healthz",
		"//healthz",
		"/v1//profiles",
		"/v1/profiles/",
		"/v1/profiles/.",
		"/v1/profiles/../policies",
		"/v1/profiles/%2e%2e/policies/a",
		"/v1/profiles/%2E%2e",
		"/v1/profiles/a%2fb",
		"/v1/profiles/a%5Cb",
		"/v1/profiles/a\\b",
		"/v1/profiles/a%00b",
		"/v1/profiles/a%25b",
		"/v1/profiles/a%252fb",
		"/v1/profiles/a%3Adestroy",
		"/v1/profiles/a%",
		"/v1/profiles/a%4",
		"/v1/profiles/a%zz",
		"/v1/profiles/a b",
		"/v1/profiles/a#b",
		"/v1/profiles/\xc3\xa9",
		"/v1/profiles/%c3%a9",
		"/v1/pro:files/a",
		"/v1/profiles/a:",
		"/v1/profiles/a:b:c",
		"/v1/profiles/:rollback",
		"/v1/profiles/..:rollback",
		"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25",
	};
	char room[ROOM];
	struct request_target t;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_expect_eq(parse(&t, room, bad[i]), E_MALFORMED, "%s", bad[i]);
}

Test(request_target, a_target_that_is_too_long_is_refused)
{
	static char long_text[TARGET_BYTES_MAX + 2];
	struct request_target t;

	memset(long_text, 'a', sizeof long_text - 1);
	long_text[0] = '/';
	cr_expect_eq(request_target_parse(&t, long_text, sizeof long_text - 1, NULL), E_MALFORMED);
}

static bool keep_plus(struct slice name)
{
	return slice_is_text(name, "at");
}

Test(request_target, a_query_gives_its_parameters_decoded)
{
	char text[] = "a=1+2&b=%C3%A9&&c&at=10+01%3a00&e=";
	struct slice rest = slice_text(text);
	static const struct {
		const char *name, *value;
		bool has_value;
	} wanted[] = {{"a", "1 2", true}, {"b", "\xc3\xa9", true}};
	struct query_item item;
	bool is_end;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		cr_assert_eq(query_item_next(&rest, &item, &is_end, keep_plus, NULL), OK);
		cr_expect(slice_is_text(item.name, wanted[i].name));
		cr_expect(slice_is_text(item.value, wanted[i].value));
	}
	cr_expect_eq(query_item_next(&rest, &item, &is_end, keep_plus, NULL), E_MALFORMED,
		     "a parameter without a name");
}

Test(request_target, a_plus_is_kept_where_it_is_the_sign_of_an_offset)
{
	char text[] = "at=10+01";
	struct slice rest = slice_text(text);
	struct query_item item;
	bool is_end;

	cr_assert_eq(query_item_next(&rest, &item, &is_end, keep_plus, NULL), OK);
	cr_expect(slice_is_text(item.value, "10+01"));
	cr_assert_eq(query_item_next(&rest, &item, &is_end, keep_plus, NULL), OK);
	cr_expect(is_end);
}

Test(request_target, a_query_with_control_characters_or_invalid_utf_8_is_refused)
{
	static const char *const bad[] = {"a=%00", "a=%0a", "a=%7f",  "a=%ff", "a=%c3",
					  "a=%e",  "a=b c", "a=\x80", "=1",    "a%00=1"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char text[32];
		struct query_item item;
		bool is_end;

		snprintf(text, sizeof text, "%s", bad[i]);
		struct slice rest = slice_text(text);
		cr_expect_eq(query_item_next(&rest, &item, &is_end, NULL, NULL), E_MALFORMED, "%s",
			     bad[i]);
	}
}
