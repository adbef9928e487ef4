/* One budget bounds all that is read, merged, resolved, revealed and compared: each of them asks it
 * while it works. */
#include "doc/diff.h"

#include "../doc/helpers.h"
#include "fixture.h"

#define PLENTY (UINT64_C(1) << 40)

static int64_t read_ms(void *ctx)
{
	(void)ctx;
	return 0;
}

static const struct clock still = {read_ms, read_ms, NULL};

struct asked {
	unsigned times, refused_from;
};

/* Refuses from the n-th time on. */
static enum result ask(void *ctx, const char **reason)
{
	struct asked *a = ctx;

	*reason = "the client has left";
	return ++a->times >= a->refused_from ? E_UNAVAILABLE : OK;
}

static struct budget budget_of(uint64_t steps, uint64_t bytes, struct asked *asked)
{
	struct budget b;

	budget_init(&b, &(struct budget_limits){steps, bytes, 0}, &still);
	b.check = ask;
	b.ctx = asked;
	return b;
}

static void repeat(struct buf *b, const char *before, const char *unit, const char *behind,
		   size_t bytes)
{
	buf_append_text(b, before);
	while (b->len < bytes)
		buf_append_text(b, unit);
	buf_append_text(b, behind);
}

struct reading {
	enum doc_format format;
	const char *before, *unit, *behind;
};

static const struct reading readings[] = {
	{DOC_JSON, "[", "1,", "1]"},	     {DOC_JSON, "[", "\"a\",", "1]"},
	{DOC_JSON, "\"", "\\n", "\""},	     {DOC_JSON, "\"", "\\u0001", "\""},
	{DOC_JSON, "\"", "\xc3\xa9", "\""},  {DOC_JSON, "[", "{\"a\":1,\"b\":{}},", "1]"},
	{DOC_YAML, "", "- 1\n", ""},	     {DOC_YAML, "a: ", "x", "\n"},
	{DOC_YAML, "a: \"", "x\n ", "\"\n"}, {DOC_YAML, "a: |\n", "  x\n", ""},
	{DOC_YAML, "a: 1\n", "# x\n", ""},   {DOC_YAML, "a: 1\n", "\n", ""},
	{DOC_YAML, "[", "{a: b},", "1]"},    {DOC_YAML, "- &a 1\n", "- *a\n", ""},
	{DOC_YAML, "", "- !!str a\n", ""},
};

static enum result read_with(const struct reading *r, struct slice text, struct budget *budget,
			     struct error *err)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	struct doc_limits limits = {1 << 20, DOC_DEPTH_MAX, 1000000, budget};

	return doc_read(&t, r->format, text, &limits, NULL, err);
}

Test(doc_budget, every_reader_asks_while_it_reads)
{
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++) {
		CLEANUP(buf_clear) struct buf text = BUF_NULL;
		struct asked asked = {0, UINT32_MAX};
		struct budget b = budget_of(PLENTY, 0, &asked);
		struct error err = ERROR_NULL;
		uint64_t spent;

		repeat(&text, readings[i].before, readings[i].unit, readings[i].behind, 200000);
		cr_assert_eq(read_with(&readings[i], buf_slice(&text), &b, &err), OK, "%zu: %s", i,
			     err.text);
		spent = PLENTY - b.steps;
		/* Not once at the beginning or the end, but on the way. */
		cr_expect_gt(asked.times, 2, "%zu: %u", i, asked.times);
		cr_expect_geq(asked.times, spent / BUDGET_CHECK_STEPS / 2, "%zu", i);
		for (unsigned half = 1; half <= 2; half++) {
			b = budget_of(spent * half / 2 - (half - 1), 0, &asked);
			cr_expect_eq(read_with(&readings[i], buf_slice(&text), &b, &err), E_LIMIT,
				     "%zu", i);
			cr_expect(strstr(err.text, "more work") != NULL, "%zu: %s", i, err.text);
		}
		asked = (struct asked){0, 2};
		b = budget_of(PLENTY, 0, &asked);
		cr_expect_eq(read_with(&readings[i], buf_slice(&text), &b, &err), E_UNAVAILABLE);
		cr_expect_str_eq(err.text, "the client has left");
		cr_expect_eq(asked.times, 2);
	}
}

struct job {
	const char *name;
	struct reading profile;
};

static const struct job jobs[] = {
	{"keys", {DOC_JSON, "{\"l\":[", "{\"a\":1,\"b\":2,\"c\":3},", "1]}"}},
	{"references", {DOC_JSON, "{\"x\":{\"y\":1},\"l\":[", "\"${x.y}\",", "1]}"}},
	{"strings made", {DOC_JSON, "{\"x\":\"yy\",\"l\":[", "\"a${x}${x}\",", "1]}"}},
	{"nesting", {DOC_JSON, "{\"l\":[", "\"${a:-${b:-${c:-${d:-e}}}}\",", "1]}"}},
	{"one long string", {DOC_JSON, "{\"l\":\"", "${a:-b}", "\"}"}},
	{"a default in hexadecimal", {DOC_JSON, "{\"l\":[", "\"${a:-0xffff}\",", "1]}"}},
	{"pointers", {DOC_JSON, "{\"x\":{\"y\":1},\"l\":[", "\"${/x/y}\",", "1]}"}},
	{"missing", {DOC_JSON, "{\"x\":{\"yyyyyyyy\":1},\"l\":[", "\"${x.yyyyyyyx:-1}\",", "1]}"}},
	{"secrets", {DOC_JSON, "{\"l\":[", "\"${secret:x/y#p}\",", "1]}"}},
	{"removal",
	 {DOC_JSON, "{\"$extends\":\"base\",\"m\":{\"$remove\":[", "\"a\",\"b\",",
	  "1],\"$append\":[1]}}"}},
};

Test(doc_budget, merging_and_resolving_ask_while_they_work_and_give_back_what_they_held)
{
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
		CLEANUP(fixture_freep) struct fixture *f = fixture_new();
		CLEANUP(buf_clear) struct buf text = BUF_NULL;
		struct asked asked = {0, UINT32_MAX};
		struct budget b = budget_of(PLENTY, PLENTY, &asked);
		uint64_t spent;

		repeat(&text, jobs[i].profile.before, jobs[i].profile.unit, jobs[i].profile.behind,
		       150000);
		fixture_put(f, "profiles/x/base", "{\"m\":[1,2,3],\"n\":{\"a\":1}}");
		fixture_put(f, "profiles/x/y", text.data);
		f->budget = &b;
		cr_assert_eq(fixture_resolve(f, "profiles/x/y"), OK, "%s: %s", jobs[i].name,
			     f->err.text);
		spent = PLENTY - b.steps;
		cr_expect_gt(asked.times, 2, "%s: %u", jobs[i].name, asked.times);
		cr_expect_eq(b.bytes, PLENTY, "%s", jobs[i].name);
		for (unsigned part = 1; part <= 4; part++) {
			b = budget_of(spent * part / 4 - (part == 4), PLENTY, &asked);
			cr_expect_eq(fixture_resolve(f, "profiles/x/y"), E_LIMIT, "%s, part %u",
				     jobs[i].name, part);
			cr_expect(strstr(f->err.text, "more work") != NULL, "%s: %s", jobs[i].name,
				  f->err.text);
			cr_expect_eq(b.bytes, PLENTY, "%s", jobs[i].name);
		}
		b = budget_of(PLENTY, 100000, &asked);
		cr_expect_eq(fixture_resolve(f, "profiles/x/y"), E_LIMIT, "%s", jobs[i].name);
		cr_expect(strstr(f->err.text, "more memory") != NULL, "%s: %s", jobs[i].name,
			  f->err.text);
		cr_expect_eq(b.bytes, 100000);
	}
}

struct lender {
	struct tree_node value;
	unsigned times;
	bool is_missing;
};

static enum result lend(void *ctx, const struct secret_ref *ref, const struct tree_node **ret,
			struct error *err)
{
	struct lender *l = ctx;

	(void)ref;
	l->times++;
	if (l->is_missing)
		return fail(err, E_NOT_FOUND, "no such secret");
	*ret = &l->value;
	return OK;
}

static enum result reveal(struct fixture *f, struct lender *l, struct budget *budget)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, true);
	const struct profile_reveal_input in = {&f->effective, lend, l, budget};

	f->problems.count = 0;
	return profile_reveal(&t, &in, &f->problems, &f->arena, &f->err);
}

Test(doc_budget, a_secret_is_asked_for_once_however_often_it_is_referred_to)
{
	CLEANUP(fixture_freep) struct fixture *f = fixture_new();
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct asked asked = {0, UINT32_MAX};
	struct budget b = budget_of(PLENTY, PLENTY, &asked);
	struct lender l = {0};
	uint64_t spent;

	tree_set_string(&l.value, SLICE_LITERAL("hunter2"));
	repeat(&text, "{\"l\":[",
	       "\"${secret:x/y#p}\",\"a${secret:x/y#p}\",\"${secret:x/y#q:-1}\",",
	       "\"${secret:x/y?version=3#p}\",\"${secret:x/z#p}\"]}", 100000);
	fixture_put(f, "profiles/x/y", text.data);
	cr_assert_eq(fixture_resolve(f, "profiles/x/y"), OK, "%s", f->err.text);
	cr_expect_gt(f->effective.secrets_count, 1000);
	cr_assert_eq(reveal(f, &l, &b), OK, "%s", f->err.text);
	cr_expect_eq(l.times, 4, "%u", l.times);
	cr_expect_gt(asked.times, 2);
	spent = PLENTY - b.steps;
	b = budget_of(spent - 1, PLENTY, &asked);
	cr_expect_eq(reveal(f, &l, &b), E_LIMIT);
	l.times = 0;
	l.is_missing = true;
	cr_expect_eq(reveal(f, &l, NULL), E_INVALID);
	cr_expect_eq(l.times, 4, "%u", l.times);
}

static enum result ignore(void *ctx, enum diff_op op, struct slice pointer,
			  const struct tree_node *from, const struct tree_node *to,
			  struct error *err)
{
	(void)ctx, (void)op, (void)pointer, (void)from, (void)to, (void)err;
	return OK;
}

Test(doc_budget, comparing_asks_while_it_compares)
{
	static const char *const units[] = {"1,", "\"a\",", "{\"a\":1,\"b\":2},", "[[]],"};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		CLEANUP(buf_clear) struct buf text = BUF_NULL;
		CLEANUP(tree_clear) struct tree one = TREE_INIT(0, false);
		CLEANUP(tree_clear) struct tree two = TREE_INIT(0, false);
		struct asked asked = {0, UINT32_MAX};
		struct budget b = budget_of(PLENTY, 0, &asked);
		uint64_t spent;

		repeat(&text, "[", units[i], "1]", 100000);
		must_read(&one, text.data);
		must_read(&two, text.data);
		cr_expect_eq(diff_trees(&one.root, &two.root, ignore, NULL, &b, NULL), OK);
		spent = PLENTY - b.steps;
		cr_expect_gt(asked.times, 0, "%zu", i);
		b = budget_of(spent - 1, 0, &asked);
		cr_expect_eq(diff_trees(&one.root, &two.root, ignore, NULL, &b, NULL), E_LIMIT);
	}
}

Test(doc_budget, a_chain_asks_for_each_layer)
{
	CLEANUP(fixture_freep) struct fixture *f = fixture_new();
	struct asked asked = {0, UINT32_MAX};
	struct budget b = budget_of(PLENTY, 0, &asked);
	uint64_t spent;

	fixture_put(f, "profiles/x/a", "{}");
	fixture_put(f, "profiles/x/b", "{\"$extends\":\"a\"}");
	fixture_put(f, "profiles/x/c", "{\"$extends\":[\"a\"]}");
	fixture_put(f, "profiles/x/d", "{\"$extends\":[\"b\",\"c\"]}");
	f->budget = &b;
	cr_expect_str_eq(fixture_order(f, "profiles/x/d"), "a b c d");
	spent = PLENTY - b.steps;
	cr_expect_geq(spent, 8);
	for (uint64_t steps = 0; steps < spent; steps++) {
		b = budget_of(steps, 0, &asked);
		cr_expect_eq(fixture_try_order(f, "profiles/x/d"), E_LIMIT);
	}
}
