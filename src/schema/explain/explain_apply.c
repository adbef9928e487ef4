/* Rules that apply other subschemas to the same value. */
#include "schema/explain/explain.h"

enum result evaluate_ref(struct run *r, const struct rule *rule, const struct tree_node *n,
			 struct marks *marks, enum verdict *ret)
{
	return evaluate_step(r, rule, NONE, rule->a, n, marks, ret);
}

static uint32_t find_dynamic(const struct program *p, uint32_t resource, uint32_t name)
{
	struct dynamic_anchor wanted = {resource, name, NONE};
	uint32_t low = 0, high = p->dynamic_anchors_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = dynamic_anchor_compare(&p->dynamic_anchors[middle], &wanted);

		if (order == 0)
			return p->dynamic_anchors[middle].subschema;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NONE;
}

enum result evaluate_dynamic_ref(struct run *r, const struct rule *rule, const struct tree_node *n,
				 struct marks *marks, enum verdict *ret)
{
	uint32_t target = rule->a;
	uint64_t price = 0;
	enum result rc;

	for (const struct scope *s = r->scope; s != NULL; s = s->outer) {
		uint32_t found = find_dynamic(r->program, s->resource, rule->b);

		if (found != NONE)
			target = found;
		price += 2;
	}
	rc = evaluate_charge(r, price);
	return rc == OK ? evaluate_step(r, rule, NONE, target, n, marks, ret) : rc;
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
		if (evaluate_is_over(r, v, ret))
			return OK;
	}
	return OK;
}

/* How useful a failed branch's findings are to a person, from the least: it is for another type of value, for other constants
 * of this type, for another constant member (a tag), anything else. Of those alike the fewest, then the deepest. */
enum rank {
	RANK_TYPE,
	RANK_CONSTANT,
	RANK_TAG,
	RANK_BEST,
};

struct use {
	enum rank rank;
	uint32_t count;
	uint32_t depth;
};

static bool is_constant(const struct rule *rule)
{
	return rule->op == RULE_CONST || rule->op == RULE_ENUM;
}

static bool has_type(const struct program *p, const struct rule *rule, const struct tree_node *n)
{
	for (uint32_t i = 0; i < rule->b; i++) {
		if (p->constants[rule->a + i].kind == n->kind)
			return true;
	}
	return false;
}

static enum rank rank_finding(const struct run *r, const struct finding *f)
{
	const struct rule *rule = &r->program->rules[f->rule];

	if (f->path_len == r->path.count && (rule->op == RULE_TYPE || rule->op == RULE_FALSE))
		return RANK_TYPE;
	if (f->path_len == r->path.count && is_constant(rule))
		return has_type(r->program, rule, f->node) ? RANK_CONSTANT : RANK_TYPE;
	return f->path_len == r->path.count + 1 && is_constant(rule) ? RANK_TAG : RANK_BEST;
}

static struct use rate_branch(const struct run *r, uint32_t from)
{
	struct use use = {RANK_BEST, r->problems.count - from, 0};

	for (uint32_t i = from; i < r->problems.count; i++) {
		const struct finding *f = &VEC_AT(&r->problems, struct finding, i);
		enum rank rank = rank_finding(r, f);

		if (rank < use.rank)
			use.rank = rank;
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
	enum result rc = evaluate_charge(r, marks != NULL ? n->count / 64 : 0);

	if (rc != OK)
		return rc;
	if (marks != NULL && !marks_init(&own, n->count))
		return fail(r->err, E_MEMORY, "out of memory");
	rc = evaluate_step(r, rule, i, r->program->links[rule->a + i], n,
			   marks != NULL ? &own : NULL, &v);
	if (rc != OK)
		return rc;
	if (marks != NULL && v != VERDICT_NO)
		marks_merge(marks, &own, v == VERDICT_YES);
	if (v == VERDICT_NO) {
		rc = evaluate_charge(r, r->problems.count - from);
		keep_better(r, start, &t->best, from);
		return rc;
	}
	r->problems.count = from;
	t->maybe += v == VERDICT_MAYBE;
	if (v == VERDICT_YES && ++t->yes <= 2)
		*(t->yes == 1 ? &t->first : &t->second) = i;
	return OK;
}

/* Whether each branch is a list of constants, so that one sentence can name them all. */
static bool are_constants(const struct run *r, const struct rule *rule)
{
	if (rule->b > BRANCHES_TOLD_MAX)
		return false;
	for (uint32_t i = 0; i < rule->b; i++) {
		uint32_t branch = r->program->links[rule->a + i];

		if (message_find_rule(r->program, branch, RULE_CONST) == NULL &&
		    message_find_rule(r->program, branch, RULE_ENUM) == NULL)
			return false;
	}
	return true;
}

/* No branch has this tag: that is all there is to say, and which tags there are. */
static void keep_tag(struct run *r, const struct rule *rule, struct checkpoint start)
{
	struct finding *list = r->problems.items;

	for (uint32_t i = start.problems; i < r->problems.count; i++) {
		if (rank_finding(r, &list[i]) != RANK_TAG)
			continue;
		list[start.problems] = list[i];
		if (list[start.problems].other == 0) /* not told by a rule further in */
			list[start.problems].other = (uint32_t)(rule - r->program->rules) + 1;
		r->problems.count = start.problems + 1;
		return;
	}
}

static enum result fail_branches(struct run *r, const struct rule *rule, const struct tree_node *n,
				 struct checkpoint start, const struct tally *t, enum verdict *ret)
{
	bool is_told = r->problems.count != start.problems;
	enum result rc = evaluate_charge(r, is_told ? rule->b : 0);

	*ret = VERDICT_NO;
	if (rc != OK)
		return rc;
	if (is_told && t->best.rank == RANK_TAG && rule->b > 1)
		keep_tag(r, rule, start);
	if (is_told && (rule->b == 1 || t->best.rank >= RANK_TAG ||
			(t->best.rank == RANK_CONSTANT && !are_constants(r, rule))))
		return OK;
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
	enum result rc = evaluate_charge(r, marks != NULL ? n->count / 64 : 0);

	if (rc != OK)
		return rc;
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
	enum result rc = evaluate_charge(r, marks != NULL ? n->count / 64 : 0);

	if (rc != OK)
		return rc;
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
