#include "fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define FIXTURE(name) CLEANUP(fixture_freep) struct fixture *name = fixture_new()

Test(profile_chain, a_profile_alone_is_its_chain)
{
	FIXTURE(f);

	fixture_put(f, "profiles/a/x", "{}");
	cr_expect_str_eq(fixture_order(f, "profiles/a/x"), "x");
}

Test(profile_chain, of_a_diamond_every_ancestor_applies_once_before_its_heirs)
{
	FIXTURE(f);

	fixture_put(f, "profiles/a/A", "{}");
	fixture_put(f, "profiles/a/B", "{'$extends': ['A']}");
	fixture_put(f, "profiles/a/C", "{'$extends': ['A']}");
	fixture_put(f, "profiles/a/D", "{'$extends': ['B', 'C']}");
	cr_expect_str_eq(fixture_order(f, "profiles/a/D"), "A B C D");
	cr_expect_eq(f->loads, 4, "each is loaded once");
}

/* The example of the paper on C3, its parents written the other way around. */
Test(profile_chain, the_rightmost_parent_wins)
{
	FIXTURE(f);

	fixture_put(f, "profiles/a/O", "{}");
	fixture_put(f, "profiles/a/A", "{'$extends': 'O'}");
	fixture_put(f, "profiles/a/B", "{'$extends': 'O'}");
	fixture_put(f, "profiles/a/C", "{'$extends': 'O'}");
	fixture_put(f, "profiles/a/D", "{'$extends': 'O'}");
	fixture_put(f, "profiles/a/E", "{'$extends': 'O'}");
	fixture_put(f, "profiles/a/K1", "{'$extends': ['C', 'B', 'A']}");
	fixture_put(f, "profiles/a/K2", "{'$extends': ['E', 'B', 'D']}");
	fixture_put(f, "profiles/a/K3", "{'$extends': ['A', 'D']}");
	fixture_put(f, "profiles/a/Z", "{'$extends': ['K3', 'K2', 'K1']}");
	cr_expect_str_eq(fixture_order(f, "profiles/a/Z"), "O E C B A D K3 K2 K1 Z");
}

Test(profile_chain, parents_of_another_app_are_found)
{
	FIXTURE(f);

	fixture_put(f, "profiles/shared/spark", "{}");
	fixture_put(f, "profiles/a/x", "{'$extends': ['/shared/spark']}");
	cr_expect_str_eq(fixture_order(f, "profiles/a/x"), "spark x");
}

Test(profile_chain, a_cycle_is_spelled_out)
{
	FIXTURE(f);

	fixture_put(f, "profiles/a/w", "{'$extends': 'x'}");
	fixture_put(f, "profiles/a/x", "{'$extends': 'y'}");
	fixture_put(f, "profiles/a/y", "{\n'$extends': 'x'}");
	cr_expect_eq(fixture_try_order(f, "profiles/a/w"), E_INVALID);
	cr_expect_not_null(strstr(f->err.text, ": profiles/a/x → profiles/a/y → profiles/a/x"),
			   "%s", f->err.text);
	cr_expect_eq(f->err.line, 2);
}

Test(profile_chain, a_profile_that_extends_itself_is_a_cycle)
{
	FIXTURE(f);

	fixture_put(f, "profiles/a/x", "{'$extends': 'x'}");
	cr_expect_eq(fixture_try_order(f, "profiles/a/x"), E_INVALID);
	cr_expect_not_null(strstr(f->err.text, "profiles/a/x → profiles/a/x"), "%s", f->err.text);
}

Test(profile_chain, a_missing_parent_is_refused_with_its_place)
{
	FIXTURE(f);

	fixture_put(f, "profiles/a/b", "{}");
	fixture_put(f, "profiles/a/x", "{'$extends': ['b', 'c']}");
	cr_expect_eq(fixture_try_order(f, "profiles/a/x"), E_INVALID);
	cr_expect_str_eq(f->err.text, "profiles/a/x extends profiles/a/c, which is not there");
	cr_expect(f->err.line == 1 && f->err.column == 20, "%u:%u", f->err.line, f->err.column);
	cr_expect_eq(fixture_try_order(f, "profiles/a/none"), E_NOT_FOUND);
}

Test(profile_chain, an_order_that_cannot_be_kept_is_refused)
{
	FIXTURE(f);

	fixture_put(f, "profiles/a/A", "{}");
	fixture_put(f, "profiles/a/B", "{}");
	fixture_put(f, "profiles/a/C", "{'$extends': ['A', 'B']}");
	fixture_put(f, "profiles/a/D", "{'$extends': ['B', 'A']}");
	fixture_put(f, "profiles/a/E", "{'$extends': ['C', 'D']}");
	cr_expect_eq(fixture_try_order(f, "profiles/a/E"), E_INVALID);
	cr_expect_not_null(strstr(f->err.text, "opposite order"), "%s", f->err.text);
}

static void put_line(struct fixture *f, char (*paths)[32], int count)
{
	for (int i = 0; i < count; i++) {
		char json[64];

		snprintf(paths[i], sizeof paths[i], "profiles/a/p%d", i);
		snprintf(json, sizeof json, i == 0 ? "{}" : "{'$extends': 'p%d'}", i - 1);
		fixture_put(f, paths[i], json);
	}
}

Test(profile_chain, inheritance_is_bounded_in_depth)
{
	static char paths[PROFILE_DEPTH_MAX + 2][32];
	FIXTURE(f);

	put_line(f, paths, PROFILE_DEPTH_MAX + 2);
	cr_expect_eq(fixture_try_order(f, paths[PROFILE_DEPTH_MAX]), OK, "%s", f->err.text);
	cr_expect_eq(fixture_try_order(f, paths[PROFILE_DEPTH_MAX + 1]), E_LIMIT);
}

Test(profile_chain, depth_counts_the_longest_way_also_through_what_was_met_before)
{
	static char paths[PROFILE_DEPTH_MAX + 1][32];
	FIXTURE(f);

	put_line(f, paths, PROFILE_DEPTH_MAX + 1);
	/* p20 is met first on a short way, then once more behind the long one. */
	fixture_put(f, "profiles/a/x", "{'$extends': ['p20', 'p32']}");
	cr_expect_eq(fixture_try_order(f, "profiles/a/x"), E_LIMIT);
}

Test(profile_chain, ancestors_are_bounded_in_number)
{
	static char paths[PROFILE_LAYERS_MAX][32];
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	FIXTURE(f);

	buf_append_text(&json, "{'$extends': [");
	for (int i = 0; i < PROFILE_LAYERS_MAX; i++) {
		snprintf(paths[i], sizeof paths[i], "profiles/a/p%d", i);
		fixture_put(f, paths[i], "{}");
		if (i == PROFILE_LAYERS_MAX - 1) {
			CLEANUP(buf_clear) struct buf enough = BUF_NULL;

			buf_append_slice(&enough, buf_slice(&json));
			buf_append_text(&enough, "]}");
			fixture_put(f, "profiles/a/enough", enough.data);
		}
		buf_printf(&json, "%s'p%d'", i != 0 ? "," : "", i);
	}
	buf_append_text(&json, "]}");
	fixture_put(f, "profiles/a/many", json.data);
	cr_expect_eq(fixture_try_order(f, "profiles/a/enough"), OK, "%s", f->err.text);
	cr_expect_eq(fixture_try_order(f, "profiles/a/many"), E_LIMIT);
}
