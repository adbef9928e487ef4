/*
 * Opens the keyring of a stored store.
 *
 * The place of a row in the store says which key it holds; opening it checks that the key was
 * wrapped for that place, so rows that were exchanged do not open. All rows are read in one read
 * transaction and copied, because the store lends them only for a callback.
 *
 * The root key is taken whatever happens, and wiped by its owner: the keyring, or this function on
 * failure.
 */
#include "store/open_keyring.h"

#include "base/arena.h"

struct collected_keys {
	struct arena arena;
	struct key_row *rows;
	size_t count, size;
	struct slice store_id;
};

static bool copy_slice(struct collected_keys *g, struct slice *ret, struct slice s)
{
	const char *copy = arena_copy(&g->arena, s.data, s.len);

	if (copy != NULL)
		*ret = slice_make(copy, s.len);
	return copy != NULL;
}

/* The array has room for KEYRING_GENERATIONS_MAX generations and the two other keys; more
 * generations mean a damaged store. */
static enum result add_row(struct collected_keys *g, enum key_purpose purpose, uint32_t generation,
			   struct slice wrapped, struct error *err)
{
	struct key_row *row = &g->rows[g->count];

	if (g->count == g->size)
		return fail(err, E_LIMIT, "more than %d key generations", KEYRING_GENERATIONS_MAX);
	*row = (struct key_row){purpose, generation, SLICE_NULL};
	if (!copy_slice(g, &row->wrapped, wrapped))
		return fail(err, E_MEMORY, "out of memory");
	g->count++;
	return OK;
}

static enum result collect_kek(void *ctx, uint32_t generation, struct slice wrapped,
			       struct error *err)
{
	return add_row(ctx, KEY_KEK, generation, wrapped, err);
}

static enum result collect_derive(void *ctx, struct slice wrapped, struct error *err)
{
	return add_row(ctx, KEY_DERIVE, 1, wrapped, err);
}

static enum result collect_signing(void *ctx, struct slice wrapped, struct error *err)
{
	return add_row(ctx, KEY_SIGNING, 1, wrapped, err);
}

static enum result collect_id(void *ctx, struct slice value, struct error *err)
{
	struct collected_keys *g = ctx;

	return copy_slice(g, &g->store_id, value) ? OK : fail(err, E_MEMORY, "out of memory");
}

/* The id comes first: a store that has none was never initialised, and that is a clearer error than
 * a missing key. */
static enum result collect(struct collected_keys *g, struct store_session *ss, struct error *err)
{
	enum result rc = store_session_begin(ss, err);

	if (rc != OK)
		return rc;
	rc = store_get_meta(ss, META_STORE_ID, collect_id, g, err);
	if (rc == E_NOT_FOUND)
		rc = fail(err, rc, "the store was never initialised");
	if (rc == OK)
		rc = store_each_key(ss, collect_kek, g, err);
	if (rc == OK)
		rc = store_get_meta(ss, META_DERIVE_KEY, collect_derive, g, err);
	if (rc == OK)
		rc = store_get_meta(ss, META_LOG_KEY, collect_signing, g, err);
	store_session_end(ss);
	return rc;
}

static enum result collect_all(struct collected_keys *g, struct store *store, struct error *err)
{
	struct store_session *ss;
	enum result rc;

	g->size = KEYRING_GENERATIONS_MAX + 2;
	g->rows = arena_alloc_array(&g->arena, g->size, sizeof *g->rows);
	if (g->rows == NULL)
		return fail(err, E_MEMORY, "out of memory");
	rc = store_session_open(&ss, store, err);
	if (rc != OK)
		return rc;
	rc = collect(g, ss, err);
	store_session_close(ss);
	return rc;
}

enum result store_open_keyring(struct keyring **ret, struct store *store,
			       struct secret_memory *memory, struct key *root_take,
			       struct error *err)
{
	CLEANUP(key_freep) struct key *root = root_take;
	struct collected_keys g = {.arena = ARENA_NULL};
	enum result rc = collect_all(&g, store, err);

	if (rc == OK)
		rc = keyring_open(ret, memory, steal(&root), g.store_id,
				  (struct key_rows){g.rows, g.count}, err);
	arena_clear(&g.arena);
	return rc;
}

static enum result append_origin(void *ctx, struct slice origin, struct error *err)
{
	buf_append_slice(ctx, origin);
	return buf_check(ctx, err);
}

enum result store_log_key(struct vkey *ret, struct store *store, const struct keyring *ring,
			  struct error *err)
{
	CLEANUP(buf_clear) struct buf origin = BUF_NULL;
	struct store_session *ss;
	enum result rc = store_session_open(&ss, store, err);

	if (rc != OK)
		return rc;
	rc = store_get_meta(ss, META_LOG_ORIGIN, append_origin, &origin, err);
	store_session_close(ss);
	return rc == OK ? vkey_init_from_seed(ret, buf_slice(&origin), keyring_signing_seed(ring),
					      err)
			: rc;
}
