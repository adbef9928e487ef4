/*
 * Writes rows, in the transaction that the caller has begun.
 *
 * Each call of store.h is one or a few prepared statements for each row. Nothing is read first to
 * find a conflict: the primary keys refuse a row that exists (E_CONFLICT), and an UPDATE that
 * changes no row is explained afterwards. A failure leaves the earlier rows of the call in the
 * transaction; the caller goes back to its savepoint.
 *
 * Each row gets its MAC here, and the sums of the tables (row_auth.h) follow. A row that is
 * replaced or removed is read and checked first: nobody has read it since it was written, perhaps,
 * and the sum must not follow what somebody else has put there.
 *
 * Must hold, so that destroyed contents are gone from the file (sqlite/schema.c): rows of
 * `contents` are added with the greatest id and overwritten by as many bytes, never deleted. Runs
 * on the one thread that writes.
 */
#include "store/sqlite/internal.h"

#include "store/sqlite/rows.h"

#include <string.h>

/* One statement without rows; `args` is an array. */
#define RUN(s, sql, what, args, err) db_run(&(s)->db, sql, what, ARGS(args), err)

static struct arg arg_mac(const struct row_mac *mac)
{
	return arg_bytes(slice_make((const char *)mac->bytes, sizeof mac->bytes));
}

/* Takes the rows that a statement gives out of the sum: those that are about to be replaced, or
 * that a DELETE ... RETURNING has removed. E_CORRUPT where one is not what was written. `ret_count`
 * may be NULL. */
static enum result remove_from_sum(struct sqlite_store *s, enum row_table table, const char *sql,
				   struct args args, uint64_t *ret_count, struct error *err)
{
	static const char what[] = "replace or remove a row";
	CLEANUP(query_close) struct query q = QUERY_NULL;
	bool has_row = false;
	uint64_t count = 0;
	enum result rc = query_open(&q, &s->db, sql, what, args, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	while (rc == OK && has_row) {
		struct row_mac mac;

		rc = read_row_mac(&q, &s->base.auth, table, &mac, err);
		if (rc == OK)
			row_auth_remove(&s->base.auth, table, &mac);
		count++;
		if (rc == OK)
			rc = query_next(&q, &has_row, err);
	}
	if (ret_count != NULL)
		*ret_count = count;
	return rc;
}

/* Contents are numbered in the order in which they come, and no number is used again: see
 * sqlite/schema.c. */
static enum result find_last_content(struct sqlite_store *s, uint64_t *ret, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	bool has_row = false;
	enum result rc = query_open(&q, &s->db, "SELECT id FROM contents ORDER BY id DESC LIMIT 1",
				    "find the last content", ARGS_NONE, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc == OK && has_row) {
		*ret = query_number(&q, 0);
		rc = query_check(&q, err);
	}
	return rc;
}

/* Key and content lie in a table of their own: `versions` stays small for histories, and only this
 * table has rows that must be erased in place. */
static enum result put_content(struct sqlite_store *s, const struct version_row *row, uint64_t id,
			       struct error *err)
{
	bool is_keyless = row->state == VERSION_DESTROYED;
	const struct arg args[] = {
		arg_number(id),
		arg_bytes(is_keyless ? SLICE_NULL : row->wrapped_key),
		arg_bytes(is_keyless ? SLICE_NULL : row->sealed),
	};

	return RUN(s, "INSERT INTO contents (id, wrapped_key, sealed) VALUES (?, ?, ?)",
		   "put a content", args, err);
}

static enum result put_version_row(struct sqlite_store *s, const struct version_row *row,
				   uint64_t content_id, struct error *err)
{
	struct version_row put = *row;
	struct row_mac mac, state_mac;
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
		arg_mac(&mac),
		arg_mac(&state_mac),
	};
	enum result rc;

	row_mac_version(&mac, &s->base.auth, row, content_id);
	if (row->state == VERSION_DESTROYED)
		put.key_generation = 0;
	row_mac_state(&state_mac, &s->base.auth, &mac, &put);
	rc = RUN(s,
		 "INSERT INTO versions (path, version, revision, created_ms, created_by,"
		 " message, content_type, digest, state, state_revision, key_generation,"
		 " content_id, mac, state_mac) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		 "put a version", args, err);
	if (rc == OK)
		row_auth_add(&s->base.auth, ROWS_VERSIONS, &state_mac);
	return rc;
}

/* The greatest version wins, in whatever order a batch has them. */
static enum result put_head(struct sqlite_store *s, const struct version_row *row,
			    struct error *err)
{
	const struct arg args[] = {arg_text(row->path), arg_number(row->version)};

	return RUN(s,
		   "INSERT INTO heads (path, version) VALUES (?, ?) ON CONFLICT (path) DO"
		   " UPDATE SET version = excluded.version"
		   " WHERE excluded.version > heads.version",
		   "put a head", args, err);
}

/* The last id is read once for each call: only this thread adds contents, in the write
 * transaction. */
enum result sqlite_put_versions(struct store *store, const struct version_row *rows, uint32_t count,
				struct error *err)
{
	struct sqlite_store *s = sqlite_of(store);
	uint64_t last_content = 0;
	enum result rc = sqlite_may_write(s, err);

	if (rc == OK)
		rc = find_last_content(s, &last_content, err);
	for (uint32_t i = 0; rc == OK && i < count; i++) {
		last_content++;
		rc = put_content(s, &rows[i], last_content, err);
		if (rc == OK)
			rc = put_version_row(s, &rows[i], last_content, err);
		if (rc == OK)
			rc = put_head(s, &rows[i], err);
	}
	return rc;
}

/* Overwrites key and content with as many zeros. Reads give neither. */
static enum result wipe_content(struct sqlite_store *s, const struct arg *key, struct error *err)
{
	static const char what[] = "wipe a content";
	CLEANUP(query_close) struct query q = QUERY_NULL;
	bool has_row = false;
	enum result rc = query_open(&q, &s->db,
				    "SELECT c.id, length(c.wrapped_key), length(c.sealed)"
				    " FROM versions v JOIN contents c ON c.id = v.content_id"
				    " WHERE v.path = ? AND v.version = ?",
				    what, (struct args){key, 2}, err);

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

/* What a new state of a version needs of the stored row. */
struct version_auth {
	struct row_mac fixed, state;
	struct version_row row; /* only `state`, `state_revision` and `key_generation` */
};

/* E_NOT_FOUND where there is no such version, E_CORRUPT where it is not what was written: else it
 * would get a new MAC for what somebody else has put there. */
static enum result read_version_auth(struct sqlite_store *s, const struct arg *key,
				     const char *what, struct version_auth *ret, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	struct version_row row;
	bool has_row = false;
	enum result rc = query_open(&q, &s->db,
				    "SELECT " VERSION_COLUMNS " FROM versions v"
				    " WHERE v.path = ? AND v.version = ?",
				    what, (struct args){key, 2}, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc == OK && !has_row)
		rc = fail(err, E_NOT_FOUND, "%s: there is no such version", what);
	if (rc == OK)
		rc = read_version(&q, &s->base.auth, VERSION_BARE, &row, &ret->state, err);
	if (rc != OK)
		return rc;
	ret->row = (struct version_row){.state = row.state,
					.state_revision = row.state_revision,
					.key_generation = row.key_generation};
	row_mac_version(&ret->fixed, &s->base.auth, &row, query_number(&q, CONTENT_ID_AT));
	return OK;
}

/* The MAC of the new state, in the sum in place of the old one. */
static void replace_state_mac(struct sqlite_store *s, const struct version_auth *auth,
			      struct row_mac *ret)
{
	row_mac_state(ret, &s->base.auth, &auth->fixed, &auth->row);
	row_auth_remove(&s->base.auth, ROWS_VERSIONS, &auth->state);
	row_auth_add(&s->base.auth, ROWS_VERSIONS, ret);
}

/* Wipes first: a failure between the two leaves a version without content in the transaction, which
 * the caller then undoes. To destroy a version twice is no conflict; it sets `state_revision`
 * again. */
static enum result destroy_version(struct sqlite_store *s, const struct arg *key, uint64_t revision,
				   const struct row_mac *mac, struct error *err)
{
	const struct arg args[] = {arg_number(revision), arg_mac(mac), key[0], key[1]};
	enum result rc = wipe_content(s, key, err);

	if (rc == OK)
		rc = RUN(s,
			 "UPDATE versions SET state = 2, state_revision = ?,"
			 " key_generation = NULL, state_mac = ? WHERE path = ? AND version = ?",
			 "destroy a version", args, err);
	return rc;
}

/* The 2 in the statements of this file is VERSION_DESTROYED: such a version gets no other state. */
static enum result set_state(struct sqlite_store *s, const struct state_row *row, struct error *err)
{
	static const char what[] = "set a version's state";
	const struct arg key[] = {arg_text(row->path), arg_bound(row->version)};
	struct version_auth auth;
	struct row_mac mac;
	const struct arg args[] = {arg_signed((int64_t)row->state), arg_number(row->revision),
				   arg_mac(&mac), key[0], key[1]};
	enum result rc = read_version_auth(s, key, what, &auth, err);

	if (rc == OK && auth.row.state == VERSION_DESTROYED && row->state != VERSION_DESTROYED)
		rc = fail(err, E_CONFLICT, "%s: the version is destroyed", what);
	if (rc != OK)
		return rc;
	auth.row.state = row->state;
	auth.row.state_revision = row->revision;
	if (row->state == VERSION_DESTROYED)
		auth.row.key_generation = 0;
	replace_state_mac(s, &auth, &mac);
	if (row->state == VERSION_DESTROYED)
		return destroy_version(s, key, row->revision, &mac, err);
	return RUN(s,
		   "UPDATE versions SET state = ?, state_revision = ?, state_mac = ?"
		   " WHERE path = ? AND version = ?",
		   what, args, err);
}

/* All wrapped keys have the same length (WRAPPED_KEY_BYTES), so the row keeps its place and the old
 * key is overwritten. */
static enum result rewrap_version(struct sqlite_store *s, const struct rewrap_row *row,
				  struct error *err)
{
	static const char what[] = "rewrap a version's key";
	const struct arg key[] = {arg_text(row->path), arg_bound(row->version)};
	struct version_auth auth;
	struct row_mac mac;
	const struct arg args[] = {arg_number(row->generation), arg_mac(&mac), key[0], key[1]};
	const struct arg content[] = {arg_bytes(row->wrapped_key), key[0], key[1]};
	enum result rc = read_version_auth(s, key, what, &auth, err);

	if (rc == OK && auth.row.state == VERSION_DESTROYED)
		rc = fail(err, E_CONFLICT, "%s: the version is destroyed", what);
	if (rc != OK)
		return rc;
	auth.row.key_generation = row->generation;
	replace_state_mac(s, &auth, &mac);
	rc = RUN(s,
		 "UPDATE versions SET key_generation = ?, state_mac = ?"
		 " WHERE path = ? AND version = ?",
		 what, args, err);
	if (rc == OK)
		rc = RUN(s,
			 "UPDATE contents SET wrapped_key = ? WHERE id ="
			 " (SELECT content_id FROM versions WHERE path = ? AND version = ?)",
			 what, content, err);
	return rc;
}

static enum result put_revision(struct sqlite_store *s, const struct revision_row *row,
				struct error *err)
{
	struct row_mac mac;
	const struct arg args[] = {arg_number(row->revision), arg_signed(row->time_ms),
				   arg_text(row->author),     arg_text(row->accessor),
				   arg_text(row->message),    arg_text(row->source),
				   arg_text(row->request_id), arg_mac(&mac)};
	enum result rc;

	row_mac_revision(&mac, &s->base.auth, row);
	rc = RUN(s,
		 "INSERT INTO revisions (revision, time_ms, author, accessor, message,"
		 " source, request_id, mac) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		 "put a revision", args, err);
	if (rc == OK)
		row_auth_add(&s->base.auth, ROWS_REVISIONS, &mac);
	return rc;
}

static enum result put_change(struct sqlite_store *s, const struct change_row *row,
			      struct error *err)
{
	struct row_mac mac;
	const struct arg args[] = {arg_number(row->revision), arg_text(row->path),
				   arg_number(row->version),  arg_signed((int64_t)row->action),
				   arg_text(row->origin),     arg_mac(&mac)};
	enum result rc;

	row_mac_change(&mac, &s->base.auth, row);
	rc = RUN(s,
		 "INSERT INTO changes (revision, path, version, action, origin, mac)"
		 " VALUES (?, ?, ?, ?, ?, ?)",
		 "put a change", args, err);
	if (rc == OK)
		row_auth_add(&s->base.auth, ROWS_CHANGES, &mac);
	return rc;
}

static enum result put_effective(struct sqlite_store *s, const struct effective_row *row,
				 struct error *err)
{
	struct row_mac mac;
	const struct arg args[] = {arg_text(row->config), arg_number(row->revision),
				   arg_bytes(row->digest), arg_mac(&mac)};
	enum result rc;

	row_mac_effective(&mac, &s->base.auth, row);
	rc = RUN(s, "INSERT INTO effectives (config, revision, digest, mac) VALUES (?, ?, ?, ?)",
		 "put an effective configuration", args, err);
	if (rc == OK)
		row_auth_add(&s->base.auth, ROWS_EFFECTIVES, &mac);
	return rc;
}

/* ON CONFLICT DO NOTHING: duplicates in a set count once. */
static enum result put_edge(struct sqlite_store *s, const struct edge_row *row, struct error *err)
{
	struct row_mac mac;
	const struct arg args[] = {arg_text(row->source), arg_signed((int64_t)row->kind),
				   arg_text(row->target), arg_mac(&mac)};
	enum result rc;

	row_mac_edge(&mac, &s->base.auth, row);
	rc = RUN(s,
		 "INSERT INTO edges (source, kind, target, mac) VALUES (?, ?, ?, ?)"
		 " ON CONFLICT DO NOTHING",
		 "put an edge", args, err);
	if (rc == OK && sqlite3_changes(s->db.handle) != 0)
		row_auth_add(&s->base.auth, ROWS_EDGES, &mac);
	return rc;
}

/* Two statements and no DELETE ... RETURNING, which would fill a table of its own each time: most
 * documents that are written are new or have no edges. */
static enum result replace_edges(struct sqlite_store *s, const struct edge_set *set,
				 struct error *err)
{
	static const char what[] = "replace edges";
	const struct arg old[] = {arg_text(set->source)};
	uint64_t had = 0;
	enum result rc = remove_from_sum(s, ROWS_EDGES,
					 "SELECT " EDGE_COLUMNS " FROM edges WHERE source = ?",
					 ARGS(old), &had, err);

	if (rc == OK && had != 0)
		rc = RUN(s, "DELETE FROM edges WHERE source = ?", what, old, err);
	for (uint32_t i = 0; rc == OK && i < set->count; i++)
		rc = put_edge(s, &set->edges[i], err);
	return rc;
}

/* `s->revision` is that of the last commit: a change of tokens makes no revision of its own, and
 * store_each_token() compares with >=. */
static enum result put_token(struct sqlite_store *s, const struct token_row *row, struct error *err)
{
	struct token_row put = *row;
	struct row_mac mac;
	const struct arg args[] = {
		arg_bytes(row->hash),	    arg_text(row->accessor),
		arg_bytes(row->record),	    arg_signed(row->expires_ms),
		arg_signed(row->uses_left), arg_signed(row->is_revoked),
		arg_number(s->revision),    arg_mac(&mac),
	};
	enum result rc;

	put.changed_revision = s->revision;
	row_mac_token(&mac, &s->base.auth, &put);
	rc = RUN(s,
		 "INSERT INTO tokens (hash, accessor, record, expires_ms, uses_left,"
		 " is_revoked, changed_revision, mac) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		 "put a token", args, err);
	if (rc == OK)
		row_auth_add(&s->base.auth, ROWS_TOKENS, &mac);
	return rc;
}

/* The accessor stays: the row must have the one that is stored, since the MAC covers it. A changed
 * `changed_revision` lets other readers find the row. */
static enum result update_token(struct sqlite_store *s, const struct token_row *row,
				struct error *err)
{
	static const char what[] = "update a token";
	struct token_row put = *row;
	struct row_mac mac;
	const struct arg key[] = {arg_bytes(row->hash), arg_text(row->accessor)};
	const struct arg args[] = {
		arg_bytes(row->record),	    arg_signed(row->expires_ms),
		arg_signed(row->uses_left), arg_signed(row->is_revoked),
		arg_number(s->revision),    arg_mac(&mac),
		arg_bytes(row->hash),	    arg_text(row->accessor),
	};
	enum result rc = remove_from_sum(s, ROWS_TOKENS,
					 "SELECT " TOKEN_COLUMNS
					 " FROM tokens WHERE hash = ? AND accessor = ?",
					 ARGS(key), NULL, err);

	put.changed_revision = s->revision;
	row_mac_token(&mac, &s->base.auth, &put);
	if (rc == OK)
		rc = RUN(s,
			 "UPDATE tokens SET record = ?, expires_ms = ?, uses_left = ?,"
			 " is_revoked = ?, changed_revision = ?, mac = ?"
			 " WHERE hash = ? AND accessor = ?",
			 what, args, err);
	if (rc == OK && sqlite3_changes(s->db.handle) == 0)
		rc = fail(err, E_NOT_FOUND, "%s: there is no such token", what);
	if (rc == OK)
		row_auth_add(&s->base.auth, ROWS_TOKENS, &mac);
	return rc;
}

static enum result remove_token(struct sqlite_store *s, const struct slice *hash, struct error *err)
{
	const struct arg args[] = {arg_bytes(*hash)};

	return remove_from_sum(s, ROWS_TOKENS,
			       "DELETE FROM tokens WHERE hash = ? RETURNING " TOKEN_COLUMNS,
			       ARGS(args), NULL, err);
}

static enum result put_key(struct sqlite_store *s, const struct wrap_key_row *row,
			   struct error *err)
{
	static const char what[] = "put a key";
	struct row_mac mac;
	const struct arg args[] = {arg_number(row->generation), arg_bytes(row->wrapped),
				   arg_mac(&mac)};
	enum result rc =
		remove_from_sum(s, ROWS_KEYS,
				"SELECT " KEY_COLUMNS " FROM wrap_keys WHERE generation = ?",
				(struct args){args, 1}, NULL, err);

	row_mac_key(&mac, &s->base.auth, row);
	if (rc == OK)
		rc = RUN(s,
			 "INSERT INTO wrap_keys (generation, wrapped, mac) VALUES (?, ?, ?)"
			 " ON CONFLICT (generation) DO UPDATE SET wrapped = excluded.wrapped,"
			 " mac = excluded.mac",
			 what, args, err);
	if (rc == OK)
		row_auth_add(&s->base.auth, ROWS_KEYS, &mac);
	return rc;
}

static enum result put_meta(struct sqlite_store *s, const struct meta_row *row, struct error *err)
{
	static const char what[] = "put a meta value";
	struct slice name = slice_text(row->name);
	struct row_mac mac;
	const struct arg args[] = {arg_text(name), arg_bytes(row->value), arg_mac(&mac)};
	enum result rc =
		remove_from_sum(s, ROWS_META, "SELECT " META_COLUMNS " FROM meta WHERE name = ?",
				(struct args){args, 1}, NULL, err);

	row_mac_meta(&mac, &s->base.auth, name, row->value);
	if (rc == OK)
		rc = RUN(s,
			 "INSERT INTO meta (name, value, mac) VALUES (?, ?, ?)"
			 " ON CONFLICT (name) DO UPDATE SET value = excluded.value,"
			 " mac = excluded.mac",
			 what, args, err);
	if (rc == OK)
		row_auth_add(&s->base.auth, ROWS_META, &mac);
	return rc;
}

/* The table has one row, with id 0. */
enum result sqlite_put_log(struct store *store, const struct log_row *row, struct error *err)
{
	struct sqlite_store *s = sqlite_of(store);
	struct row_mac mac;
	const struct arg args[] = {arg_number(row->size),      arg_bytes(row->peaks),
				   arg_bytes(row->checkpoint), arg_signed(row->time_ms),
				   arg_bytes(row->tables),     arg_mac(&mac)};
	enum result rc = sqlite_may_write(s, err);

	row_mac_log(&mac, &s->base.auth, row);
	if (rc == OK)
		rc = RUN(s,
			 "INSERT INTO audit_log (id, size, peaks, checkpoint, time_ms, tables, mac)"
			 " VALUES (0, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
			 " size = excluded.size, peaks = excluded.peaks,"
			 " checkpoint = excluded.checkpoint, time_ms = excluded.time_ms,"
			 " tables = excluded.tables, mac = excluded.mac",
			 "put the log's head", args, err);
	return rc;
}

enum result sqlite_put_idempotent(struct store *store, const struct idempotent_row *row,
				  int64_t forget_before_ms, struct error *err)
{
	static const char what[] = "put a response";
	struct sqlite_store *s = sqlite_of(store);
	const struct arg old[] = {arg_signed(forget_before_ms)};
	struct row_mac mac;
	const struct arg args[] = {arg_bytes(row->key), arg_bytes(row->fingerprint),
				   arg_bytes(row->response), arg_signed(row->time_ms),
				   arg_mac(&mac)};
	enum result rc = sqlite_may_write(s, err);

	/* The tables of format 1 call a response an answer. */
	if (rc == OK)
		rc = remove_from_sum(
			s, ROWS_RESPONSES,
			"DELETE FROM answers WHERE time_ms < ? RETURNING " RESPONSE_COLUMNS,
			ARGS(old), NULL, err);
	row_mac_response(&mac, &s->base.auth, row);
	if (rc == OK)
		rc = RUN(s,
			 "INSERT INTO answers (idempotency_key, fingerprint, answer, time_ms, mac)"
			 " VALUES (?, ?, ?, ?, ?)",
			 what, args, err);
	if (rc == OK)
		row_auth_add(&s->base.auth, ROWS_RESPONSES, &mac);
	return rc;
}

/* A call of store.h for several rows, each written by `put_one`. */
#define DEFINE_PUT(name, row_type, put_one)                                                \
	enum result name(struct store *store, const struct row_type *rows, uint32_t count, \
			 struct error *err)                                                \
	{                                                                                  \
		struct sqlite_store *s = sqlite_of(store);                                 \
		enum result rc = sqlite_may_write(s, err);                                 \
                                                                                           \
		for (uint32_t i = 0; rc == OK && i < count; i++)                           \
			rc = put_one(s, &rows[i], err);                                    \
		return rc;                                                                 \
	}

DEFINE_PUT(sqlite_set_states, state_row, set_state)
DEFINE_PUT(sqlite_rewrap_versions, rewrap_row, rewrap_version)
DEFINE_PUT(sqlite_put_revisions, revision_row, put_revision)
DEFINE_PUT(sqlite_put_changes, change_row, put_change)
DEFINE_PUT(sqlite_put_effectives, effective_row, put_effective)
DEFINE_PUT(sqlite_replace_edges, edge_set, replace_edges)
DEFINE_PUT(sqlite_put_tokens, token_row, put_token)
DEFINE_PUT(sqlite_update_tokens, token_row, update_token)
DEFINE_PUT(sqlite_remove_tokens, slice, remove_token)
DEFINE_PUT(sqlite_put_keys, wrap_key_row, put_key)
DEFINE_PUT(sqlite_put_meta, meta_row, put_meta)
