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
#include "service/setup/bootstrap.h"
#include "service/engine/engine.h"
#include "service/engine/audit_draft.h"
#include "service/engine/response.h"

#include "access/policy.h"
#include "base/text.h"
#include "crypto/content.h"

#include <string.h>

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

/* Documents that ship are checked like all others: a policy that cannot be read later would leave
 * nobody who can administer. */
static enum result check_shipped(struct slice path, struct slice source, enum doc_kind *ret_kind,
				 struct error *err)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct policy *policy;
	enum result rc = path_check(path, ret_kind, err);

	if (rc == OK && *ret_kind != KIND_POLICIES)
		rc = fail(err, E_UNSUPPORTED, "only policies can ship");
	if (rc == OK)
		rc = tree_of_content(source, SLICE_LITERAL(CONTENT_YAML), NULL, &tree, NULL, err);
	if (rc == OK)
		rc = policy_compile(&policy, slice_from(path, strlen("policies/")), &tree.root,
				    err);
	if (rc == OK)
		policy_unref(policy);
	return rc;
}

/* The version, its content sealed under a data key of its own, and the line of the history that
 * says it was put. */
static enum result put_rows(struct bootstrap *f, const struct content_place *place,
			    struct slice source, struct slice digest, struct error *err)
{
	CLEANUP(buf_clear) struct buf sealed = BUF_NULL, wrapped = BUF_NULL;
	struct change_row change = {
		.revision = f->revision,
		.path = place->path,
		.action = CHANGE_PUT,
		.origin = SLICE_LITERAL("put"),
		.version = place->version,
	};
	struct version_row row = {
		.path = place->path,
		.version = place->version,
		.revision = f->revision,
		.created_ms = f->now_ms,
		.created_by = SLICE_LITERAL(SERVER_AUTHOR),
		.message = SLICE_LITERAL("shipped"),
		.content_type = place->content_type,
		.digest = digest,
		.state = VERSION_LIVE,
		.state_revision = f->revision,
		.key_generation = keyring_generation(f->keyring),
	};
	enum result rc = content_seal(&sealed, &wrapped, f->keyring, place, source, err);

	if (rc != OK)
		return rc;
	row.sealed = buf_slice(&sealed);
	row.wrapped_key = buf_slice(&wrapped);
	rc = store_put_versions(f->store, &row, 1, err);
	return rc == OK ? store_put_changes(f->store, &change, 1, err) : rc;
}

/* Fills in the touch of the one "store.init" entry that names all documents. */
static enum result put_document(struct bootstrap *f, const struct shipped_document *d,
				struct audit_touch *touch, struct error *err)
{
	struct slice source = slice_make(d->source, d->len);
	struct content_place place = {
		.path = slice_text(d->path),
		.version = 1,
		.content_type = SLICE_LITERAL(CONTENT_YAML),
	};
	uint8_t digest[HASH_BYTES];
	enum doc_kind kind;
	enum result rc = check_shipped(place.path, source, &kind, err);

	if (rc != OK)
		return wrap(err, rc, "%s", d->path);
	place.kind = slice_text(kind_name(kind));
	sha256_slice(digest, source);
	touch->path = place.path;
	touch->version = place.version;
	touch->has_mac = true;
	touch->state = AUDIT_STATE_LIVE;
	audit_value_mac(touch->mac, keyring_derived(f->keyring, DERIVED_VALUE_MAC), place.path,
			place.version, source);
	return put_rows(f, &place, source, slice_make((const char *)digest, sizeof digest), err);
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
		rc = put_document(f, &documents[i], &touched[i], err);
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
