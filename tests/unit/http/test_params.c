#include "http/params.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const struct param_limits limits = {1000, 60000};

#define ALL_BUT_NUMBERS (PARAM_FROM_TIME | PARAM_TO_TIME | PARAM_AFTER)

struct reading {
	char text[256];
	struct call_input in;
	bool has_format;
	enum media format;
	struct error err;
};

static enum result read(struct reading *r, const char *query, uint32_t allowed)
{
	*r = (struct reading){0};
	snprintf(r->text, sizeof r->text, "%s", query);
	return params_read(&r->in, &r->has_format, &r->format, slice_text(r->text), allowed,
			   &limits, &r->err);
}

Test(params, one_moment_is_asked_for_by_version_revision_or_time)
{
	struct reading r;

	cr_assert_eq(read(&r, "revision=9", UINT32_MAX & ~ALL_BUT_NUMBERS), OK);
	cr_expect_eq(r.in.revision, 9);
	cr_assert_eq(read(&r, "at=1970-01-01T00:00:01%2b00:00", UINT32_MAX & ~ALL_BUT_NUMBERS), OK);
	cr_expect_eq(r.in.at_ms, 1000);
	cr_assert_eq(read(&r, "at=1970-01-01T00:00:00Z", UINT32_MAX & ~ALL_BUT_NUMBERS), OK);
	cr_expect_neq(r.in.at_ms, 0, "a time that was given is not none");
	cr_expect_eq(read(&r, "version=3&revision=9", UINT32_MAX & ~ALL_BUT_NUMBERS), E_MALFORMED);
}

Test(params, values_arrive_typed)
{
	struct reading r;

	cr_assert_eq(read(&r,
			  "version=3&limit=1000&key=/a~1b&"
			  "reveal=true&explain=false&dry_run=true&wait=30s&message=a+b&format=env",
			  UINT32_MAX & ~ALL_BUT_NUMBERS),
		     OK, "%s", r.err.text);
	cr_expect_eq(r.in.version, 3);
	cr_expect_eq(r.in.limit, 1000);
	cr_expect(slice_is_text(r.in.key, "/a~1b"));
	cr_expect(r.in.is_revealed && !r.in.is_explained && r.in.is_dry_run);
	cr_expect_eq(r.in.wait_ms, 30000);
	cr_expect(slice_is_text(r.in.message, "a b"));
	cr_expect(r.has_format && r.format == MEDIA_ENV);
}

Test(params, from_to_and_after_mean_what_the_route_says)
{
	struct reading r;

	cr_assert_eq(read(&r, "from=1&to=2", PARAM_FROM | PARAM_TO), OK);
	cr_expect(r.in.from == 1 && r.in.to == 2);
	cr_assert_eq(read(&r, "from=1970-01-01T00:00:02Z", PARAM_FROM_TIME), OK);
	cr_expect_eq(r.in.from_ms, 2000);
	cr_assert_eq(read(&r, "after=0", PARAM_AFTER_NUMBER), OK);
	cr_expect(r.in.has_after_number && r.in.after_number == 0);
	cr_assert_eq(read(&r, "after=profiles/a", PARAM_AFTER), OK);
	cr_expect(!r.in.has_after_number && slice_is_text(r.in.after, "profiles/a"));
}

Test(params, what_is_not_known_here_comes_twice_or_has_no_value_is_refused)
{
	static const struct {
		const char *query;
		uint32_t allowed;
	} cases[] = {
		{"dry_runn=true", PARAM_DRY_RUN},
		{"dry_run=true", PARAM_MESSAGE},
		{"DRY_RUN=true", PARAM_DRY_RUN},
		{"dry_run=true&dry_run=true", PARAM_DRY_RUN},
		{"message=a&message=b", PARAM_MESSAGE},
		{"dry_run", PARAM_DRY_RUN},
		{"dry_run=", PARAM_DRY_RUN},
		{"dry_run=1", PARAM_DRY_RUN},
		{"dry_run=yes", PARAM_DRY_RUN},
		{"version=0", PARAM_VERSION},
		{"version=-1", PARAM_VERSION},
		{"version=v3", PARAM_VERSION},
		{"version=9223372036854775808", PARAM_VERSION},
		{"limit=0", PARAM_LIMIT},
		{"limit=1001", PARAM_LIMIT},
		{"wait=61s", PARAM_WAIT},
		{"wait=-1", PARAM_WAIT},
		{"at=yesterday", PARAM_AT},
		{"key=a", PARAM_KEY},
		{"key=/a~2", PARAM_KEY},
		{"format=xml", PARAM_FORMAT},
		{"a=1", 0},
	};
	struct reading r;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cr_expect_eq(read(&r, cases[i].query, cases[i].allowed), E_MALFORMED, "%s",
			     cases[i].query);
		cr_expect_neq(r.err.text[0], '\0');
	}
}

Test(params, a_mistyped_parameter_is_told_its_neighbour)
{
	struct reading r;

	cr_expect_eq(read(&r, "dryrun=true", PARAM_DRY_RUN | PARAM_MESSAGE), E_MALFORMED);
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
			cr_expect_eq(in.has_if_version, cases[i].has, "case %zu", i);
			cr_expect_eq(in.if_version, cases[i].version, "case %zu", i);
		}
	}
}

Test(params, a_bearer_token_is_found_whatever_the_case_of_its_scheme)
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
