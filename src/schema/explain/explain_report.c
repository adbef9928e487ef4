/*
 * Makes the problems of a report from findings: pointers from places, and sentences from rules.
 *
 * Findings hold positions only, because most of them are dropped before the end. So texts are made
 * for at most problems_max findings of each list. The schema and the instance must still live; the
 * report copies every text.
 */
#include "schema/explain/explain.h"

#include "doc/pointer.h"
#include "schema/compile/keyword.h"
#include "schema/compile/report.h"
#include "schema/price.h"

/* The JSON pointer of the value. */
static void append_instance(const struct explain_pass *pass, const struct finding *f,
			    struct buf *ret)
{
	const struct tree_node *n = pass->root;

	for (uint32_t i = 0; i < f->path_len; i++) {
		uint32_t at = VEC_AT(&pass->saved_path, uint32_t, f->path + i);

		if (n->kind == TREE_OBJECT) {
			pointer_append_key(ret, tree_key(&n->of.members[at]));
			n = &n->of.members[at].value;
		} else {
			pointer_append_index(ret, at);
			n = &n->of.items[at];
		}
	}
}

static const char *keyword_name(const struct rule *rule)
{
	return rule->keyword < KEYWORDS ? keywords[rule->keyword].name : "";
}

/* The keyword of a step, and which of its subschemas. */
static void append_step(const struct program *p, const struct step *step, struct buf *ret)
{
	const struct rule *rule = &p->rules[step->rule];

	if (rule->op == RULE_IF) {
		static const char *const names[] = {"/if", "/then", "/else"};

		buf_append_text(ret, names[step->index]);
		return;
	}
	pointer_append_key(ret, slice_text(keyword_name(rule)));
	if (step->index == NONE)
		return;
	if (rule->op == RULE_PROPERTIES || rule->op == RULE_DEPENDENT_SCHEMAS)
		pointer_append_key(ret,
				   program_text(p, p->properties[rule->a + step->index].name.text));
	else if (rule->op == RULE_PATTERN_PROPERTIES)
		pointer_append_key(
			ret,
			program_text(
				p, p->patterns[p->pattern_properties[rule->a + step->index].pattern]
					   .source));
	else
		pointer_append_index(ret, step->index);
}

/* The way through the schema, and the keyword that failed. */
static void append_trail(const struct explain_pass *pass, const struct finding *f, struct buf *ret)
{
	const struct rule *rule = &pass->program->rules[f->rule];

	for (uint32_t i = 0; i < f->trail_len; i++)
		append_step(pass->program, &VEC_AT(&pass->saved_trail, struct step, f->trail + i),
			    ret);
	if (rule->op != RULE_FALSE)
		pointer_append_key(ret, slice_text(keyword_name(rule)));
}

/* Subschemas are in the order of their first rules; of several with the same first rule the last
 * one has it. */
uint32_t explain_find_subschema(const struct program *p, uint32_t rule)
{
	uint32_t low = 0, high = p->subschemas_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (p->subschemas[middle].first_rule <= rule)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The location of the subschema, and the keyword that failed. */
static void append_location(const struct explain_pass *pass, const struct finding *f,
			    struct buf *ret)
{
	const struct rule *rule = &pass->program->rules[f->rule];
	const struct subschema *s =
		&pass->program->subschemas[explain_find_subschema(pass->program, f->rule)];

	buf_append_slice(ret, program_text(pass->program, s->location));
	if (rule->op != RULE_FALSE)
		pointer_append_key(ret, slice_text(keyword_name(rule)));
}

/* For the schema `false` it is the keyword whose value the schema is. */
static const char *failed_keyword(const struct explain_pass *pass, const struct finding *f)
{
	const struct rule *rule = &pass->program->rules[f->rule];

	if (rule->op == RULE_FALSE && f->trail_len != 0)
		rule = &pass->program->rules[VEC_AT(&pass->saved_trail, struct step,
						    f->trail + f->trail_len - 1)
						     .rule];
	return keyword_name(rule);
}

/* For a key that is not allowed it is the value of that key. */
static const struct tree_node *failed_node(const struct explain_pass *pass, const struct finding *f)
{
	uint8_t op = pass->program->rules[f->rule].op;

	if (op == RULE_ADDITIONAL_PROPERTIES || op == RULE_UNEVALUATED_PROPERTIES)
		return &f->node->of.members[f->detail].value;
	return f->node;
}

/* The texts of one problem, freed after the report has copied them. */
struct texts {
	struct buf instance, trail, location, message;
};

static void clear_texts(struct texts *t)
{
	buf_clear(&t->instance);
	buf_clear(&t->trail);
	buf_clear(&t->location);
	buf_clear(&t->message);
}

/* Adds the problem of one finding. */
static enum result write_one(struct explain_pass *pass, const struct finding *f, bool is_unchecked,
			     struct schema_report *report)
{
	CLEANUP(clear_texts) struct texts t = {BUF_NULL, BUF_NULL, BUF_NULL, BUF_NULL};
	struct schema_problem problem = {0};
	enum result rc;

	append_instance(pass, f, &t.instance);
	append_trail(pass, f, &t.trail);
	append_location(pass, f, &t.location);
	if (is_unchecked)
		buf_append_text(
			&t.message,
			"is not checked: it needs the value of a secret that may not be read "
			"here");
	else
		message_append(pass, f, &t.message);
	if (t.instance.is_failed || t.trail.is_failed || t.location.is_failed ||
	    t.message.is_failed)
		return fail(pass->err, E_MEMORY, "out of memory");
	rc = explain_charge(pass, UINT64_C(100) + price_bytes(t.instance.len + t.trail.len +
							      t.location.len + t.message.len));
	if (rc != OK)
		return rc;
	problem.pointer = buf_slice(&t.instance);
	problem.evaluation_path = buf_slice(&t.trail);
	problem.schema_location = buf_slice(&t.location);
	problem.keyword = slice_text(failed_keyword(pass, f));
	problem.message = t.message.data;
	problem.node = is_unchecked ? f->node : failed_node(pass, f);
	rc = is_unchecked
		     ? report_add_unchecked(report, &problem, pass->schema->limits.problems_max)
		     : report_add(report, &problem, pass->schema->limits.problems_max);
	return rc == OK ? OK : fail(pass->err, rc, "out of memory");
}

/* Failures first, then the checks that could not be made. */
enum result explain_write_report(struct explain_pass *pass, struct schema_report *report)
{
	for (uint32_t i = 0; i < pass->problems.count; i++) {
		enum result rc =
			write_one(pass, &VEC_AT(&pass->problems, struct finding, i), false, report);

		if (rc != OK)
			return rc;
	}
	for (uint32_t i = 0; i < pass->unchecked.count; i++) {
		enum result rc =
			write_one(pass, &VEC_AT(&pass->unchecked, struct finding, i), true, report);

		if (rc != OK)
			return rc;
	}
	report->problems_dropped += pass->dropped;
	return OK;
}
