#include "http/routes.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void find(struct route_match *ret, const char *text, enum method m)
{
	static char room[1024];
	struct request_target t;

	snprintf(room, sizeof room, "%s", text);
	cr_assert_eq(request_target_parse(&t, room, strlen(room), NULL), OK, "%s", text);
	route_find(ret, &t, m);
}

Test(routes, a_target_has_its_verb)
{
	static const struct {
		enum method method;
		const char *target;
		enum verb verb;
	} cases[] = {
		{METHOD_GET, "/v1/profiles", VERB_DOCUMENT_LIST},
		{METHOD_GET, "/v1/profiles/orders/base", VERB_DOCUMENT_GET},
		{METHOD_PUT, "/v1/secrets/a/b/c/d", VERB_DOCUMENT_PUT},
		{METHOD_PATCH, "/v1/secrets/a", VERB_DOCUMENT_PATCH},
		{METHOD_DELETE, "/v1/policies/a", VERB_DOCUMENT_DELETE},
		{METHOD_POST, "/v1/schemas/a:undelete", VERB_DOCUMENT_UNDELETE},
		{METHOD_POST, "/v1/secrets/a/b:destroy", VERB_DOCUMENT_DESTROY},
		{METHOD_POST, "/v1/profiles/a/b:rollback", VERB_DOCUMENT_ROLLBACK},
		{METHOD_GET, "/v1/profiles/a/b:versions", VERB_DOCUMENT_VERSIONS},
		{METHOD_GET, "/v1/profiles/a/b:diff", VERB_DOCUMENT_DIFF},
		{METHOD_GET, "/v1/profiles/a/b:dependents", VERB_DOCUMENT_DEPENDENTS},
		{METHOD_POST, "/v1/batch", VERB_BATCH},
		{METHOD_GET, "/v1/revisions", VERB_REVISION_LIST},
		{METHOD_GET, "/v1/revisions/7", VERB_REVISION_GET},
		{METHOD_POST, "/v1/revisions/7:revert", VERB_REVISION_REVERT},
		{METHOD_GET, "/v1/config/orders/production", VERB_CONFIG_GET},
		{METHOD_GET, "/v1/config/orders/production:versions", VERB_CONFIG_VERSIONS},
		{METHOD_GET, "/v1/config/orders/production:diff", VERB_CONFIG_DIFF},
		{METHOD_GET, "/v1/audit", VERB_AUDIT_LIST},
		{METHOD_GET, "/v1/audit/checkpoint", VERB_AUDIT_CHECKPOINT},
		{METHOD_GET, "/v1/audit/entries/3", VERB_AUDIT_ENTRY},
		{METHOD_POST, "/v1/tokens", VERB_TOKEN_CREATE},
		{METHOD_GET, "/v1/tokens", VERB_TOKEN_LIST},
		{METHOD_GET, "/v1/tokens/self", VERB_TOKEN_SELF},
		{METHOD_POST, "/v1/tokens/self:renew", VERB_TOKEN_RENEW},
		{METHOD_DELETE, "/v1/tokens/abc", VERB_TOKEN_REVOKE},
		{METHOD_POST, "/v1/access:check", VERB_ACCESS_CHECK},
		{METHOD_GET, "/v1/status", VERB_STATUS},
		{METHOD_GET, "/v1/backup", VERB_BACKUP},
		{METHOD_GET, "/metrics", VERB_METRICS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct route_match m;

		find(&m, cases[i].target, cases[i].method);
		cr_assert(m.route != NULL, "%s", cases[i].target);
		cr_expect_eq(m.route->verb, cases[i].verb, "%s", cases[i].target);
	}
}

Test(routes, every_verb_has_a_route)
{
	for (int verb = 0; verb < VERB_COUNT; verb++) {
		bool is_there = false;

		for (uint32_t i = 0; i < routes_count; i++)
			is_there |= routes[i].verb == (enum verb)verb;
		cr_expect(is_there, "verb %d", verb);
	}
}

Test(routes, every_route_that_changes_something_needs_a_permission_or_lets_its_verb_decide)
{
	for (uint32_t i = 0; i < routes_count; i++) {
		const struct route *r = &routes[i];

		if (r->verb == VERB_COUNT)
			continue;
		cr_expect((r->permission != 0) == (r->subject != SUBJECT_NONE), "%s", r->pattern);
		cr_expect(r->method == METHOD_GET || r->permission != MAY_READ, "%s", r->pattern);
		cr_expect((r->subject == SUBJECT_FIXED) == (r->path != NULL), "%s", r->pattern);
	}
}

Test(routes, an_unknown_target_differs_from_one_without_the_method)
{
	static const struct {
		enum method method;
		const char *target;
		bool is_there;
	} cases[] = {
		{METHOD_GET, "/", false},
		{METHOD_GET, "/v1", false},
		{METHOD_GET, "/v2/profiles/a/b", false},
		{METHOD_GET, "/v1/config", false},
		{METHOD_GET, "/v1/config/orders", false},
		{METHOD_GET, "/v1/config/a/b/c", false},
		{METHOD_GET, "/v1/profiles/a/b:nothing", false},
		{METHOD_GET, "/v1/profiles:versions", false},
		{METHOD_GET, "/healthz/more", false},
		{METHOD_GET, "/v1/audit/entries", false},
		{METHOD_PUT, "/v1/config/a/b", true},
		{METHOD_GET, "/v1/batch", true},
		{METHOD_GET, "/v1/profiles/a/b:rollback", true},
		{METHOD_COUNT, "/v1/status", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct route_match m;

		find(&m, cases[i].target, cases[i].method);
		cr_expect(m.route == NULL, "%s", cases[i].target);
		cr_expect_eq(m.methods != 0, cases[i].is_there, "%s", cases[i].target);
	}
}

Test(routes, the_values_of_a_patterns_braces_are_given)
{
	struct route_match m;

	find(&m, "/v1/revisions/42:revert", METHOD_POST);
	cr_expect(slice_is_text(m.number, "42"));
	find(&m, "/v1/tokens/abc", METHOD_DELETE);
	cr_expect(slice_is_text(m.accessor, "abc"));
	find(&m, "/v1/secrets/a", METHOD_PUT);
	cr_expect(m.has_kind && m.kind == KIND_SECRETS);
	cr_expect_str_eq(kind_folder(m.kind), "secrets/");
}

Test(routes, a_route_has_only_parameters_that_its_verb_reads)
{
	for (uint32_t i = 0; i < routes_count; i++) {
		enum input_family family = verb_input_family(routes[i].verb);

		cr_expect_eq(routes[i].params & ~params_of_family(family), 0, "%s",
			     routes[i].pattern);
		cr_expect(!routes[i].is_conditional || family == INPUT_WRITE, "%s",
			  routes[i].pattern);
		if (strstr(routes[i].pattern, "{accessor}") != NULL)
			cr_expect_eq(family, INPUT_TOKEN);
		if (strstr(routes[i].pattern, "{number}") != NULL)
			cr_expect(family == INPUT_WRITE || family == INPUT_NUMBER);
	}
}
