/* The rule: which key is whose is said by where its row stands in the store, and checked by what it was wrapped for. */
#include "base/arena.h"
#include "crypto/keyring.h"
#include "service/service.h"

struct gathering {
	struct arena arena;
	struct key_row *rows;
	size_t count, size;
	struct slice store_id;
};

static bool copy_slice(struct gathering *g, struct slice *ret, struct slice s)
{
	const char *copy = arena_copy(&g->arena, s.data, s.len);

	if (copy != NULL)
		*ret = slice_make(copy, s.len);
	return copy != NULL;
}

static enum result add_row(struct gathering *g, enum key_purpose purpose, uint32_t generation,
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

static enum result gather_kek(void *ctx, uint32_t generation, struct slice wrapped,
			      struct error *err)
{
	return add_row(ctx, KEY_KEK, generation, wrapped, err);
}

static enum result gather_derive(void *ctx, struct slice wrapped, struct error *err)
{
	return add_row(ctx, KEY_DERIVE, 1, wrapped, err);
}

static enum result gather_signing(void *ctx, struct slice wrapped, struct error *err)
{
	return add_row(ctx, KEY_SIGNING, 1, wrapped, err);
}

static enum result gather_id(void *ctx, struct slice value, struct error *err)
{
	struct gathering *g = ctx;

	return copy_slice(g, &g->store_id, value) ? OK : fail(err, E_MEMORY, "out of memory");
}

static enum result gather(struct gathering *g, struct store_session *ss, struct error *err)
{
	enum result rc = store_session_begin(ss, err);

	if (rc != OK)
		return rc;
	rc = store_get_meta(ss, META_STORE_ID, gather_id, g, err);
	if (rc == E_NOT_FOUND)
		rc = fail(err, rc, "the store was never initialised");
	if (rc == OK)
		rc = store_each_key(ss, gather_kek, g, err);
	if (rc == OK)
		rc = store_get_meta(ss, META_DERIVE_KEY, gather_derive, g, err);
	if (rc == OK)
		rc = store_get_meta(ss, META_LOG_KEY, gather_signing, g, err);
	store_session_end(ss);
	return rc;
}

static enum result gather_all(struct gathering *g, struct store *store, struct error *err)
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
	rc = gather(g, ss, err);
	store_session_close(ss);
	return rc;
}

enum result service_open_keyring(struct keyring **ret, struct store *store,
				 struct secret_memory *memory, struct key *root_take,
				 struct error *err)
{
	CLEANUP(key_freep) struct key *root = root_take;
	struct gathering g = {.arena = ARENA_NULL};
	enum result rc = gather_all(&g, store, err);

	if (rc == OK)
		rc = keyring_open(ret, memory, steal(&root), g.store_id,
				  (struct key_rows){g.rows, g.count}, err);
	arena_clear(&g.arena);
	return rc;
}
