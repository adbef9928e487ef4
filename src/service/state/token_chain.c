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

	for (uint32_t i = 0; i < RIGHTS_LEVELS_MAX && t->record.parent.len != 0; i++) {
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

/* One whose parent has ended has ended too. */
bool token_is_in_force(const struct snapshot *snapshot, const struct token *t, int64_t now_ms)
{
	for (uint32_t i = 0; i < RIGHTS_LEVELS_MAX; i++) {
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
	for (uint32_t i = 0; i < RIGHTS_LEVELS_MAX && t != NULL; i++) {
		if (slice_is_equal(t->record.accessor, above))
			return true;
		if (t->record.parent.len == 0)
			return false;
		t = snapshot_token(snapshot, t->record.parent);
	}
	return false;
}
