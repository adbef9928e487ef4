#include "client/problem.h"

#include <criterion/criterion.h>

static struct client_response response(unsigned status, const char *body)
{
	struct client_response r = CLIENT_RESPONSE_NULL;

	r.status = status;
	buf_append_text(&r.body, body);
	return r;
}

Test(problem, the_detail_explains_and_the_status_says_what_kind)
{
	struct client_response r =
		response(409, "{\"title\":\"Conflict\",\"detail\":\"others need it\"}");
	struct error err = ERROR_NULL;

	cr_expect_eq(problem_explain(&r, &err), E_CONFLICT);
	cr_expect_str_eq(err.text, "others need it");
	client_response_clear(&r);
}

Test(problem, a_response_without_a_problem_document_is_explained_by_its_status)
{
	static const char *const bodies[] = {"", "<html>", "[]", "{\"detail\":1}"};

	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		struct client_response r = response(502, bodies[i]);
		struct error err = ERROR_NULL;

		cr_expect_eq(problem_explain(&r, &err), E_INTERNAL);
		cr_expect_not_null(strstr(err.text, "502"), "%s", err.text);
		client_response_clear(&r);
	}
}

Test(problem, each_error_is_a_line_with_its_origin)
{
	struct client_response r = response(
		422,
		"{\"errors\":[{\"profile\":\"orders/production\",\"pointer\":\"/spark/cores\","
		"\"message\":\"must be at most 512\",\"origin\":{\"path\":\"profiles/orders/base\","
		"\"line\":3,\"column\":12}},{\"message\":\"is missing\"}]}");
	struct buf lines = BUF_NULL;

	problem_list(&lines, &r);
	cr_expect_str_eq(lines.data, "  orders/production /spark/cores: must be at most 512 "
				     "(profiles/orders/base:3:12)\n  is missing\n");
	buf_clear(&lines);
	client_response_clear(&r);
}

Test(problem, an_error_is_one_line_for_any_text_of_the_server)
{
	struct client_response r =
		response(422,
			 "{\"errors\":[{\"profile\":\"a\\nforged\",\"pointer\":\"/\\u001b[2J\","
			 "\"message\":\"m\\u202e\",\"origin\":{\"path\":\"p\\r\"}}]}");
	struct buf lines = BUF_NULL;

	problem_list(&lines, &r);
	cr_expect_str_eq(lines.data, "  a\\x0aforged /\\x1b[2J: m\\u202e (p\\x0d)\n");
	buf_clear(&lines);
	client_response_clear(&r);
}
