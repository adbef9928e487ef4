/*
 * Makes a new store in one transaction, so that a crash never leaves half a store.
 *
 * The order: identity and keys, the shipped documents as revision 1, the administrator's token, the
 * audit entries, the signed head of the log. All that the store has from the start is in the audit
 * log from the start, so that the first checkpoint covers it.
 *
 * What must hold: after a failure the store is as it was, and `ret_token` holds no token that is
 * not in it. The documents are sealed and digested as any written document is, and later reads
 * cannot tell the difference.
 *
 * One thread, before any service runs on the store.
 */
#include "service/setup/shipped_document.h"

#include "base/text.h"

#define ORIGIN_PREFIX "reeve/"

/* Where each key is stored: key-encryption keys by generation in their own table, the other two as
 * meta values. store/open_keyring.c reads the same places. */
static enum result put_key(void *ctx, const struct key_row *row, struct error *err)
{
	struct store *store = ctx;

	switch (row->purpose) {
	case KEY_KEK:
		return store_put_keys(store, &(struct wrap_key_row){row->generation, row->wrapped},
				      1, err);
	case KEY_DERIVE:
		return store_put_meta(store, &(struct meta_row){META_DERIVE_KEY, row->wrapped}, 1,
				      err);
	case KEY_SIGNING:
		return store_put_meta(store, &(struct meta_row){META_LOG_KEY, row->wrapped}, 1,
				      err);
	}
	return fail(err, E_INTERNAL, "a key of no known purpose");
}

/* The log is named after the store, so that no two logs share a name. */
static enum result put_identity(struct bootstrap *f, struct error *err)
{
	struct slice id = keyring_store_id(f->keyring);
	CLEANUP(buf_clear) struct buf origin = BUF_NULL;
	const struct meta_number numbers[] = {{META_EPOCH, f->epoch},
					      {META_REVISION, f->revision},
					      {META_LAST_MS, (uint64_t)f->now_ms}};
	enum result rc;

	buf_append_text(&origin, ORIGIN_PREFIX);
	hex_append(&origin, id.data, id.len);
	rc = buf_check(&origin, err);
	if (rc == OK)
		rc = vkey_init_from_seed(&f->log_key, buf_slice(&origin),
					 keyring_signing_seed(f->keyring), err);
	if (rc == OK) {
		const struct meta_row rows[] = {{META_LOG_ORIGIN, buf_slice(&origin)},
						{META_STORE_ID, id}};

		rc = store_put_meta(f->store, rows, ARRAY_SIZE(rows), err);
	}
	if (rc == OK)
		rc = keyring_each_row(f->keyring, put_key, f->store, err);
	if (rc == OK)
		rc = store_put_numbers(f->store, numbers, ARRAY_SIZE(numbers), err);
	return rc;
}

static enum result put_documents(struct bootstrap *f, const struct shipped_document *documents,
				 size_t count, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_NULL;
	struct audit_touch *touched = arena_alloc_array(&arena, count, sizeof *touched);
	struct revision_row revision = {
		.revision = f->revision,
		.time_ms = f->now_ms,
		.author = SLICE_LITERAL(SERVER_AUTHOR),
		.message = SLICE_LITERAL("a new store"),
	};
	enum result rc;

	if (touched == NULL)
		return fail(err, E_MEMORY, "out of memory");
	rc = store_put_revisions(f->store, &revision, 1, err);
	for (size_t i = 0; rc == OK && i < count; i++)
		rc = shipped_document_put(f, &documents[i], 1, &touched[i], err);
	return rc == OK ? bootstrap_record(f, "store.init", SLICE_NULL, touched, (uint32_t)count,
					   err)
			: rc;
}

/* The head of the log comes last: it signs all entries before it. */
static enum result put_all(struct bootstrap *f, const struct shipped_document *documents,
			   size_t count, struct buf *ret_token, struct error *err)
{
	CLEANUP(buf_clear) struct buf checkpoint = BUF_NULL;
	char accessor[ACCESSOR_BYTES];
	enum result rc = put_identity(f, err);

	if (rc == OK)
		rc = put_documents(f, documents, count, err);
	if (rc == OK)
		rc = bootstrap_administrator(f, ret_token, accessor, err);
	if (rc == OK)
		rc = bootstrap_record_token(f, accessor, err);
	if (rc == OK)
		rc = audit_rows_put(&f->audit_rows, f->store, &f->log, err);
	if (rc == OK)
		rc = audit_write_head(f->store, f->keyring, &f->log_key, &f->log, &checkpoint, err);
	return rc;
}

enum result service_init(const struct stopped_store *to, const struct shipped_document *documents,
			 size_t documents_count, struct buf *ret_token, struct buf *ret_log_vkey,
			 struct error *err)
{
	struct bootstrap f = {
		.store = to->store,
		.keyring = to->keyring,
		.log = AUDIT_LOG_EMPTY,
		.now_ms = clock_wall_ms(to->clock),
		.epoch = 1,
		.revision = 1,
	};
	size_t before = ret_token->len;
	enum result rc;

	store_authenticate(to->store, to->keyring);
	rc = store_begin(to->store, NULL, err);
	if (rc != OK)
		return rc;
	rc = put_all(&f, documents, documents_count, ret_token, err);
	if (rc == OK)
		rc = store_commit(to->store, err);
	else
		store_rollback(to->store);
	store_authenticate(to->store, NULL); /* the keyring is the caller's to free */
	audit_rows_free(&f.audit_rows);
	if (rc == OK) {
		vkey_append(ret_log_vkey, &f.log_key);
		rc = buf_check(ret_log_vkey, err);
	}
	if (rc != OK)
		buf_cut(ret_token, before);
	return rc == OK ? OK : wrap(err, rc, "a new store");
}
