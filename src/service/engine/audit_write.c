/*
 * Writes the rows of the audit log.
 *
 * The rows of one transaction are collected and given to the store in one call at its end. A row
 * repeats the members of the entry that queries use; the entry itself, as text, is what counts, and
 * its hash is the leaf of the tree.
 *
 * What must hold: the rows written are exactly those of the entries that are in the log when the
 * transaction ends. If a job fails, the committer puts the log back to an older copy, and the rows
 * of the job stay here. The next entry, or the end, drops them by their index, which is then not
 * below the log's size.
 *
 * Only the thread that has the open transaction: the committer, or init and restore.
 */
#include "service/engine/audit_write.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

static struct audit_row row_of(const struct audit_entry *e, struct slice line, const char *leaf)
{
	return (struct audit_row){
		.index = e->index,
		.time_ms = e->time_ms,
		.actor = e->actor,
		.action = e->action,
		.outcome = e->outcome,
		.entry = line,
		.leaf = slice_make(leaf, HASH_BYTES),
	};
}

static int compare_paths(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

/* Each once: an entry may name several versions of a document. */
static uint32_t gather_paths(struct slice *paths, const struct audit_entry *e)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < e->touched_count; i++)
		paths[i] = e->touched[i].path;
	if (e->touched_count > 1)
		qsort(paths, e->touched_count, sizeof *paths, compare_paths);
	for (uint32_t i = 0; i < e->touched_count; i++) {
		if (kept == 0 || !slice_is_equal(paths[kept - 1], paths[i]))
			paths[kept++] = paths[i];
	}
	return kept;
}

static bool copy_paths(struct arena *a, struct slice *paths, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		paths[i].data = arena_text(a, paths[i]);
		if (paths[i].data == NULL)
			return false;
	}
	return true;
}

/* The next row. Rows of entries that were undone with their request, and so are not in the log, are
 * dropped. */
static struct audit_row *next_row(struct audit_rows *r, uint64_t index)
{
	while (r->count != 0 && r->items[r->count - 1].index >= index)
		r->count--;
	if (r->count == r->size) {
		uint32_t size = r->size != 0 ? r->size * 2 : 64;
		struct audit_row *items = alloc_resize(r->items, size * sizeof *items);

		if (items == NULL)
			return NULL;
		r->items = items;
		r->size = size;
	}
	return &r->items[r->count];
}

enum result audit_rows_add(struct audit_rows *r, struct audit_log *log, struct audit_entry *e,
			   int64_t now_ms, struct error *err)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	struct slice *paths = arena_alloc_array(&r->arena, e->touched_count, sizeof *paths);
	struct audit_row *row = next_row(r, log->tree.size);
	uint8_t leaf[HASH_BYTES];
	const char *entry, *leaf_copy;
	uint32_t paths_count;
	enum result rc;

	if (paths == NULL || row == NULL)
		return fail(err, E_MEMORY, "out of memory");
	rc = audit_log_append(log, e, now_ms, &line, leaf, err);
	if (rc != OK)
		return rc;
	paths_count = gather_paths(paths, e);
	entry = arena_text(&r->arena, buf_slice(&line));
	leaf_copy = arena_copy(&r->arena, leaf, sizeof leaf);
	if (entry == NULL || leaf_copy == NULL || !copy_paths(&r->arena, paths, paths_count))
		return fail(err, E_MEMORY, "out of memory");
	*row = row_of(e, slice_make(entry, line.len), leaf_copy);
	row->paths = paths;
	row->paths_count = paths_count;
	r->count++;
	return OK;
}

/* Entries that were undone last have no successor that dropped their rows, so it is done here. */
enum result audit_rows_put(struct audit_rows *r, struct store *store, const struct audit_log *log,
			   struct error *err)
{
	while (r->count != 0 && r->items[r->count - 1].index >= log->tree.size)
		r->count--;
	return r->count != 0 ? store_put_audit(store, r->items, r->count, err) : OK;
}

void audit_rows_clear(struct audit_rows *r)
{
	arena_clear(&r->arena);
	r->count = 0;
}

void audit_rows_free(struct audit_rows *r)
{
	arena_clear(&r->arena);
	alloc_free(r->items);
	*r = (struct audit_rows){.items = NULL};
}

/* The tree's state and the signed checkpoint go into one row, in the transaction of their entries:
 * a start finds them together or not at all. It is the last row of the transaction, since it
 * vouches for all others. */
enum result audit_write_head(struct store *store, const struct keyring *keyring,
			     const struct vkey *key, const struct audit_log *log,
			     struct buf *ret_checkpoint, struct error *err)
{
	CLEANUP(buf_clear) struct buf state = BUF_NULL;
	uint8_t rows[HASH_BYTES];
	struct log_row row;
	enum result rc = store_state(store, rows, err);

	audit_log_append_state(&state, log);
	if (rc == OK)
		rc = audit_log_sign(log, rows, key, keyring_signing_seed(keyring), ret_checkpoint,
				    err);
	if (rc == OK)
		rc = buf_check(&state, err);
	if (rc != OK)
		return rc;
	row = (struct log_row){.size = log->tree.size,
			       .peaks = buf_slice(&state),
			       .checkpoint = buf_slice(ret_checkpoint),
			       .time_ms = log->last_time_ms};
	return store_put_log(store, &row, err);
}

enum result store_put_numbers(struct store *store, const struct meta_number *numbers,
			      uint32_t count, struct error *err)
{
	struct meta_row rows[META_NUMBERS_MAX];
	char texts[META_NUMBERS_MAX][24];

	if (count > META_NUMBERS_MAX)
		return fail(err, E_INTERNAL, "too many numbers at once");
	for (uint32_t i = 0; i < count; i++) {
		int len = snprintf(texts[i], sizeof texts[i], "%llu",
				   (unsigned long long)numbers[i].value);

		rows[i] = (struct meta_row){numbers[i].name, slice_make(texts[i], (size_t)len)};
	}
	return store_put_meta(store, rows, count, err);
}
