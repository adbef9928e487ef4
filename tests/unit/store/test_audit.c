/* Queries of the audit log find what a plain walk over all entries would, in order, and end within
 * their bound. */
#include "fixture.h"

#include "base/memory.h"
#include "store/sqlite/schema.h"

#include <stdio.h>

#define ENTRIES 3000

static struct folder folder;
static struct store *store;
static struct store_session *session;

static const char *const actors[] = {"ada", "bob", "Bob", "eve"};
static const char *const actions[] = {"secret.read", "secret.write", "token.create"};
static const char *const outcomes[] = {"ok", "forbidden"};
static const char *const paths[] = {"secrets/a/b", "secrets/a/c", "secrets/a0", "secrets/b/x",
				    "profiles/a/b"};

static const char *actor_of(uint64_t i)
{
	return i == 1500 ? "zoe" : actors[i % 4];
}

static const char *action_of(uint64_t i)
{
	return actions[i / 3 % 3];
}

static const char *outcome_of(uint64_t i)
{
	return outcomes[i % 97 == 0];
}

/* Two paths in each entry, which may be of one tree. */
static const char *path_of(uint64_t i, int n)
{
	return paths[(i / 5 + (uint64_t)n * 7) % 5];
}

static void open_it(void)
{
	store = store_make(&folder);
	session = session_make(store);
	EXPECT_OK(store_begin(store, NULL, err));
	for (uint64_t i = 0; i < ENTRIES; i++) {
		struct slice both[] = {slice_text(path_of(i, 0)), slice_text(path_of(i, 1))};
		struct audit_row row = audit_of(i, actor_of(i), action_of(i), outcome_of(i), both);

		row.paths_count = 2;
		row.time_ms = 1000 + (int64_t)(i / 10);
		EXPECT_OK(store_put_audit(store, &row, 1, err));
	}
	EXPECT_OK(store_commit(store, err));
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

STORE_TESTS(store_audit);

static bool is_of(struct slice want, const char *value)
{
	if (want.len != 0 && want.data[want.len - 1] == '*') {
		while (want.len != 0 && want.data[want.len - 1] == '*')
			want.len--;
		return slice_starts_with(slice_text(value), want);
	}
	if (want.len != 0 && want.data[want.len - 1] == '/')
		return slice_starts_with(slice_text(value), want);
	return want.len == 0 || slice_is_text(want, value);
}

static bool is_wanted(const struct audit_filter *f, uint64_t i)
{
	int64_t ms = 1000 + (int64_t)(i / 10);

	return is_of(f->actor, actor_of(i)) && is_of(f->action, action_of(i)) &&
	       is_of(f->outcome, outcome_of(i)) &&
	       (is_of(f->path, path_of(i, 0)) || is_of(f->path, path_of(i, 1))) &&
	       (f->from_ms == 0 || ms >= f->from_ms) && (f->to_ms == 0 || ms < f->to_ms) &&
	       (f->is_newest_first ? f->after == 0 || i < f->after : i >= f->after);
}

struct found {
	uint64_t indexes[ENTRIES];
	size_t count;
};

static enum result find(void *ctx, const struct audit_row *row, struct error *err)
{
	struct found *found = ctx;

	(void)err;
	cr_assert(found->count < ENTRIES);
	cr_expect(slice_is_text(row->actor, actor_of(row->index)));
	cr_expect(slice_is_text(row->action, action_of(row->index)));
	cr_expect(slice_is_text(row->outcome, outcome_of(row->index)));
	cr_expect_eq(row->time_ms, 1000 + (int64_t)(row->index / 10));
	cr_expect(slice_is_text(row->leaf, digest_32));
	found->indexes[found->count++] = row->index;
	return OK;
}

static void expect_same(const struct audit_filter *f, size_t nth)
{
	struct found found = {{0}, 0};
	size_t at = 0;

	EXPECT_OK(store_each_audit(session, f, find, &found, err));
	for (uint64_t n = 0; n < ENTRIES && (f->limit == 0 || at < f->limit); n++) {
		uint64_t i = f->is_newest_first ? ENTRIES - 1 - n : n;

		if (!is_wanted(f, i))
			continue;
		cr_assert_lt(at, found.count, "filter %zu lacks entry %llu", nth,
			     (unsigned long long)i);
		cr_assert_eq(found.indexes[at], i, "filter %zu gave %llu, not %llu", nth,
			     (unsigned long long)found.indexes[at], (unsigned long long)i);
		at++;
	}
	cr_expect_eq(found.count, at, "filter %zu found %zu, not %zu", nth, found.count, at);
}

/* Every combination of these, each way round. */
STORE_TEST(store_audit, a_query_finds_what_a_walk_over_all_would)
{
	static const char *const some_actors[] = {"", "ada", "zoe", "nobody"};
	static const char *const some_actions[] = {"", "secret.read", "secret.*", "*"};
	static const char *const some_outcomes[] = {"", "forbidden"};
	static const char *const some_paths[] = {"",	       "secrets/a/b",
						 "secrets/a/", "secrets/a/**",
						 "secrets/**", "**"};
	static const uint64_t some_after[] = {0, 1023, 1024, 2999, 5000};
	size_t nth = 0;

	for (size_t a = 0; a < 4; a++)
		for (size_t b = 0; b < 4; b++)
			for (size_t c = 0; c < 2; c++)
				for (size_t d = 0; d < 6; d++)
					for (size_t e = 0; e < 2; e++) {
						struct audit_filter f = {
							.actor = slice_text(some_actors[a]),
							.action = slice_text(some_actions[b]),
							.outcome = slice_text(some_outcomes[c]),
							.path = slice_text(some_paths[d]),
							.after = some_after[nth % 5],
							.limit = nth % 3 == 0 ? 0 : 7,
							.from_ms = nth % 4 == 0 ? 1050 : 0,
							.to_ms = nth % 7 < 2 ? 1250 : 0,
							.is_newest_first = e == 1,
						};

						expect_same(&f, nth++);
					}
}

STORE_TEST(store_audit, a_span_of_time_is_half_open)
{
	static const struct {
		int64_t from_ms, to_ms;
		size_t count;
	} cases[] = {
		{0, 1000, 0},	    {1000, 1001, 10}, {1000, 1000, 0},
		{1299, 0, 10},	    {1300, 0, 0},     {0, 0, 3000},
		{1100, 1200, 1000}, {1200, 1100, 0},  {0, INT64_MAX, 3000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct audit_filter f = {.from_ms = cases[i].from_ms, .to_ms = cases[i].to_ms};
		struct found found = {{0}, 0};

		EXPECT_OK(store_each_audit(session, &f, find, &found, err));
		cr_expect_eq(found.count, cases[i].count, "case %zu: %zu", i, found.count);
	}
}

STORE_TEST(store_audit, a_search_that_finds_too_little_ends_and_says_where_to_go_on)
{
	struct audit_filter f = {.actor = SLICE_LITERAL("ada"),
				 .outcome = SLICE_LITERAL("nothing"),
				 .scan_max = 100};
	struct found found = {{0}, 0};
	struct error told = ERROR_NULL;

	cr_expect_eq(store_each_audit(session, &f, find, &found, &told), E_LIMIT);
	cr_expect(strstr(told.text, folder.disk != NULL ? "after=100" : "after=0") != NULL, "%s",
		  told.text);
	f.after = 2100;
	f.is_newest_first = true;
	cr_expect_eq(store_each_audit(session, &f, find, &found, &told), E_LIMIT);
	cr_expect(strstr(told.text, folder.disk != NULL ? "after=2000" : "after=3072") != NULL,
		  "%s", told.text);
	cr_expect_eq(found.count, 0);
	f.scan_max = 0;
	EXPECT_OK(store_each_audit(session, &f, find, &found, err));
}

STORE_TEST(store_audit, an_index_is_given_once)
{
	struct audit_row row = audit_of(0, "ada", "a", "ok", NULL);
	struct audit_row short_leaf = audit_of(ENTRIES, "ada", "a", "ok", NULL);

	short_leaf.leaf.len = 31;
	EXPECT_OK(store_begin(store, NULL, err));
	EXPECT_RC(store_put_audit(store, &row, 1, err), E_CONFLICT);
	EXPECT_RC(store_put_audit(store, &short_leaf, 1, err), E_INTERNAL);
}

struct paths_seen {
	uint32_t of[ENTRIES];
	uint64_t first, last;
	uint32_t stop_after, count;
};

static enum result see_path(void *ctx, uint64_t index, struct slice path, struct error *err)
{
	struct paths_seen *seen = ctx;

	cr_assert(index >= seen->first && index < seen->last);
	cr_expect(slice_is_text(path, path_of(index, 0)) || slice_is_text(path, path_of(index, 1)));
	seen->of[index]++;
	return ++seen->count == seen->stop_after ? fail(err, E_LIMIT, "enough") : OK;
}

STORE_TEST(store_audit, what_entries_are_found_by_is_told_for_any_span)
{
	static const uint64_t spans[][2] = {
		{0, ENTRIES}, {0, 1}, {1000, 2000}, {1023, 1025}, {7, 7}};

	for (size_t n = 0; n < ARRAY_SIZE(spans); n++) {
		struct paths_seen seen = {.first = spans[n][0], .last = spans[n][1]};

		EXPECT_OK(store_each_audit_path(session, seen.first, seen.last, see_path, &seen,
						err));
		for (uint64_t i = seen.first; i < seen.last; i++)
			cr_expect_eq(seen.of[i],
				     strcmp(path_of(i, 0), path_of(i, 1)) != 0 ? 2u : 1u);
	}
}

STORE_TEST(store_audit, a_walk_over_what_entries_are_found_by_ends_when_told)
{
	struct paths_seen seen = {.last = ENTRIES, .stop_after = 3};

	EXPECT_RC(store_each_audit_path(session, 0, ENTRIES, see_path, &seen, err), E_LIMIT);
	cr_expect_eq(seen.count, 3);
}

STORE_TEST(store_audit, an_empty_log_has_no_entries)
{
	struct folder other = folder.disk != NULL ? folder_new_in_memory() : folder_new();
	struct store *empty = store_make(&other);
	struct store_session *ss = session_make(empty);
	struct audit_filter all = {.limit = 0},
			    some = {.actor = SLICE_LITERAL("ada"), .from_ms = 1};
	struct found found = {{0}, 0};

	EXPECT_OK(store_each_audit(ss, &all, find, &found, err));
	EXPECT_OK(store_each_audit(ss, &some, find, &found, err));
	cr_expect_eq(found.count, 0);
	store_session_close(ss);
	store_close(empty);
	folder_remove(&other);
}

STORE_TEST(store_audit, a_read_that_outruns_its_budget_ends_with_the_budgets_result)
{
	const struct budget_limits little = {20000, 0, 0}, enough = {UINT64_MAX, 0, 0};
	struct audit_filter f = {.actor = SLICE_LITERAL("ada")};
	struct found found = {{0}, 0};
	struct error told = ERROR_NULL;
	struct budget budget;

	budget_init(&budget, &little, &system_clock);
	store_session_set_budget(session, &budget);
	cr_expect_eq(store_each_audit(session, &f, find, &found, &told), E_LIMIT);
	cr_expect(strstr(told.text, "more work") != NULL, "%s", told.text);
	budget_init(&budget, &enough, &system_clock);
	store_session_set_budget(session, &budget);
	found.count = 0;
	EXPECT_OK(store_each_audit(session, &f, find, &found, err));
	cr_expect_gt(found.count, 0);
	store_session_set_budget(session, NULL);
}
