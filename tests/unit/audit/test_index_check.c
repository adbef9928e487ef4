#include "support.h"

#include "audit/index_check.h"

#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct audit_touch touched[] = {
	{.path = SLICE_INIT("secrets/b/x"), .version = 1, .has_mac = true, .mac = {1}},
	{.path = SLICE_INIT("secrets/a\n\"b")},
	{.path = SLICE_INIT("secrets/b/x"), .version = 2, .state = AUDIT_STATE_DELETED},
};
static const struct slice indexed_paths[] = {
	SLICE_INIT("secrets/a\n\"b"),
	SLICE_INIT("secrets/b/w"), /* more than the entry could hold */
	SLICE_INIT("secrets/b/x"),
};

#define TIME_MS INT64_C(1763672663123)

/* An entry that names all that it touched, or with `more` not all. */
static void write_entry_of(struct buf *ret, uint32_t more)
{
	struct audit_entry e = {
		.index = 7,
		.time_ms = TIME_MS,
		.epoch = 1,
		.revision = 2,
		.actor = SLICE_LITERAL("c\\i\",\"action\":\"x"),
		.accessor = SLICE_LITERAL("\",\"action\":\"put"),
		.action = SLICE_LITERAL("secret.read"),
		.outcome = SLICE_LITERAL("ok"),
		.reason = SLICE_LITERAL("\",\"touched\":[]"),
		.touched = touched,
		.touched_count = ARRAY_SIZE(touched),
		.touched_more = more,
	};

	cr_assert_eq(audit_entry_write(ret, &e, NULL), OK);
}

static void write_entry(struct buf *ret)
{
	write_entry_of(ret, 1);
}

static struct audit_index_row right_row(void)
{
	return (struct audit_index_row){
		.time_ms = TIME_MS,
		.actor = SLICE_LITERAL("c\\i\",\"action\":\"x"),
		.action = SLICE_LITERAL("secret.read"),
		.outcome = SLICE_LITERAL("ok"),
		.paths = indexed_paths,
		.paths_count = ARRAY_SIZE(indexed_paths),
	};
}

Test(index_row, an_entry_under_its_own_words_is_found)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	struct audit_index_row f = right_row();
	struct error err = ERROR_NULL;

	write_entry(&line);
	cr_expect_eq(audit_index_check(&f, buf_slice(&line), &err), OK, "%s", err.text);
}

Test(index_row, an_entry_under_other_words_is_told_by_which)
{
	static const struct {
		const char *field;
		struct audit_index_row wrong; /* what is set here replaces the right one's */
		bool has_no_paths;
	} cases[] = {
		{.field = "time", .wrong.time_ms = TIME_MS + 1},
		{.field = "actor", .wrong.actor = SLICE_INIT("c\\i")},
		{.field = "actor", .wrong.actor = SLICE_INIT("c\\\\i\\\",\\\"action\\\":\\\"x")},
		{.field = "action", .wrong.action = SLICE_INIT("secret.reads")},
		{.field = "outcome", .wrong.outcome = SLICE_INIT("forbidden")},
		{.field = "path", .has_no_paths = true},
		{.field = "path", .wrong.paths = indexed_paths, .wrong.paths_count = 2},
		{.field = "path", .wrong.paths = indexed_paths + 1, .wrong.paths_count = 2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_clear) struct buf line = BUF_NULL;
		CLEANUP(buf_clear) struct buf wanted = BUF_NULL;
		struct audit_index_row f = right_row();
		struct error err = ERROR_NULL;

		write_entry(&line);
		f.time_ms = cases[i].wrong.time_ms != 0 ? cases[i].wrong.time_ms : f.time_ms;
		f.actor = cases[i].wrong.actor.len != 0 ? cases[i].wrong.actor : f.actor;
		f.action = cases[i].wrong.action.len != 0 ? cases[i].wrong.action : f.action;
		f.outcome = cases[i].wrong.outcome.len != 0 ? cases[i].wrong.outcome : f.outcome;
		if (cases[i].has_no_paths || cases[i].wrong.paths != NULL) {
			f.paths = cases[i].wrong.paths;
			f.paths_count = cases[i].wrong.paths_count;
		}
		cr_expect_eq(audit_index_check(&f, buf_slice(&line), &err), E_CORRUPT, "%zu", i);
		buf_printf(&wanted, "its own %s,", cases[i].field);
		cr_expect(strstr(err.text, wanted.data) != NULL, "%zu: %s", i, err.text);
	}
}

Test(index_row, an_entry_under_a_path_that_it_does_not_name_is_told)
{
	enum { MANY = 100 };
	static char names[MANY][16];
	struct slice paths[MANY + 2] = {indexed_paths[0], indexed_paths[2]};
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	struct audit_index_row f = right_row();
	struct error err = ERROR_NULL;

	write_entry_of(&line, 0);
	f.paths = paths;
	f.paths_count = 2;
	cr_expect_eq(audit_index_check(&f, buf_slice(&line), &err), OK, "%s", err.text);
	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof names[i], "secrets/c/%03d", i);
		paths[2 + i] = slice_text(names[i]);
	}
	for (uint32_t count = 3; count <= ARRAY_SIZE(paths); count++) {
		f.paths_count = count;
		cr_expect_eq(audit_index_check(&f, buf_slice(&line), &err), E_CORRUPT);
		cr_expect(strstr(err.text, "does not name") != NULL, "%s", err.text);
	}
	f.paths = indexed_paths;
	f.paths_count = ARRAY_SIZE(indexed_paths);
	cr_expect_eq(audit_index_check(&f, buf_slice(&line), &err), E_CORRUPT);
}

Test(index_row, a_line_of_another_form_is_corrupt)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"{\"v\":1", "{\"v\":2"},
		{"\"actor\":\"", "\"actor\":x"},
		{",\"accessor\"", ",\"accessoq\""},
		{"\"auth\":\"\"", "\"auth\":0"},
		{"\"source\":\"\"", "\"source\":\"\" "},
		{"\"action\":\"secret", "\"action\":secret"},
		{"\"outcome\":\"ok\"", "\"outcome\":ok\""},
		{"\"request_id\":\"", "\"request_id\":"},
		{"\"touched\":[{", "\"touched\":{"},
		{",\"touched\":[{", "]{"},
		{"{\"path\":\"secrets/b/x\"", "{\"path\":secrets/b/x\""},
		{"],\"touched_more\"", ",\"touched_more\""},
		{"],\"touched_more\"", "},\"touched_more\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_clear) struct buf line = BUF_NULL, changed = BUF_NULL;
		struct audit_index_row f = right_row();
		struct error err = ERROR_NULL;
		const char *at;

		write_entry(&line);
		at = strstr(line.data, cases[i].from);
		cr_assert_not_null(at, "%s", cases[i].from);
		buf_append(&changed, line.data, (size_t)(at - line.data));
		buf_append_text(&changed, cases[i].to);
		buf_append_text(&changed, at + strlen(cases[i].from));
		cr_expect(eq(int, (int)audit_index_check(&f, buf_slice(&changed), &err),
			     (int)E_CORRUPT),
			  "%s", cases[i].to);
		cr_expect(strstr(err.text, "the form that this log writes") != NULL, "%s: %s",
			  cases[i].to, err.text);
	}
}

/* Whatever somebody wrote there is read within its bounds. */
Test(index_row, a_line_cut_anywhere_is_not_of_our_form)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	struct audit_index_row f = right_row();
	size_t end;

	write_entry(&line);
	end = line.len - strlen("],\"touched_more\":0}");
	for (size_t len = 0; len <= end; len++) {
		CLEANUP(alloc_freep) char *cut = malloc(len != 0 ? len : 1);

		memcpy(cut, line.data, len); /* nothing behind it, so that a sanitizer sees */
		cr_expect_eq(audit_index_check(&f, slice_make(cut, len), NULL), E_CORRUPT, "%zu",
			     len);
	}
}

static bool check_it(void *ctx)
{
	struct audit_index_row f = right_row();
	struct error err = ERROR_NULL;
	enum result rc = audit_index_check(&f, buf_slice(ctx), &err);

	cr_expect(rc == OK || rc == E_MEMORY, "%s", err.text);
	return rc == OK;
}

Test(index_row, short_memory_is_no_finding)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;

	write_entry(&line);
	each_fault(check_it, &line);
}
