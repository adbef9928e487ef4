/*
 * The calls of store.h, each handed to the back end behind it.
 *
 * A check stands here when it is the same for all back ends and needs no stored row: lengths of
 * hashes, sources of edges, NULL where the caller may give it. So a back end may rely on these, and
 * the mistake has one error text. This file has no state and takes no lock; the threads are those
 * of store.h.
 */
#include "store/store.h"

#include "store/backend.h"

#include <string.h>

/* Readers hand a digest on as an array of DIGEST_BYTES. A row with another length would be
 * E_CORRUPT at each later read, so it is refused while its writer can still be found. */
static enum result check_digest(const char *what, struct slice digest, struct error *err)
{
	if (digest.len != DIGEST_BYTES)
		return fail(err, E_INTERNAL, "%s has %zu bytes instead of %d", what, digest.len,
			    DIGEST_BYTES);
	return OK;
}

void store_close(struct store *s)
{
	if (s != NULL)
		s->ops->close(s);
}

enum result store_begin(struct store *s, struct store_position *ret, struct error *err)
{
	struct store_position ignored;
	enum result rc = s->ops->begin(s, ret != NULL ? ret : &ignored, err);

	if (rc == OK)
		row_auth_begin(s->ops->auth(s));
	return rc;
}

/* Rows that no log row vouches for would stop the next start. */
static enum result check_signed(struct store *s, struct error *err)
{
	const struct row_auth *a = s->ops->auth(s);

	if (a->keyring == NULL || a->is_signed)
		return OK;
	return fail(err, E_INTERNAL, "rows were written after the log's head");
}

enum result store_commit(struct store *s, struct error *err)
{
	enum result rc = check_signed(s, err);

	if (rc == OK)
		rc = s->ops->commit(s, err);
	else
		s->ops->rollback(s);
	if (rc == OK)
		row_auth_commit(s->ops->auth(s));
	else
		row_auth_rollback(s->ops->auth(s));
	return rc;
}

void store_rollback(struct store *s)
{
	s->ops->rollback(s);
	row_auth_rollback(s->ops->auth(s));
}

enum result store_savepoint(struct store *s, struct error *err)
{
	enum result rc = s->ops->savepoint(s, err);

	if (rc == OK)
		row_auth_savepoint(s->ops->auth(s));
	return rc;
}

enum result store_release(struct store *s, struct error *err)
{
	return s->ops->release(s, err);
}

enum result store_rollback_to(struct store *s, struct error *err)
{
	enum result rc = s->ops->rollback_to(s, err);

	if (rc == OK)
		row_auth_rollback_to(s->ops->auth(s));
	return rc;
}

enum result store_put_versions(struct store *s, const struct version_row *rows, uint32_t count,
			       struct error *err)
{
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < count; i++)
		rc = check_digest("the digest of a version", rows[i].digest, err);
	return rc == OK ? s->ops->put_versions(s, rows, count, err) : rc;
}

enum result store_set_states(struct store *s, const struct state_row *rows, uint32_t count,
			     struct error *err)
{
	return s->ops->set_states(s, rows, count, err);
}

enum result store_rewrap_versions(struct store *s, const struct rewrap_row *rows, uint32_t count,
				  struct error *err)
{
	return s->ops->rewrap_versions(s, rows, count, err);
}

enum result store_put_revisions(struct store *s, const struct revision_row *rows, uint32_t count,
				struct error *err)
{
	return s->ops->put_revisions(s, rows, count, err);
}

enum result store_put_changes(struct store *s, const struct change_row *rows, uint32_t count,
			      struct error *err)
{
	return s->ops->put_changes(s, rows, count, err);
}

enum result store_put_effectives(struct store *s, const struct effective_row *rows, uint32_t count,
				 struct error *err)
{
	return s->ops->put_effectives(s, rows, count, err);
}

/* A set replaces the edges of `set->source`. An edge of another source would be added to edges that
 * nothing has removed. */
static enum result check_sources(const struct edge_set *set, struct error *err)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (!slice_is_equal(set->edges[i].source, set->source))
			return fail(err, E_INTERNAL, "an edge has another source than its set");
	}
	return OK;
}

enum result store_replace_edges(struct store *s, const struct edge_set *sets, uint32_t count,
				struct error *err)
{
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < count; i++)
		rc = check_sources(&sets[i], err);
	return rc == OK ? s->ops->replace_edges(s, sets, count, err) : rc;
}

enum result store_put_tokens(struct store *s, const struct token_row *rows, uint32_t count,
			     struct error *err)
{
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < count; i++)
		rc = check_digest("the hash of a token", rows[i].hash, err);
	return rc == OK ? s->ops->put_tokens(s, rows, count, err) : rc;
}

enum result store_update_tokens(struct store *s, const struct token_row *rows, uint32_t count,
				struct error *err)
{
	return s->ops->update_tokens(s, rows, count, err);
}

enum result store_remove_tokens(struct store *s, const struct slice *hashes, uint32_t count,
				struct error *err)
{
	return s->ops->remove_tokens(s, hashes, count, err);
}

enum result store_put_audit(struct store *s, const struct audit_row *rows, uint32_t count,
			    struct error *err)
{
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < count; i++)
		rc = check_digest("the leaf of an audit entry", rows[i].leaf, err);
	return rc == OK ? s->ops->put_audit(s, rows, count, err) : rc;
}

void store_authenticate(struct store *s, const struct keyring *keyring)
{
	struct row_auth *a = s->ops->auth(s);

	*a = (struct row_auth){.keyring = keyring, .is_signed = true};
}

/* The digests of rows that are signed already are kept: most transactions only read secrets. */
static enum result digest_rows(struct store *s, uint8_t ret[static ROW_DIGESTS_BYTES],
			       struct error *err)
{
	struct row_auth *a = s->ops->auth(s);
	struct row_sums sums;
	enum result rc = OK;

	if (!a->has_digests) {
		rc = s->ops->sums(s, &sums, err);
		if (rc == OK)
			row_auth_digests(a->digests, a, &sums);
		a->has_digests = rc == OK;
	}
	if (rc == OK)
		memcpy(ret, a->digests, ROW_DIGESTS_BYTES);
	return rc;
}

enum result store_state(struct store *s, uint8_t ret[static HASH_BYTES], struct error *err)
{
	uint8_t digests[ROW_DIGESTS_BYTES];
	enum result rc = digest_rows(s, digests, err);

	if (rc != OK)
		return rc;
	memset(ret, 0, HASH_BYTES);
	if (s->ops->auth(s)->keyring != NULL)
		sha256_slice(ret, slice_make((const char *)digests, sizeof digests));
	return OK;
}

void store_state_of(uint8_t ret[static HASH_BYTES], const struct log_row *row)
{
	sha256_slice(ret, row->tables);
}

static enum result keep_digests(void *ctx, const struct log_row *row, struct error *err)
{
	buf_append_slice(ctx, row->tables);
	return buf_check(ctx, err);
}

enum result store_sum_rows(struct store_session *ss, struct row_sums *ret, struct error *err)
{
	CLEANUP(buf_clear) struct buf digests = BUF_NULL;
	enum result rc = store_get_log(ss, keep_digests, &digests, err);

	if (rc == OK)
		rc = ss->ops->sum_rows(ss, ret, err);
	return rc == OK ? row_auth_compare(ss->auth, ret, buf_slice(&digests), err) : rc;
}

enum result store_check_derived(struct store_session *ss, struct error *err)
{
	return ss->ops->check_derived(ss, err);
}

void store_begin_sums(struct store *s, const struct row_sums *sums)
{
	s->ops->auth(s)->now = *sums;
	row_auth_commit(s->ops->auth(s));
}

enum result store_put_macs(struct store *s, struct error *err)
{
	return s->ops->put_macs(s, err);
}

enum result store_put_log(struct store *s, const struct log_row *row, struct error *err)
{
	struct row_auth *a = s->ops->auth(s);
	uint8_t digests[ROW_DIGESTS_BYTES];
	struct log_row full = *row;
	enum result rc = digest_rows(s, digests, err);

	full.tables = slice_make((const char *)digests, sizeof digests);
	if (rc == OK)
		rc = s->ops->put_log(s, &full, err);
	if (rc == OK)
		a->is_signed = true;
	return rc;
}

enum result store_put_keys(struct store *s, const struct wrap_key_row *rows, uint32_t count,
			   struct error *err)
{
	return s->ops->put_keys(s, rows, count, err);
}

enum result store_put_meta(struct store *s, const struct meta_row *rows, uint32_t count,
			   struct error *err)
{
	return s->ops->put_meta(s, rows, count, err);
}

enum result store_put_idempotent(struct store *s, const struct idempotent_row *row,
				 int64_t forget_before_ms, struct error *err)
{
	return s->ops->put_idempotent(s, row, forget_before_ms, err);
}

enum result store_shred(struct store *s, struct error *err)
{
	return s->ops->shred(s, err);
}

enum result store_backup(struct store *s, const struct backup_target *target, struct buf *ret_file,
			 struct error *err)
{
	return s->ops->backup(s, target, ret_file, err);
}

enum result store_session_open(struct store_session **ret, struct store *s, struct error *err)
{
	return s->ops->session_open(ret, s, err);
}

void store_session_close(struct store_session *ss)
{
	if (ss != NULL)
		ss->ops->close(ss);
}

enum result store_session_begin(struct store_session *ss, struct error *err)
{
	return ss->ops->begin(ss, err);
}

void store_session_end(struct store_session *ss)
{
	ss->ops->end(ss);
}

void store_session_set_budget(struct store_session *ss, struct budget *budget)
{
	ss->ops->set_budget(ss, budget);
}

enum result store_each_head(struct store_session *ss, uint64_t since, version_fn *each, void *ctx,
			    struct error *err)
{
	return ss->ops->each_head(ss, since, each, ctx, err);
}

enum result store_get_version(struct store_session *ss, struct slice path, uint64_t version,
			      version_fn *each, void *ctx, struct error *err)
{
	return ss->ops->get_version(ss, path, version, each, ctx, err);
}

enum result store_get_version_at(struct store_session *ss, const struct version_at *at,
				 version_fn *each, void *ctx, struct error *err)
{
	return ss->ops->get_version_at(ss, at, each, ctx, err);
}

enum result store_each_version(struct store_session *ss, struct slice path, struct row_page page,
			       version_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_version(ss, path, page, each, ctx, err);
}

enum result store_each_wrapped_below(struct store_session *ss, uint32_t generation, uint32_t limit,
				     version_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_wrapped_below(ss, generation, limit, each, ctx, err);
}

enum result store_each_revision(struct store_session *ss, struct slice path, struct row_page page,
				revision_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_revision(ss, path, page, each, ctx, err);
}

enum result store_get_revision(struct store_session *ss, uint64_t revision, revision_fn *each,
			       void *ctx, struct error *err)
{
	return ss->ops->get_revision(ss, revision, each, ctx, err);
}

enum result store_revision_at(struct store_session *ss, int64_t time_ms, uint64_t *ret,
			      struct error *err)
{
	return ss->ops->revision_at(ss, time_ms, ret, err);
}

enum result store_each_change(struct store_session *ss, uint64_t revision, change_fn *each,
			      void *ctx, struct error *err)
{
	return ss->ops->each_change(ss, revision, each, ctx, err);
}

enum result store_each_change_after(struct store_session *ss, struct slice path, uint64_t revision,
				    change_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_change_after(ss, path, revision, each, ctx, err);
}

enum result store_each_effective(struct store_session *ss, struct slice config,
				 struct row_page page, effective_fn *each, void *ctx,
				 struct error *err)
{
	return ss->ops->each_effective(ss, config, page, each, ctx, err);
}

enum result store_each_edge(struct store_session *ss, edge_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_edge(ss, each, ctx, err);
}

enum result store_each_token(struct store_session *ss, uint64_t since, token_fn *each, void *ctx,
			     struct error *err)
{
	return ss->ops->each_token(ss, since, each, ctx, err);
}

enum result store_each_key(struct store_session *ss, key_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_key(ss, each, ctx, err);
}

enum result store_each_audit(struct store_session *ss, const struct audit_filter *filter,
			     audit_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_audit(ss, filter, each, ctx, err);
}

enum result store_each_audit_path(struct store_session *ss, uint64_t first, uint64_t last,
				  audit_path_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_audit_path(ss, first, last, each, ctx, err);
}

enum result store_get_log(struct store_session *ss, log_fn *each, void *ctx, struct error *err)
{
	return ss->ops->get_log(ss, each, ctx, err);
}

enum result store_get_meta(struct store_session *ss, const char *name, bytes_fn *each, void *ctx,
			   struct error *err)
{
	return ss->ops->get_meta(ss, name, each, ctx, err);
}

enum result store_get_idempotent(struct store_session *ss, struct slice key,
				 struct slice fingerprint, bytes_fn *each, void *ctx,
				 struct error *err)
{
	return ss->ops->get_idempotent(ss, key, fingerprint, each, ctx, err);
}

enum result store_each_head_name(struct store_session *ss, head_fn *each, void *ctx,
				 struct error *err)
{
	return ss->ops->each_head_name(ss, each, ctx, err);
}

enum result store_check_integrity(struct store_session *ss, fault_fn *each, void *ctx,
				  struct error *err)
{
	return ss->ops->check_integrity(ss, each, ctx, err);
}

enum result store_check_definitions(struct store_session *ss, fault_fn *each, void *ctx,
				    struct error *err)
{
	return ss->ops->check_definitions(ss, each, ctx, err);
}
