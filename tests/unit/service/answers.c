#include "answers.h"

#include "audit/entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const changing[] = {"\"time\":\"",	  "\"created_at\":\"", "\"accessor\":\"",
				       "_accessor\":\"",  "\"digest\":\"",     "\"value_mac\":\"",
				       "\"accessor\": \""};

/* The length of a member's name and colon up to the quote that opens its value, 0 where none of
 * those begins here. */
static size_t changing_at(const char *text)
{
	for (size_t i = 0; i < sizeof changing / sizeof *changing; i++) {
		size_t len = strlen(changing[i]);

		if (strncmp(text, changing[i], len) == 0)
			return len;
	}
	return 0;
}

char *response_plain(const char *json)
{
	char *ret = malloc(2 * strlen(json) + 1), *out = ret;

	while (*json != '\0') {
		size_t len = changing_at(json);

		if (len == 0) {
			*out++ = *json++;
			continue;
		}
		memcpy(out, json, len);
		out += len;
		json += len;
		*out++ = '*';
		json = strchr(json, '"');
		cr_assert_not_null(json, "a text without an end");
	}
	*out = '\0';
	return ret;
}

void expect_response_at(struct fixture *f, const char *wanted, struct ask what, const char *file,
			int line)
{
	struct told t = ask(f, what);
	char *got = response_plain(t.body);

	cr_assert_eq(t.result, OK, "%s:%d: %s", file, line, t.call.out.error.text);
	cr_expect_str_eq(got, wanted, "%s:%d: the answer is\n%s", file, line, got);
	free(got);
	told_clear(&t);
}

void expect_refusal_at(struct fixture *f, enum result result, const char *wanted, struct ask what,
		       const char *file, int line)
{
	struct told t = ask(f, what);

	cr_expect_eq(t.result, result, "%s:%d: %s %s", file, line, result_name(t.result), t.body);
	cr_expect_str_eq(t.call.out.error.text, wanted, "%s:%d: %s", file, line,
			 t.call.out.error.text);
	cr_expect_str_eq(t.body, "", "%s:%d: %s", file, line, t.body);
	told_clear(&t);
}

static void append_touched(struct buf *b, const struct audit_touch *t)
{
	buf_append_slice(b, t->path);
	buf_append_char(b, ' ');
	buf_append_u64(b, t->version);
	buf_append_text(b, t->has_mac ? " mac\n" : "\n");
}

void expect_entry_at(struct fixture *f, enum result result, const char *action, const char *reason,
		     const char *touched, struct ask what, const char *file, int line)
{
	struct told t = ask(f, what), entry;
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf got = BUF_NULL;
	struct error err = ERROR_NULL;
	struct audit_entry e;

	cr_assert_eq(t.result, result, "%s:%d: %s %s", file, line, t.call.out.error.text,
		     t.problems);
	cr_assert(t.call.out.has_audit_index, "%s:%d: nothing was recorded", file, line);
	entry = ask(f, (struct ask){.verb = VERB_AUDIT_ENTRY,
				    .permission = MAY_AUDIT,
				    .path = "sys/audit",
				    .has_after_number = true,
				    .after_number = t.call.out.audit_index});
	cr_assert_eq(audit_entry_read(&e, &tree, slice_text(entry.body), &err), OK, "%s", err.text);
	for (uint32_t i = 0; i < e.touched_count; i++)
		append_touched(&got, &e.touched[i]);
	cr_expect(slice_is_text(e.action, action), "%s:%d: %s", file, line, entry.body);
	cr_expect(slice_is_text(e.reason, reason), "%s:%d: %s", file, line, entry.body);
	cr_expect_str_eq(got.len != 0 ? got.data : "", touched, "%s:%d: %s", file, line,
			 entry.body);
	cr_expect_eq(e.touched_more, 0, "%s:%d: %s", file, line, entry.body);
	told_clear(&t);
	told_clear(&entry);
}
