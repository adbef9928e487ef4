/* The rule: what is not allowed by the token and by everyone above it is refused. */
#include "service/state/token_chain.h"

static void fill_level(struct rights_level *level, const struct snapshot *snapshot,
		       const struct token *token)
{
	level->count = 0;
	for (uint32_t i = 0; i < token->record.policies_count && i < TOKEN_POLICIES_MAX; i++) {
		const struct policy *p = snapshot_policy(snapshot, token->record.policies[i]);

		if (p != NULL)
			level->policies[level->count++] = p;
	}
}

static enum result load_parents(struct rights *ret, struct arena *a,
				const struct snapshot *snapshot, const struct token *token,
				int64_t now_ms, struct error *err)
{
	ret->levels = arena_alloc_array(a, RIGHTS_LEVELS_MAX, sizeof *ret->levels);
	if (ret->levels == NULL)
		return fail(err, E_MEMORY, "out of memory");
	ret->levels[0] = ret->first;
	while (token->record.parent.len != 0) {
		token = snapshot_token(snapshot, token->record.parent);
		if (token == NULL || token_has_ended(token, now_ms) ||
		    ret->levels_count == RIGHTS_LEVELS_MAX)
			return fail(err, E_UNAUTHENTICATED, "a valid token is needed");
		fill_level(&ret->levels[ret->levels_count++], snapshot, token);
	}
	return OK;
}

enum result rights_load(struct rights *ret, struct arena *a, const struct snapshot *snapshot,
			const struct token *token, int64_t now_ms, struct error *err)
{
	const struct token *now = snapshot_token(snapshot, token->record.accessor);

	if (now == NULL || token_has_ended(now, now_ms))
		return fail(err, E_UNAUTHENTICATED, "a valid token is needed");
	ret->levels = &ret->first;
	ret->levels_count = 1;
	fill_level(&ret->first, snapshot, now);
	if (now->record.parent.len == 0)
		return OK;
	return load_parents(ret, a, snapshot, now, now_ms, err);
}

/* A token's policies, parent and addresses never change: what can change is whether it is in force, and the policies. A renewal
 * or a use taken changes none of these. */
static bool gives_the_same(const struct snapshot *a, const struct snapshot *b,
			   const struct token *then, const struct token *now)
{
	if (now == NULL || now->is_revoked != then->is_revoked ||
	    (now->uses_left == 0) != (then->uses_left == 0))
		return false;
	for (uint32_t i = 0; i < then->record.policies_count; i++) {
		struct slice name = then->record.policies[i];

		if (snapshot_policy(a, name) != snapshot_policy(b, name))
			return false;
	}
	return true;
}

bool rights_are_same(const struct snapshot *a, const struct snapshot *b, struct slice accessor)
{
	for (uint32_t i = 0; accessor.len != 0 && i < RIGHTS_LEVELS_MAX; i++) {
		const struct token *then = snapshot_token(a, accessor);

		if (then == NULL || !gives_the_same(a, b, then, snapshot_token(b, accessor)))
			return false;
		accessor = then->record.parent;
	}
	return true;
}

uint64_t rights_fingerprint(const struct snapshot *snapshot, struct slice accessor, int64_t now_ms)
{
	uint64_t mark = 1;

	for (uint32_t i = 0; accessor.len != 0 && i < RIGHTS_LEVELS_MAX; i++) {
		const struct token *t = snapshot_token(snapshot, accessor);

		if (t == NULL || token_has_ended(t, now_ms))
			return 0;
		for (uint32_t k = 0; k < t->record.policies_count; k++) {
			const struct snap_policy *p =
				pmap_get(&snapshot->policies, t->record.policies[k]);

			mark = mark * UINT64_C(0x9e3779b97f4a7c15) + (p != NULL ? p->serial : 0);
		}
		accessor = t->record.parent;
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
