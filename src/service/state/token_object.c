/*
 * A token as snapshots hold it: made of a row, counted by references, freed with the last.
 *
 * It does not change but for what is made of it later: its principal, and when it was first seen to
 * have ended.
 */
#include "service/state/snapshot.h"

#include "base/memory.h"

#include <string.h>

size_t token_name_fold(char *ret, struct slice name)
{
	while (name.len != 0 && name.data[0] == ' ')
		name = slice_from(name, 1);
	while (name.len != 0 && name.data[name.len - 1] == ' ')
		name.len--;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];

		ret[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	return name.len;
}

/* Big-endian, so that the order of bytes is the order of numbers. The later a token ends, the
 * smaller the number; one that never ends is 0 and so comes first. */
static void put_earliness(char ret[static 8], int64_t expires_ms)
{
	uint64_t early = expires_ms != 0 ? UINT64_MAX - (uint64_t)expires_ms : 0;

	for (int i = 7; i >= 0; i--, early >>= 8)
		ret[i] = (char)(early & 0xff);
}

/* "Alice" that never expires, with accessor "abc" → "alice\0" 00 00 00 00 00 00 00 00 "abc". The
 * accessor at the end keeps tokens of one name and one expiry apart. */
static bool make_name_key(struct token *t)
{
	struct slice name = t->record.name, accessor = t->record.accessor;
	char *key = arena_alloc(&t->arena, name.len + 1 + 8 + accessor.len);
	size_t len;

	if (key == NULL)
		return false;
	len = token_name_fold(key, name);
	key[len++] = '\0';
	put_earliness(key + len, t->expires_ms);
	len += 8;
	if (accessor.len != 0)
		memcpy(key + len, accessor.data, accessor.len);
	t->name_key = slice_make(key, len + accessor.len);
	return true;
}

enum result token_new(struct token **ret, const struct token_row *row, struct error *err)
{
	struct token *t;
	enum result rc;

	if (row->hash.len != HASH_BYTES)
		return fail(err, E_CORRUPT, "a stored token has no hash");
	t = alloc_zero(sizeof *t);
	if (t == NULL)
		return fail(err, E_MEMORY, "out of memory");
	atomic_init(&t->refs, 1);
	memcpy(t->hash, row->hash.data, HASH_BYTES);
	rc = token_record_read(&t->record, &t->arena, row->record, err);
	if (rc != OK) {
		token_unref(t);
		return wrap(err, rc, "token %.*s", SLICE_ARGS(row->accessor));
	}
	t->expires_ms = row->expires_ms;
	t->uses_left = row->uses_left;
	t->is_revoked = row->is_revoked;
	if (!make_name_key(t)) {
		token_unref(t);
		return fail(err, E_MEMORY, "out of memory");
	}
	*ret = t;
	return OK;
}

struct token *token_ref(struct token *t)
{
	if (t != NULL)
		atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void token_unref(struct token *t)
{
	if (t == NULL || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
		return;
	principal_unref(atomic_load_explicit(&t->principal, memory_order_relaxed));
	arena_clear(&t->arena);
	alloc_free(t);
}
