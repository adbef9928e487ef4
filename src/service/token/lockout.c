/*
 * The search for a token that can administer after a change.
 *
 * Two changes that come at the same time must not take away each other's last administrator.
 * Therefore a worker looks for a token that can administer in the state after its change, and the
 * committer checks that one token again in the state that it is about to publish. The committer
 * never searches: where the token no longer can, the change goes back to a worker (E_STALE).
 *
 * The worker's state is a fork of its snapshot with the changed policies and tokens; it is never
 * published. The caller's token is tried first. Then only tokens with a granting policy are looked
 * at closely, so that a store with many tokens costs one quick look for each.
 */
#include "service/token/lockout.h"

#include "service/state/rights.h"

#include <stdio.h>
#include <string.h>

/* Stands for policies in general: no document has this path, so no rule about a single policy
 * matches it. */
#define ANY_POLICY   "policies/."
#define GRANTING_MAX 256 /* granting policies that are remembered */

/* The state after a write. */
struct aftermath {
	const struct snapshot *snapshot;
	const struct token *caller; /* its call takes a use of it and of those above; may be NULL */
	int64_t now_ms;
	/* Policies that allow to administer; only tokens that have one of them are looked at. */
	const struct policy *granting[GRANTING_MAX];
	uint32_t granting_count;
};

static bool is_at_or_above(const struct snapshot *s, const struct token *t, struct slice accessor)
{
	for (uint32_t i = 0; t != NULL && i < RIGHTS_LEVELS_MAX; i++) {
		if (slice_is_equal(t->record.accessor, accessor))
			return true;
		t = t->record.parent.len != 0 ? snapshot_token(s, t->record.parent) : NULL;
	}
	return false;
}

/* Whether the call takes the last use of the token, or of one above it. */
static bool is_used_up(const struct aftermath *a, const struct token *t)
{
	for (uint32_t i = 0; a->caller != NULL && t != NULL && i < RIGHTS_LEVELS_MAX; i++) {
		if (t->uses_left == 1 && is_at_or_above(a->snapshot, a->caller, t->record.accessor))
			return true;
		t = t->record.parent.len != 0 ? snapshot_token(a->snapshot, t->record.parent)
					      : NULL;
	}
	return false;
}

/* Whether it may repair the policies that its own rights come from: a rule in one of them could
 * deny it everything else. */
static bool may_repair_own(const struct aftermath *a, const struct rights *rights,
			   const struct token *t)
{
	char path[PATH_BYTES_MAX + 16];

	for (uint32_t i = 0; t != NULL && i < RIGHTS_LEVELS_MAX; i++) {
		for (uint32_t k = 0; k < t->record.policies_count; k++) {
			int len = snprintf(path, sizeof path, "policies/%.*s",
					   SLICE_ARGS(t->record.policies[k]));
			struct slice own = slice_make(path, (size_t)len);

			if (!rights_may(rights, MAY_WRITE, own) ||
			    !rights_may(rights, MAY_ADMIN, own))
				return false;
		}
		t = t->record.parent.len != 0 ? snapshot_token(a->snapshot, t->record.parent)
					      : NULL;
	}
	return true;
}

/* In the state of `a`, by the rights of the whole chain: a token above it that may not administer
 * is enough to refuse. */
static bool can_administer(const struct aftermath *a, const struct token *t)
{
	static const struct slice policies = SLICE_INIT(ANY_POLICY);
	CLEANUP(arena_clear) struct arena arena = ARENA_NULL;
	struct error ignored = ERROR_NULL;
	struct rights rights = {0};

	return !is_used_up(a, t) &&
	       rights_load_token(&rights, &arena, a->snapshot, t->record.accessor, a->now_ms,
				 &ignored) == OK &&
	       rights_may(&rights, MAY_WRITE, policies) &&
	       rights_may(&rights, MAY_ADMIN, policies) && may_repair_own(a, &rights, t);
}

/* Policies with `admin` on policies in general. If there are more than GRANTING_MAX, every token is
 * looked at closely. */
static void collect_granting(struct aftermath *a)
{
	static const struct slice policies = SLICE_INIT(ANY_POLICY);
	const struct snap_policy *p;
	struct pmap_walk walk;

	pmap_walk_from(&walk, &a->snapshot->policies, SLICE_NULL);
	while (a->granting_count < GRANTING_MAX && (p = pmap_walk_next(&walk)) != NULL) {
		const struct policy *one = p->policy;

		if (policies_decide(&one, 1, MAY_ADMIN, policies).is_allowed)
			a->granting[a->granting_count++] = one;
	}
}

static bool has_granting(const struct aftermath *a, const struct token *t)
{
	if (a->granting_count == GRANTING_MAX)
		return true;
	for (uint32_t i = 0; i < t->record.policies_count; i++) {
		const struct policy *p = snapshot_policy(a->snapshot, t->record.policies[i]);

		for (uint32_t j = 0; p != NULL && j < a->granting_count; j++) {
			if (a->granting[j] == p)
				return true;
		}
	}
	return false;
}

/* The caller's own token if possible: it is the most likely to stay. NULL: there is none. */
static const struct token *find_administrator(struct aftermath *a, struct slice caller)
{
	const struct token *t = snapshot_token(a->snapshot, caller);
	struct pmap_walk walk;

	if (t != NULL && can_administer(a, t))
		return t;
	collect_granting(a);
	if (a->granting_count == 0)
		return NULL;
	pmap_walk_from(&walk, &a->snapshot->tokens_by_accessor, SLICE_NULL);
	while ((t = pmap_walk_next(&walk)) != NULL) {
		if (has_granting(a, t) && can_administer(a, t))
			return t;
	}
	return NULL;
}

static bool is_policy_change(const struct change *c)
{
	return c->kind == KIND_POLICIES && c->is_changed;
}

static bool apply_policy(struct snapshot *s, const struct change *c)
{
	struct slice name = slice_from(c->path, strlen("policies/"));

	if (!c->exists)
		return snapshot_remove_policy(s, name);
	return c->policy == NULL ||
	       snapshot_put_policy(s, name, policy_ref(c->policy), s->revision + 1);
}

/* A fork of the snapshot with the changed policies and tokens. NULL: no memory. */
static struct snapshot *fork_after(const struct rights_change *change)
{
	CLEANUP(snapshot_unrefp) struct snapshot *s = snapshot_fork(change->before);
	bool is_done = s != NULL;

	for (uint32_t i = 0; is_done && i < change->documents_count; i++) {
		if (is_policy_change(&change->documents[i]))
			is_done = apply_policy(s, &change->documents[i]);
	}
	for (uint32_t i = 0; is_done && i < change->tokens_count; i++)
		is_done = snapshot_put_token(s, token_ref(change->tokens[i]));
	return is_done ? steal(&s) : NULL;
}

/* Only a changed policy or a revoked token takes rights away at once. */
static bool is_about_rights(const struct rights_change *change)
{
	for (uint32_t i = 0; i < change->documents_count; i++) {
		if (is_policy_change(&change->documents[i]))
			return true;
	}
	for (uint32_t i = 0; i < change->tokens_count; i++) {
		if (change->tokens[i]->is_revoked)
			return true;
	}
	return false;
}

/* A store in which no token could administer before is not locked out by this change. Without
 * memory the change counts as the reason. */
static bool could_before(const struct rights_change *change, int64_t now_ms)
{
	CLEANUP(alloc_freep) struct aftermath *a = alloc_zero(sizeof *a);

	if (a == NULL)
		return true;
	a->snapshot = change->before;
	a->now_ms = now_ms;
	return find_administrator(a, change->caller) != NULL;
}

enum result lockout_check(struct slice *ret, const struct rights_change *change, int64_t now_ms,
			  struct arena *a, struct error *err)
{
	CLEANUP(alloc_freep) struct aftermath *m = alloc_zero(sizeof *m);
	CLEANUP(snapshot_unrefp) struct snapshot *after = NULL;
	const struct token *found;
	const char *copy;

	if (!is_about_rights(change))
		return OK;
	after = fork_after(change);
	if (m == NULL || after == NULL)
		return fail(err, E_MEMORY, "out of memory");
	m->snapshot = after;
	m->caller = snapshot_token(change->before, change->caller);
	m->now_ms = now_ms;
	found = find_administrator(m, change->caller);
	if (found == NULL)
		return could_before(change, now_ms)
			       ? fail(err, E_CONFLICT, LOCKOUT_TEXT "; force does it even so")
			       : OK;
	copy = arena_text(a, found->record.accessor);
	if (copy == NULL)
		return fail(err, E_MEMORY, "out of memory");
	*ret = slice_make(copy, found->record.accessor.len);
	return OK;
}

bool lockout_is_averted(struct slice administrator, const struct snapshot *working,
			struct slice caller, int64_t now_ms)
{
	struct aftermath a = {.snapshot = working,
			      .caller = snapshot_token(working, caller),
			      .now_ms = now_ms};
	const struct token *t;

	if (administrator.len == 0)
		return true;
	t = snapshot_token(working, administrator);
	return t != NULL && can_administer(&a, t);
}
