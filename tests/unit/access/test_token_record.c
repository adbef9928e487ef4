#include "access/token.h"

#include "../faults.h"

#include <criterion/criterion.h>
#include <string.h>

Test(token_record, what_is_written_reads_back)
{
	struct slice policies[] = {SLICE_LITERAL("runtime"), SLICE_LITERAL("orders \"x\"")};
	struct address_range addresses[2];
	struct token_record in = {.accessor = SLICE_LITERAL("abc"),
				  .name = SLICE_LITERAL("nightly job"),
				  .policies = policies,
				  .policies_count = 2,
				  .addresses = addresses,
				  .addresses_count = 2,
				  .parent = SLICE_LITERAL(""),
				  .created_ms = 5,
				  .expires_ms = 7,
				  .ttl_ms = 3600000,
				  .max_expires_ms = 9,
				  .created_by = SLICE_LITERAL("root")};
	struct token_record out;
	struct arena arena = ARENA_NULL;
	struct buf json = BUF_NULL;
	struct error err = ERROR_NULL;

	cr_assert(address_range_parse(SLICE_LITERAL("10.0.0.0/8"), &addresses[0]));
	cr_assert(address_range_parse(SLICE_LITERAL("2001:db8::/32"), &addresses[1]));
	token_record_write(&json, &in);
	cr_assert_eq(token_record_read(&out, &arena, buf_slice(&json), &err), OK, "%s", err.text);
	cr_expect(slice_is_equal(out.accessor, in.accessor));
	cr_expect(slice_is_equal(out.name, in.name));
	cr_expect_eq(out.policies_count, 2);
	cr_expect_eq(out.addresses_count, 2);
	for (size_t i = 0; i < 2; i++) {
		cr_expect(slice_is_equal(out.policies[i], policies[i]));
		cr_expect_arr_eq(&out.addresses[i].bytes, &addresses[i].bytes, 16);
		cr_expect_eq(out.addresses[i].bits, addresses[i].bits);
	}
	cr_expect(slice_is_text(out.created_by, "root"));
	cr_expect_eq(out.parent.len, 0);
	cr_expect_eq(out.created_ms, 5);
	cr_expect_eq(out.expires_ms, 7);
	cr_expect_eq(out.ttl_ms, 3600000);
	cr_expect_eq(out.max_expires_ms, 9);
	arena_clear(&arena);
	buf_clear(&json);
}

/* Of a record with `count` policies and addresses, where `from` is replaced by `to`. */
static enum result read_changed(uint32_t count, const char *from, const char *to)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL, changed = BUF_NULL;
	struct slice policies[TOKEN_POLICIES_MAX + 1];
	struct address_range addresses[TOKEN_ADDRESSES_MAX + 1] = {0};
	struct token_record in = {.accessor = SLICE_LITERAL("abc"),
				  .name = SLICE_LITERAL("name"),
				  .created_by = SLICE_LITERAL("root"),
				  .policies = policies,
				  .policies_count = count,
				  .addresses = addresses,
				  .addresses_count = count};
	struct token_record out = {.ttl_ms = 77};
	struct arena arena = ARENA_NULL;
	struct error err = ERROR_NULL;
	const char *place;
	enum result rc;

	for (uint32_t i = 0; i < count; i++)
		policies[i] = SLICE_LITERAL("p");
	token_record_write(&json, &in);
	place = strstr(json.data, from);
	cr_assert_not_null(place, "%s", from);
	buf_append(&changed, json.data, (size_t)(place - json.data));
	buf_append_text(&changed, to);
	buf_append_text(&changed, place + strlen(from));
	rc = token_record_read(&out, &arena, buf_slice(&changed), &err);
	if (rc != OK)
		cr_expect(out.ttl_ms == 77 && err.text[0] != '\0', "%s: untouched and explained",
			  to);
	arena_clear(&arena);
	return rc;
}

Test(token_record, every_field_must_be_there_and_of_its_kind)
{
	static const struct {
		const char *from, *to;
	} bad[] = {
		{"\"accessor\":\"abc\"", "\"accessor\":5"},
		{"\"accessor\"", "\"other\""},
		{"\"name\":\"name\"", "\"name\":null"},
		{"\"name\"", "\"other\""},
		{"\"parent\"", "\"other\""},
		{"\"created_by\"", "\"other\""},
		{"\"created_ms\":0", "\"created_ms\":\"0\""},
		{"\"created_ms\":0", "\"created_ms\":0.5"},
		{"\"created_ms\":0", "\"created_ms\":1e30"},
		{"\"created_ms\"", "\"other\""},
		{"\"expires_ms\"", "\"other\""},
		{"\"ttl_ms\"", "\"other\""},
		{"\"max_expires_ms\"", "\"other\""},
		{"\"policies\"", "\"other\""},
		{"\"policies\":[\"p\"]", "\"policies\":\"p\""},
		{"\"policies\":[\"p\"]", "\"policies\":{\"p\":1}"},
		{"\"policies\":[\"p\"]", "\"policies\":[\"p\",1]"},
		{"\"policies\":[\"p\"]", "\"policies\":[1,\"p\"]"},
		{"\"policies\":[\"p\"]", "\"policies\":\"\""},
		{"\"policies\":[\"p\"]", "\"policies\":{}"},
		{"\"addresses\"", "\"other\""},
		{"\"addresses\":[\"::/0\"]", "\"addresses\":\"\""},
		{"\"addresses\":[\"::/0\"]", "\"addresses\":\"::/0\""},
		{"\"addresses\":[\"::/0\"]", "\"addresses\":[1]"},
		{"\"addresses\":[\"::/0\"]", "\"addresses\":[\"::/0\",\"::/129\"]"},
	};

	cr_expect_eq(read_changed(1, "", ""), OK);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_expect_eq(read_changed(1, bad[i].from, bad[i].to), E_CORRUPT, "%s", bad[i].to);
}

Test(token_record, lists_are_bounded)
{
	cr_expect_eq(read_changed(0, "", ""), OK);
	cr_expect_eq(read_changed(TOKEN_POLICIES_MAX, "", ""), OK);
	cr_expect_eq(read_changed(TOKEN_POLICIES_MAX + 1, "", ""), E_CORRUPT);
	cr_expect_eq(read_changed(TOKEN_POLICIES_MAX, "\"addresses\":[",
				  "\"addresses\":[\"::/0\","),
		     E_CORRUPT);
}

Test(token_record, a_record_that_is_not_ours_is_corrupt)
{
	static const char *const bad[] = {"", "[]", "{}", "{\"accessor\":1}"};
	struct token_record out;
	struct arena arena = ARENA_NULL;
	struct error err = ERROR_NULL;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_expect_eq(token_record_read(&out, &arena, slice_text(bad[i]), &err), E_CORRUPT,
			     "%s", bad[i]);
	arena_clear(&arena);
}

static bool read_record(void *ctx)
{
	struct arena arena = ARENA_NULL;
	struct error err = ERROR_NULL;
	struct token_record out;
	enum result rc = token_record_read(&out, &arena, slice_text(ctx), &err);

	cr_expect(rc == OK || rc == E_MEMORY, "%s", err.text);
	arena_clear(&arena);
	return rc == OK;
}

Test(token_record, short_memory_is_not_taken_for_a_bad_record)
{
	struct slice policies[TOKEN_POLICIES_MAX];
	struct token_record in = {.policies = policies, .policies_count = TOKEN_POLICIES_MAX};
	struct buf json = BUF_NULL;

	for (size_t i = 0; i < ARRAY_SIZE(policies); i++)
		policies[i] = SLICE_LITERAL("a-policy-with-a-name-as-long-as-any-that-is-in-use");
	token_record_write(&json, &in);
	each_fault(read_record, json.data);
	buf_clear(&json);
}
