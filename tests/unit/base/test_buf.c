#include "base/buf.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static bool refuse(void *ctx)
{
	(void)ctx;
	return false;
}

Test(buf, what_is_appended_stands_there_with_a_nul_behind_it)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;

	buf_append_text(&b, "one");
	buf_append_char(&b, ' ');
	buf_append_slice(&b, SLICE_LITERAL("two"));
	buf_append(&b, "", 0);
	buf_printf(&b, " %d%s", 3, "!");
	buf_append_u64(&b, 0);
	buf_append_u64(&b, UINT64_MAX);
	cr_expect_str_eq(b.data, "one two 3!018446744073709551615");
	cr_expect_eq(b.len, strlen(b.data));
	cr_expect_eq(buf_check(&b, NULL), OK);
}

Test(buf, a_null_buffer_is_an_empty_text)
{
	struct buf b = BUF_NULL;

	cr_expect_str_eq(buf_slice(&b).data, "");
	cr_expect_eq(buf_slice(&b).len, 0);
	buf_reset(&b);
	buf_clear(&b);
}

Test(buf, it_grows_and_keeps_its_content)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;

	for (int i = 0; i < 10000; i++)
		buf_append_char(&b, (char)('a' + i % 26));
	cr_assert_eq(b.len, 10000);
	for (int i = 0; i < 10000; i++)
		cr_assert_eq(b.data[i], 'a' + i % 26);
	cr_expect_eq(b.data[10000], '\0');
}

Test(buf, a_failure_is_kept_until_it_is_asked_for)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;
	struct error err = ERROR_NULL;

	buf_append_text(&b, "kept");
	alloc_hook_set(refuse, NULL);
	for (int i = 0; i < 100; i++)
		buf_append_text(&b, "more");
	alloc_hook_set(NULL, NULL);
	buf_append_text(&b, "!");
	cr_expect(buf_is_failed(&b));
	cr_expect_eq(buf_check(&b, &err), E_MEMORY);
	cr_expect(strstr(err.text, "memory") != NULL);
	buf_reset(&b);
	cr_expect_not(buf_is_failed(&b));
	buf_append_text(&b, "again");
	cr_expect_str_eq(b.data, "again");
}

Test(buf, a_bound_is_another_failure_than_a_lack_of_memory)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT(100);
	struct error err = ERROR_NULL;

	for (int i = 0; i < 100; i++)
		buf_append_char(&b, 'x');
	cr_expect_eq(buf_check(&b, &err), OK);
	cr_expect_eq(b.size, 101); /* no doubling beyond the bound */
	buf_append_char(&b, 'y');
	cr_expect(buf_is_failed(&b));
	cr_expect_eq(buf_check(&b, &err), E_LIMIT);
	cr_expect_eq(b.len, 100);
	buf_cut(&b, 10);
	buf_append_char(&b, 'z');
	cr_expect_eq(b.len, 10); /* it stays failed, or a part would be taken for the whole */
	buf_reset(&b);
	buf_printf(&b, "%s", "again");
	cr_expect_eq(buf_check(&b, &err), OK);
	cr_expect_not(buf_reserve(&b, 96));
	buf_clear(&b);
	cr_expect_not(buf_reserve(&b, SIZE_MAX));
	cr_expect_eq(buf_check(&b, &err), E_LIMIT);
	buf_clear(&b);
	cr_expect(buf_reserve(&b, 100));
	buf_clear(&b);
	cr_expect_eq(b.max_bytes, 100);
}

Test(buf, room_beyond_what_a_size_can_hold_is_a_failure)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;

	buf_append_char(&b, 'x');
	cr_expect_not(buf_reserve(&b, SIZE_MAX));
	cr_expect(buf_is_failed(&b));
	cr_expect_str_eq(b.data, "x");
}

Test(buf, what_is_cut_or_reset_is_wiped)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;

	buf_append_text(&b, "public secret");
	buf_cut(&b, 6);
	cr_expect_str_eq(b.data, "public");
	for (size_t i = 6; i < strlen("public secret"); i++)
		cr_expect_eq(b.data[i], '\0');
	buf_cut(&b, 100);
	cr_expect_eq(b.len, 6);
	buf_reset(&b);
	for (size_t i = 0; i < 6; i++)
		cr_expect_eq(b.data[i], '\0');
}

Test(buf, stealing_leaves_an_empty_buffer)
{
	struct buf b = BUF_NULL;
	CLEANUP(buf_clear) struct buf taken = BUF_NULL;

	buf_append_text(&b, "x");
	taken = buf_steal(&b);
	cr_expect_null(b.data);
	cr_expect_eq(b.len + b.size, 0);
	cr_expect_str_eq(taken.data, "x");
}
