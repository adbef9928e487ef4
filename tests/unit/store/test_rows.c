/* Every row goes in and comes out again as it was. */
#include "fixture.h"

#include "base/clock.h"
#include "base/memory.h"

#include <criterion/logging.h>
#include <stdio.h>

static struct folder folder;
static struct store *store;
static struct store_session *session;
static struct seen seen;

static void open_it(void)
{
	store = store_make(&folder);
	session = session_make(store);
	seen = (struct seen){0};
	EXPECT_OK(store_begin(store, NULL, err));
}

static void set_up(void)
{
	folder = folder_new();
	open_it();
}

static void set_up_in_memory(void)
{
	folder = folder_new_in_memory();
	open_it();
}

static void tear_down(void)
{
	store_session_close(session);
	store_close(store);
	folder_remove(&folder);
}

STORE_TESTS(store_rows);

static void put_version(const char *path, uint64_t version, uint64_t revision)
{
	struct version_row row = version_of(path, version, revision);

	EXPECT_OK(store_put_versions(store, &row, 1, err));
}

static void put_change(const char *path, uint64_t version, uint64_t revision,
		       enum change_action action)
{
	struct change_row row = {revision, slice_text(path), action, SLICE_LITERAL("user"),
				 version};

	EXPECT_OK(store_put_changes(store, &row, 1, err));
}

static void set_state(const char *path, uint64_t version, enum version_state state,
		      uint64_t revision)
{
	const struct state_row row = {slice_text(path), version, state, revision};

	EXPECT_OK(store_set_states(store, &row, 1, err));
}

static const char *taken(void)
{
	const char *text = seen_text(&seen);

	seen.count = 0;
	return text;
}

#define PATH SLICE_LITERAL("profiles/a/b")

STORE_TEST(store_rows, a_version_comes_back_with_every_field)
{
	put_version("profiles/a/b", 1, 7);
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_get_version(session, PATH, 1, see_version, &seen, err));
	cr_expect_str_eq(taken(), "profiles/a/b v1 r7 live@7");
	cr_expect_str_eq(seen.sealed, "a sealed content");
	cr_expect_str_eq(seen.wrapped_key, "a wrapped key");
	EXPECT_RC(store_get_version(session, PATH, 2, see_version, &seen, err), E_NOT_FOUND);
	EXPECT_RC(store_get_version(session, PATH, UINT64_MAX, see_version, &seen, err),
		  E_NOT_FOUND);
}

STORE_TEST(store_rows, a_version_that_exists_is_a_conflict)
{
	struct version_row row = version_of("profiles/a/b", 1, 1);

	EXPECT_OK(store_put_versions(store, &row, 1, err));
	EXPECT_RC(store_put_versions(store, &row, 1, err), E_CONFLICT);
}

STORE_TEST(store_rows, a_number_that_no_column_holds_is_refused)
{
	struct version_row row = version_of("profiles/a/b", UINT64_C(1) << 63, 1);

	EXPECT_RC(store_put_versions(store, &row, 1, err), E_LIMIT);
}

STORE_TEST(store_rows, the_heads_are_the_newest_versions_in_the_order_of_bytes)
{
	put_version("profiles/a/b", 1, 1);
	put_version("profiles/a/b", 2, 2);
	put_version("profiles/a-b", 1, 3);
	put_version("profiles/B", 1, 3);
	put_version("profiles/a/b", 3, 4);
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_each_head(session, 0, see_version, &seen, err));
	cr_expect_str_eq(taken(), "profiles/B v1 r3 live@3, profiles/a-b v1 r3 live@3,"
				  " profiles/a/b v3 r4 live@4");
}

STORE_TEST(store_rows, heads_since_a_revision_are_those_that_changed_later)
{
	put_version("profiles/a", 1, 1);
	put_change("profiles/a", 1, 1, CHANGE_PUT);
	put_version("profiles/b", 1, 2);
	put_change("profiles/b", 1, 2, CHANGE_PUT);
	put_version("profiles/c", 1, 3);
	put_change("profiles/c", 1, 3, CHANGE_PUT);
	put_version("profiles/a", 2, 4);
	put_change("profiles/a", 2, 4, CHANGE_PUT);
	put_change("profiles/b", 1, 5, CHANGE_DELETE);
	set_state("profiles/b", 1, VERSION_DELETED, 5);
	put_change("profiles/a", 1, 6, CHANGE_DELETE);
	set_state("profiles/a", 1, VERSION_DELETED, 6);
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_each_head(session, 2, see_version, &seen, err));
	cr_expect_str_eq(taken(), "profiles/a v2 r4 live@4, profiles/b v1 r2 deleted@5,"
				  " profiles/c v1 r3 live@3");
	EXPECT_OK(store_each_head(session, 4, see_version, &seen, err));
	cr_expect_str_eq(taken(), "profiles/b v1 r2 deleted@5");
	EXPECT_OK(store_each_head(session, 5, see_version, &seen, err));
	cr_expect_str_eq(taken(), "", "the newest version of profiles/a did not change");
	EXPECT_OK(store_each_head(session, UINT64_MAX, see_version, &seen, err));
	cr_expect_str_eq(taken(), "");
}

STORE_TEST(store_rows, rows_of_one_kind_go_in_together)
{
	struct version_row rows[] = {version_of("profiles/a", 1, 1), version_of("profiles/a", 2, 1),
				     version_of("profiles/b", 1, 1)};
	const struct edge_row edges[] = {
		{SLICE_LITERAL("p"), SLICE_LITERAL("x"), EDGE_EXTENDS},
		{SLICE_LITERAL("q"), SLICE_LITERAL("y"), EDGE_SCHEMA},
	};
	const struct edge_set sets[] = {{SLICE_LITERAL("p"), &edges[0], 1},
					{SLICE_LITERAL("q"), &edges[1], 1}};

	EXPECT_OK(store_put_versions(store, rows, 3, err));
	EXPECT_OK(store_replace_edges(store, sets, 2, err));
	EXPECT_OK(store_put_versions(store, NULL, 0, err));
	EXPECT_OK(store_savepoint(store, err));
	rows[0].version = 3;
	EXPECT_RC(store_put_versions(store, rows, 3, err), E_CONFLICT);
	EXPECT_OK(store_rollback_to(store, err));
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_each_head(session, 0, see_version, &seen, err));
	cr_expect_str_eq(taken(), "profiles/a v2 r1 live@1, profiles/b v1 r1 live@1");
	EXPECT_OK(store_each_edge(session, see_edge, &seen, err));
	cr_expect_str_eq(taken(), "p -0-> x, q -1-> y");
}

STORE_TEST(store_rows, a_history_is_newest_first_and_without_contents)
{
	for (uint64_t v = 1; v <= 5; v++)
		put_version("profiles/a/b", v, v * 10);
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_each_version(session, PATH, (struct row_page){0, 2}, see_version, &seen,
				     err));
	cr_expect_str_eq(taken(), "profiles/a/b v5 r50 live@50, profiles/a/b v4 r40 live@40");
	cr_expect_str_eq(seen.sealed, "");
	cr_expect_str_eq(seen.wrapped_key, "");
	EXPECT_OK(store_each_version(session, PATH, (struct row_page){3, 0}, see_version, &seen,
				     err));
	cr_expect_str_eq(taken(), "profiles/a/b v2 r20 live@20, profiles/a/b v1 r10 live@10");
}

STORE_TEST(store_rows, a_callback_ends_the_walk_by_its_result)
{
	struct error told = ERROR_NULL;

	for (uint64_t v = 1; v <= 5; v++)
		put_version("profiles/a/b", v, v);
	EXPECT_OK(store_commit(store, err));
	seen.stop_after = 2;
	cr_expect_eq(store_each_version(session, PATH, (struct row_page){0, 0}, see_version, &seen,
					&told),
		     E_LIMIT);
	cr_expect_eq(seen.count, 2);
	cr_expect_str_eq(told.text, "");
}

STORE_TEST(store_rows, the_state_at_a_revision_is_told_from_the_changes)
{
	static const struct {
		uint64_t revision;
		const char *text;
	} cases[] = {
		{2, "profiles/a/b v1 r2 live@2"},
		{3, "profiles/a/b v1 r2 live@2"},
		{4, "profiles/a/b v1 r2 deleted@4"},
		{5, "profiles/a/b v1 r2 deleted@4"},
		{6, "profiles/a/b v1 r2 live@6"},
		{8, "profiles/a/b v2 r8 live@8"},
		{9, "profiles/a/b v2 r8 deleted@9"},
		{99, "profiles/a/b v2 r8 deleted@9"},
		{UINT64_MAX, "profiles/a/b v2 r8 deleted@9"},
	};

	put_version("profiles/a/b", 1, 2);
	put_change("profiles/a/b", 1, 2, CHANGE_PUT);
	put_change("profiles/a/b", 1, 4, CHANGE_DELETE);
	EXPECT_OK(
		store_set_states(store, &(struct state_row){PATH, 1, VERSION_DELETED, 4}, 1, err));
	put_change("profiles/a/b", 1, 6, CHANGE_UNDELETE);
	EXPECT_OK(store_set_states(store, &(struct state_row){PATH, 1, VERSION_LIVE, 6}, 1, err));
	put_version("profiles/a/b", 2, 8);
	put_change("profiles/a/b", 2, 8, CHANGE_PUT);
	put_change("profiles/a/b", 2, 9, CHANGE_DELETE);
	EXPECT_OK(
		store_set_states(store, &(struct state_row){PATH, 2, VERSION_DELETED, 9}, 1, err));
	put_change("profiles/a/b", 1, 10, CHANGE_DELETE);
	EXPECT_OK(
		store_set_states(store, &(struct state_row){PATH, 1, VERSION_DELETED, 10}, 1, err));
	EXPECT_OK(store_commit(store, err));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_OK(store_get_version_at(session,
					       &(struct version_at){PATH, 0, cases[i].revision},
					       see_version, &seen, err));
		cr_expect_str_eq(taken(), cases[i].text);
	}
	EXPECT_RC(store_get_version_at(session, &(struct version_at){PATH, 0, 1}, see_version,
				       &seen, err),
		  E_NOT_FOUND);
}

STORE_TEST(store_rows, a_destroyed_version_has_no_content_and_no_way_back)
{
	put_version("secrets/a", 1, 1);
	put_change("secrets/a", 1, 1, CHANGE_PUT);
	EXPECT_OK(store_set_states(store,
				   &(struct state_row){SLICE_LITERAL("secrets/a"), 1,
						       VERSION_DESTROYED, 2},
				   1, err));
	EXPECT_RC(store_set_states(store,
				   &(struct state_row){SLICE_LITERAL("secrets/a"), 1, VERSION_LIVE,
						       3},
				   1, err),
		  E_CONFLICT);
	EXPECT_RC(store_rewrap_versions(store,
					&(struct rewrap_row){SLICE_LITERAL("secrets/a"), 1, 2,
							     SLICE_LITERAL("new")},
					1, err),
		  E_CONFLICT);
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_get_version_at(session,
				       &(struct version_at){SLICE_LITERAL("secrets/a"), 0, 1},
				       see_version, &seen, err));
	cr_expect_str_eq(taken(), "secrets/a v1 r1 live@1", "its state then is told");
	cr_expect_str_eq(seen.sealed, "");
	cr_expect_str_eq(seen.wrapped_key, "");
	cr_expect(seen.is_shredded);
	EXPECT_OK(store_get_version_at(session,
				       &(struct version_at){SLICE_LITERAL("secrets/a"), 1, 2},
				       see_version, &seen, err));
	cr_expect_str_eq(taken(), "secrets/a v1 r1 destroyed@2");
	cr_expect(seen.is_shredded);
}

STORE_TEST(store_rows, a_version_that_is_not_there_has_no_state_to_set)
{
	EXPECT_RC(store_set_states(store, &(struct state_row){PATH, 1, VERSION_DELETED, 1}, 1, err),
		  E_NOT_FOUND);
	EXPECT_RC(store_set_states(store, &(struct state_row){PATH, 1, VERSION_DESTROYED, 1}, 1,
				   err),
		  E_NOT_FOUND);
	EXPECT_RC(store_rewrap_versions(store, &(struct rewrap_row){PATH, 1, 2, SLICE_LITERAL("k")},
					1, err),
		  E_NOT_FOUND);
}

STORE_TEST(store_rows, rotation_finds_each_old_key_until_none_is_left)
{
	put_version("secrets/a", 1, 1);
	put_version("secrets/a", 2, 2);
	put_version("secrets/b", 1, 3);
	EXPECT_OK(store_set_states(store,
				   &(struct state_row){SLICE_LITERAL("secrets/b"), 1,
						       VERSION_DESTROYED, 4},
				   1, err));
	EXPECT_OK(store_rewrap_versions(store,
					&(struct rewrap_row){SLICE_LITERAL("secrets/a"), 2, 2,
							     SLICE_LITERAL("rewrapped")},
					1, err));
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_each_wrapped_below(session, 2, 10, see_version, &seen, err));
	cr_expect_str_eq(taken(), "secrets/a v1 r1 live@1");
	cr_expect_str_eq(seen.wrapped_key, "a wrapped key");
	EXPECT_OK(store_each_wrapped_below(session, 1, 10, see_version, &seen, err));
	cr_expect_eq(seen.count, 0);
	EXPECT_OK(
		store_get_version(session, SLICE_LITERAL("secrets/a"), 2, see_version, &seen, err));
	cr_expect_str_eq(seen.wrapped_key, "rewrapped");
}

STORE_TEST(store_rows, revisions_are_found_by_number_path_tree_and_time)
{
	for (uint64_t r = 1; r <= 4; r++) {
		struct revision_row row = revision_of(r);

		EXPECT_OK(store_put_revisions(store, &row, 1, err));
	}
	put_change("profiles/a/b", 1, 1, CHANGE_PUT);
	put_change("profiles/a/c", 1, 2, CHANGE_PUT);
	put_change("profiles/a0", 1, 3, CHANGE_PUT);
	put_change("profiles/a/b", 1, 4, CHANGE_DELETE);
	put_change("profiles/a/b", 2, 4, CHANGE_DELETE);
	EXPECT_OK(store_commit(store, err));

	static const struct {
		const char *path;
		uint64_t before;
		uint32_t limit;
		const char *text;
	} cases[] = {
		{"", 0, 0, "r4, r3, r2, r1"},
		{"", 3, 1, "r2"},
		{"profiles/a/b", 0, 0, "r4, r1"},
		{"profiles/a/b", 4, 0, "r1"},
		{"profiles/a/", 0, 0, "r4, r2, r1"},
		{"profiles/a/", 0, 2, "r4, r2"},
		{"profiles/", 0, 0, "r4, r3, r2, r1"},
		{"schemas/", 0, 0, ""},
		{"profiles/a", 0, 0, ""},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_OK(store_each_revision(session, slice_text(cases[i].path),
					      (struct row_page){cases[i].before, cases[i].limit},
					      see_revision, &seen, err));
		cr_expect_str_eq(taken(), cases[i].text, "case %zu", i);
	}
	EXPECT_OK(store_get_revision(session, 3, see_revision, &seen, err));
	EXPECT_RC(store_get_revision(session, 5, see_revision, &seen, err), E_NOT_FOUND);

	static const struct {
		int64_t ms;
		uint64_t revision;
	} times[] = {{1009, 0}, {1010, 1}, {1019, 1}, {1040, 4}, {INT64_MAX, 4}};
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		uint64_t revision = 99;

		EXPECT_OK(store_revision_at(session, times[i].ms, &revision, err));
		cr_expect_eq(revision, times[i].revision);
	}
}

STORE_TEST(store_rows, changes_are_told_by_revision_and_by_document)
{
	put_change("profiles/b", 2, 1, CHANGE_PUT);
	put_change("profiles/a", 1, 1, CHANGE_PUT);
	put_change("profiles/a", 1, 2, CHANGE_DELETE);
	put_change("profiles/a", 1, 3, CHANGE_UNDELETE);
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_each_change(session, 1, see_change, &seen, err));
	cr_expect_str_eq(taken(), "r1 put profiles/a v1 by user, r1 put profiles/b v2 by user");
	EXPECT_OK(store_each_change_after(session, SLICE_LITERAL("profiles/a"), 1, see_change,
					  &seen, err));
	cr_expect_str_eq(taken(),
			 "r2 delete profiles/a v1 by user, r3 undelete profiles/a v1 by user");
}

STORE_TEST(store_rows, effective_configurations_have_a_history)
{
	for (uint64_t r = 1; r <= 3; r++)
		EXPECT_OK(store_put_effectives(store,
					       &(struct effective_row){SLICE_LITERAL("config/a/b"),
								       r, SLICE_LITERAL("etag")},
					       1, err));
	EXPECT_OK(store_put_effectives(store,
				       &(struct effective_row){SLICE_LITERAL("config/a/c"), 9,
							       SLICE_LITERAL("x")},
				       1, err));
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_each_effective(session, SLICE_LITERAL("config/a/b"),
				       (struct row_page){3, 1}, see_effective, &seen, err));
	cr_expect_str_eq(taken(), "r2 etag");
	EXPECT_OK(store_each_effective(session, SLICE_LITERAL("config/a/b"),
				       (struct row_page){0, 0}, see_effective, &seen, err));
	cr_expect_str_eq(taken(), "r3 etag, r2 etag, r1 etag");
}

STORE_TEST(store_rows, edges_of_a_source_are_replaced_as_a_whole)
{
	const struct edge_row first[] = {
		{SLICE_LITERAL("p"), SLICE_LITERAL("x"), EDGE_EXTENDS},
		{SLICE_LITERAL("p"), SLICE_LITERAL("s"), EDGE_SCHEMA},
		{SLICE_LITERAL("p"), SLICE_LITERAL("s"), EDGE_SCHEMA},
	};
	const struct edge_row second[] = {{SLICE_LITERAL("p"), SLICE_LITERAL("y"), EDGE_SECRET}};
	const struct edge_row other[] = {{SLICE_LITERAL("q"), SLICE_LITERAL("x"), EDGE_SCHEMA_REF}};

	EXPECT_OK(store_replace_edges(store, &(struct edge_set){SLICE_LITERAL("p"), first, 3}, 1,
				      err));
	EXPECT_OK(store_replace_edges(store, &(struct edge_set){SLICE_LITERAL("q"), other, 1}, 1,
				      err));
	EXPECT_RC(store_replace_edges(store, &(struct edge_set){SLICE_LITERAL("p"), other, 1}, 1,
				      err),
		  E_INTERNAL);
	EXPECT_OK(store_replace_edges(store, &(struct edge_set){SLICE_LITERAL("p"), first, 3}, 1,
				      err));
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_each_edge(session, see_edge, &seen, err));
	cr_expect_str_eq(taken(), "p -0-> x, p -1-> s, q -3-> x");
	EXPECT_OK(store_begin(store, NULL, err));
	EXPECT_OK(store_replace_edges(store, &(struct edge_set){SLICE_LITERAL("p"), second, 1}, 1,
				      err));
	EXPECT_OK(store_replace_edges(store, &(struct edge_set){SLICE_LITERAL("q"), NULL, 0}, 1,
				      err));
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_each_edge(session, see_edge, &seen, err));
	cr_expect_str_eq(taken(), "p -2-> y");
}

STORE_TEST(store_rows, tokens_keep_their_hash_and_accessor)
{
	struct token_row row = {
		slice_text(digest_32), SLICE_LITERAL("acc"), SLICE_LITERAL("{}"), 5, -1, false, 0};
	struct token_row same_accessor = row;

	same_accessor.hash = SLICE_LITERAL("fedcba9876543210fedcba9876543210");
	EXPECT_OK(store_put_tokens(store, &row, 1, err));
	EXPECT_RC(store_put_tokens(store, &row, 1, err), E_CONFLICT);
	EXPECT_RC(store_put_tokens(store, &same_accessor, 1, err), E_CONFLICT);
	EXPECT_RC(store_update_tokens(store, &same_accessor, 1, err), E_NOT_FOUND);
	row.accessor = SLICE_LITERAL("another");
	EXPECT_RC(store_update_tokens(store, &row, 1, err), E_NOT_FOUND);
	row.accessor = SLICE_LITERAL("acc");
	row.record = SLICE_LITERAL("{\"a\":1}");
	row.uses_left = 3;
	row.is_revoked = true;
	EXPECT_OK(store_update_tokens(store, &row, 1, err));
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_each_token(session, 0, see_token, &seen, err));
	cr_expect_str_eq(taken(), "acc {\"a\":1} until 5 uses 3 revoked");
}

static void change_token(struct token_row *row, const char *revision, bool is_new)
{
	const struct meta_row meta = {META_REVISION, slice_text(revision)};

	EXPECT_OK(is_new ? store_put_tokens(store, row, 1, err)
			 : store_update_tokens(store, row, 1, err));
	EXPECT_OK(store_put_meta(store, &meta, 1, err));
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_begin(store, NULL, err));
}

STORE_TEST(store_rows, tokens_since_a_revision_are_those_that_changed_at_it_or_later)
{
	struct token_row a = {
		slice_text(digest_32), SLICE_LITERAL("a"), SLICE_LITERAL("{}"), 0, -1, false, 0};
	struct token_row b = a;

	b.hash = SLICE_LITERAL("fedcba9876543210fedcba9876543210");
	b.accessor = SLICE_LITERAL("b");
	change_token(&a, "5", true); /* while the store is at revision 0 */
	change_token(&b, "6", true); /* 5 */
	EXPECT_OK(store_each_token(session, 5, see_token, &seen, err));
	cr_expect_str_eq(taken(), "b {} until 0 uses -1");
	EXPECT_OK(store_each_token(session, 6, see_token, &seen, err));
	cr_expect_str_eq(taken(), "");
	a.is_revoked = true;
	change_token(&a, "6", false); /* 6 */
	EXPECT_OK(store_each_token(session, 6, see_token, &seen, err));
	cr_expect_str_eq(taken(), "a {} until 0 uses -1 revoked");
	EXPECT_OK(store_each_token(session, 5, see_token, &seen, err));
	cr_expect_str_eq(taken(), "a {} until 0 uses -1 revoked, b {} until 0 uses -1");
	EXPECT_OK(store_each_token(session, 0, see_token, &seen, err));
	cr_expect_str_eq(taken(), "a {} until 0 uses -1 revoked, b {} until 0 uses -1");
	EXPECT_OK(store_each_token(session, UINT64_MAX, see_token, &seen, err));
	cr_expect_str_eq(taken(), "");
}

STORE_TEST(store_rows, keys_meta_values_and_the_log_are_replaced)
{
	struct log_row log = {3, SLICE_LITERAL("peaks"), SLICE_LITERAL("note"), 7, SLICE_NULL};

	EXPECT_RC(store_get_log(session, see_log, &seen, err), E_NOT_FOUND);
	EXPECT_RC(store_get_meta(session, META_EPOCH, see_bytes, &seen, err), E_NOT_FOUND);
	for (int i = 0; i < 2; i++) {
		EXPECT_OK(store_put_keys(store, &(struct wrap_key_row){2, SLICE_LITERAL("two")}, 1,
					 err));
		EXPECT_OK(store_put_keys(store, &(struct wrap_key_row){1, SLICE_LITERAL("one")}, 1,
					 err));
		EXPECT_OK(store_put_meta(store, &(struct meta_row){META_EPOCH, SLICE_LITERAL("1")},
					 1, err));
		EXPECT_OK(store_put_log(store, &log, err));
		log.size++;
	}
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_each_key(session, see_key, &seen, err));
	cr_expect_str_eq(taken(), "g1 one, g2 two");
	EXPECT_OK(store_get_meta(session, META_EPOCH, see_bytes, &seen, err));
	cr_expect_str_eq(taken(), "1");
	EXPECT_OK(store_get_log(session, see_log, &seen, err));
	cr_expect_str_eq(taken(), "4 peaks note at 7");
}

STORE_TEST(store_rows, a_response_is_remembered_for_one_request_and_a_while)
{
	struct slice key = SLICE_LITERAL("key"), print = SLICE_LITERAL("print");

	EXPECT_OK(store_put_idempotent(
		store, &(struct idempotent_row){key, print, SLICE_LITERAL("yes"), 100}, 0, err));
	EXPECT_RC(store_put_idempotent(store,
				       &(struct idempotent_row){key, print, SLICE_LITERAL("no"),
								100},
				       0, err),
		  E_CONFLICT);
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_get_idempotent(session, key, print, see_bytes, &seen, err));
	cr_expect_str_eq(taken(), "yes");
	EXPECT_RC(store_get_idempotent(session, key, SLICE_LITERAL("other"), see_bytes, &seen, err),
		  E_CONFLICT);
	EXPECT_RC(store_get_idempotent(session, print, print, see_bytes, &seen, err), E_NOT_FOUND);
	EXPECT_OK(store_begin(store, NULL, err));
	EXPECT_OK(store_put_idempotent(store,
				       &(struct idempotent_row){print, print, SLICE_LITERAL("new"),
								200},
				       101, err));
	EXPECT_OK(store_commit(store, err));
	EXPECT_RC(store_get_idempotent(session, key, print, see_bytes, &seen, err), E_NOT_FOUND);
}

STORE_TEST(store_rows, values_may_hold_any_byte)
{
	struct slice value = slice_make("a\0b\xff", 4);

	EXPECT_OK(store_put_meta(store, &(struct meta_row){"bytes", value}, 1, err));
	EXPECT_OK(store_put_idempotent(store, &(struct idempotent_row){value, value, value, 1}, 0,
				       err));
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_get_idempotent(session, value, value, see_bytes, &seen, err));
	EXPECT_OK(store_get_meta(session, "bytes", see_bytes, &seen, err));
}

static enum result count_head(void *ctx, const struct version_row *row, struct error *err)
{
	(void)err;
	*(int *)ctx += row->sealed.len == 700;
	return OK;
}

/* Prints how long the reads of a start take: machines differ. */
Test(store_rows, a_hundred_thousand_documents_are_read_in_one_walk)
{
	static char sealed[700];
	int count = 0;
	int64_t began_ms;

	for (int i = 0; i < 100000; i++) {
		char path[64];
		struct version_row row = version_of("", 1, 1);

		snprintf(path, sizeof path, "profiles/app%d/env%d", i / 5, i % 5);
		row.path = slice_text(path);
		row.sealed = slice_make(sealed, sizeof sealed);
		EXPECT_OK(store_put_versions(store, &row, 1, err));
	}
	EXPECT_OK(store_commit(store, err));
	began_ms = clock_monotonic_ms(&system_clock);
	EXPECT_OK(store_each_head(session, 0, count_head, &count, err));
	cr_log_info("100,000 heads read in %lld ms",
		    (long long)(clock_monotonic_ms(&system_clock) - began_ms));
	cr_expect_eq(count, 100000);
}
