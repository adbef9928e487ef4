#include "doc/json_member.h"

#include <criterion/criterion.h>

Test(json_member, members_are_parted_by_commas_where_one_is_needed)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;

	json_comma(&b);
	buf_append_char(&b, '{');
	json_member_text(&b, "a", SLICE_LITERAL("x\"y"));
	json_member_u64(&b, "b", UINT64_MAX);
	json_member_bool(&b, "c", true);
	json_member_bool(&b, "d", false);
	json_member_time(&b, "e", 1000);
	json_member(&b, "f");
	buf_append_char(&b, '[');
	json_comma(&b);
	buf_append_text(&b, "1]}\n");
	json_comma(&b);
	cr_expect_str_eq(b.data,
			 "{\"a\":\"x\\\"y\",\"b\":18446744073709551615,\"c\":true,\"d\":false,"
			 "\"e\":\"1970-01-01T00:00:01.000Z\",\"f\":[1]}\n");
}
