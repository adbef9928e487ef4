#include "support.h"

#include "doc/read.h"
#include "schema/explain/explain.h"
#include "schema/fast/fast.h"

#include <criterion/criterion.h>

#include <stdio.h>

void made_clear(struct made *m)
{
	schema_unref(m->schema);
	schema_report_clear(&m->report);
	tree_clear(&m->tree);
	tree_clear(&m->instance);
}

struct tree text_tree(const char *json)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct tree tree = TREE_INIT(0, false);
	struct error err = ERROR_NULL;

	buf_append_text(&text, json);
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\'')
			text.data[i] = '"';
	}
	cr_assert_eq(doc_read(&tree, DOC_JSON, buf_slice(&text), &DOC_LIMITS_DEFAULT, NULL, &err),
		     OK, "%s: %s", json, err.text);
	return tree;
}

enum result made_compile_with(struct made *m, const char *schema,
			      const struct schema_options *options)
{
	*m = (struct made){.report = {.arena = ARENA_NULL}};
	m->tree = text_tree(schema);
	return schema_compile(&m->schema, &m->tree.root, options, &m->report, &m->err);
}

void made_compile(struct made *m, const char *schema)
{
	struct schema_options options = {.is_format_asserted = true,
					 .limits = SCHEMA_LIMITS_DEFAULT};

	cr_assert_eq(made_compile_with(m, schema, &options), OK, "%s: %s", schema, m->err.text);
}

enum result made_validate_tree(struct made *m, const struct tree_node *instance)
{
	enum result quick = schema_validate(m->schema, instance, NULL, NULL, NULL);
	enum result rc;

	schema_report_clear(&m->report);
	rc = schema_validate(m->schema, instance, NULL, &m->report, &m->err);
	cr_assert_eq(quick, rc, "%s without reasons, %s with", result_name(quick), result_name(rc));
	cr_assert_eq(rc == E_INVALID, m->report.problems_count != 0);
	return rc;
}

enum result made_validate(struct made *m, const char *instance)
{
	tree_clear(&m->instance);
	m->instance = text_tree(instance);
	return made_validate_tree(m, &m->instance.root);
}

const char *made_problem(struct made *m, uint32_t n)
{
	static char text[1024];
	const struct schema_problem *p;

	if (n >= m->report.problems_count)
		return "";
	p = &m->report.problems[n];
	snprintf(text, sizeof text, "%.*s %.*s: %s", SLICE_ARGS(p->pointer), SLICE_ARGS(p->keyword),
		 p->message);
	return text;
}

bool is_valid(const char *schema, const char *instance)
{
	struct made m;
	enum result rc;

	made_compile(&m, schema);
	rc = made_validate(&m, instance);
	made_clear(&m);
	cr_assert(rc == OK || rc == E_INVALID, "%s", result_name(rc));
	return rc == OK;
}

bool passes_agree(const struct schema *s, const struct tree_node *instance, enum verdict *ret)
{
	struct explain_pass r = {.schema = s, .program = &s->program, .root = instance};
	enum result rc = explain_subschema(&r, 0, instance, NULL, ret), why = OK;
	uint64_t steps;
	enum fast_outcome outcome = fast_validate(s, instance, NULL, &steps, &why, NULL);

	vec_clear(&r.path);
	vec_clear(&r.trail);
	if (outcome == FAST_FAILED || rc != OK) {
		*ret = VERDICT_MAYBE;
		return why == E_LIMIT || rc == E_LIMIT;
	}
	return outcome == FAST_UNDECIDED || (outcome == FAST_YES) == (*ret == VERDICT_YES);
}
