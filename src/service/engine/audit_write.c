/* The rule: a row repeats what queries ask for, and its entry is the truth. */
#include "service/engine/audit_write.h"

#include <stdlib.h>

static struct audit_row row_of(const struct audit_entry *e, struct slice line, const uint8_t *leaf)
{
	return (struct audit_row){
		.index = e->index,
		.time_ms = e->time_ms,
		.actor = e->actor,
		.action = e->action,
		.outcome = e->outcome,
		.entry = line,
		.leaf = slice_make((const char *)leaf, HASH_BYTES),
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

enum result audit_write_entry(struct store *store, struct audit_log *log, struct audit_entry *e,
			      int64_t now_ms, struct arena *a, struct error *err)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	uint8_t leaf[HASH_BYTES];
	struct slice *paths = arena_alloc_array(a, e->touched_count, sizeof *paths);
	struct audit_row row;
	enum result rc;

	if (paths == NULL)
		return fail(err, E_MEMORY, "out of memory");
	rc = audit_log_append(log, e, now_ms, &line, leaf, err);
	if (rc != OK)
		return rc;
	row = row_of(e, buf_slice(&line), leaf);
	row.paths = paths;
	row.paths_count = gather_paths(paths, e);
	return store_put_audit(store, &row, err);
}

enum result audit_write_head(struct store *store, const struct keyring *keyring,
			     const struct vkey *key, const struct audit_log *log,
			     struct buf *ret_checkpoint, struct error *err)
{
	CLEANUP(buf_clear) struct buf state = BUF_NULL;
	struct log_row row;
	enum result rc;

	audit_log_append_state(&state, log);
	rc = audit_log_sign(log, key, keyring_signing_seed(keyring), ret_checkpoint, err);
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

enum result store_put_number(struct store *store, const char *name, uint64_t value,
			     struct error *err)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	enum result rc;

	buf_append_u64(&text, value);
	rc = buf_check(&text, err);
	return rc == OK ? store_put_meta(store, name, buf_slice(&text), err) : rc;
}
