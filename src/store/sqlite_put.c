/* Rows going in. Each call is one row, or a few that belong together; the transaction around them is the caller's. */
#include "store/sqlite_internal.h"

#define RUN(s, sql, what, args, err) db_run(&(s)->db, sql, what, args, ARRAY_SIZE(args), err)
#define DIGEST_BYTES		     32

static enum result check_digest(struct slice digest, const char *what, struct error *err)
{
	if (digest.len != DIGEST_BYTES)
		return fail(err, E_INTERNAL, "%s: %zu bytes where %d belong", what, digest.len,
			    DIGEST_BYTES);
	return OK;
}

/* For what must have been there: E_NOT_FOUND where the last statement changed nothing. */
static enum result check_changed(struct sqlite_store *s, const char *what, struct error *err)
{
	if (sqlite3_changes(s->db.handle) == 0)
		return fail(err, E_NOT_FOUND, "%s: there is none", what);
	return OK;
}

/* Behind the last one, whose number stays: see sqlite_schema.c. */
static enum result put_content(struct sqlite_store *s, const struct version_row *row,
			       uint64_t *ret_id, struct error *err)
{
	static const char what[] = "put a content";
	CLEANUP(query_close) struct query q = QUERY_NULL;
	bool is_keyless = row->state == VERSION_DESTROYED;
	bool has_row = false;
	uint64_t id = 0;
	enum result rc = query_open(&q, &s->db, "SELECT id FROM contents ORDER BY id DESC LIMIT 1",
				    what, NULL, 0, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc == OK && has_row) {
		id = query_number(&q, 0);
		rc = query_check(&q, err);
	}
	if (rc == OK) {
		const struct arg args[] = {
			arg_number(id + 1),
			arg_bytes(is_keyless ? SLICE_NULL : row->wrapped_key),
			arg_bytes(is_keyless ? SLICE_NULL : row->sealed),
		};

		rc = RUN(s, "INSERT INTO contents (id, wrapped_key, sealed) VALUES (?, ?, ?)", what,
			 args, err);
	}
	if (rc == OK)
		*ret_id = id + 1;
	return rc;
}

static enum result put_version_row(struct sqlite_store *s, const struct version_row *row,
				   uint64_t content_id, struct error *err)
{
	const struct arg args[] = {
		arg_text(row->path),
		arg_number(row->version),
		arg_number(row->revision),
		arg_signed(row->created_ms),
		arg_text(row->created_by),
		arg_text(row->message),
		arg_text(row->content_type),
		arg_bytes(row->digest),
		arg_signed((int64_t)row->state),
		arg_number(row->state_revision),
		row->state == VERSION_DESTROYED ? arg_null() : arg_number(row->key_generation),
		arg_number(content_id),
	};

	return RUN(s,
		   "INSERT INTO versions (path, version, revision, created_ms, created_by,"
		   " message, content_type, digest, state, state_revision, key_generation,"
		   " content_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		   "put a version", args, err);
}

enum result sqlite_put_version(struct store *store, const struct version_row *row,
			       struct error *err)
{
	struct sqlite_store *s = sqlite_of(store);
	const struct arg head[] = {arg_text(row->path), arg_number(row->version)};
	uint64_t content_id = 0;
	enum result rc = sqlite_may_write(s, err);

	if (rc == OK)
		rc = check_digest(row->digest, "put a version: digest", err);
	if (rc == OK)
		rc = put_content(s, row, &content_id, err);
	if (rc == OK)
		rc = put_version_row(s, row, content_id, err);
	if (rc == OK)
		rc = RUN(s,
			 "INSERT INTO heads (path, version) VALUES (?, ?) ON CONFLICT (path) DO"
			 " UPDATE SET version = excluded.version"
			 " WHERE excluded.version > heads.version",
			 "put a head", head, err);
	return rc;
}

/* Why an update of a version that is not destroyed found none. */
static enum result refuse_update(struct sqlite_store *s, const char *what, const struct arg *key,
				 struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	bool has_row = false;
	enum result rc =
		query_open(&q, &s->db, "SELECT 1 FROM versions WHERE path = ? AND version = ?",
			   what, key, 2, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc != OK)
		return rc;
	if (has_row)
		return fail(err, E_CONFLICT, "%s: the version is destroyed", what);
	return fail(err, E_NOT_FOUND, "%s: there is no such version", what);
}

/* Zeros in place of key and content, as many as they are; reading gives neither. */
static enum result wipe_content(struct sqlite_store *s, const struct arg *key, struct error *err)
{
	static const char what[] = "wipe a content";
	CLEANUP(query_close) struct query q = QUERY_NULL;
	bool has_row = false;
	enum result rc = query_open(&q, &s->db,
				    "SELECT c.id, length(c.wrapped_key), length(c.sealed)"
				    " FROM versions v JOIN contents c ON c.id = v.content_id"
				    " WHERE v.path = ? AND v.version = ?",
				    what, key, 2, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc == OK && !has_row)
		rc = fail(err, E_NOT_FOUND, "%s: there is no such version", what);
	if (rc == OK) {
		const struct arg args[] = {arg_zeros(query_number(&q, 1)),
					   arg_zeros(query_number(&q, 2)),
					   arg_number(query_number(&q, 0))};

		rc = query_check(&q, err);
		query_close(&q);
		if (rc == OK)
			rc = RUN(s, "UPDATE contents SET wrapped_key = ?, sealed = ? WHERE id = ?",
				 what, args, err);
	}
	return rc;
}

static enum result destroy_version(struct sqlite_store *s, const struct arg *key, uint64_t revision,
				   struct error *err)
{
	const struct arg args[] = {arg_number(revision), key[0], key[1]};
	enum result rc = wipe_content(s, key, err);

	if (rc == OK)
		rc = RUN(s,
			 "UPDATE versions SET state = 2, state_revision = ?,"
			 " key_generation = NULL WHERE path = ? AND version = ?",
			 "destroy a version", args, err);
	return rc;
}

enum result sqlite_set_version_state(struct store *store, struct slice path, uint64_t version,
				     enum version_state state, uint64_t revision, struct error *err)
{
	static const char what[] = "set a version's state";
	struct sqlite_store *s = sqlite_of(store);
	const struct arg key[] = {arg_text(path), arg_bound(version)};
	const struct arg args[] = {arg_signed((int64_t)state), arg_number(revision), key[0],
				   key[1]};
	enum result rc = sqlite_may_write(s, err);

	if (rc != OK)
		return rc;
	if (state == VERSION_DESTROYED)
		return destroy_version(s, key, revision, err);
	rc = RUN(s,
		 "UPDATE versions SET state = ?, state_revision = ?"
		 " WHERE path = ? AND version = ? AND state <> 2",
		 what, args, err);
	if (rc == OK && sqlite3_changes(s->db.handle) == 0)
		rc = refuse_update(s, what, key, err);
	return rc;
}

enum result sqlite_rewrap_version(struct store *store, struct slice path, uint64_t version,
				  uint32_t generation, struct slice wrapped_key, struct error *err)
{
	static const char what[] = "rewrap a version's key";
	struct sqlite_store *s = sqlite_of(store);
	const struct arg key[] = {arg_text(path), arg_bound(version)};
	const struct arg args[] = {arg_number(generation), key[0], key[1]};
	const struct arg content[] = {arg_bytes(wrapped_key), key[0], key[1]};
	enum result rc = sqlite_may_write(s, err);

	if (rc == OK)
		rc = RUN(s,
			 "UPDATE versions SET key_generation = ?"
			 " WHERE path = ? AND version = ? AND state <> 2",
			 what, args, err);
	if (rc == OK && sqlite3_changes(s->db.handle) == 0)
		return refuse_update(s, what, key, err);
	if (rc == OK)
		rc = RUN(s,
			 "UPDATE contents SET wrapped_key = ? WHERE id ="
			 " (SELECT content_id FROM versions WHERE path = ? AND version = ?)",
			 what, content, err);
	return rc;
}

enum result sqlite_put_revision(struct store *store, const struct revision_row *row,
				struct error *err)
{
	struct sqlite_store *s = sqlite_of(store);
	const struct arg args[] = {
		arg_number(row->revision), arg_signed(row->time_ms), arg_text(row->author),
		arg_text(row->accessor),   arg_text(row->message),   arg_text(row->source),
		arg_text(row->request_id),
	};
	enum result rc = sqlite_may_write(s, err);

	if (rc == OK)
		rc = RUN(s,
			 "INSERT INTO revisions (revision, time_ms, author, accessor, message,"
			 " source, request_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
			 "put a revision", args, err);
	return rc;
}

enum result sqlite_put_change(struct store *store, const struct change_row *row, struct error *err)
{
	struct sqlite_store *s = sqlite_of(store);
	const struct arg args[] = {
		arg_number(row->revision),	  arg_text(row->path),	 arg_number(row->version),
		arg_signed((int64_t)row->action), arg_text(row->origin),
	};
	enum result rc = sqlite_may_write(s, err);

	if (rc == OK)
		rc = RUN(s,
			 "INSERT INTO changes (revision, path, version, action, origin)"
			 " VALUES (?, ?, ?, ?, ?)",
			 "put a change", args, err);
	return rc;
}

enum result sqlite_put_effective(struct store *store, struct slice config, uint64_t revision,
				 struct slice digest, struct error *err)
{
	struct sqlite_store *s = sqlite_of(store);
	const struct arg args[] = {arg_text(config), arg_number(revision), arg_bytes(digest)};
	enum result rc = sqlite_may_write(s, err);

	if (rc == OK)
		rc = RUN(s, "INSERT INTO effectives (config, revision, digest) VALUES (?, ?, ?)",
			 "put an effective configuration", args, err);
	return rc;
}

enum result sqlite_replace_edges(struct store *store, struct slice source,
				 const struct edge_row *edges, uint32_t count, struct error *err)
{
	static const char what[] = "replace edges";
	struct sqlite_store *s = sqlite_of(store);
	const struct arg old[] = {arg_text(source)};
	enum result rc = sqlite_may_write(s, err);

	if (rc == OK)
		rc = RUN(s, "DELETE FROM edges WHERE source = ?", what, old, err);
	for (uint32_t i = 0; rc == OK && i < count; i++) {
		const struct arg args[] = {arg_text(source), arg_signed((int64_t)edges[i].kind),
					   arg_text(edges[i].target)};

		if (!slice_is_equal(edges[i].source, source))
			return fail(err, E_INTERNAL, "%s: one begins elsewhere", what);
		rc = RUN(s,
			 "INSERT INTO edges (source, kind, target) VALUES (?, ?, ?)"
			 " ON CONFLICT DO NOTHING",
			 what, args, err);
	}
	return rc;
}

enum result sqlite_put_token(struct store *store, const struct token_row *row, struct error *err)
{
	struct sqlite_store *s = sqlite_of(store);
	const struct arg args[] = {
		arg_bytes(row->hash),	    arg_text(row->accessor),
		arg_bytes(row->record),	    arg_signed(row->expires_ms),
		arg_signed(row->uses_left), arg_signed(row->is_revoked),
	};
	enum result rc = sqlite_may_write(s, err);

	if (rc == OK)
		rc = check_digest(row->hash, "put a token: hash", err);
	if (rc == OK)
		rc = RUN(s,
			 "INSERT INTO tokens (hash, accessor, record, expires_ms, uses_left,"
			 " is_revoked) VALUES (?, ?, ?, ?, ?, ?)",
			 "put a token", args, err);
	return rc;
}

enum result sqlite_update_token(struct store *store, const struct token_row *row, struct error *err)
{
	static const char what[] = "update a token";
	struct sqlite_store *s = sqlite_of(store);
	const struct arg args[] = {
		arg_bytes(row->record),	    arg_signed(row->expires_ms),
		arg_signed(row->uses_left), arg_signed(row->is_revoked),
		arg_bytes(row->hash),
	};
	enum result rc = sqlite_may_write(s, err);

	if (rc == OK)
		rc = RUN(s,
			 "UPDATE tokens SET record = ?, expires_ms = ?, uses_left = ?,"
			 " is_revoked = ? WHERE hash = ?",
			 what, args, err);
	return rc == OK ? check_changed(s, what, err) : rc;
}

enum result sqlite_put_log(struct store *store, const struct log_row *row, struct error *err)
{
	struct sqlite_store *s = sqlite_of(store);
	const struct arg args[] = {arg_number(row->size), arg_bytes(row->peaks),
				   arg_bytes(row->checkpoint), arg_signed(row->time_ms)};
	enum result rc = sqlite_may_write(s, err);

	if (rc == OK)
		rc = RUN(s,
			 "INSERT INTO audit_log (id, size, peaks, checkpoint, time_ms)"
			 " VALUES (0, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
			 " size = excluded.size, peaks = excluded.peaks,"
			 " checkpoint = excluded.checkpoint, time_ms = excluded.time_ms",
			 "put the log's state", args, err);
	return rc;
}

enum result sqlite_put_key(struct store *store, uint32_t generation, struct slice wrapped,
			   struct error *err)
{
	struct sqlite_store *s = sqlite_of(store);
	const struct arg args[] = {arg_number(generation), arg_bytes(wrapped)};
	enum result rc = sqlite_may_write(s, err);

	if (rc == OK)
		rc = RUN(s,
			 "INSERT INTO wrap_keys (generation, wrapped) VALUES (?, ?)"
			 " ON CONFLICT (generation) DO UPDATE SET wrapped = excluded.wrapped",
			 "put a key", args, err);
	return rc;
}

enum result sqlite_put_meta(struct store *store, const char *name, struct slice value,
			    struct error *err)
{
	struct sqlite_store *s = sqlite_of(store);
	const struct arg args[] = {arg_text(slice_text(name)), arg_bytes(value)};
	enum result rc = sqlite_may_write(s, err);

	if (rc == OK)
		rc = RUN(s,
			 "INSERT INTO meta (name, value) VALUES (?, ?)"
			 " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
			 "put a meta value", args, err);
	return rc;
}

enum result sqlite_put_idempotent(struct store *store, struct slice key, struct slice fingerprint,
				  struct slice response, int64_t time_ms, int64_t forget_before_ms,
				  struct error *err)
{
	static const char what[] = "remember an answer";
	struct sqlite_store *s = sqlite_of(store);
	const struct arg old[] = {arg_signed(forget_before_ms)};
	const struct arg args[] = {arg_bytes(key), arg_bytes(fingerprint), arg_bytes(response),
				   arg_signed(time_ms)};
	enum result rc = sqlite_may_write(s, err);

	if (rc == OK)
		rc = RUN(s, "DELETE FROM answers WHERE time_ms < ?", what, old, err);
	if (rc == OK)
		rc = RUN(s,
			 "INSERT INTO answers (idempotency_key, fingerprint, answer, time_ms)"
			 " VALUES (?, ?, ?, ?)",
			 what, args, err);
	return rc;
}
