/*
 * The writer of the memory store. A transaction works on a copy of the committed state, a savepoint
 * keeps another copy to go back to, and a commit makes the working copy the committed one. A copy
 * costs a few reference counters (memory/table.h).
 *
 * Must hold: `working` is empty outside a transaction, `savepoint` outside a savepoint.
 * `disk->committed` changes only in commit(), as a whole, so a reader sees all rows of a
 * transaction or none.
 *
 * Threads: `working` and `savepoint` belong to the one thread that writes. Only `disk` is shared;
 * its mutex is held for a copy or a swap, and no other lock is taken under it. Rows are freed with
 * the last state that has them, on the thread that clears it.
 */
#include "store/memory/memory.h"

#include "base/memory.h"
#include "store/memory/internal.h"

struct memory_store {
	struct store base;
	struct memory_disk *disk;
	struct memory_state working, savepoint;
	bool is_in_transaction;
	bool has_savepoint;
};

static struct memory_store *memory_of(struct store *s)
{
	return (struct memory_store *)s;
}

/* A mistake of the caller, but one that SQLite answers with an error too: tests of the service run
 * on both stores. */
static enum result may_write(const struct memory_store *s, struct error *err)
{
	return s->is_in_transaction ? OK : fail(err, E_INTERNAL, "a write outside a transaction");
}

/* A decimal meta value; 0 where the row does not exist yet, as in a new store. */
static enum result read_number(const struct memory_state *s, const char *name, uint64_t *ret,
			       struct error *err)
{
	const struct meta_entry *row =
		state_find(s, TABLE_META, &(struct meta_entry){.name = slice_text(name)});

	*ret = 0;
	if (row == NULL || slice_to_u64(row->value, INT64_MAX, ret))
		return OK;
	return fail(err, E_CORRUPT, "the stored %s is malformed", name);
}

static enum result read_position(const struct memory_state *s, struct store_position *ret,
				 struct error *err)
{
	struct store_position found = {0};
	enum result rc = read_number(s, META_EPOCH, &found.epoch, err);

	if (rc == OK)
		rc = read_number(s, META_REVISION, &found.revision, err);
	if (rc == OK && state_count(s, TABLE_LOG) != 0)
		found.log_size = ((const struct log_row *)state_row(s, TABLE_LOG, 0))->size;
	if (rc == OK)
		*ret = found;
	return rc;
}

/* Also ends a transaction that was committed: it clears what commit() has left in `working`. */
static void roll_back(struct store *store)
{
	struct memory_store *s = memory_of(store);

	state_clear(&s->working);
	state_clear(&s->savepoint);
	s->is_in_transaction = s->has_savepoint = false;
}

/* Needs no lock against other writers: a disk has one store, and a store one thread that writes. */
static enum result begin(struct store *store, struct store_position *ret, struct error *err)
{
	struct memory_store *s = memory_of(store);
	enum result rc;

	if (s->is_in_transaction)
		return fail(err, E_INTERNAL, "a transaction within a transaction");
	pthread_mutex_lock(&s->disk->mutex);
	state_copy(&s->working, &s->disk->committed);
	pthread_mutex_unlock(&s->disk->mutex);
	s->is_in_transaction = true;
	rc = read_position(&s->working, ret, err);
	if (rc != OK)
		roll_back(store);
	return rc;
}

/* Cannot fail once it is in order: a swap of two structs. A call out of order ends the transaction,
 * as in the SQLite store. */
static enum result commit(struct store *store, struct error *err)
{
	struct memory_store *s = memory_of(store);
	struct memory_state before;
	enum result rc = may_write(s, err);

	if (rc == OK && s->has_savepoint)
		rc = fail(err, E_INTERNAL, "a commit within a savepoint");
	if (rc != OK) {
		roll_back(store);
		return rc;
	}
	pthread_mutex_lock(&s->disk->mutex);
	before = s->disk->committed;
	s->disk->committed = s->working;
	pthread_mutex_unlock(&s->disk->mutex);
	/* The old state is cleared after the mutex is released: it may free many rows. */
	s->working = before;
	roll_back(store);
	return OK;
}

static enum result set_savepoint(struct store *store, struct error *err)
{
	struct memory_store *s = memory_of(store);
	enum result rc = may_write(s, err);

	if (rc == OK && s->has_savepoint)
		rc = fail(err, E_INTERNAL, "a savepoint within a savepoint");
	if (rc != OK)
		return rc;
	state_copy(&s->savepoint, &s->working);
	s->has_savepoint = true;
	return OK;
}

/* Either copy may be the one to keep; the other is cleared. The swap moves the tables and needs no
 * memory, so undoing cannot fail for lack of it. */
static enum result end_savepoint(struct memory_store *s, bool is_undone, struct error *err)
{
	enum result rc = may_write(s, err);

	if (rc == OK && !s->has_savepoint)
		rc = fail(err, E_INTERNAL, "no savepoint to end");
	if (rc != OK)
		return rc;
	if (is_undone) {
		struct memory_state undone = s->working;

		s->working = s->savepoint;
		s->savepoint = undone;
	}
	state_clear(&s->savepoint);
	s->has_savepoint = false;
	return OK;
}

static enum result release(struct store *s, struct error *err)
{
	return end_savepoint(memory_of(s), false, err);
}

static enum result roll_back_to(struct store *s, struct error *err)
{
	return end_savepoint(memory_of(s), true, err);
}

/* A destroyed version keeps its row as history, without its key and content. Rows of older states
 * still have them until their last reader ends: see shred(). */
static void erase_content(struct version_row *row)
{
	row->is_shredded = true;
	row->wrapped_key = row->sealed = SLICE_NULL;
	row->key_generation = 0;
}

/* Heads are not stored: each_head() in memory/read.c finds the last version of each path. */
static enum result put_version(struct memory_state *s, const struct version_row *row,
			       struct error *err)
{
	struct version_row put = *row;

	/* The caller's value is ignored: rows.h says that reads set it. */
	put.is_shredded = false;
	if (put.state == VERSION_DESTROYED)
		erase_content(&put);
	return state_add(s, TABLE_VERSIONS, &put, err);
}

/* Copies the row, since the callers change it and put it back. Its slices stay in the state. */
static enum result find_version(const struct memory_state *s, struct slice path, uint64_t version,
				struct version_row *ret, struct error *err)
{
	const struct version_row key = {.path = path, .version = version};
	const struct version_row *row = state_find(s, TABLE_VERSIONS, &key);

	if (row == NULL)
		return fail(err, E_NOT_FOUND, "there is no such version");
	*ret = *row;
	return OK;
}

/* To destroy a version that is destroyed is no conflict, as in the SQLite store. */
static enum result set_state(struct memory_state *s, const struct state_row *change,
			     struct error *err)
{
	struct version_row row;
	enum result rc = find_version(s, change->path, change->version, &row, err);

	if (rc != OK)
		return rc;
	if (row.state == VERSION_DESTROYED && change->state != VERSION_DESTROYED)
		return fail(err, E_CONFLICT, "the version is destroyed");
	row.state = change->state;
	row.state_revision = change->revision;
	if (row.state == VERSION_DESTROYED)
		erase_content(&row);
	return state_replace(s, TABLE_VERSIONS, &row, err);
}

static enum result rewrap_version(struct memory_state *s, const struct rewrap_row *change,
				  struct error *err)
{
	struct version_row row;
	enum result rc = find_version(s, change->path, change->version, &row, err);

	if (rc != OK)
		return rc;
	if (row.state == VERSION_DESTROYED)
		return fail(err, E_CONFLICT, "the version is destroyed");
	row.wrapped_key = change->wrapped_key;
	row.key_generation = change->generation;
	return state_replace(s, TABLE_VERSIONS, &row, err);
}

static enum result put_revision(struct memory_state *s, const struct revision_row *row,
				struct error *err)
{
	return state_add(s, TABLE_REVISIONS, row, err);
}

static enum result put_change(struct memory_state *s, const struct change_row *row,
			      struct error *err)
{
	return state_add(s, TABLE_CHANGES, row, err);
}

static enum result put_effective(struct memory_state *s, const struct effective_row *row,
				 struct error *err)
{
	return state_add(s, TABLE_EFFECTIVES, row, err);
}

/* Edges are sorted by source first, so those of one source lie together from state_lower() on. */
static enum result replace_edges(struct memory_state *s, const struct edge_set *set,
				 struct error *err)
{
	const struct edge_row key = {.source = set->source};
	uint32_t at = state_lower(s, TABLE_EDGES, &key);
	enum result rc = OK;

	while (rc == OK && at < state_count(s, TABLE_EDGES)) {
		const struct edge_row *row = state_row(s, TABLE_EDGES, at);

		if (!slice_is_equal(row->source, set->source))
			break;
		rc = state_remove(s, TABLE_EDGES, at, err);
	}
	/* state_replace() and not state_add(): duplicates in a set count once. */
	for (uint32_t i = 0; rc == OK && i < set->count; i++)
		rc = state_replace(s, TABLE_EDGES, &set->edges[i], err);
	return rc;
}

/* The table is sorted by accessor, as reads give it, so a hash is searched row by row. Tests have
 * few tokens. */
static const struct token_row *find_token(const struct memory_state *s, struct slice hash)
{
	for (uint32_t i = 0; i < state_count(s, TABLE_TOKENS); i++) {
		const struct token_row *row = state_row(s, TABLE_TOKENS, i);

		if (slice_is_equal(row->hash, hash))
			return row;
	}
	return NULL;
}

static enum result put_token(struct memory_state *s, const struct token_row *row, struct error *err)
{
	struct token_row put = *row;
	enum result rc;

	if (find_token(s, row->hash) != NULL)
		return fail(err, E_CONFLICT, "a token of this hash exists already");
	rc = read_number(s, META_REVISION, &put.changed_revision, err);
	return rc == OK ? state_add(s, TABLE_TOKENS, &put, err) : rc;
}

static enum result update_token(struct memory_state *s, const struct token_row *row,
				struct error *err)
{
	const struct token_row *before = find_token(s, row->hash);
	struct token_row after = *row;
	enum result rc;

	if (before == NULL || !slice_is_equal(before->accessor, row->accessor))
		return fail(err, E_NOT_FOUND, "there is no such token");
	rc = read_number(s, META_REVISION, &after.changed_revision, err);
	return rc == OK ? state_replace(s, TABLE_TOKENS, &after, err) : rc;
}

static enum result remove_token(struct memory_state *s, const struct slice *hash, struct error *err)
{
	for (uint32_t i = 0; i < state_count(s, TABLE_TOKENS); i++) {
		const struct token_row *row = state_row(s, TABLE_TOKENS, i);

		if (slice_is_equal(row->hash, *hash))
			return state_remove(s, TABLE_TOKENS, i, err);
	}
	return OK;
}

/* The paths become rows of a table of their own. state_add() copies only slices that the struct
 * itself has, so `paths` must not stay in the row. */
static enum result put_audit(struct memory_state *s, const struct audit_row *row, struct error *err)
{
	struct audit_row entry = *row;
	enum result rc;

	entry.paths = NULL;
	entry.paths_count = 0;
	rc = state_add(s, TABLE_AUDIT, &entry, err);
	for (uint32_t i = 0; rc == OK && i < row->paths_count; i++) {
		const struct audit_path path = {row->index, row->paths[i]};

		rc = state_replace(s, TABLE_AUDIT_PATHS, &path, err);
	}
	return rc;
}

static enum result put_key(struct memory_state *s, const struct wrap_key_row *row,
			   struct error *err)
{
	return state_replace(s, TABLE_KEYS, row, err);
}

static enum result put_meta(struct memory_state *s, const struct meta_row *row, struct error *err)
{
	const struct meta_entry entry = {slice_text(row->name), row->value};

	return state_replace(s, TABLE_META, &entry, err);
}

static enum result put_log(struct store *store, const struct log_row *row, struct error *err)
{
	struct memory_store *s = memory_of(store);
	enum result rc = may_write(s, err);

	return rc == OK ? state_replace(&s->working, TABLE_LOG, row, err) : rc;
}

static enum result put_idempotent(struct store *store, const struct idempotent_row *row,
				  int64_t forget_before_ms, struct error *err)
{
	struct memory_store *s = memory_of(store);
	enum result rc = may_write(s, err);

	row_auth_changed(&store->auth);
	/* From the end: a removal moves the rows behind it. */
	for (uint32_t i = state_count(&s->working, TABLE_IDEMPOTENT); rc == OK && i-- > 0;) {
		const struct idempotent_row *old = state_row(&s->working, TABLE_IDEMPOTENT, i);

		if (old->time_ms < forget_before_ms)
			rc = state_remove(&s->working, TABLE_IDEMPOTENT, i, err);
	}
	return rc == OK ? state_add(&s->working, TABLE_IDEMPOTENT, row, err) : rc;
}

/* A call of store.h for several rows, each written by `put_one`. */
#define DEFINE_PUT(name, row_type, put_one)                                                       \
	static enum result name(struct store *store, const struct row_type *rows, uint32_t count, \
				struct error *err)                                                \
	{                                                                                         \
		struct memory_store *s = memory_of(store);                                        \
		enum result rc = may_write(s, err);                                               \
                                                                                                  \
		row_auth_changed(&store->auth);                                                   \
		for (uint32_t i = 0; rc == OK && i < count; i++)                                  \
			rc = put_one(&s->working, &rows[i], err);                                 \
		return rc;                                                                        \
	}

DEFINE_PUT(put_versions, version_row, put_version)
DEFINE_PUT(set_states, state_row, set_state)
DEFINE_PUT(rewrap_versions, rewrap_row, rewrap_version)
DEFINE_PUT(put_revisions, revision_row, put_revision)
DEFINE_PUT(put_changes, change_row, put_change)
DEFINE_PUT(put_effectives, effective_row, put_effective)
DEFINE_PUT(replace_edge_sets, edge_set, replace_edges)
DEFINE_PUT(put_tokens, token_row, put_token)
DEFINE_PUT(update_tokens, token_row, update_token)
DEFINE_PUT(remove_tokens, slice, remove_token)
DEFINE_PUT(put_audits, audit_row, put_audit)
DEFINE_PUT(put_keys, wrap_key_row, put_key)
DEFINE_PUT(put_metas, meta_row, put_meta)

/* Nothing is left to erase: erased rows are freed with the last state that has them, and freed
 * memory is not part of the model. A reader between begin and end may still have them, so the call
 * reports it as SQLite does. */
static enum result shred(struct store *store, struct error *err)
{
	struct memory_store *s = memory_of(store);
	uint32_t pinned;

	if (s->is_in_transaction)
		return fail(err, E_INTERNAL, "shredding within a transaction");
	pthread_mutex_lock(&s->disk->mutex);
	pinned = s->disk->pinned;
	pthread_mutex_unlock(&s->disk->mutex);
	return pinned == 0 ? OK : fail(err, E_BUSY, "a reader still has an older state");
}

static enum result backup(struct store *s, const struct backup_target *target, struct buf *ret_file,
			  struct error *err)
{
	(void)s;
	(void)target;
	(void)ret_file;
	return fail(err, E_UNSUPPORTED, "a store in memory has no backup");
}

static enum result session_open(struct store_session **ret, struct store *s, struct error *err)
{
	return memory_session_open(ret, memory_of(s)->disk, &s->auth, err);
}

/* One store per disk at a time stands for the lock file of the SQLite store. */
static void set_open(struct memory_disk *d, bool is_open)
{
	pthread_mutex_lock(&d->mutex);
	d->is_open = is_open;
	pthread_mutex_unlock(&d->mutex);
}

static void close_store(struct store *store)
{
	roll_back(store);
	set_open(memory_of(store)->disk, false);
	alloc_free(store);
}

static struct row_auth *own_auth(struct store *s)
{
	return &s->auth;
}

static enum result sum_working(struct store *store, struct row_sums *ret, struct error *err)
{
	(void)err;
	memory_sums(ret, &memory_of(store)->working, &store->auth);
	return OK;
}

/* Rows have no MACs here; their sums are computed when they are needed. */
static enum result put_macs(struct store *store, struct error *err)
{
	row_auth_changed(&store->auth);
	return may_write(memory_of(store), err);
}

static const struct store_ops memory_ops = {
	.close = close_store,
	.begin = begin,
	.commit = commit,
	.rollback = roll_back,
	.savepoint = set_savepoint,
	.release = release,
	.rollback_to = roll_back_to,
	.put_versions = put_versions,
	.set_states = set_states,
	.rewrap_versions = rewrap_versions,
	.put_revisions = put_revisions,
	.put_changes = put_changes,
	.put_effectives = put_effectives,
	.replace_edges = replace_edge_sets,
	.put_tokens = put_tokens,
	.update_tokens = update_tokens,
	.remove_tokens = remove_tokens,
	.put_audit = put_audits,
	.put_log = put_log,
	.put_keys = put_keys,
	.put_meta = put_metas,
	.put_idempotent = put_idempotent,
	.auth = own_auth,
	.sums = sum_working,
	.put_macs = put_macs,
	.shred = shred,
	.backup = backup,
	.session_open = session_open,
};

enum result memory_disk_new(struct memory_disk **ret, struct error *err)
{
	struct memory_disk *d = alloc_zero(sizeof *d);

	if (d == NULL || pthread_mutex_init(&d->mutex, NULL) != 0) {
		alloc_free(d);
		return fail(err, E_MEMORY, "make a store in memory: out of memory");
	}
	*ret = d;
	return OK;
}

void memory_disk_free(struct memory_disk *d)
{
	if (d == NULL)
		return;
	state_clear(&d->committed);
	pthread_mutex_destroy(&d->mutex);
	alloc_free(d);
}

enum result store_open_memory(struct store **ret, struct memory_disk *disk, struct error *err)
{
	CLEANUP(alloc_freep) struct memory_store *s = alloc_zero(sizeof *s);
	bool was_open;

	if (s == NULL)
		return fail(err, E_MEMORY, "open a store in memory: out of memory");
	s->base.ops = &memory_ops;
	s->disk = disk;
	pthread_mutex_lock(&disk->mutex);
	was_open = disk->is_open;
	disk->is_open = true;
	pthread_mutex_unlock(&disk->mutex);
	if (was_open)
		return fail(err, E_BUSY, "another store writes to this memory");
	*ret = &s->base;
	s = NULL;
	return OK;
}
