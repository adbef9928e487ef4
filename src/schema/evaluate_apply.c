/* Rules that apply other subschemas to the same value. */
#include "schema/evaluate.h"

enum result evaluate_ref(struct run *r, const struct rule *rule, const struct tree_node *n,
			 struct marks *marks, enum verdict *ret)
{
	return evaluate_step(r, rule, NONE, rule->a, n, marks, ret);
}

static uint32_t find_dynamic(const struct program *p, uint32_t resource, uint32_t name)
{
	for (uint32_t i = 0; i < p->dynamic_anchors_count; i++) {
		const struct dynamic_anchor *a = &p->dynamic_anchors[i];

		if (a->resource == resource && a->name == name)
			return a->subschema;
	}
	return NONE;
}

enum result evaluate_dynamic_ref(struct run *r, const struct rule *rule, const struct tree_node *n,
				 struct marks *marks, enum verdict *ret)
{
	uint32_t target = rule->a;

	for (const struct scope *s = r->scope; s != NULL; s = s->outer) {
		uint32_t found = find_dynamic(r->program, s->resource, rule->b);

		if (found != NONE)
			target = found;
	}
	return evaluate_step(r, rule, NONE, target, n, marks, ret);
}

enum result evaluate_all_of(struct run *r, const struct rule *rule, const struct tree_node *n,
			    struct marks *marks, enum verdict *ret)
{
	for (uint32_t i = 0; i < rule->b; i++) {
		enum verdict v;
		enum result rc =
			evaluate_step(r, rule, i, r->program->links[rule->a + i], n, marks, &v);

		if (rc != OK)
			return rc;
		*ret = verdict_and(*ret, v);
		if (*ret == VERDICT_NO && !r->is_collecting)
			return OK;
	}
	return OK;
}

/* How useful a failed branch's findings are to a person: one that is for another type of value least, then one that is for
 * another constant member (a tag); among others the fewest, then the deepest. */
struct use {
	uint32_t rank;
	uint32_t count;
	uint32_t depth;
};

static struct use rate_branch(const struct run *r, uint32_t from)
{
	struct use use = {2, r->problems.count - from, 0};

	for (uint32_t i = from; i < r->problems.count; i++) {
		const struct finding *f = &VEC_AT(&r->problems, struct finding, i);
		uint8_t op = r->program->rules[f->rule].op;
		bool is_constant = op == RULE_CONST || op == RULE_ENUM;

		if (f->path_len == r->path.count &&
		    (op == RULE_TYPE || is_constant || op == RULE_FALSE))
			use.rank = 0;
		else if (f->path_len == r->path.count + 1 && is_constant && use.rank > 1)
			use.rank = 1;
		if (f->path_len > use.depth)
			use.depth = f->path_len;
	}
	return use;
}

static bool is_more_useful(struct use a, struct use b)
{
	if (a.rank != b.rank)
		return a.rank > b.rank;
	return a.count != b.count ? a.count < b.count : a.depth > b.depth;
}

/* Keeps the findings of the better of two branches that stand one behind the other. */
static void keep_better(struct run *r, struct checkpoint start, struct use *best, uint32_t from)
{
	struct use use = rate_branch(r, from);

	if (from == start.problems || is_more_useful(use, *best)) {
		struct finding *list = r->problems.items;
		uint32_t count = r->problems.count - from;

		if (count != 0)
			memmove(&list[start.problems], &list[from], count * sizeof *list);
		r->problems.count = start.problems + count;
		*best = use;
		return;
	}
	r->problems.count = from;
}

struct tally {
	uint32_t yes, maybe;
	uint32_t first, second; /* branches that matched */
	struct use best;
};

static enum result try_branch(struct run *r, const struct rule *rule, uint32_t i,
			      const struct tree_node *n, struct marks *marks,
			      struct checkpoint start, struct tally *t)
{
	CLEANUP(marks_clear) struct marks own = MARKS_NULL;
	uint32_t from = r->problems.count;
	enum verdict v;
	enum result rc;

	if (marks != NULL && !marks_init(&own, n->count))
		return fail(r->err, E_MEMORY, "out of memory");
	rc = evaluate_step(r, rule, i, r->program->links[rule->a + i], n,
			   marks != NULL ? &own : NULL, &v);
	if (rc != OK)
		return rc;
	if (marks != NULL && v != VERDICT_NO)
		marks_merge(marks, &own, v == VERDICT_YES);
	if (v == VERDICT_NO) {
		keep_better(r, start, &t->best, from);
		return OK;
	}
	r->problems.count = from;
	t->maybe += v == VERDICT_MAYBE;
	if (v == VERDICT_YES && ++t->yes <= 2)
		*(t->yes == 1 ? &t->first : &t->second) = i;
	return OK;
}

/* Where every branch is for another type or constant, one sentence says what would do. */
static enum result fail_branches(struct run *r, const struct rule *rule, const struct tree_node *n,
				 struct checkpoint start, const struct tally *t, enum verdict *ret)
{
	if (r->problems.count != start.problems && t->best.rank != 0) {
		*ret = VERDICT_NO;
		return OK;
	}
	if (r->is_collecting && rule->b == 1 && r->problems.count != start.problems) {
		*ret = VERDICT_NO;
		return OK;
	}
	evaluate_forget_problems(r, start);
	return evaluate_fail(r, rule, n, 0, 0, ret);
}

enum result evaluate_some_of(struct run *r, const struct rule *rule, const struct tree_node *n,
			     struct marks *marks, enum verdict *ret)
{
	struct checkpoint start = evaluate_checkpoint(r);
	bool is_one = rule->op == RULE_ONE_OF;
	struct tally t = {0};

	for (uint32_t i = 0; i < rule->b; i++) {
		enum result rc = try_branch(r, rule, i, n, marks, start, &t);

		if (rc != OK)
			return rc;
		if (t.yes > 0 && !is_one && marks == NULL)
			break;
		if (t.yes > 1 && is_one)
			break;
	}
	if (t.yes == 0 && t.maybe == 0) {
		evaluate_forget_unchecked(r, start);
		return fail_branches(r, rule, n, start, &t, ret);
	}
	evaluate_forget_problems(r, start);
	if (is_one && t.yes > 1) {
		evaluate_forget_unchecked(r, start);
		return evaluate_fail(r, rule, n, t.first + 1, t.second + 1, ret);
	}
	if (is_one ? t.maybe > 0 : t.yes == 0)
		*ret = VERDICT_MAYBE;
	else
		evaluate_forget_unchecked(r, start);
	return OK;
}

enum result evaluate_not(struct run *r, const struct rule *rule, const struct tree_node *n,
			 struct marks *marks, enum verdict *ret)
{
	struct checkpoint start = evaluate_checkpoint(r);
	enum verdict v;
	enum result rc = evaluate_silently(r, rule, NONE, rule->a, n, NULL, &v);

	(void)marks;
	if (rc != OK)
		return rc;
	if (v == VERDICT_MAYBE) {
		*ret = VERDICT_MAYBE;
		return OK;
	}
	evaluate_forget_unchecked(r, start);
	return v == VERDICT_NO ? OK : evaluate_fail(r, rule, n, 0, 0, ret);
}

static enum result evaluate_branch(struct run *r, const struct rule *rule, uint32_t index,
				   const struct tree_node *n, struct marks *marks,
				   enum verdict *ret)
{
	uint32_t subschema = index == 1 ? rule->b : rule->c;

	*ret = VERDICT_YES;
	return subschema == NONE ? OK : evaluate_step(r, rule, index, subschema, n, marks, ret);
}

/* A secret decides which branch holds: both must, and if neither does the answer is no. */
static enum result evaluate_both(struct run *r, const struct rule *rule, const struct tree_node *n,
				 struct marks *marks, enum verdict *ret)
{
	CLEANUP(marks_clear) struct marks own = MARKS_NULL;
	bool was_collecting = r->is_collecting;
	enum verdict yes, no;
	enum result rc;

	if (marks != NULL && !marks_init(&own, n->count))
		return fail(r->err, E_MEMORY, "out of memory");
	r->is_collecting = false;
	rc = evaluate_branch(r, rule, 1, n, marks != NULL ? &own : NULL, &yes);
	if (rc == OK)
		rc = evaluate_branch(r, rule, 2, n, marks != NULL ? &own : NULL, &no);
	r->is_collecting = was_collecting;
	if (rc != OK)
		return rc;
	if (marks != NULL)
		marks_merge(marks, &own, false);
	if (yes == VERDICT_NO && no == VERDICT_NO)
		return evaluate_fail(r, rule, n, 0, 0, ret);
	if (yes != VERDICT_YES || no != VERDICT_YES)
		*ret = VERDICT_MAYBE;
	return OK;
}

enum result evaluate_if(struct run *r, const struct rule *rule, const struct tree_node *n,
			struct marks *marks, enum verdict *ret)
{
	CLEANUP(marks_clear) struct marks own = MARKS_NULL;
	struct checkpoint start = evaluate_checkpoint(r);
	enum verdict condition;
	enum result rc;

	if (marks != NULL && !marks_init(&own, n->count))
		return fail(r->err, E_MEMORY, "out of memory");
	rc = evaluate_silently(r, rule, 0, rule->a, n, marks != NULL ? &own : NULL, &condition);
	if (rc != OK)
		return rc;
	if (marks != NULL && condition != VERDICT_NO)
		marks_merge(marks, &own, condition == VERDICT_YES);
	if (condition == VERDICT_MAYBE)
		return evaluate_both(r, rule, n, marks, ret);
	evaluate_forget_unchecked(r, start);
	return evaluate_branch(r, rule, condition == VERDICT_YES ? 1 : 2, n, marks, ret);
}
