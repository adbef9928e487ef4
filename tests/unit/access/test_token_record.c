#include "access/token.h"

#include "../faults.h"

#include <criterion/criterion.h>

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
	cr_expect(slice_is_equal(out.policies[1], policies[1]));
	cr_expect_eq(out.addresses_count, 2);
	cr_expect_arr_eq(&out.addresses[0].bytes, &addresses[0].bytes, 16);
	cr_expect_eq(out.addresses[0].bits, addresses[0].bits);
	cr_expect_eq(out.parent.len, 0);
	cr_expect_eq(out.created_ms, 5);
	cr_expect_eq(out.expires_ms, 7);
	cr_expect_eq(out.ttl_ms, 3600000);
	cr_expect_eq(out.max_expires_ms, 9);
	arena_clear(&arena);
	buf_clear(&json);
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
