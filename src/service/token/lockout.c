/*
 * The rule: no write leaves the store without somebody who can administer it, unless who writes means it.
 *
 * A token can administer when it is valid, with all above it, and may `write` and `admin` policies at large and each of those that
 * its own rights come from: who can do that can give any other right. A worker looks for one in the snapshot as it would be after the write; the committer looks once more at the
 * one that was found, in the state that it is about to publish, so two writes cannot take away each other's last one.
 */
#include "service/token/tokens.h"

#include <stdio.h>
#include <string.h>

/* Stands for policies at large: no document has this path, so no rule about a single one matches it. */
#define ANY_POLICY   "policies/."
#define GRANTING_MAX 256

/* The state after a write. */
struct aftermath {
	const struct snapshot *snapshot;
	const struct token
		*consumer_of_use; /* whose call takes a use of it and of those above; may be NULL */
	int64_t now_ms;
	const struct policy
		*granting[GRANTING_MAX]; /* those that allow it; only who has one is looked at */
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

/* Whether the call that writes takes the last use of the token, or of one above it. */
static bool is_spent(const struct aftermath *a, const struct token *t)
{
	for (uint32_t i = 0; a->consumer_of_use != NULL && t != NULL && i < RIGHTS_LEVELS_MAX;
	     i++) {
		if (t->uses_left == 1 &&
		    is_at_or_above(a->snapshot, a->consumer_of_use, t->record.accessor))
			return true;
		t = t->record.parent.len != 0 ? snapshot_token(a->snapshot, t->record.parent)
					      : NULL;
	}
	return false;
}

/* Whether it may mend the policies that its own rights come from: else a rule in one of them could keep it from all the rest. */
static bool may_mend_own(const struct aftermath *a, const struct rights *rights,
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

static bool can_administer(const struct aftermath *a, const struct token *t)
{
	static const struct slice policies = SLICE_INIT(ANY_POLICY);
	CLEANUP(arena_clear) struct arena arena = ARENA_NULL;
	struct error ignored = ERROR_NULL;
	struct rights rights = {0};

	return !is_spent(a, t) &&
	       rights_load(&rights, &arena, a->snapshot, t, a->now_ms, &ignored) == OK &&
	       rights_may(&rights, MAY_WRITE, policies) &&
	       rights_may(&rights, MAY_ADMIN, policies) && may_mend_own(a, &rights, t);
}

static void gather_granting(struct aftermath *a)
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

/* The one who asks, if possible: nobody else is likelier to stay. NULL: nobody. */
static const struct token *find_administrator(struct aftermath *a, struct slice asking)
{
	const struct token *t = snapshot_token(a->snapshot, asking);
	struct pmap_walk walk;

	if (t != NULL && can_administer(a, t))
		return t;
	gather_granting(a);
	if (a->granting_count == 0)
		return NULL;
	pmap_walk_from(&walk, &a->snapshot->tokens_by_accessor, SLICE_NULL);
	while ((t = pmap_walk_next(&walk)) != NULL) {
		if (has_granting(a, t) && can_administer(a, t))
			return t;
	}
	return NULL;
}

static bool lay_policy(struct snapshot *s, const struct change *c)
{
	struct slice name = slice_from(c->path, strlen("policies/"));

	if (!c->exists)
		return snapshot_remove_policy(s, name);
	return c->policy == NULL || snapshot_put_policy(s, name, policy_ref(c->policy));
}

/* A fork with the write's policies and tokens laid over. */
static struct snapshot *lay_over(const struct write *w)
{
	CLEANUP(snapshot_unrefp) struct snapshot *s = snapshot_fork(w->view.snapshot);
	bool is_done = s != NULL;

	for (uint32_t i = 0; is_done && i < w->changes_count; i++) {
		if (w->changes[i].kind == KIND_POLICIES && w->changes[i].is_changed)
			is_done = lay_policy(s, &w->changes[i]);
	}
	for (uint32_t i = 0; is_done && i < w->tokens_count; i++)
		is_done = snapshot_put_token(s, token_ref(w->tokens[i].token));
	return is_done ? steal(&s) : NULL;
}

static bool is_about_rights(const struct write *w)
{
	for (uint32_t i = 0; i < w->changes_count; i++) {
		if (w->changes[i].kind == KIND_POLICIES && w->changes[i].is_changed)
			return true;
	}
	for (uint32_t i = 0; i < w->tokens_count; i++) {
		if (w->tokens[i].token->is_revoked)
			return true;
	}
	return false;
}

static bool could_before(const struct write *w, int64_t now_ms)
{
	CLEANUP(alloc_freep) struct aftermath *a = alloc_zero(sizeof *a);

	if (a == NULL)
		return true;
	a->snapshot = w->view.snapshot;
	a->now_ms = now_ms;
	return find_administrator(a, w->accessor) != NULL;
}

static enum result refuse(struct write *w, struct error *err)
{
	static const char text[] =
		"afterwards no valid token could administer: none may write policies";
	struct check_problem place = {.line = 0};

	if (w->is_forced) {
		w->was_forced = true;
		report_add_warning(&w->report, &place, text);
		return OK;
	}
	report_add_error(&w->report, &place, text);
	return fail(err, E_CONFLICT, "%s; force does it even so", text);
}

enum result lockout_check(struct write *w, int64_t now_ms, struct error *err)
{
	CLEANUP(alloc_freep) struct aftermath *a = alloc_zero(sizeof *a);
	CLEANUP(snapshot_unrefp) struct snapshot *after = NULL;
	const struct token *found;
	const char *copy;

	if (!is_about_rights(w))
		return OK;
	after = lay_over(w);
	if (a == NULL || after == NULL)
		return fail(err, E_MEMORY, "out of memory");
	a->snapshot = after;
	a->consumer_of_use = snapshot_token(w->view.snapshot, w->accessor);
	a->now_ms = now_ms;
	found = find_administrator(a, w->accessor);
	if (found == NULL)
		return could_before(w, now_ms) ? refuse(w, err) : OK;
	copy = arena_text(&w->arena, found->record.accessor);
	if (copy == NULL)
		return fail(err, E_MEMORY, "out of memory");
	w->administrator = slice_make(copy, found->record.accessor.len);
	return OK;
}

bool lockout_is_averted(const struct write *w, const struct snapshot *working, int64_t now_ms)
{
	struct aftermath a = {.snapshot = working,
			      .consumer_of_use = snapshot_token(working, w->accessor),
			      .now_ms = now_ms};
	const struct token *t;

	if (w->administrator.len == 0)
		return true;
	t = snapshot_token(working, w->administrator);
	return t != NULL && can_administer(&a, t);
}
