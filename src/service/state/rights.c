/*
 * The rights of a principal in one snapshot.
 *
 * A principal is a chain: its own token first, then the token that made it, up to a token that the
 * server made. A path may be touched where every level allows it, so that a token never gets more
 * than its maker has, also when the maker's policies shrink later.
 *
 * Missing things give nothing: a policy that does not exist has no rules, and a token of the chain
 * that is missing or has ended gives E_UNAUTHENTICATED, with the same text as for any bad token.
 *
 * Loading costs one lookup for each token and each policy; decisions look at rules and are made for
 * each path. Any thread; the result borrows from the snapshot.
 */
#include "service/state/rights.h"

#include "service/state/token_chain.h"

/* Policies are looked up by name each time, so that a changed policy counts from the next call on.
 */
static void fill_level(struct rights_level *level, const struct snapshot *snapshot,
		       const struct principal_link *link)
{
	level->count = 0;
	for (uint32_t i = 0; i < link->policies_count && i < TOKEN_POLICIES_MAX; i++) {
		const struct policy *p = snapshot_policy(snapshot, link->policies[i]);

		if (p != NULL)
			level->policies[level->count++] = p;
	}
}

/* Most principals have one level, for which `first` saves the allocation. */
enum result rights_load(struct rights *ret, struct arena *a, const struct snapshot *snapshot,
			const struct principal *p, int64_t now_ms, struct error *err)
{
	if (p->chain_count > RIGHTS_LEVELS_MAX)
		return fail(err, E_UNAUTHENTICATED, "a valid token is needed");
	ret->levels = &ret->first;
	ret->levels_count = 0;
	if (p->chain_count > 1)
		ret->levels = arena_alloc_array(a, p->chain_count, sizeof *ret->levels);
	if (ret->levels == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; i < p->chain_count; i++) {
		const struct principal_link *link = &p->chain[i];
		const struct token *t = snapshot_token(snapshot, link->accessor);

		if (t == NULL || token_has_ended(t, now_ms))
			return fail(err, E_UNAUTHENTICATED, "a valid token is needed");
		fill_level(&ret->levels[ret->levels_count++], snapshot, link);
	}
	return OK;
}

enum result rights_load_token(struct rights *ret, struct arena *a, const struct snapshot *snapshot,
			      struct slice accessor, int64_t now_ms, struct error *err)
{
	struct token *t = snapshot_token(snapshot, accessor);
	const struct principal *p;

	if (t == NULL)
		return fail(err, E_UNAUTHENTICATED, "a valid token is needed");
	p = token_principal(snapshot, t);
	if (p == NULL)
		return fail(err, E_MEMORY, "out of memory");
	return rights_load(ret, a, snapshot, p, now_ms, err);
}

/* A link's policies never change: what can change is whether its token is in force, and the content
 * of the policies. A renewal or a use taken changes none of these. */
static bool gives_the_same(const struct snapshot *a, const struct snapshot *b,
			   const struct principal_link *link)
{
	const struct token *then = snapshot_token(a, link->accessor);
	const struct token *now = snapshot_token(b, link->accessor);

	if (then == NULL || now == NULL || now->is_revoked != then->is_revoked ||
	    (now->uses_left == 0) != (then->uses_left == 0))
		return false;
	for (uint32_t i = 0; i < link->policies_count; i++) {
		struct slice name = link->policies[i];

		if (snapshot_policy(a, name) != snapshot_policy(b, name))
			return false;
	}
	return true;
}

bool rights_are_same(const struct snapshot *a, const struct snapshot *b, const struct principal *p)
{
	for (uint32_t i = 0; i < p->chain_count; i++) {
		if (!gives_the_same(a, b, &p->chain[i]))
			return false;
	}
	return true;
}

/* A sum weighted by position: the policies and their order are fixed by the principal, so only
 * their revisions vary. 0 is kept free for "has ended". */
uint64_t rights_fingerprint(const struct snapshot *snapshot, const struct principal *p,
			    int64_t now_ms)
{
	uint64_t mark = 1;

	for (uint32_t i = 0; i < p->chain_count; i++) {
		const struct principal_link *link = &p->chain[i];
		const struct token *t = snapshot_token(snapshot, link->accessor);

		if (t == NULL || token_has_ended(t, now_ms))
			return 0;
		for (uint32_t k = 0; k < link->policies_count; k++) {
			const struct snap_policy *policy =
				pmap_get(&snapshot->policies, link->policies[k]);

			mark = mark * UINT64_C(0x9e3779b97f4a7c15) +
			       (policy != NULL ? policy->changed_revision : 0);
		}
	}
	return mark != 0 ? mark : 1;
}

struct decision rights_decide(const struct rights *r, enum permission wanted, struct slice path)
{
	struct decision own =
		policies_decide(r->levels[0].policies, r->levels[0].count, wanted, path);

	for (uint32_t i = 1; own.is_allowed && i < r->levels_count; i++) {
		struct decision above =
			policies_decide(r->levels[i].policies, r->levels[i].count, wanted, path);

		if (!above.is_allowed)
			return above;
	}
	return own;
}

bool rights_may(const struct rights *r, enum permission wanted, struct slice path)
{
	return rights_decide(r, wanted, path).is_allowed;
}

bool rights_may_under(const struct rights *r, enum permission wanted, struct slice prefix)
{
	for (uint32_t i = 0; i < r->levels_count; i++) {
		if (!policies_may_under(r->levels[i].policies, r->levels[i].count, wanted, prefix))
			return false;
	}
	return true;
}
