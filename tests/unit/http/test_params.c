#include "http/params.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct reading {
	char text[256];
	struct call_input in;
	struct param_format format;
	struct error err;
};

static enum result read(struct reading *r, const char *query, enum input_family family,
			uint32_t allowed)
{
	const struct param_rules rules = {family, allowed, {1000, 60000}};

	*r = (struct reading){0};
	snprintf(r->text, sizeof r->text, "%s", query);
	return params_read(&r->in, &r->format, slice_text(r->text), &rules, &r->err);
}

Test(params, a_past_state_is_named_by_version_revision_or_time)
{
	struct reading r;

	cr_assert_eq(read(&r, "revision=9", INPUT_DOCUMENT, UINT32_MAX), OK);
	cr_expect_eq(r.in.document.at.revision, 9);
	cr_assert_eq(read(&r, "at=1970-01-01T00:00:01%2b00:00", INPUT_DOCUMENT, UINT32_MAX), OK);
	cr_expect_eq(r.in.document.at.at_ms, 1000);
	cr_assert_eq(read(&r, "at=1970-01-01T00:00:00Z", INPUT_CONFIG, UINT32_MAX), OK);
	cr_expect_neq(r.in.config.at.at_ms, 0, "0 means that no time was given");
	cr_expect_eq(read(&r, "version=3&revision=9", INPUT_DOCUMENT, UINT32_MAX), E_MALFORMED);
	cr_expect_eq(read(&r, "at=1970-01-01T00:00:01Z&revision=9", INPUT_CONFIG, UINT32_MAX),
		     E_MALFORMED);
}

Test(params, values_arrive_typed_in_the_member_of_their_family)
{
	struct reading r;

	cr_assert_eq(read(&r, "version=3&format=env", INPUT_DOCUMENT, UINT32_MAX), OK);
	cr_expect_eq(r.in.document.version, 3);
	cr_expect(r.format.is_given && r.format.media == MEDIA_ENV);
	cr_assert_eq(read(&r, "key=/a~1b&reveal=true&explain=false&wait=30s&revision=4",
			  INPUT_CONFIG, UINT32_MAX),
		     OK);
	cr_expect(slice_is_text(r.in.config.key, "/a~1b"));
	cr_expect(r.in.config.is_revealed && !r.in.config.is_explained);
	cr_expect_eq(r.in.config.wait_ms, 30000);
	cr_expect_eq(r.in.config.at.revision, 4);
	cr_assert_eq(read(&r, "dry_run=true&message=a+b&source=r", INPUT_WRITE, UINT32_MAX), OK);
	cr_expect(r.in.write.is_dry_run && !r.in.write.is_forced);
	cr_expect(slice_is_text(r.in.write.message, "a b"));
	cr_expect(slice_is_text(r.in.write.source, "r"));
	cr_assert_eq(read(&r, "limit=1000&prefix=a/&path=b", INPUT_PAGE, UINT32_MAX), OK);
	cr_expect_eq(r.in.page.limit, 1000);
	cr_expect(slice_is_text(r.in.page.prefix, "a/") && slice_is_text(r.in.page.path, "b"));
	cr_assert_eq(read(&r, "actor=a&action=b&outcome=c&path=d&limit=7", INPUT_AUDIT, UINT32_MAX),
		     OK);
	cr_expect(slice_is_text(r.in.audit.actor, "a") && slice_is_text(r.in.audit.action, "b"));
	cr_expect(slice_is_text(r.in.audit.outcome, "c") && slice_is_text(r.in.audit.path, "d"));
	cr_expect_eq(r.in.audit.limit, 7);
	cr_assert_eq(read(&r, "force=true", INPUT_TOKEN, UINT32_MAX), OK);
	cr_expect(r.in.token.is_forced);
}

Test(params, from_to_and_after_mean_what_the_route_says)
{
	struct reading r;

	cr_assert_eq(read(&r, "from=1&to=2", INPUT_DIFF, PARAM_FROM | PARAM_TO), OK);
	cr_expect(r.in.diff.from == 1 && r.in.diff.to == 2);
	cr_assert_eq(read(&r, "from=1970-01-01T00:00:02Z", INPUT_AUDIT, PARAM_FROM_TIME), OK);
	cr_expect_eq(r.in.audit.from_ms, 2000);
	cr_assert_eq(read(&r, "after=0", INPUT_AUDIT, PARAM_AFTER_NUMBER), OK);
	cr_expect(r.in.audit.start.is_given && r.in.audit.start.number == 0);
	cr_assert_eq(read(&r, "after=5", INPUT_PAGE, PARAM_AFTER_NUMBER), OK);
	cr_expect(r.in.page.below.is_given && r.in.page.below.number == 5);
	cr_assert_eq(read(&r, "after=profiles/a", INPUT_PAGE, PARAM_AFTER), OK);
	cr_expect(!r.in.page.below.is_given && slice_is_text(r.in.page.after, "profiles/a"));
}

Test(params, a_parameter_of_another_family_is_unknown)
{
	struct reading r;

	cr_expect_eq(read(&r, "dry_run=true", INPUT_PAGE, UINT32_MAX), E_MALFORMED);
	cr_expect_eq(read(&r, "wait=1s", INPUT_NONE, UINT32_MAX), E_MALFORMED);
	cr_expect_eq(read(&r, "format=yaml", INPUT_NONE, UINT32_MAX), OK);
}

Test(params, a_parameter_that_is_unknown_repeated_or_without_value_is_refused)
{
	static const struct {
		const char *query;
		enum input_family family;
		uint32_t allowed;
	} cases[] = {
		{"dry_runn=true", INPUT_WRITE, PARAM_DRY_RUN},
		{"dry_run=true", INPUT_WRITE, PARAM_MESSAGE},
		{"DRY_RUN=true", INPUT_WRITE, PARAM_DRY_RUN},
		{"dry_run=true&dry_run=true", INPUT_WRITE, PARAM_DRY_RUN},
		{"message=a&message=b", INPUT_WRITE, PARAM_MESSAGE},
		{"dry_run", INPUT_WRITE, PARAM_DRY_RUN},
		{"dry_run=", INPUT_WRITE, PARAM_DRY_RUN},
		{"dry_run=1", INPUT_WRITE, PARAM_DRY_RUN},
		{"dry_run=yes", INPUT_WRITE, PARAM_DRY_RUN},
		{"version=0", INPUT_DOCUMENT, PARAM_VERSION},
		{"version=-1", INPUT_DOCUMENT, PARAM_VERSION},
		{"version=v3", INPUT_DOCUMENT, PARAM_VERSION},
		{"version=9223372036854775808", INPUT_DOCUMENT, PARAM_VERSION},
		{"limit=0", INPUT_PAGE, PARAM_LIMIT},
		{"limit=1001", INPUT_PAGE, PARAM_LIMIT},
		{"wait=61s", INPUT_CONFIG, PARAM_WAIT},
		{"wait=-1", INPUT_CONFIG, PARAM_WAIT},
		{"at=yesterday", INPUT_CONFIG, PARAM_AT},
		{"key=a", INPUT_CONFIG, PARAM_KEY},
		{"key=/a~2", INPUT_CONFIG, PARAM_KEY},
		{"format=xml", INPUT_NONE, PARAM_FORMAT},
		{"a=1", INPUT_PAGE, 0},
	};
	struct reading r;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cr_expect_eq(read(&r, cases[i].query, cases[i].family, cases[i].allowed),
			     E_MALFORMED, "%s", cases[i].query);
		cr_expect_neq(r.err.text[0], '\0');
	}
}

Test(params, the_refusal_of_a_mistyped_parameter_names_the_nearest_one)
{
	struct reading r;

	cr_expect_eq(read(&r, "dryrun=true", INPUT_WRITE, PARAM_DRY_RUN | PARAM_MESSAGE),
		     E_MALFORMED);
	cr_expect(strstr(r.err.text, "dry_run") != NULL, "%s", r.err.text);
}

Test(params, preconditions_are_one_version_or_none_at_all)
{
	static const struct {
		const char *if_match, *if_none_match;
		enum result rc;
		bool has;
		uint64_t version;
	} cases[] = {
		{"\"v3\"", NULL, OK, true, 3},
		{NULL, "*", OK, true, 0},
		{NULL, NULL, OK, false, 0},
		{"v3", NULL, E_MALFORMED, false, 0},
		{"\"v0\"", NULL, E_MALFORMED, false, 0},
		{"W/\"v3\"", NULL, E_MALFORMED, false, 0},
		{"*", NULL, OK, true, IF_VERSION_ANY},
		{"\"v3\", \"v4\"", NULL, E_MALFORMED, false, 0},
		{NULL, "\"v3\"", E_MALFORMED, false, 0},
		{"\"v3\"", "*", E_MALFORMED, false, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct headers h = {.if_match = slice_text(cases[i].if_match),
				    .if_none_match = slice_text(cases[i].if_none_match)};
		struct call_input in = {0};

		cr_expect_eq(params_read_preconditions(&in, &h, NULL), cases[i].rc, "case %zu", i);
		if (cases[i].rc == OK) {
			cr_expect_eq(in.write.has_if_version, cases[i].has, "case %zu", i);
			cr_expect_eq(in.write.if_version, cases[i].version, "case %zu", i);
		}
	}
}

Test(params, a_bearer_token_is_found_in_any_case_of_its_scheme)
{
	struct headers h = {.authorization = SLICE_LITERAL("bEARER  rv_a")};

	cr_expect(slice_is_text(params_bearer(&h), "rv_a"));
	h.authorization = SLICE_LITERAL("Basic rv_a");
	cr_expect(params_bearer(&h).data == NULL);
	h.authorization = SLICE_LITERAL("Bearer ");
	cr_expect(params_bearer(&h).data == NULL);
	h.authorization = SLICE_NULL;
	cr_expect(params_bearer(&h).data == NULL);
}

Test(params, an_idempotency_key_is_short_and_visible)
{
	static const struct {
		const char *key;
		enum result rc;
	} cases[] = {{"a-1", OK},
		     {"", E_MALFORMED},
		     {"a b", E_MALFORMED},
		     {"\xc3\xa9", E_MALFORMED}};
	static char long_key[IDEMPOTENCY_KEY_BYTES_MAX + 2];
	struct call_input in = {0};
	struct headers h = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		h.idempotency_key = slice_text(cases[i].key);
		cr_expect_eq(params_read_idempotency(&in, &h, NULL), cases[i].rc, "case %zu", i);
	}
	memset(long_key, 'a', sizeof long_key - 1);
	h.idempotency_key = slice_text(long_key);
	cr_expect_eq(params_read_idempotency(&in, &h, NULL), E_MALFORMED);
}
