/* What a principal keeps of the links that it was made of. */
#include "access/principal.h"

#include <criterion/criterion.h>
#include <string.h>

/* The first link has two policies, the second a bound to 10.0.0.0/8. */
static struct principal *make(uint32_t count)
{
	static struct slice own[] = {SLICE_INIT("runtime"), SLICE_INIT("reader")};
	static struct slice above[] = {SLICE_INIT("all")};
	struct address_range range;
	struct principal_link links[] = {
		{.accessor = SLICE_LITERAL("a1"),
		 .name = SLICE_LITERAL("job"),
		 .policies = own,
		 .policies_count = 2,
		 .ends_ms = 7},
		{.accessor = SLICE_LITERAL("a2"),
		 .name = SLICE_LITERAL("team"),
		 .policies = above,
		 .policies_count = 1,
		 .addresses = &range,
		 .addresses_count = 1},
		{.accessor = SLICE_LITERAL("a3"), .name = SLICE_LITERAL("first")},
	};
	struct principal *p;

	cr_assert(address_range_parse(SLICE_LITERAL("10.0.0.0/8"), &range));
	p = principal_new(PROOF_TOKEN, links, count, true);
	cr_assert_not_null(p);
	memset(links, 0xff, sizeof links); /* all of it was copied */
	memset(&range, 0xff, sizeof range);
	return p;
}

Test(principal, keeps_a_copy_of_its_chain)
{
	struct principal *p = make(3);

	cr_expect(slice_is_text(p->name, "job") && slice_is_text(p->accessor, "a1"));
	cr_expect_str_eq(p->name.data, "job");
	cr_expect_eq(p->chain_count, 3);
	cr_expect(slice_is_text(p->chain[1].name, "team"));
	cr_expect(slice_is_text(p->chain[1].policies[0], "all"));
	cr_expect_eq(p->chain[0].ends_ms, 7);
	cr_expect(p->has_limited_uses);
	cr_expect_str_eq(principal_proof_name(p->proof), "token");
	principal_unref(p);
}

Test(principal, has_its_own_policies_and_not_those_above_it)
{
	struct principal *p = make(3);

	cr_expect(principal_has_policy(p, SLICE_LITERAL("runtime")));
	cr_expect(principal_has_policy(p, SLICE_LITERAL("reader")));
	cr_expect_not(principal_has_policy(p, SLICE_LITERAL("all")));
	cr_expect_not(principal_has_policy(p, SLICE_LITERAL("run")));
	principal_unref(p);
}

Test(principal, shares_under_the_name_just_below_the_first_token)
{
	static const char *const names[] = {"job", "job", "team"};

	for (uint32_t i = 0; i < 3; i++) {
		struct principal *p = make(i + 1);

		cr_expect(slice_is_text(p->share, names[i]), "%.*s", SLICE_ARGS(p->share));
		principal_unref(p);
	}
}

Test(principal, comes_from_where_all_of_its_chain_may_come_from)
{
	static const struct {
		const char *address;
		uint32_t count;
		bool may_come;
	} cases[] = {
		{"10.1.2.3", 3, true},
		{"192.0.2.1", 3, false},
		{"192.0.2.1", 2, false},
		{"192.0.2.1", 1, true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct principal *p = make(cases[i].count);
		uint8_t address[16];

		cr_assert(address_parse(slice_text(cases[i].address), address));
		cr_expect_eq(principal_may_come_from(p, address), cases[i].may_come, "case %zu", i);
		principal_unref(p);
	}
}

Test(principal, lives_until_its_last_reference)
{
	struct principal *p = make(1);

	cr_expect_eq(principal_ref(p), p);
	principal_unref(p);
	cr_expect(slice_is_text(p->name, "job"));
	principal_unref(p);
	principal_unref(NULL);
	cr_expect_null(principal_ref(NULL));
}
