#include "http/problem.h"

#include "base/memory.h"
#include "doc/read.h"

#include <criterion/criterion.h>

static void write_problem(struct buf *ret, const struct response *r)
{
	problem_write(ret, &(struct problem){.response = r, .request_id = "id"});
}

Test(problem, every_result_has_a_status_and_reads_as_json)
{
	static const struct {
		enum result result;
		unsigned status;
	} cases[] = {
		{E_MALFORMED, 400}, {E_UNAUTHENTICATED, 401},
		{E_FORBIDDEN, 403}, {E_NOT_FOUND, 404},
		{E_CONFLICT, 409},  {E_PRECONDITION, 412},
		{E_TOO_LARGE, 413}, {E_UNSUPPORTED, 415},
		{E_INVALID, 422},   {E_LIMIT, 422},
		{E_BUSY, 429},	    {E_UNAVAILABLE, 503},
		{E_IO, 503},	    {E_CORRUPT, 500},
		{E_CRYPTO, 500},    {E_MEMORY, 503},
		{E_INTERNAL, 500},  {E_FULL, 507},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_clear) struct buf text = BUF_NULL;
		CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
		struct response a = {.result = cases[i].result};

		fail(&a.error, cases[i].result, "the \"reason\"");
		cr_expect_eq(response_status(&a), cases[i].status, "result %d", a.result);
		write_problem(&text, &a);
		cr_assert_eq(doc_read(&tree, DOC_JSON, buf_slice(&text), &DOC_LIMITS_DEFAULT, NULL,
				      NULL),
			     OK, "%s", text.data);
		cr_expect(tree_is_text(TREE_GET(&tree.root, "request_id"), "id"));
		cr_expect_eq(TREE_GET(&tree.root, "status")->as.integer, cases[i].status);
	}
}

Test(problem, details_and_errors_are_given_but_not_those_of_the_system)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct response a = {.result = E_INVALID};

	fail_at(&a.error, E_INVALID, 3, 7, "one profile would be invalid");
	buf_append_text(&a.problems, "[{\"pointer\":\"/a\"}]");
	write_problem(&text, &a);
	cr_expect(strstr(text.data, "one profile would be invalid") != NULL);
	cr_expect(strstr(text.data, "\"line\":3,\"column\":7") != NULL);
	cr_expect(strstr(text.data, "\"errors\":[{\"pointer\":\"/a\"}]}") != NULL, "%s", text.data);
	buf_reset(&text);
	a.result = E_IO;
	write_problem(&text, &a);
	cr_expect(strstr(text.data, "one profile") == NULL);
	buf_clear(&a.problems);
}

Test(problem, a_long_list_of_errors_is_cut_after_a_whole_one)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct response a = {.result = E_INVALID};
	const struct tree_node *errors, *last;

	fail(&a.error, E_INVALID, "many would be invalid");
	buf_append_char(&a.problems, '[');
	for (uint32_t i = 0; i < 60000; i++)
		buf_printf(&a.problems,
			   "%s{\"pointer\":\"/],\\\"}{\",\"at\":[%u,{}],\"path\":\"profiles/a/b\"}",
			   i != 0 ? "," : "", i);
	buf_append_char(&a.problems, ']');
	write_problem(&text, &a);
	buf_clear(&a.problems);
	cr_expect_leq(text.len, PROBLEM_BYTES_MAX);
	cr_expect_geq(text.len, PROBLEM_BYTES_MAX / 2, "%zu: most of the bound is used", text.len);
	cr_assert_eq(doc_read(&tree, DOC_JSON, buf_slice(&text), &DOC_LIMITS_DEFAULT, NULL, NULL),
		     OK);
	errors = TREE_GET(&tree.root, "errors");
	cr_assert_gt(errors->count, 10000);
	last = &errors->of.items[errors->count - 1];
	cr_expect(tree_is_text(TREE_GET(last, "path"), "profiles/a/b"));
	cr_expect(TREE_GET(&tree.root, "errors_omitted")->of.truth);
}

Test(problem, one_error_that_is_too_long_is_left_out)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct response a = {.result = E_INVALID};

	buf_append_text(&a.problems, "[{\"message\":\"");
	for (uint32_t i = 0; i < 200000; i++)
		buf_append_text(&a.problems, "long, so ");
	buf_append_text(&a.problems, "\"}]");
	write_problem(&text, &a);
	cr_expect(strstr(text.data, "\"errors\":[],\"errors_omitted\":true}") != NULL, "%.200s",
		  text.data);
	buf_reset(&text);
	problem_write(&text, &(struct problem){.response = &a,
					       .request_id = "id",
					       .is_errors_omitted = true});
	cr_expect(strstr(text.data, "\"errors\"") == NULL);
	cr_expect(strstr(text.data, ",\"errors_omitted\":true}") != NULL, "%s", text.data);
	buf_clear(&a.problems);
}

Test(problem, a_text_cut_inside_a_character_still_reads_as_json)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct response a = {.result = E_MALFORMED};

	memcpy(a.error.text, "caf\xc3", sizeof "caf\xc3"); /* fail() itself would mend it */
	write_problem(&text, &a);
	cr_expect(strstr(text.data, "\"detail\":\"caf\"") != NULL, "%s", text.data);
}

Test(problem, the_next_page_keeps_the_query_but_for_after)
{
	static const struct {
		const char *target, *after, *link;
	} cases[] = {
		{"/v1/profiles", "profiles/a b",
		 "</v1/profiles?after=profiles/a%20b>; rel=\"next\""},
		{"/v1/audit?after=3&limit=2&actor=x", "5",
		 "</v1/audit?limit=2&actor=x&after=5>; rel=\"next\""},
		{"/v1/audit?limit=2&after=3", "5", "</v1/audit?limit=2&after=5>; rel=\"next\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_clear) struct buf link = BUF_NULL;

		link_write_next(&link, slice_text(cases[i].target), cases[i].after);
		cr_expect_str_eq(link.data, cases[i].link);
	}
}

Test(problem, a_response_without_a_body_is_204_and_one_not_modified_304)
{
	struct response a = {.result = OK};

	cr_expect_eq(response_status(&a), 204);
	a.is_not_modified = true;
	cr_expect_eq(response_status(&a), 304);
	a.is_not_modified = false;
	a.is_created = true;
	cr_expect_eq(response_status(&a), 201);
}
