#include "http/guard.h"

#include "base/memory.h"

#include <criterion/criterion.h>

#define HEADERS_MAX 4

struct guard_case {
	const char *version;
	const char *headers[HEADERS_MAX][2];
};

static enum result check(const struct guard_case *c, uint64_t *ret_body, struct error *err)
{
	struct headers h = {0};

	for (size_t i = 0; i < HEADERS_MAX && c->headers[i][0] != NULL; i++)
		guard_header(&h, slice_text(c->headers[i][0]), slice_text(c->headers[i][1]));
	return guard_check(&h, slice_text(c->version), ret_body, err);
}

Test(guard, a_request_whose_end_is_ambiguous_is_refused)
{
	static const struct guard_case cases[] = {
		{"HTTP/1.1", {{"Host", "a"}, {"Host", "b"}}},
		{"HTTP/1.1", {{"Host", "a"}, {"host", "a"}}},
		{"HTTP/1.1", {{"Accept", "*/*"}}},
		{"HTTP/1.1", {{"Host", ""}}},
		{"HTTP/1.1", {{"Host", "a"}, {"Content-Length", "0"}, {"Content-Length", "0"}}},
		{"HTTP/1.1", {{"Host", "a"}, {"Content-Length", "0"}, {"CONTENT-LENGTH", "34"}}},
		{"HTTP/1.1",
		 {{"Host", "a"}, {"Content-Length", "4"}, {"Transfer-Encoding", "chunked"}}},
		{"HTTP/1.1", {{"Host", "a"}, {"Content-Length", "+4"}}},
		{"HTTP/1.1", {{"Host", "a"}, {"Content-Length", "4, 4"}}},
		{"HTTP/1.1", {{"Host", "a"}, {"Content-Length", ""}}},
		{"HTTP/1.1", {{"Host", "a"}, {"Content-Length", "0x4"}}},
		{"HTTP/1.1", {{"Host", "a"}, {"Content-Length", "99999999999999999999"}}},
		{"HTTP/1.1", {{"Host", "a"}, {"Transfer-Encoding", "xchunked"}}},
		{"HTTP/1.1", {{"Host", "a"}, {"Transfer-Encoding", "gzip, chunked"}}},
		{"HTTP/1.1", {{"Host", "a"}, {"Transfer-Encoding", "identity"}}},
		{"HTTP/1.1",
		 {{"Host", "a"},
		  {"Transfer-Encoding", "chunked"},
		  {"Transfer-Encoding", "chunked"}}},
		{"HTTP/1.1", {{"Host", "a"}, {"Transfer-Encoding ", "chunked"}}},
		{"HTTP/1.0", {{"Host", "a"}, {"Transfer-Encoding", "chunked"}}},
		{"HTTP/1.1", {{"Host", "a"}, {"X-A", "b\rc"}}},
		{"HTTP/1.1", {{"Host", "a"}, {"X-A", "b\x01"}}},
		{"HTTP/1.1", {{"Host", "a"}, {"X A", "b"}}},
		{"HTTP/1.1", {{"Host", "a"}, {"", "b"}}},
		{"HTTP/1.1",
		 {{"Host", "a"}, {"Authorization", "Bearer a"}, {"Authorization", "Bearer b"}}},
		{"HTTP/1.9", {{"Host", "a"}}},
		{"HTTP/2.0", {{"Host", "a"}}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t body = 1234;
		struct error err = ERROR_NULL;

		cr_expect_eq(check(&cases[i], &body, &err), E_MALFORMED, "case %zu", i);
		cr_expect_eq(body, 1234, "case %zu", i);
		cr_expect_neq(err.text[0], '\0');
	}
}

Test(guard, a_valid_request_passes_with_the_length_of_its_body)
{
	static const struct {
		struct guard_case request;
		uint64_t body;
	} cases[] = {
		{{"HTTP/1.1", {{"Host", "a"}}}, 0},
		{{"HTTP/1.0", {{"Accept", "*/*"}}}, 0},
		{{"HTTP/1.1", {{"Host", "a"}, {"Content-Length", "34"}}}, 34},
		{{"HTTP/1.1", {{"Host", "a"}, {"Transfer-Encoding", "Chunked"}}}, UINT64_MAX},
		{{"HTTP/1.1", {{"Host", "a"}, {"Accept", "a/b"}, {"Accept", "c/d"}}}, 0},
		{{"HTTP/1.1", {{"Host", "a"}, {"X-Text", "a\tb \xc3\xa9"}}}, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t body = 1234;

		cr_expect_eq(check(&cases[i].request, &body, NULL), OK, "case %zu", i);
		cr_expect_eq(body, cases[i].body, "case %zu", i);
	}
}

Test(guard, the_headers_that_other_files_need_are_kept)
{
	struct headers h = {0};

	guard_header(&h, SLICE_LITERAL("if-none-match"), SLICE_LITERAL("\"e\""));
	guard_header(&h, SLICE_LITERAL("X-Other"), SLICE_LITERAL("b"));
	guard_header(&h, SLICE_LITERAL("ACCEPT"), SLICE_LITERAL(""));
	cr_expect(slice_is_text(h.if_none_match, "\"e\""));
	cr_expect(h.accept.data != NULL && h.accept.len == 0);
	cr_expect(h.if_match.data == NULL);
}
