#include "client/client_response.h"

#include <criterion/criterion.h>

static void take(struct client_response *r, const char *name, const char *value)
{
	client_response_take_header(r, slice_text(name), slice_text(value));
}

Test(client_response, headers_of_the_interface_are_read_in_any_case)
{
	struct client_response r = CLIENT_RESPONSE_NULL;

	take(&r, "content-type", "application/json");
	take(&r, "ETAG", "\"v3\"");
	take(&r, "Reeve-Request-Id", "0123456789abcdef");
	take(&r, "Reeve-Revision", "7");
	take(&r, "reeve-epoch", "2");
	take(&r, "Reeve-Audit-Index", "0");
	take(&r, "Retry-After", "3");
	take(&r, "Server", "ignored");
	cr_expect_str_eq(r.content_type, "application/json");
	cr_expect_str_eq(r.etag, "\"v3\"");
	cr_expect_str_eq(r.request_id, "0123456789abcdef");
	cr_expect(r.has_revision && r.revision == 7 && r.epoch == 2);
	cr_expect(r.has_audit_index && r.audit_index == 0);
	cr_expect_eq(r.retry_after_ms, 3000);
}

Test(client_response, a_malformed_number_counts_as_not_sent)
{
	struct client_response r = CLIENT_RESPONSE_NULL;

	take(&r, "Reeve-Revision", "seven");
	take(&r, "Reeve-Audit-Index", "-1");
	take(&r, "Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT");
	cr_expect_not(r.has_revision);
	cr_expect_not(r.has_audit_index);
	cr_expect_eq(r.retry_after_ms, 0);
	take(&r, "Retry-After", "100000000");
	cr_expect_eq(r.retry_after_ms, INT64_C(86400000), "a day at most");
}

Test(client_response, a_malformed_header_leaves_what_an_earlier_one_said)
{
	struct client_response r = CLIENT_RESPONSE_NULL;

	take(&r, "Reeve-Revision", "7");
	take(&r, "Reeve-Revision", "seven");
	take(&r, "Reeve-Audit-Index", "3");
	take(&r, "Reeve-Audit-Index", "-1");
	cr_expect(r.has_revision && r.revision == 7);
	cr_expect(r.has_audit_index && r.audit_index == 3);
}

Test(client_response, the_next_page_is_on_the_same_server)
{
	static const struct {
		const char *link, *next;
	} cases[] = {
		{"</v1/profiles?after=a>; rel=\"next\"", "/v1/profiles?after=a"},
		{"</v1/profiles>; rel=\"prev\"", ""},
		{"<http://elsewhere/>; rel=\"next\"", ""},
		{"<@elsewhere/>; rel=\"next\"", ""},
		{"<.elsewhere/>; rel=\"next\"", ""},
		{"</v1/never_closed; rel=\"next\"", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct client_response r = CLIENT_RESPONSE_NULL;

		take(&r, "Link", cases[i].link);
		cr_expect_str_eq(r.next, cases[i].next, "%s", cases[i].link);
	}
}
