/*
 * Compiles a policy document and decides with several policies.
 *
 * The document comes from a write that is checked, or from the store: it is read strictly, since a
 * key that is misspelt and ignored could be the deny of a rule. All parts of a policy lie in its
 * arena and go with it.
 *
 * The rule of a decision: deny before allow before nothing. policies_decide() looks at the rules in
 * their order and keeps the first allow, but ends only at a deny, so the order of rules and
 * policies changes the rule that is named and never the verdict.
 *
 * Threads: compiled on one thread, then immutable. Only the reference counter changes; the last
 * policy_unref() sees all that other owners did (acquire and release).
 */
#include "access/policy.h"

#include "access/path_pattern.h"
#include "base/text.h"
#include "doc/path.h"

#include <stdatomic.h>

/* One rule: what it allows or denies, and the patterns of `on`, of which one must match. */
struct rule {
	bool is_deny;
	uint32_t permissions; /* enum permission, or-ed */
	uint32_t number;      /* from 1, as written */
	uint32_t line;
	uint32_t patterns_count;
	struct slice *patterns;
};

struct policy {
	atomic_uint refs;
	struct arena arena;
	struct slice name;
	struct rule *rules;
	uint32_t rules_count;
};

static enum result fail_node(struct error *err, const struct tree_node *n, const char *what)
{
	return fail_at(err, E_INVALID, n->line, n->column, "%s", what);
}

/* The words that may stand in one place of a policy. */
struct vocabulary {
	const char *name; /* for messages: "permission" */
	const struct slice *words;
	size_t count;
};

/* The words of permission.c again, in the form that text_nearest() takes. */
static const struct slice permission_names[] = {
	SLICE_INIT("read"),   SLICE_INIT("list"),     SLICE_INIT("write"),   SLICE_INIT("check"),
	SLICE_INIT("delete"), SLICE_INIT("rollback"), SLICE_INIT("destroy"), SLICE_INIT("audit"),
	SLICE_INIT("grant"),  SLICE_INIT("admin"),    SLICE_INIT("use"),
};
static const struct slice policy_key_names[] = {SLICE_INIT("rules"), SLICE_INIT("description")};
static const struct slice rule_key_names[] = {SLICE_INIT("allow"), SLICE_INIT("deny"),
					      SLICE_INIT("on")};

static const struct vocabulary permission_words = {"permission", permission_names,
						   ARRAY_SIZE(permission_names)};
static const struct vocabulary policy_keys = {"key of a policy", policy_key_names,
					      ARRAY_SIZE(policy_key_names)};
static const struct vocabulary rule_keys = {"key of a policy", rule_key_names,
					    ARRAY_SIZE(rule_key_names)};

static enum result fail_unknown(struct error *err, uint32_t line, uint32_t column,
				struct slice word, const struct vocabulary *known)
{
	struct slice near = text_nearest(word, known->words, known->count);

	if (near.data != NULL)
		return fail_at(err, E_INVALID, line, column,
			       "not a known %s (did you mean `%.*s`?)", known->name,
			       SLICE_ARGS(near));
	return fail_at(err, E_INVALID, line, column, "not a known %s", known->name);
}

/* A list of words to a set of bits. The same word twice is harmless. */
static enum result read_permissions(uint32_t *ret, const struct tree_node *list, struct error *err)
{
	uint32_t all = 0;

	if (list->kind != TREE_ARRAY || list->count == 0)
		return fail_node(err, list, "must be a list of permissions, such as [read, list]");
	for (uint32_t i = 0; i < list->count; i++) {
		const struct tree_node *item = &list->of.items[i];
		enum permission permission;

		if (item->kind != TREE_STRING)
			return fail_node(err, item, "a permission must be a word such as read");
		if (!permission_parse(tree_text(item), &permission))
			return fail_unknown(err, item->line, item->column, tree_text(item),
					    &permission_words);
		all |= permission;
	}
	*ret = all;
	return OK;
}

/* `*` and `**` only as whole segments: "orders-*" would look as if it matched and is refused. Every
 * literal segment has to be valid in a path, or the rule could never match. */
static bool is_pattern(struct slice pattern)
{
	struct slice rest = pattern, segment;
	uint32_t count = 0;

	if (pattern.len == 0 || pattern.len > POLICY_PATTERN_BYTES_MAX)
		return false;
	while (slice_next_part(&rest, '/', &segment)) {
		bool is_wild = slice_is_text(segment, "*") || slice_is_text(segment, "**");

		if (++count > PATH_SEGMENTS_MAX + 1 ||
		    (!is_wild && !path_segment_is_valid(segment)))
			return false;
	}
	return true;
}

static enum result read_pattern(struct slice *ret, struct arena *a, const struct tree_node *n,
				struct error *err)
{
	if (n->kind != TREE_STRING || !is_pattern(tree_text(n)))
		return fail_node(
			err, n,
			"must be a path such as config/orders/* or secrets/orders/** (`*` and "
			"`**` only as whole segments)");
	ret->data = arena_text(a, tree_text(n));
	ret->len = n->count;
	return ret->data != NULL ? OK : fail(err, E_MEMORY, "out of memory");
}

/* `on` is one pattern or a list of them. `patterns_count` grows with each that was read, so that a
 * policy that failed half-way is consistent. */
static enum result read_patterns(struct rule *rule, struct arena *a, const struct tree_node *on,
				 struct error *err)
{
	const struct tree_node *items = on->kind == TREE_ARRAY ? on->of.items : on;
	uint32_t count = on->kind == TREE_ARRAY ? on->count : 1;

	if (count == 0)
		return fail_node(err, on, "must name at least one path");
	rule->patterns = arena_alloc_array(a, count, sizeof *rule->patterns);
	if (rule->patterns == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (; rule->patterns_count < count; rule->patterns_count++) {
		enum result rc = read_pattern(&rule->patterns[rule->patterns_count], a,
					      &items[rule->patterns_count], err);

		if (rc != OK)
			return rc;
	}
	return OK;
}

/* An unknown key is an error, with the nearest known one as a suggestion. */
static enum result check_keys(const struct tree_node *object, const struct vocabulary *known,
			      struct error *err)
{
	for (uint32_t i = 0; i < object->count; i++) {
		const struct tree_member *m = &object->of.members[i];
		bool is_known = false;

		for (size_t k = 0; k < known->count; k++)
			is_known = is_known || slice_is_equal(tree_key(m), known->words[k]);
		if (!is_known)
			return fail_unknown(err, m->line, m->column, tree_key(m), known);
	}
	return OK;
}

static enum result read_rule(struct rule *rule, struct arena *a, const struct tree_node *n,
			     struct error *err)
{
	const struct tree_node *allow = TREE_GET(n, "allow"), *deny = TREE_GET(n, "deny");
	const struct tree_node *on = TREE_GET(n, "on");
	enum result rc;

	if (n->kind != TREE_OBJECT)
		return fail_node(err, n, "must be a rule such as {allow: [read], on: config/**}");
	rc = check_keys(n, &rule_keys, err);
	if (rc != OK)
		return rc;
	if ((allow == NULL) == (deny == NULL))
		return fail_node(err, n, "must have either `allow` or `deny`");
	if (on == NULL)
		return fail_node(err, n, "must have `on`: the paths it is about");
	rule->is_deny = deny != NULL;
	rule->line = n->line;
	rc = read_permissions(&rule->permissions, rule->is_deny ? deny : allow, err);
	if (rc != OK)
		return rc;
	return read_patterns(rule, a, on, err);
}

static enum result read_rules(struct policy *p, const struct tree_node *root, struct error *err)
{
	const struct tree_node *rules = TREE_GET(root, "rules");
	enum result rc;

	if (root->kind != TREE_OBJECT || rules == NULL || rules->kind != TREE_ARRAY)
		return fail_node(err, root, "a policy must be a map with a list `rules`");
	rc = check_keys(root, &policy_keys, err);
	if (rc != OK)
		return rc;
	if (rules->count > POLICY_RULES_MAX)
		return fail_at(err, E_LIMIT, rules->line, rules->column, "has more than %d rules",
			       POLICY_RULES_MAX);
	p->rules = arena_alloc_array(&p->arena, rules->count, sizeof *p->rules);
	if (p->rules == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (; p->rules_count < rules->count; p->rules_count++) {
		struct rule *rule = &p->rules[p->rules_count];

		rule->number = p->rules_count + 1;
		rc = read_rule(rule, &p->arena, &rules->of.items[p->rules_count], err);
		if (rc != OK)
			return wrap(err, rc, "rule %u", (unsigned)rule->number);
	}
	return OK;
}

static void policy_unrefp(struct policy **p)
{
	policy_unref(*p);
}

enum result policy_compile(struct policy **ret, struct slice name, const struct tree_node *root,
			   struct error *err)
{
	CLEANUP(policy_unrefp) struct policy *p = alloc_zero(sizeof *p);
	enum result rc;

	if (p == NULL)
		return fail(err, E_MEMORY, "out of memory");
	atomic_init(&p->refs, 1);
	p->name = slice_make(arena_text(&p->arena, name), name.len);
	if (p->name.data == NULL)
		return fail(err, E_MEMORY, "out of memory");
	rc = read_rules(p, root, err);
	if (rc != OK)
		return rc;
	*ret = steal(&p);
	return OK;
}

struct policy *policy_ref(struct policy *p)
{
	atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	return p;
}

void policy_unref(struct policy *p)
{
	if (p == NULL || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
		return;
	arena_clear(&p->arena);
	alloc_free(p);
}

static bool rule_matches(const struct rule *rule, struct slice path)
{
	for (uint32_t i = 0; i < rule->patterns_count; i++) {
		if (path_pattern_matches(rule->patterns[i], path))
			return true;
	}
	return false;
}

struct decision policies_decide(const struct policy *const *policies, uint32_t count,
				enum permission wanted, struct slice path)
{
	struct decision decision = {false, SLICE_NULL, 0, 0};

	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t j = 0; j < policies[i]->rules_count; j++) {
			const struct rule *rule = &policies[i]->rules[j];

			if ((rule->permissions & wanted) == 0 ||
			    (decision.is_allowed && !rule->is_deny) || !rule_matches(rule, path))
				continue;
			decision = (struct decision){!rule->is_deny, policies[i]->name,
						     rule->number, rule->line};
			if (rule->is_deny)
				return decision;
		}
	}
	return decision;
}

/* Whether one deny rule covers all that the pattern allows under the prefix. */
static bool is_denied_under(const struct policy *const *policies, uint32_t count,
			    enum permission wanted, struct slice allow, struct slice prefix)
{
	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t j = 0; j < policies[i]->rules_count; j++) {
			const struct rule *rule = &policies[i]->rules[j];

			if (!rule->is_deny || (rule->permissions & wanted) == 0)
				continue;
			for (uint32_t k = 0; k < rule->patterns_count; k++) {
				if (path_pattern_covers(rule->patterns[k], allow, prefix))
					return true;
			}
		}
	}
	return false;
}

/* Tries each allow rule that reaches the prefix, until one is found that no single deny rule takes
 * back. Several denies that cover it only together are not noticed: the answer is then a list that
 * turns out empty, and never one that shows too much. */
bool policies_may_under(const struct policy *const *policies, uint32_t count,
			enum permission wanted, struct slice prefix)
{
	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t j = 0; j < policies[i]->rules_count; j++) {
			const struct rule *rule = &policies[i]->rules[j];

			if (rule->is_deny || (rule->permissions & wanted) == 0)
				continue;
			for (uint32_t k = 0; k < rule->patterns_count; k++) {
				if (path_pattern_reaches(rule->patterns[k], prefix) &&
				    !is_denied_under(policies, count, wanted, rule->patterns[k],
						     prefix))
					return true;
			}
		}
	}
	return false;
}
