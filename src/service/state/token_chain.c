/*
 * Tokens and those above them.
 *
 * Each token names its parent by accessor. Every walk upwards ends after PRINCIPAL_CHAIN_MAX steps,
 * so that even a damaged store with a cycle of parents cannot make it endless. A token whose parent
 * is missing, or whose chain is too long, counts as ended: nothing shows that its maker still
 * allows it.
 *
 * The parts of a principal that a token gives never change while the token exists; what changes
 * (revoked, uses left, expiry) is looked up in the snapshot at hand each time.
 */
#include "service/state/token_chain.h"

int64_t token_earlier(int64_t a, int64_t b)
{
	if (a == 0 || b == 0)
		return a != 0 ? a : b;
	return a < b ? a : b;
}

int64_t token_chain_end(const struct snapshot *snapshot, const struct token *t, bool is_own)
{
	int64_t end = is_own ? t->expires_ms : 0;

	for (uint32_t i = 0; i < PRINCIPAL_CHAIN_MAX && t->record.parent.len != 0; i++) {
		t = snapshot_token(snapshot, t->record.parent);
		if (t == NULL)
			break;
		end = token_earlier(end, t->expires_ms);
	}
	return end;
}

bool token_has_ended(const struct token *t, int64_t now_ms)
{
	return t->is_revoked || t->uses_left == 0 ||
	       (t->expires_ms != 0 && t->expires_ms <= now_ms);
}

/* A token ends with the first of those above it to end. */
bool token_is_in_force(const struct snapshot *snapshot, const struct token *t, int64_t now_ms)
{
	for (uint32_t i = 0; i < PRINCIPAL_CHAIN_MAX; i++) {
		if (t == NULL || token_has_ended(t, now_ms))
			return false;
		if (t->record.parent.len == 0)
			return true;
		t = snapshot_token(snapshot, t->record.parent);
	}
	return false;
}

bool token_is_below(const struct snapshot *snapshot, const struct token *t, struct slice above)
{
	for (uint32_t i = 0; i < PRINCIPAL_CHAIN_MAX && t != NULL; i++) {
		if (slice_is_equal(t->record.accessor, above))
			return true;
		if (t->record.parent.len == 0)
			return false;
		t = snapshot_token(snapshot, t->record.parent);
	}
	return false;
}

static struct principal_link link_of(const struct token *t)
{
	return (struct principal_link){.accessor = t->record.accessor,
				       .name = t->record.name,
				       .policies = t->record.policies,
				       .policies_count = t->record.policies_count,
				       .addresses = t->record.addresses,
				       .addresses_count = t->record.addresses_count,
				       .ends_ms = t->expires_ms};
}

/* The chain has one link more than is allowed, so that a chain that is too long is seen:
 * rights_load() refuses it. */
static struct principal *make_principal(const struct snapshot *snapshot, const struct token *t)
{
	struct principal_link chain[PRINCIPAL_CHAIN_MAX + 1];
	bool has_limited_uses = t->uses_left >= 0;
	uint32_t count = 1;

	chain[0] = link_of(t);
	while (t->record.parent.len != 0 && count < ARRAY_SIZE(chain)) {
		struct slice parent = t->record.parent;

		t = snapshot_token(snapshot, parent);
		if (t == NULL) { /* never in force: rights_load() misses it too */
			chain[count++] = (struct principal_link){.accessor = parent};
			break;
		}
		has_limited_uses |= t->uses_left >= 0;
		chain[count++] = link_of(t);
	}
	return principal_new(PROOF_TOKEN, chain, count, has_limited_uses);
}

/* Threads may make it at the same time; the first to put its own wins and the others free theirs.
 * The token then holds the reference. */
struct principal *token_principal(const struct snapshot *snapshot, struct token *t)
{
	struct principal *p = atomic_load_explicit(&t->principal, memory_order_acquire);
	struct principal *made;

	if (p != NULL)
		return p;
	made = make_principal(snapshot, t);
	if (made == NULL)
		return NULL;
	if (atomic_compare_exchange_strong(&t->principal, &p, made))
		return made;
	principal_unref(made); /* another thread was first */
	return p;
}

/* By the expiry that each token has in this snapshot, since a renewal moves it; where the token is
 * gone, by that of the principal. */
int64_t principal_ends_ms(const struct snapshot *snapshot, const struct principal *p)
{
	int64_t end = 0;

	for (uint32_t i = 0; i < p->chain_count; i++) {
		const struct token *t = snapshot_token(snapshot, p->chain[i].accessor);

		end = token_earlier(end, t != NULL ? t->expires_ms : p->chain[i].ends_ms);
	}
	return end;
}
