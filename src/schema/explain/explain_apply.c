/*
 * Rules that apply other subschemas to the same value.
 *
 * Where only some of the subschemas must hold, the findings of the others are no problems of the
 * instance. Each rule takes a checkpoint first and drops what does not count: after a success the
 * problems of failed branches, after a decision the checks that an opaque value prevented.
 *
 * Marks are collected for each branch by itself and merged only where the branch holds, because a
 * failed branch evaluates nothing (2020-12 core, section 11).
 */
#include "schema/explain/explain.h"

enum result explain_ref(struct explain_pass *pass, const struct rule *rule,
			const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	return explain_step(pass, (struct applied){rule, NONE, rule->a}, n, marks, ret);
}

/* The subschema of a dynamic anchor in one resource, or NONE. */
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

/* The outermost resource of the dynamic scope that has the anchor decides (2020-12 core, section
 * 8.2.3.2). */
enum result explain_dynamic_ref(struct explain_pass *pass, const struct rule *rule,
				const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	uint32_t target = rule->a;
	uint64_t price = 0;
	enum result rc;

	for (const struct scope *s = pass->scope; s != NULL; s = s->outer) {
		uint32_t found = find_dynamic(pass->program, s->resource, rule->b);

		if (found != NONE)
			target = found;
		price += 2;
	}
	rc = explain_charge(pass, price);
	return rc == OK ? explain_step(pass, (struct applied){rule, NONE, target}, n, marks, ret)
			: rc;
}

/* 2020-12 core, section 10.2.1.1. */
enum result explain_all_of(struct explain_pass *pass, const struct rule *rule,
			   const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	for (uint32_t i = 0; i < rule->b; i++) {
		enum verdict v;
		enum result rc =
			explain_step(pass,
				     (struct applied){rule, i, pass->program->links[rule->a + i]},
				     n, marks, &v);

		if (rc != OK)
			return rc;
		if (explain_may_stop(pass, v, ret))
			return OK;
	}
	return OK;
}

/* How useful the findings of a failed branch are to a person, least useful first: the branch is for
 * another type of value, for other constants of this type, for another constant member (a tag), or
 * fails for another reason. Of branches of equal rank the one with the fewest findings is the best,
 * then the one with the deepest. */
enum rank {
	RANK_TYPE,
	RANK_CONSTANT,
	RANK_TAG,
	RANK_BEST,
};

/* `count` and `depth` compare branches of equal rank. A deep failure means that much of the value
 * matched. */
struct usefulness {
	enum rank rank;
	uint32_t count;
	uint32_t depth;
};

static bool is_constant(const struct rule *rule)
{
	return rule->op == RULE_CONST || rule->op == RULE_ENUM;
}

/* Whether a constant has the kind of the value. If none has, the branch is for another type. */
static bool has_type(const struct program *p, const struct rule *rule, const struct tree_node *n)
{
	for (uint32_t i = 0; i < rule->b; i++) {
		if (p->constants[rule->a + i].kind == n->kind)
			return true;
	}
	return false;
}

static enum rank rank_finding(const struct explain_pass *pass, const struct finding *f)
{
	const struct rule *rule = &pass->program->rules[f->rule];

	if (f->path_len == pass->path.count && (rule->op == RULE_TYPE || rule->op == RULE_FALSE))
		return RANK_TYPE;
	if (f->path_len == pass->path.count && is_constant(rule))
		return has_type(pass->program, rule, f->node) ? RANK_CONSTANT : RANK_TYPE;
	return f->path_len == pass->path.count + 1 && is_constant(rule) ? RANK_TAG : RANK_BEST;
}

/* A branch is as useful as its least useful finding: a branch for another type also has other
 * findings, which would mislead. */
static struct usefulness rate_branch(const struct explain_pass *pass, uint32_t from)
{
	struct usefulness use = {RANK_BEST, pass->problems.count - from, 0};

	for (uint32_t i = from; i < pass->problems.count; i++) {
		const struct finding *f = &VEC_AT(&pass->problems, struct finding, i);
		enum rank rank = rank_finding(pass, f);

		if (rank < use.rank)
			use.rank = rank;
		if (f->path_len > use.depth)
			use.depth = f->path_len;
	}
	return use;
}

static bool is_more_useful(struct usefulness a, struct usefulness b)
{
	if (a.rank != b.rank)
		return a.rank > b.rank;
	return a.count != b.count ? a.count < b.count : a.depth > b.depth;
}

/* Keeps the findings of the best branch so far, which follow `start`, or those of the last branch,
 * which follow `from`. */
static void keep_better(struct explain_pass *pass, struct checkpoint start, struct usefulness *best,
			uint32_t from)
{
	struct usefulness use = rate_branch(pass, from);

	if (from == start.problems || is_more_useful(use, *best)) {
		struct finding *list = pass->problems.items;
		uint32_t count = pass->problems.count - from;

		if (count != 0)
			memmove(&list[start.problems], &list[from], count * sizeof *list);
		pass->problems.count = start.problems + count;
		*best = use;
		return;
	}
	pass->problems.count = from;
}

/* The outcome of the branches tried so far. `best` rates the findings that are kept, which begin at
 * `start.problems`. */
struct tally {
	struct checkpoint start; /* before the first branch */
	uint32_t yes, maybe;
	uint32_t first, second; /* branches that matched */
	struct usefulness best;
};

/* Applies branch `i` of anyOf or oneOf, and counts its verdict. Of the failed branches the best
 * one's findings stay. */
static enum result try_branch(struct explain_pass *pass, const struct rule *rule, uint32_t i,
			      const struct tree_node *n, struct marks *marks, struct tally *t)
{
	CLEANUP(marks_clear) struct marks own = MARKS_NULL;
	uint32_t from = pass->problems.count;
	enum verdict v;
	enum result rc = explain_charge(pass, marks != NULL ? n->count / 64 : 0);

	if (rc != OK)
		return rc;
	if (marks != NULL && !marks_init(&own, n->count))
		return fail(pass->err, E_MEMORY, "out of memory");
	rc = explain_step(pass, (struct applied){rule, i, pass->program->links[rule->a + i]}, n,
			  marks != NULL ? &own : NULL, &v);
	if (rc != OK)
		return rc;
	if (marks != NULL && v != VERDICT_NO)
		marks_merge(marks, &own, v == VERDICT_YES);
	if (v == VERDICT_NO) {
		rc = explain_charge(pass, pass->problems.count - from);
		keep_better(pass, t->start, &t->best, from);
		return rc;
	}
	pass->problems.count = from;
	t->maybe += v == VERDICT_MAYBE;
	if (v == VERDICT_YES && ++t->yes <= 2)
		*(t->yes == 1 ? &t->first : &t->second) = i;
	return OK;
}

/* Whether every branch is a list of constants, so that one sentence can list them all. */
static bool are_constants(const struct explain_pass *pass, const struct rule *rule)
{
	if (rule->b > BRANCHES_LISTED_MAX)
		return false;
	for (uint32_t i = 0; i < rule->b; i++) {
		uint32_t branch = pass->program->links[rule->a + i];

		if (message_find_rule(pass->program, branch, RULE_CONST) == NULL &&
		    message_find_rule(pass->program, branch, RULE_ENUM) == NULL)
			return false;
	}
	return true;
}

/* No branch has this tag: keeps only the finding about the tag, which will list the tags of all
 * branches. */
static void keep_tag(struct explain_pass *pass, const struct rule *rule, struct checkpoint start)
{
	struct finding *list = pass->problems.items;

	for (uint32_t i = start.problems; i < pass->problems.count; i++) {
		if (rank_finding(pass, &list[i]) != RANK_TAG)
			continue;
		list[start.problems] = list[i];
		if (list[start.problems].other == 0) /* else an inner rule already lists its tags */
			list[start.problems].other = (uint32_t)(rule - pass->program->rules) + 1;
		pass->problems.count = start.problems + 1;
		return;
	}
}

/* No branch matches: keeps the findings of the best branch where they help, else one finding for
 * the keyword. */
static enum result fail_branches(struct explain_pass *pass, const struct rule *rule,
				 const struct tree_node *n, const struct tally *t,
				 enum verdict *ret)
{
	bool has_findings = pass->problems.count != t->start.problems;
	enum result rc = explain_charge(pass, has_findings ? rule->b : 0);

	*ret = VERDICT_NO;
	if (rc != OK)
		return rc;
	if (has_findings && t->best.rank == RANK_TAG && rule->b > 1)
		keep_tag(pass, rule, t->start);
	if (has_findings && (rule->b == 1 || t->best.rank >= RANK_TAG ||
			     (t->best.rank == RANK_CONSTANT && !are_constants(pass, rule))))
		return OK;
	explain_drop_problems(pass, t->start);
	return explain_fail(pass, rule, n, 0, 0, ret);
}

/* anyOf and oneOf. With `marks` every branch is tried, because each that matches evaluates
 * members. */
enum result explain_some_of(struct explain_pass *pass, const struct rule *rule,
			    const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	bool is_one = rule->op == RULE_ONE_OF;
	struct tally t = {.start = explain_checkpoint(pass)};

	for (uint32_t i = 0; i < rule->b; i++) {
		enum result rc = try_branch(pass, rule, i, n, marks, &t);

		if (rc != OK)
			return rc;
		if (t.yes > 0 && !is_one && marks == NULL)
			break;
		if (t.yes > 1 && is_one)
			break;
	}
	if (t.yes == 0 && t.maybe == 0) {
		explain_drop_unchecked(pass, t.start);
		return fail_branches(pass, rule, n, &t, ret);
	}
	explain_drop_problems(pass, t.start);
	if (is_one && t.yes > 1) {
		explain_drop_unchecked(pass, t.start);
		return explain_fail(pass, rule, n, t.first + 1, t.second + 1, ret);
	}
	if (is_one ? t.maybe > 0 : t.yes == 0)
		*ret = VERDICT_MAYBE;
	else
		explain_drop_unchecked(pass, t.start);
	return OK;
}

/* 2020-12 core, section 10.2.1.4. What the schema under `not` evaluates is not marked, because it
 * failed where `not` holds. */
enum result explain_not(struct explain_pass *pass, const struct rule *rule,
			const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	struct checkpoint start = explain_checkpoint(pass);
	enum verdict v;
	enum result rc = explain_silently(pass, (struct applied){rule, NONE, rule->a}, n, NULL, &v);

	(void)marks;
	if (rc != OK)
		return rc;
	if (v == VERDICT_MAYBE) {
		*ret = VERDICT_MAYBE;
		return OK;
	}
	explain_drop_unchecked(pass, start);
	return v == VERDICT_NO ? OK : explain_fail(pass, rule, n, 0, 0, ret);
}

/* Index 1 is `then`, 2 is `else`; an absent one holds. */
static enum result check_branch(struct explain_pass *pass, const struct rule *rule, uint32_t index,
				const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	uint32_t subschema = index == 1 ? rule->b : rule->c;

	*ret = VERDICT_YES;
	return subschema == NONE ? OK
				 : explain_step(pass, (struct applied){rule, index, subschema}, n,
						marks, ret);
}

/* An opaque value decides which branch applies. Yes where both hold, no where neither does, else
 * undecided. */
static enum result check_both(struct explain_pass *pass, const struct rule *rule,
			      const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	CLEANUP(marks_clear) struct marks own = MARKS_NULL;
	bool was_collecting = pass->is_collecting;
	enum verdict yes, no;
	enum result rc = explain_charge(pass, marks != NULL ? n->count / 64 : 0);

	if (rc != OK)
		return rc;
	if (marks != NULL && !marks_init(&own, n->count))
		return fail(pass->err, E_MEMORY, "out of memory");
	pass->is_collecting = false;
	rc = check_branch(pass, rule, 1, n, marks != NULL ? &own : NULL, &yes);
	if (rc == OK)
		rc = check_branch(pass, rule, 2, n, marks != NULL ? &own : NULL, &no);
	pass->is_collecting = was_collecting;
	if (rc != OK)
		return rc;
	if (marks != NULL)
		marks_merge(marks, &own, false);
	if (yes == VERDICT_NO && no == VERDICT_NO)
		return explain_fail(pass, rule, n, 0, 0, ret);
	if (yes != VERDICT_YES || no != VERDICT_YES)
		*ret = VERDICT_MAYBE;
	return OK;
}

/* The findings of the condition are dropped: only those of `then` or `else` are failures. */
enum result explain_if(struct explain_pass *pass, const struct rule *rule,
		       const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	CLEANUP(marks_clear) struct marks own = MARKS_NULL;
	struct checkpoint start = explain_checkpoint(pass);
	enum verdict condition;
	enum result rc = explain_charge(pass, marks != NULL ? n->count / 64 : 0);

	if (rc != OK)
		return rc;
	if (marks != NULL && !marks_init(&own, n->count))
		return fail(pass->err, E_MEMORY, "out of memory");
	rc = explain_silently(pass, (struct applied){rule, 0, rule->a}, n,
			      marks != NULL ? &own : NULL, &condition);
	if (rc != OK)
		return rc;
	if (marks != NULL && condition != VERDICT_NO)
		marks_merge(marks, &own, condition == VERDICT_YES);
	if (condition == VERDICT_MAYBE)
		return check_both(pass, rule, n, marks, ret);
	explain_drop_unchecked(pass, start);
	return check_branch(pass, rule, condition == VERDICT_YES ? 1 : 2, n, marks, ret);
}
