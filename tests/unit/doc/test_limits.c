/* What can be stored can be shown: a document at each limit is written in every format within the
 * bound of an answer, and what JSON and YAML make of it reads back within the limits of depth and
 * values. */
#include "helpers.h"

#include "base/text.h"

#define RESPONSE_BYTES ((size_t)64 << 20)

struct limit_case {
	const char *name;
	enum doc_format format;
	const char *before, *unit, *behind;
	uint32_t units; /* 0: as many as the size allows */
};

/* `unit` may hold one "%u", which counts. */
static void make_document(struct buf *b, const struct limit_case *c)
{
	size_t room = DOC_BYTES_MAX - strlen(c->behind) - 16;

	buf_append_text(b, c->before);
	for (uint32_t i = 0; c->units != 0 ? i < c->units : b->len + strlen(c->unit) < room; i++) {
		const char *number = strchr(c->unit, '%');

		if (number == NULL) {
			buf_append_text(b, c->unit);
			continue;
		}
		buf_append(b, c->unit, (size_t)(number - c->unit));
		buf_append_u64(b, i);
		buf_append_text(b, number + 1);
	}
	buf_append_text(b, c->behind);
	cr_assert_eq(buf_check(b, NULL), OK);
	cr_assert_leq(b->len, DOC_BYTES_MAX);
}

static const struct limit_case cases[] = {
	{"values in a list", DOC_JSON, "[1", ",2", "]", 99998},
	{"keys", DOC_JSON, "{\"a\":1", ",\"%\":2", "}", 90000},
	{"texts", DOC_YAML, "- a\n", "- b c\n", "", 99998},
	{"empty maps", DOC_JSON, "[{}", ",{}", "]", 99998},
	{"a long text", DOC_JSON, "{\"a\":\"", "x", "\"}", 0},
	{"control characters", DOC_YAML, "{a: \"", "\\a", "\"}", 0},
	{"control characters in JSON", DOC_JSON, "{\"a\":\"", "\\u0001", "\"}", 0},
	{"characters of four bytes", DOC_JSON, "{\"a\":\"", "\xf0\x9f\x98\x80", "\"}", 0},
	{"characters of two bytes", DOC_JSON, "{\"a\":\"", "\xc3\xa9", "\"}", 0},
	{"separators", DOC_YAML, "{a: \"", "\\L", "\"}", 0},
	{"quotes", DOC_JSON, "{\"a\":\"", "'", "\"}", 0},
	{"double quotes", DOC_JSON, "{\"a\":\"", "\\\"", "\"}", 0},
	{"backslashes", DOC_JSON, "{\"a\":\"", "\\\\", "\"}", 0},
	{"newlines", DOC_JSON, "{\"a\":\"", "\\n", "\"}", 0},
	{"short lines", DOC_JSON, "{\"a\":\"", "x\\n", "\"}", 0},
	{"short lines, deep", DOC_JSON, "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":\"",
	 "x\\n", "\"}}}}}}}", 0},
	{"blanks", DOC_JSON, "{\"a\":\"", " ", "\"}", 0},
	{"a long key", DOC_JSON, "{\"", "k", "\":1}", 0},
	{"a key of control characters", DOC_YAML, "? \"", "\\a", "\"\n: 1\n", 0},
	{"a key of characters of four bytes", DOC_JSON, "{\"", "\xf0\x9f\x98\x80", "\":1}", 0},
	{"a key of slashes", DOC_JSON, "{\"", "/", "\":1}", 0},
	{"a deep list", DOC_JSON,
	 "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1", ",1",
	 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", 99000},
	{"hexadecimal", DOC_YAML, "- 1\n", "- 0xffffffffffffffffffffffffffffffffffff\n", "", 0},
};

static void expect_again(const char *name, enum doc_format format, const struct buf *text,
			 const struct tree_node *n)
{
	CLEANUP(tree_clear) struct tree again = TREE_INIT(0, false);
	const struct doc_limits limits = {RESPONSE_BYTES, DOC_DEPTH_MAX, DOC_NODES_MAX, NULL};
	struct error err = ERROR_NULL;

	cr_expect_eq(buf_check(text, &err), OK, "%s: %s", name, err.text);
	cr_assert_eq(doc_read(&again, format, buf_slice(text), &limits, NULL, &err), OK,
		     "%s: %u:%u %s", name, err.line, err.column, err.text);
	cr_expect(tree_is_equal(n, &again.root), "%s", name);
}

static void expect_shown(const char *name, const struct tree_node *n)
{
	CLEANUP(buf_clear) struct buf json = BUF_INIT(RESPONSE_BYTES);
	CLEANUP(buf_clear) struct buf yaml = BUF_INIT(RESPONSE_BYTES);
	CLEANUP(buf_clear) struct buf properties = BUF_INIT(RESPONSE_BYTES);
	CLEANUP(buf_clear) struct buf env = BUF_INIT(RESPONSE_BYTES);
	struct error err = ERROR_NULL;

	json_write(&json, n);
	expect_again(name, DOC_JSON, &json, n);
	yaml_write(&yaml, n);
	expect_again(name, DOC_YAML, &yaml, n);
	cr_expect_eq(properties_write(&properties, n, &err), OK, "%s: %s", name, err.text);
	cr_expect_eq(env_write(&env, n, SLICE_NULL, &err), OK, "%s: %s", name, err.text);
	cr_expect_eq(buf_check(&properties, NULL), OK, "%s", name);
	cr_expect_eq(buf_check(&env, NULL), OK, "%s", name);
}

Test(limits, what_can_be_stored_can_be_shown_in_every_format)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_clear) struct buf text = BUF_NULL;
		CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
		struct error err = ERROR_NULL;

		make_document(&text, &cases[i]);
		cr_assert_eq(doc_read(&t, cases[i].format, buf_slice(&text), &DOC_LIMITS_DEFAULT,
				      NULL, &err),
			     OK, "%s: %s", cases[i].name, err.text);
		expect_shown(cases[i].name, &t.root);
	}
}

/* Maps and lists by turns, as deep as may be, with a key that needs a line of its own at each
 * level. */
Test(limits, the_deepest_document_reads_back_from_yaml)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL, key = BUF_NULL;
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	struct error err = ERROR_NULL;

	for (int i = 0; i < 5000; i++)
		buf_append_char(&key, 'k');
	for (int i = 0; i < DOC_DEPTH_MAX / 2; i++) {
		buf_append_text(&text, "[{");
		json_append_string(&text, buf_slice(&key));
		buf_append_char(&text, ':');
	}
	buf_append_text(&text, "\"a\\nb\\n\"");
	for (int i = 0; i < DOC_DEPTH_MAX / 2; i++)
		buf_append_text(&text, "}]");
	cr_assert_eq(doc_read(&t, DOC_JSON, buf_slice(&text), &DOC_LIMITS_DEFAULT, NULL, &err), OK,
		     "%s", err.text);
	expect_shown("deepest", &t.root);
}

Test(limits, numbers_are_shown_as_long_as_they_may_be_and_no_longer_ones_are_read)
{
	for (int more = 0; more < 2; more++) {
		CLEANUP(buf_clear) struct buf text = BUF_NULL;
		CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);

		buf_append_text(&text, "{\"a\":[0");
		for (int i = 0; i < 900; i++) {
			buf_append_char(&text, ',');
			for (int digit = 0; digit < NUMBER_BYTES_MAX + more; digit++)
				buf_append_char(&text, '7');
		}
		buf_append_text(&text, "]}");
		for (int format = 0; format < 2; format++) {
			tree_clear(&t);
			cr_assert_eq(doc_read(&t, format == 0 ? DOC_JSON : DOC_YAML,
					      buf_slice(&text), &DOC_LIMITS_DEFAULT, NULL, NULL),
				     more ? E_LIMIT : OK);
			if (!more)
				expect_shown("numbers", &t.root);
		}
	}
}

static void make_long_pointers(struct buf *b)
{
	const struct limit_case c = {"", DOC_JSON, "{\"", "k", "\":[1", 500000};

	make_document(b, &c);
	for (int i = 0; i < 1000; i++)
		buf_append_text(b, ",1");
	buf_append_text(b, "]}");
}

Test(limits, what_would_be_larger_than_its_bound_ends_there)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf out = BUF_INIT(1000);
	struct error err = ERROR_NULL;

	make_long_pointers(&text);
	must_read(&t, text.data);
	cr_expect_eq(properties_write(&out, &t.root, &err), E_LIMIT);
	cr_expect(strstr(err.text, "choose a part") != NULL, "%s", err.text);
	cr_expect_eq(env_write(&out, &t.root, SLICE_NULL, &err), E_LIMIT);

	for (int format = 0; format < 6; format++) {
		CLEANUP(tree_clear) struct tree small = TREE_INIT(0, false);

		must_read(&small,
			  "{\"a\":\"\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\","
			  "\"b\":[1,2,{\"c\":\"it's one 'text'\"}]}");
		for (size_t max = 1; max < 60; max++) {
			struct buf b = BUF_INIT(max);
			enum result rc = OK;

			switch (format) {
			case 0:
				json_write(&b, &small.root);
				break;
			case 1:
				json_write_pretty(&b, &small.root);
				break;
			case 2:
				json_write_sorted(&b, &small.root);
				break;
			case 3:
				yaml_write(&b, &small.root);
				break;
			case 4:
				rc = properties_write(&b, &small.root, &err);
				break;
			default:
				rc = env_write(&b, &small.root, SLICE_NULL, &err);
				break;
			}
			if (rc == OK)
				rc = buf_check(&b, NULL);
			cr_expect(rc == E_LIMIT || (format == 5 && rc == OK && max > 40),
				  "format %d, %zu bytes: %d", format, max, rc);
			cr_expect_leq(b.len, max);
			buf_clear(&b);
		}
	}
}
