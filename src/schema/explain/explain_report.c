/* From findings to a report: places become pointers, rules sentences. */
#include "schema/explain/explain.h"

#include "doc/pointer.h"
#include "schema/compile/keyword.h"
#include "schema/price.h"
#include "schema/compile/report.h"

static void append_instance(const struct run *r, const struct finding *f, struct buf *ret)
{
	const struct tree_node *n = r->root;

	for (uint32_t i = 0; i < f->path_len; i++) {
		uint32_t at = VEC_AT(&r->saved_path, uint32_t, f->path + i);

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

/* The way that was taken, and the keyword that failed. */
static void append_trail(const struct run *r, const struct finding *f, struct buf *ret)
{
	const struct rule *rule = &r->program->rules[f->rule];

	for (uint32_t i = 0; i < f->trail_len; i++)
		append_step(r->program, &VEC_AT(&r->saved_trail, struct step, f->trail + i), ret);
	if (rule->op != RULE_FALSE)
		pointer_append_key(ret, slice_text(keyword_name(rule)));
}

/* Subschemas stand in the order of their rules; one without rules holds none. */
uint32_t evaluate_find_subschema(const struct program *p, uint32_t rule)
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

static void append_location(const struct run *r, const struct finding *f, struct buf *ret)
{
	const struct rule *rule = &r->program->rules[f->rule];
	const struct subschema *s =
		&r->program->subschemas[evaluate_find_subschema(r->program, f->rule)];

	buf_append_slice(ret, program_text(r->program, s->location));
	if (rule->op != RULE_FALSE)
		pointer_append_key(ret, slice_text(keyword_name(rule)));
}

/* The schema `false` fails by the keyword that it stands under. */
static const char *failed_keyword(const struct run *r, const struct finding *f)
{
	const struct rule *rule = &r->program->rules[f->rule];

	if (rule->op == RULE_FALSE && f->trail_len != 0)
		rule = &r->program->rules[VEC_AT(&r->saved_trail, struct step,
						 f->trail + f->trail_len - 1)
						  .rule];
	return keyword_name(rule);
}

static const struct tree_node *failed_node(const struct run *r, const struct finding *f)
{
	uint8_t op = r->program->rules[f->rule].op;

	if (op == RULE_ADDITIONAL_PROPERTIES || op == RULE_UNEVALUATED_PROPERTIES)
		return &f->node->of.members[f->detail].value;
	return f->node;
}

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

static enum result write_one(struct run *r, const struct finding *f, bool is_unchecked,
			     struct schema_report *report)
{
	CLEANUP(clear_texts) struct texts t = {BUF_NULL, BUF_NULL, BUF_NULL, BUF_NULL};
	struct schema_problem problem = {0};
	enum result rc;

	append_instance(r, f, &t.instance);
	append_trail(r, f, &t.trail);
	append_location(r, f, &t.location);
	if (is_unchecked)
		buf_append_text(&t.message,
				"is not checked: the secret behind it may not be looked at");
	else
		message_append(r, f, &t.message);
	if (t.instance.is_failed || t.trail.is_failed || t.location.is_failed ||
	    t.message.is_failed)
		return fail(r->err, E_MEMORY, "out of memory");
	rc = evaluate_charge(r, UINT64_C(100) + price_bytes(t.instance.len + t.trail.len +
							    t.location.len + t.message.len));
	if (rc != OK)
		return rc;
	problem.pointer = buf_slice(&t.instance);
	problem.evaluation_path = buf_slice(&t.trail);
	problem.schema_location = buf_slice(&t.location);
	problem.keyword = slice_text(failed_keyword(r, f));
	problem.message = t.message.data;
	problem.node = is_unchecked ? f->node : failed_node(r, f);
	rc = is_unchecked ? report_add_unchecked(report, &problem, r->schema->limits.problems_max)
			  : report_add(report, &problem, r->schema->limits.problems_max);
	return rc == OK ? OK : fail(r->err, rc, "out of memory");
}

enum result evaluate_write_report(struct run *r, struct schema_report *report)
{
	for (uint32_t i = 0; i < r->problems.count; i++) {
		enum result rc =
			write_one(r, &VEC_AT(&r->problems, struct finding, i), false, report);

		if (rc != OK)
			return rc;
	}
	for (uint32_t i = 0; i < r->unchecked.count; i++) {
		enum result rc =
			write_one(r, &VEC_AT(&r->unchecked, struct finding, i), true, report);

		if (rc != OK)
			return rc;
	}
	report->problems_dropped += r->dropped;
	return OK;
}
