#include "net/url.h"

#include <criterion/criterion.h>

Test(url, what_is_not_plain_is_percent_encoded)
{
	struct buf url = BUF_NULL;

	url_append_path(&url, SLICE_LITERAL("/v1/profiles/a b/c%d"));
	url_append_query(&url, "prefix", SLICE_LITERAL("a&b=c/\303\274"));
	url_append_query_u64(&url, "limit", UINT64_MAX);
	url_append_query_text(&url, "left_out", NULL);
	cr_expect_str_eq(url.data, "/v1/profiles/a%20b/c%25d?prefix=a%26b%3Dc/%C3%BC"
				   "&limit=18446744073709551615");
	buf_clear(&url);
}
