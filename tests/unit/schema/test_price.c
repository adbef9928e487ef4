/* Both passes charge every keyword for what it reads; exceeding a bound is never a verdict. */
#include "support.h"

#include "base/clock.h"
#include "schema/explain/explain.h"
#include "schema/fast/fast.h"

#include <criterion/criterion.h>

/* In a text `@name` stands for a long generated text. */
struct filler {
	const char *name;
	const char *unit;
	unsigned count;
};

static const struct filler fillers[] = {
	{"@letters", "a", 65536},
	{"@prefix", "a", 4000},
	{"@wide", "\xf0\x9f\x98\x80", 16384},
	{"@digits", "7", 1000},
	{"@items", "[1.5],", 4000},
	{"@texts", "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',", 4000},
	{"@names", "'n#',", 200},
	{"@members", "'k#':1,", 4000},
	{"@prefixes", "'^q#':true,", 40},
	{"@patterns", "'^q#[a-z]+$':true,", 40},
	{"@schemas", "'n#':{'type':'integer'},", 200},
	{"@bounds", "{'minimum':9},", 200},
	{"@branches", "{'type':'integer'},", 200},
};

static void append_filler(struct buf *b, const struct filler *f)
{
	for (unsigned i = 0; i < f->count; i++) {
		for (const char *c = f->unit; *c != '\0'; c++) {
			if (*c == '#')
				buf_printf(b, "%u", i);
			else if (*c != ',' || i + 1 < f->count)
				buf_append_char(b, *c);
		}
	}
}

static void fill(struct buf *b, const char *text)
{
	while (*text != '\0') {
		const struct filler *found = NULL;

		for (size_t i = 0; i < ARRAY_SIZE(fillers); i++) {
			if (strncmp(text, fillers[i].name, strlen(fillers[i].name)) == 0)
				found = &fillers[i];
		}
		if (found == NULL) {
			buf_append_char(b, *text++);
			continue;
		}
		append_filler(b, found);
		text += strlen(found->name);
	}
}

/* A subschema, which is applied TIMES times, an instance, and the least price of each time. */
#define TIMES 20

struct price_case {
	const char *subschema, *instance;
	uint64_t least;
};

static const struct price_case cases[] = {
	{"{'format': 'uri'}", "'http://a/@letters'", 4096},
	{"{'format': 'iri-reference'}", "'http://a/@letters'", 4096},
	{"{'format': 'uri-template'}", "'@letters'", 4096},
	{"{'format': 'json-pointer'}", "'/@letters'", 4096},
	{"{'not': {'format': 'hostname'}}", "'@letters'", 1000},
	{"{'not': {'format': 'email'}}", "'@letters'", 4096},
	{"{'not': {'format': 'regex'}}", "'(@letters'", 4096},
	{"{'not': {'format': 'idn-hostname'}}", "'@letters'", 4096},
	{"{'pattern': '^[a-z]+$'}", "'@letters'", 4096},
	{"{'pattern': 'a(a|b)*a$'}", "'@letters'", 4096},
	{"{'pattern': '\\\\ba[a-z]+$'}", "'@letters'", 4096},
	{"{'not': {'pattern': '(?=a)a*[bc]'}}", "'@prefix'", 100000},
	{"{'pattern': '^@prefix'}", "'@letters'", 250},
	{"{'minLength': 40000}", "'@wide@letters'", 8192},
	{"{'maxLength': 16384}", "'@wide'", 4096},
	{"{'const': '@letters'}", "'@letters'", 4096},
	{"{'enum': ['a', '@letters']}", "'@letters'", 4096},
	{"{'const': [@items]}", "[@items]", 8000},
	{"{'const': {@members}}", "{@members}", 4000},
	{"{'minimum': 1@digits}", "1@digits", 500},
	{"{'not': {'multipleOf': 3@digits}}", "1e3000", 10000},
	{"{'uniqueItems': false}", "[@items]", 0},
	{"{'not': {'uniqueItems': true}}", "[@items]", 8000},
	{"{'not': {'uniqueItems': true}}", "[@texts]", 8000},
	{"{'not': {'required': [@names, 'none']}}", "{'a': 1}", 0},
	{"{'properties': {@schemas}}", "{'a': 1, 'b': 2, 'c': 3}", 3},
	{"{'patternProperties': {@prefixes}}", "{@members}", 160000},
	{"{'patternProperties': {@patterns}}", "{@members}", 1000000},
	{"{'additionalProperties': {'type': 'integer'}}", "{@members}", 4000},
	{"{'propertyNames': {'maxLength': 9}}", "{@members}", 4000},
	{"{'dependentRequired': {'k1': ['k2', 'k3', 'k4', 'k5']}}", "{@members}", 5},
	{"{'dependentSchemas': {@schemas}}", "{@members}", 200},
	{"{'items': {'type': 'array'}}", "[@items]", 4000},
	{"{'prefixItems': [@branches]}", "[1, 2, 3]", 3},
	{"{'not': {'contains': {'type': 'string'}}}", "[@items]", 4000},
	{"{'not': {'anyOf': [@bounds]}}", "1", 200},
	{"{'not': {'oneOf': [@bounds]}}", "1", 200},
	{"{'allOf': [@branches]}", "1", 1},
	{"{'minProperties': 1, 'unevaluatedProperties': {'type': 'integer'}}", "{@members}", 1000},
	{"{'minItems': 1, 'unevaluatedItems': {'type': 'array'}}", "[@items]", 1000},
	{"{'contains': {'type': 'array'}, 'unevaluatedItems': false}", "[@items]", 4000},
	{"{'dependentSchemas': {'k1': {'properties': {@schemas}}}, 'unevaluatedProperties': true}",
	 "{@members}", 200},
};

static void compile_case(struct made *m, const struct price_case *c)
{
	struct buf text = BUF_NULL;

	buf_append_text(&text, "{'allOf': [");
	for (int i = 0; i < TIMES; i++)
		buf_append_text(&text, i == 0 ? "{'$ref': '#/$defs/k'}" : ",{'$ref': '#/$defs/k'}");
	buf_append_text(&text, "], '$defs': {'k': ");
	fill(&text, c->subschema);
	buf_append_text(&text, "}}");
	made_compile(m, text.data);
	buf_reset(&text);
	fill(&text, c->instance);
	m->instance = text_tree(text.data);
	buf_clear(&text);
}

static uint64_t price_fully(const struct made *m)
{
	struct explain_pass r = {.schema = m->schema,
				 .program = &m->schema->program,
				 .root = &m->instance.root};
	enum verdict verdict;
	enum result rc = explain_subschema(&r, 0, &m->instance.root, NULL, &verdict);

	vec_clear(&r.path);
	vec_clear(&r.trail);
	cr_assert(rc == OK && verdict == VERDICT_YES);
	return r.steps;
}

Test(price, each_keyword_is_charged_for_what_it_reads_in_both_passes)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t quick = 0, full;
		enum result why = OK;
		struct made m;

		compile_case(&m, &cases[i]);
		cr_expect_eq(fast_validate(m.schema, &m.instance.root, NULL, &quick, &why, NULL),
			     FAST_YES, "%s", cases[i].subschema);
		full = price_fully(&m);
		cr_expect_geq(quick, TIMES * cases[i].least, "%s: %llu", cases[i].subschema,
			      (unsigned long long)quick);
		cr_expect_geq(full, TIMES * cases[i].least, "%s: %llu, fully", cases[i].subschema,
			      (unsigned long long)full);
		made_clear(&m);
	}
}

static int64_t stopped(void *ctx)
{
	(void)ctx;
	return 0;
}

static struct budget budget_of(uint64_t steps)
{
	static const struct clock clock = {stopped, stopped, NULL};
	const struct budget_limits limits = {.steps_max = steps, .bytes_max = SIZE_MAX};
	struct budget b;

	budget_init(&b, &limits, &clock);
	return b;
}

Test(price, what_one_request_validates_comes_off_one_budget_which_ends_it_without_a_verdict)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct budget all = budget_of(UINT64_MAX / 2), half;
		uint64_t once, twice;
		struct made m;

		compile_case(&m, &cases[i]);
		cr_expect_eq(schema_validate(m.schema, &m.instance.root, &all, NULL, NULL), OK);
		once = UINT64_MAX / 2 - all.steps;
		cr_expect_eq(schema_validate(m.schema, &m.instance.root, &all, NULL, NULL), OK);
		twice = UINT64_MAX / 2 - all.steps;
		cr_expect_eq(twice, 2 * once, "%s", cases[i].subschema);
		half = budget_of(once + once / 2 + 1);
		cr_expect_eq(schema_validate(m.schema, &m.instance.root, &half, NULL, NULL), OK);
		cr_expect_eq(schema_validate(m.schema, &m.instance.root, &half, &m.report, &m.err),
			     E_LIMIT, "%s", cases[i].subschema);
		cr_expect_eq(m.report.problems_count, 0);
		made_clear(&m);
	}
}

/* A bound that is exceeded inside a branch is neither a match nor a mismatch of the branch. */
Test(price, a_bound_that_runs_out_in_a_branch_is_no_mismatch)
{
	static const char *const schemas[] = {
		"{'not': @}",
		"{'anyOf': [@, true]}",
		"{'anyOf': [@, false]}",
		"{'oneOf': [@, true]}",
		"{'oneOf': [@, @]}",
		"{'if': @, 'then': true, 'else': true}",
		"{'if': @, 'then': false, 'else': true}",
		"{'if': true, 'then': @}",
		"{'allOf': [@]}",
		"{'contains': {'type': 'string'}, 'not': {'contains': @}}",
		"{'unevaluatedItems': {'not': @}}",
		"{'items': {'anyOf': [@, true]}}",
	};
	static const char heavy[] = "{'items': {'format': 'uri'}, 'format': 'uri'}";
	struct schema_options options = {.is_format_asserted = true,
					 .limits = SCHEMA_LIMITS_DEFAULT};

	options.limits.steps_max = 1000;
	for (size_t i = 0; i < ARRAY_SIZE(schemas); i++) {
		struct buf schema = BUF_NULL, instance = BUF_NULL;
		struct made m;

		for (const char *c = schemas[i]; *c != '\0'; c++) {
			if (*c == '@')
				buf_append_text(&schema, heavy);
			else
				buf_append_char(&schema, *c);
		}
		fill(&instance, "['http://a/@letters']");
		cr_assert_eq(made_compile_with(&m, schema.data, &options), OK, "%s", m.err.text);
		cr_expect_eq(made_validate(&m, instance.data), E_LIMIT, "%s", schemas[i]);
		cr_expect_not_null(strstr(m.err.text, "format"), "%s", m.err.text);
		made_clear(&m);
		buf_clear(&schema);
		buf_clear(&instance);
	}
}

Test(price, what_is_surely_invalid_stays_so_and_says_that_reasons_are_missing)
{
	struct schema_options options = {.limits = SCHEMA_LIMITS_DEFAULT};
	struct buf text = BUF_NULL;
	struct made m;

	options.limits.steps_max = 9000;
	cr_assert_eq(made_compile_with(&m, "{'items': {'type': 'array'}, 'maxItems': 4001}",
				       &options),
		     OK);
	fill(&text, "[@items,1]");
	cr_expect_eq(made_validate(&m, text.data), E_INVALID);
	cr_expect_not_null(strstr(m.err.text, "not all reasons"), "%s", m.err.text);
	made_clear(&m);
	buf_clear(&text);
}

static enum result compile_within(const char *json, uint64_t steps, uint64_t *ret_left)
{
	struct budget b = budget_of(steps);
	struct schema_options options = {.is_strict = true,
					 .limits = SCHEMA_LIMITS_DEFAULT,
					 .budget = &b};
	struct made m;
	enum result rc = made_compile_with(&m, json, &options);

	*ret_left = b.steps;
	made_clear(&m);
	return rc;
}

Test(price, compiling_comes_off_the_budget_and_ends_with_it)
{
	static const char *const schemas[] = {
		"{'properties': {@schemas}}", "{'patternProperties': {@patterns}}",
		"{'enum': [@texts]}",	      "{'pattern': '(?=a)@prefix'}",
		"{'anyOf': [@branches]}",
	};
	const uint64_t all = UINT64_MAX / 2;

	for (size_t i = 0; i < ARRAY_SIZE(schemas); i++) {
		struct buf text = BUF_NULL;
		uint64_t left, used;

		fill(&text, schemas[i]);
		cr_expect_eq(compile_within(text.data, all, &left), OK);
		used = all - left;
		cr_expect_gt(used, text.len / 16, "%s", schemas[i]);
		for (uint64_t part = 1; part < 8; part++)
			cr_expect_eq(compile_within(text.data, used * part / 8, &left), E_LIMIT,
				     "%s", schemas[i]);
		buf_clear(&text);
	}
}

Test(price, a_pattern_beyond_a_bound_is_a_limit_and_not_a_wrong_schema)
{
	struct schema_options options = {.limits = SCHEMA_LIMITS_DEFAULT};
	struct buf text = BUF_NULL;
	struct made m;

	fill(&text, "{'properties': {'a': {'pattern': '[ab]@prefix@prefix'}}}");
	cr_expect_eq(made_compile_with(&m, text.data, &options), E_LIMIT);
	cr_expect_eq(m.report.problems_count, 0);
	cr_expect_not_null(strstr(m.err.text, "/properties/a/pattern"), "%s", m.err.text);
	made_clear(&m);
	buf_clear(&text);
}

/* A message is a sentence of bounded length, for schemas with constants and names of any length. */
Test(price, a_message_holds_no_more_of_a_schema_than_a_person_reads)
{
	static const char *const schemas[] = {
		"{'const': '@letters'}",
		"{'enum': [@texts, '@letters']}",
		"{'anyOf': [{'const': '@letters'}, {'const': 'b'}]}",
		"{'type': 'object', 'required': ['@letters']}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(schemas); i++) {
		struct buf text = BUF_NULL;
		struct made m;

		fill(&text, schemas[i]);
		made_compile(&m, text.data);
		cr_expect_eq(made_validate(&m, i == 3 ? "{}" : "'x'"), E_INVALID);
		cr_expect_lt(strlen(m.report.problems[0].message), 4000, "%s", schemas[i]);
		made_clear(&m);
		buf_clear(&text);
	}
}

Test(price, a_report_of_long_pointers_ends_and_counts_the_rest)
{
	struct buf text = BUF_NULL;
	struct made m;

	made_compile(&m, "{'additionalProperties': {'items': {'type': 'string'}}}");
	fill(&text, "{'@letters': [@items]}");
	cr_expect_eq(made_validate(&m, text.data), E_INVALID);
	cr_expect_geq(m.report.problems_count, 1);
	cr_expect_lt(m.report.problems_count, 50);
	cr_expect_eq(m.report.problems_count + m.report.problems_dropped, 4000);
	made_clear(&m);
	buf_clear(&text);
}
