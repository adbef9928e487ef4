#include "support.h"

#include "audit/line.h"
#include "base/clock.h"
#include "doc/read.h"

#include <stdlib.h>
#include <string.h>

static const struct audit_touch touched[] = {
	{.path = SLICE_INIT("secrets/orders/warehouse"),
	 .version = 3,
	 .has_mac = true,
	 .mac = {0xab, 0xcd},
	 .state = AUDIT_STATE_LIVE},
	{.path = SLICE_INIT("sys/tokens/x"),
	 .state = AUDIT_STATE_LIVE,
	 .has_digest = true,
	 .digest = {0xef}},
	{.path = SLICE_INIT("profiles/orders/base")},
};

static struct audit_entry sample(void)
{
	return (struct audit_entry){
		.index = 7,
		.time_ms = INT64_C(1763672663123),
		.epoch = 1,
		.revision = 12,
		.actor = SLICE_LITERAL("ci"),
		.accessor = SLICE_LITERAL("0123456789abcdefghjkmnpqrs"),
		.auth = SLICE_LITERAL("token"),
		.source = SLICE_LITERAL("127.0.0.1"),
		.action = SLICE_LITERAL("secret.read"),
		.outcome = SLICE_LITERAL("ok"),
		.reason = SLICE_NULL,
		.request_id = SLICE_LITERAL("r-1"),
		.touched = touched,
		.touched_count = ARRAY_SIZE(touched),
	};
}

#define SAMPLE                                                                                      \
	"{\"v\":1,\"index\":7,\"time\":\"2025-11-20T21:04:23.123Z\",\"epoch\":1,\"revision\":12,"   \
	"\"actor\":\"ci\",\"accessor\":\"0123456789abcdefghjkmnpqrs\",\"auth\":\"token\","          \
	"\"source\":\"127.0.0.1\",\"action\":\"secret.read\",\"outcome\":\"ok\",\"reason\":\"\","   \
	"\"request_id\":\"r-1\",\"touched\":[{\"path\":\"secrets/orders/warehouse\",\"version\":3," \
	"\"value_mac\":\"abcd000000000000000000000000000000000000000000000000000000000000\","       \
	"\"state\":\"live\"},{\"path\":\"sys/tokens/x\",\"version\":0,\"state\":\"live\","          \
	"\"digest\":\"ef00000000000000000000000000000000000000000000000000000000000000\"},"         \
	"{\"path\":\"profiles/orders/base\",\"version\":0}],\"touched_more\":0}"

Test(entry, its_line_is_as_agreed)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	struct audit_entry e = sample();

	cr_assert_eq(audit_entry_write(&line, &e, NULL), OK);
	cr_expect_str_eq(line.data, SAMPLE);
}

Test(entry, what_was_written_reads_back)
{
	CLEANUP(buf_clear) struct buf again = BUF_NULL;
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct error err = ERROR_NULL;
	struct audit_head head;
	struct audit_entry e;

	cr_assert_eq(audit_entry_read(&e, &tree, SLICE_LITERAL(SAMPLE), &err), OK, "%s", err.text);
	cr_assert_eq(audit_entry_write(&again, &e, NULL), OK);
	cr_expect_str_eq(again.data, SAMPLE);
	cr_assert_eq(audit_head_read(&head, SLICE_LITERAL(SAMPLE), NULL), OK);
	cr_expect_eq(head.index, 7);
	cr_expect_eq(head.time_ms, INT64_C(1763672663123));
	cr_expect_eq(head.epoch, 1);
	cr_expect_eq(head.revision, 12);
}

Test(entry, a_text_cannot_break_out_of_its_line)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct audit_entry e = sample(), back;

	e.actor = SLICE_LITERAL("a\",\"outcome\":\"ok\"}\n{\"v\":1,\x01\\");
	e.reason = SLICE_LITERAL("schlie\xc3\x9flich");
	cr_assert_eq(audit_entry_write(&line, &e, NULL), OK);
	cr_expect_null(memchr(line.data, '\n', line.len));
	cr_assert_eq(audit_entry_read(&back, &tree, buf_slice(&line), NULL), OK);
	cr_expect(slice_is_equal(back.actor, e.actor));
	cr_expect(slice_is_equal(back.reason, e.reason));
}

static enum result write_field(size_t field, struct slice text)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	struct audit_entry e = sample();
	struct slice *const fields[] = {&e.actor,  &e.accessor, &e.auth,      &e.source,
					&e.action, &e.outcome,	&e.request_id};
	struct error err = ERROR_NULL;
	enum result rc;

	*fields[field] = text;
	rc = audit_entry_write(&line, &e, &err);
	if (rc != OK)
		cr_expect_eq(line.len, 0, "half an entry is left");
	return rc;
}

Test(entry, every_field_is_bounded_and_utf8)
{
	char text[AUDIT_FIELD_BYTES_MAX + 1];

	memset(text, 'x', sizeof text);
	for (size_t i = 0; i < 7; i++) {
		cr_expect_eq(write_field(i, slice_make(text, sizeof text - 1)), OK);
		cr_expect_eq(write_field(i, slice_make(text, sizeof text)), E_TOO_LARGE);
		cr_expect_eq(write_field(i, SLICE_LITERAL("a\xff")), E_INVALID);
		cr_expect_eq(write_field(i, SLICE_LITERAL("\xed\xa0\x80")), E_INVALID);
	}
}

Test(entry, a_long_reason_is_cut_between_characters)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct audit_entry e = sample(), back;
	char text[2 * AUDIT_REASON_BYTES_MAX + 1];

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i == 0 ? 'x' : i % 2 != 0 ? '\xc3' : '\xa4'; /* "xäää…" */
	e.reason = slice_make(text, sizeof text);
	cr_assert_eq(audit_entry_write(&line, &e, NULL), OK);
	cr_assert_eq(audit_entry_read(&back, &tree, buf_slice(&line), NULL), OK);
	cr_expect_eq(back.reason.len, AUDIT_REASON_BYTES_MAX - 1);
	buf_reset(&line);
	tree_clear(&tree);
	e.reason = SLICE_LITERAL("an error text that was cut in the middle: \xc3");
	cr_assert_eq(audit_entry_write(&line, &e, NULL), OK);
	cr_assert_eq(audit_entry_read(&back, &tree, buf_slice(&line), NULL), OK);
	cr_expect_eq(back.reason.len, e.reason.len - 1);
}

Test(entry, what_does_not_fit_is_counted)
{
	static struct audit_touch many[2000];
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct error err = ERROR_NULL;
	struct audit_entry e = sample(), back;

	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = touched[0];
	e.touched = many;
	e.touched_count = ARRAY_SIZE(many);
	e.touched_more = 5;
	buf_append_text(&line, "what stood before does not count");
	cr_assert_eq(audit_entry_write(&line, &e, NULL), OK);
	cr_expect_leq(line.len - 32, AUDIT_ENTRY_BYTES_MAX);
	cr_expect_geq(line.len - 32, AUDIT_ENTRY_BYTES_MAX - 200, "room is wasted");
	cr_assert_eq(audit_entry_read(&back, &tree, slice_from(buf_slice(&line), 32), &err), OK,
		     "%s", err.text);
	cr_expect_gt(back.touched_count, 300);
	cr_expect_eq(back.touched_count + back.touched_more, ARRAY_SIZE(many) + 5);
}

Test(entry, the_longest_of_everything_leaves_room_for_a_document)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	static char controls[AUDIT_PATH_BYTES_MAX]; /* each is escaped as six bytes */
	struct slice field = slice_make(controls, AUDIT_FIELD_BYTES_MAX);
	struct audit_touch touch = {.path = slice_make(controls, sizeof controls),
				    .version = UINT64_MAX,
				    .has_mac = true,
				    .state = AUDIT_STATE_DESTROYED,
				    .has_digest = true};
	struct audit_entry e = {UINT64_MAX, TIMESTAMP_MS_MAX,
				UINT64_MAX, UINT64_MAX,
				field,	    field,
				field,	    field,
				field,	    field,
				field,	    field,
				&touch,	    1,
				0};
	struct audit_entry back;

	memset(controls, 1, sizeof controls);
	e.reason = slice_make(controls, AUDIT_REASON_BYTES_MAX);
	cr_assert_eq(audit_entry_write(&line, &e, NULL), OK);
	cr_expect_leq(line.len, AUDIT_ENTRY_BYTES_MAX);
	cr_assert_eq(audit_entry_read(&back, &tree, buf_slice(&line), NULL), OK);
	cr_expect_eq(back.touched_count, 1);
	cr_expect_eq(back.index, UINT64_MAX);
}

Test(entry, a_line_that_is_none_is_corrupt)
{
	static const char *const bad[] = {
		"", "{}", "[]", "null", "{\"v\":1,\"index\":7", "{\"v\":2" /* and so on */,
	};
	struct audit_entry e;
	struct audit_head head;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);

		cr_expect_eq(audit_entry_read(&e, &tree, slice_text(bad[i]), NULL), E_CORRUPT);
		cr_expect_eq(audit_head_read(&head, slice_text(bad[i]), NULL), E_CORRUPT);
	}
}

Test(entry, each_missing_or_renamed_field_is_corrupt)
{
	static const char *const keys[] = {
		"\"v\"",       "\"index\"",    "\"time\"",	 "\"epoch\"",	"\"revision\"",
		"\"actor\"",   "\"accessor\"", "\"auth\"",	 "\"source\"",	"\"action\"",
		"\"outcome\"", "\"reason\"",   "\"request_id\"", "\"touched\"", "\"touched_more\"",
		"\"path\"",    "\"version\"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
		char line[] = SAMPLE;
		struct audit_entry e;

		strstr(line, keys[i])[1] = 'X';
		cr_expect_eq(audit_entry_read(&e, &tree, slice_text(line), NULL), E_CORRUPT, "%s",
			     keys[i]);
	}
}

/* The sample with `from` replaced by `to`, as an entry that is read. */
static enum result read_changed(const char *from, const char *to)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	struct audit_entry e = {.index = 99};
	const char *at = strstr(SAMPLE, from);
	enum result rc;

	cr_assert_not_null(at, "%s", from);
	buf_append(&line, SAMPLE, (size_t)(at - SAMPLE));
	buf_append_text(&line, to);
	buf_append_text(&line, at + strlen(from));
	rc = audit_entry_read(&e, &tree, buf_slice(&line), NULL);
	cr_expect_eq(e.index == 99, rc != OK, "%s: written only where it is whole", to);
	return rc;
}

Test(entry, a_field_that_says_something_impossible_is_corrupt)
{
	static const struct {
		const char *from, *to;
		enum result wanted;
	} cases[] = {
		{"\"v\":1", "\"v\":2", E_CORRUPT},
		{"\"time\":\"2025-11", "\"time\":\"2025-13", E_CORRUPT},
		{"\"index\":7", "\"index\":-7", E_CORRUPT},
		{"\"index\":7", "\"index\":\"7\"", E_CORRUPT},
		{"\"actor\":\"ci\"", "\"actor\":1", E_CORRUPT},
		{"\"value_mac\":\"ab", "\"value_mac\":\"xy", E_CORRUPT},
		{"\"value_mac\":\"ab", "\"value_mac\":\"", E_CORRUPT},
		{"\"state\":\"live\"", "\"state\":\"destroyed\"", OK},
		{"\"state\":\"live\"", "\"state\":\"alive\"", E_CORRUPT},
		{"\"state\":\"live\"", "\"state\":1", E_CORRUPT},
		{"\"digest\":\"ef", "\"digest\":\"xy", E_CORRUPT},
		{"\"version\":0}", "\"version\":0,\"value_mac\":1}", E_CORRUPT},
		{"\"touched\":[", "\"touched\":[1,", E_CORRUPT},
		{"\"touched_more\":0", "\"touched_more\":4294967295", OK},
		{"\"touched_more\":0", "\"touched_more\":4294967296", E_CORRUPT},
		{"\"touched_more\":0}", "\"touched_more\":0} x", E_CORRUPT},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(read_changed(cases[i].from, cases[i].to), cases[i].wanted, "%s",
			     cases[i].to);
}

Test(entry, a_head_is_read_in_its_one_form_only)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"{\"v\":1", " {\"v\":1"},
		{"\"index\":7", "\"index\":07"},
		{"\"index\":7", "\"index\":"},
		{"\"index\":7", "\"index\":18446744073709551616"},
		{"\"time\"", "\"tine\""},
		{"2025-11", "2025-13"},
		{"123Z\"", "123Z "},
		{"\"epoch\":1", "\"epoch\":x"},
		{"\"epoch\"", "\"epock\""},
		{"\"revision\":12", "\"revision\":x"},
		{"\"revision\":12", "\"revision\":012"},
		{"\"revision\"", "\"revisiom\""},
		{"\"actor\"", "\"actos\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_clear) struct buf line = BUF_NULL;
		const char *at = strstr(SAMPLE, cases[i].from);
		struct audit_head head = {.index = 99};

		buf_append(&line, SAMPLE, (size_t)(at - SAMPLE));
		buf_append_text(&line, cases[i].to);
		buf_append_text(&line, at + strlen(cases[i].from));
		cr_expect_eq(audit_head_read(&head, buf_slice(&line), NULL), E_CORRUPT, "%s",
			     cases[i].to);
		cr_expect_eq(head.index, 99, "%s: untouched", cases[i].to);
	}
}

Test(entry, a_head_that_is_cut_anywhere_is_corrupt_and_read_within_its_bounds)
{
	size_t whole = (size_t)(strstr(SAMPLE, "\"ci\"") - SAMPLE);

	for (size_t len = 0; len < whole; len++) {
		CLEANUP(alloc_freep) char *cut = malloc(len != 0 ? len : 1);
		struct audit_head head;

		memcpy(cut, SAMPLE, len);
		cr_expect_eq(audit_head_read(&head, slice_make(cut, len), NULL), E_CORRUPT, "%zu",
			     len);
	}
}

Test(entry, the_first_thing_that_is_wrong_is_told)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	struct audit_entry e = sample();
	char text[AUDIT_FIELD_BYTES_MAX + 1];

	memset(text, 'x', sizeof text);
	e.time_ms = -1;
	cr_expect_eq(audit_entry_write(&line, &e, NULL), E_INVALID);
	e.time_ms = TIMESTAMP_MS_MAX + 1;
	cr_expect_eq(audit_entry_write(&line, &e, NULL), E_INVALID);
	e.actor = slice_make(text, sizeof text);
	cr_expect_eq(audit_entry_write(&line, &e, NULL), E_TOO_LARGE);
}

static size_t length_with(struct audit_entry *e, uint32_t count)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;

	e->touched_count = count;
	cr_assert_eq(audit_entry_write(&line, e, NULL), OK);
	return line.len;
}

/* With each length of the reason the last that fits ends elsewhere: also exactly at the bound. */
Test(entry, as_many_as_fit_are_there_to_the_last_byte)
{
	static struct audit_touch many[700];
	const size_t tail_bytes = 29; /* `],"touched_more":4294967295}` and what follows it */
	struct audit_entry e = sample();
	char reason[200];
	size_t none, one, step;

	memset(reason, 'r', sizeof reason);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = touched[0];
	e.touched = many;
	none = length_with(&e, 0);
	one = length_with(&e, 1) - none;
	step = length_with(&e, 2) - none - one;
	none -= strlen("],\"touched_more\":0}");
	for (size_t len = 0; len < sizeof reason; len++) {
		CLEANUP(buf_clear) struct buf line = BUF_NULL;
		CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
		size_t room = AUDIT_ENTRY_BYTES_MAX - tail_bytes - none - len - one;
		struct audit_entry back;

		e.touched_count = ARRAY_SIZE(many);
		e.reason = slice_make(reason, len);
		cr_assert_eq(audit_entry_write(&line, &e, NULL), OK);
		cr_assert_eq(audit_entry_read(&back, &tree, buf_slice(&line), NULL), OK);
		cr_expect_eq(back.touched_count, 1 + room / step, "%zu", len);
	}
}

Test(entry, a_line_that_is_no_json_says_where)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct error err = ERROR_NULL;
	struct audit_entry e;

	cr_expect_eq(audit_entry_read(&e, &tree, SLICE_LITERAL("{\"v\":1,"), &err), E_CORRUPT);
	cr_expect(strstr(err.text, "a field is missing") == NULL && err.column != 0, "%s",
		  err.text);
}

/* Computed with Python's hashlib from the header's words. */
Test(entry, a_value_mac_binds_path_and_version)
{
	static uint8_t bytes[KEY_BYTES];
	uint8_t mac[HASH_BYTES], wanted[HASH_BYTES], other[HASH_BYTES];
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);
	struct key *k = NULL;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	cr_assert_eq(key_take_bytes(&k, s.m, bytes, NULL), OK);
	audit_value_mac(mac, k, SLICE_LITERAL("secrets/a"), 3, SLICE_LITERAL("xyz"));
	cr_assert(hex_parse(
		SLICE_LITERAL("6f993d3eaf827875f5e69a7f09aae214851456e41ee520886fcc05e42b43afbd"),
		wanted, sizeof wanted));
	cr_expect_arr_eq(mac, wanted, sizeof mac);
	audit_value_mac(other, k, SLICE_LITERAL("secrets/a"), 4, SLICE_LITERAL("xyz"));
	cr_expect_arr_neq(mac, other, sizeof mac);
	audit_value_mac(other, k, SLICE_LITERAL("secrets/b"), 3, SLICE_LITERAL("xyz"));
	cr_expect_arr_neq(mac, other, sizeof mac);
	key_free(k);
}

static bool write_and_read(void *ctx)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct audit_entry e = *(const struct audit_entry *)ctx, back;
	enum result rc = audit_entry_write(&line, &e, NULL);

	if (rc != OK)
		cr_expect_eq(line.len, 0, "half an entry is left");
	if (rc == OK)
		rc = audit_entry_read(&back, &tree, buf_slice(&line), NULL);
	cr_expect(rc == OK || rc == E_MEMORY, "%s", result_name(rc));
	return rc == OK;
}

Test(entry, short_memory_is_an_ordinary_error)
{
	static struct audit_touch many[300]; /* the list needs memory of its own */
	struct audit_entry e = sample();

	each_fault(write_and_read, &e);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = touched[0];
	e.touched = many;
	e.touched_count = ARRAY_SIZE(many);
	each_fault(write_and_read, &e);
}
