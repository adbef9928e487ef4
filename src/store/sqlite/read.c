/*
 * The reading calls. Rows come from sqlite/rows.c, which checks them before a callback is given
 * them. Their slices point into SQLite's memory and live until the next row.
 */
#include "store/sqlite/internal.h"

#include "base/buf.h"
#include "store/sqlite/rows.h"

#define OPEN(q, ss, sql, what, args, err) \
	query_open(q, &session_of(ss)->db, sql, what, ARGS(args), err)
#define OPEN_ALL(q, ss, sql, what, err) \
	query_open(q, &session_of(ss)->db, sql, what, ARGS_NONE, err)

/* A walk over a query's rows: `give` reads one and hands it to the callback of its kind. */
struct walk {
	const struct row_auth *auth;
	enum result (*give)(struct query *q, const struct walk *w, struct error *err);
	union {
		version_fn *version;
		revision_fn *revision;
		change_fn *change;
		effective_fn *effective;
		edge_fn *edge;
		token_fn *token;
		key_fn *key;
	} each;
	void *ctx;
	enum version_part part; /* for versions */
};

/* To the end or the first result that is not OK. `ret_count` may be NULL. */
static enum result walk_rows(struct query *q, const struct walk *w, uint64_t *ret_count,
			     struct error *err)
{
	for (uint64_t count = 0;; count++) {
		bool has_row;
		enum result rc = query_next(q, &has_row, err);

		if (rc == OK && has_row)
			rc = w->give(q, w, err);
		if (rc != OK)
			return rc;
		if (!has_row) {
			if (ret_count != NULL)
				*ret_count = count;
			return OK;
		}
	}
}

static enum result give_version(struct query *q, const struct walk *w, struct error *err)
{
	struct version_row row;
	struct row_mac mac;
	enum result rc = read_version(q, w->auth, w->part, &row, &mac, err);

	return rc == OK ? w->each.version(w->ctx, &row, err) : rc;
}

#define WHOLE_COLUMNS VERSION_COLUMNS KEY_COLUMN CONTENT_COLUMN
#define HEAD_COLUMNS  "SELECT " WHOLE_COLUMNS " FROM "
#define VERSION_OF_H  " LEFT JOIN versions v ON v.path = h.path AND v.version = h.version"
#define HEAD_JOINS    VERSION_OF_H WITH_CONTENT

/* With `since`, the changes name the few paths to look at, so that a server that follows another
 * one does not read all heads. A path may have changed only in an older version: hence the second
 * condition. */
enum result sqlite_each_head(struct store_session *ss, uint64_t since, version_fn *each, void *ctx,
			     struct error *err)
{
	static const char what[] = "read all documents";
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {ss->auth, give_version, {.version = each}, ctx, VERSION_WHOLE};
	const struct arg args[] = {arg_bound(since), arg_bound(since)};
	enum result rc;

	if (since == 0)
		rc = OPEN_ALL(&q, ss, HEAD_COLUMNS "heads h" HEAD_JOINS " ORDER BY h.path", what,
			      err);
	else
		rc = OPEN(&q, ss,
			  HEAD_COLUMNS "(SELECT DISTINCT path FROM changes WHERE revision > ?) n"
				       " JOIN heads h ON h.path = n.path" HEAD_JOINS
				       " WHERE v.state_revision > ? ORDER BY h.path",
			  what, args, err);
	return rc == OK ? walk_rows(&q, &w, NULL, err) : rc;
}

enum result sqlite_get_version(struct store_session *ss, struct slice path, uint64_t version,
			       version_fn *each, void *ctx, struct error *err)
{
	static const char what[] = "read a version";
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {ss->auth, give_version, {.version = each}, ctx, VERSION_WHOLE};
	const struct arg args[] = {arg_text(path), arg_bound(version)};
	uint64_t count = 0;
	enum result rc = OPEN(&q, ss,
			      "SELECT " WHOLE_COLUMNS " FROM versions v" WITH_CONTENT
			      " WHERE v.path = ? AND v.version = ?",
			      what, args, err);

	if (rc == OK)
		rc = walk_rows(&q, &w, &count, err);
	if (rc == OK && count == 0)
		rc = fail(err, E_NOT_FOUND, "%s: there is no such version", what);
	return rc;
}

/* The state that `row` had at `revision`, from the last change of it up to then. */
static enum result set_state_at(struct store_session *ss, struct version_row *row,
				uint64_t revision, struct error *err)
{
	static const enum version_state states[] = {
		[CHANGE_PUT] = VERSION_LIVE,
		[CHANGE_DELETE] = VERSION_DELETED,
		[CHANGE_UNDELETE] = VERSION_LIVE,
		[CHANGE_DESTROY] = VERSION_DESTROYED,
	};
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct arg args[] = {arg_text(row->path), arg_bound(revision),
				   arg_bound(row->version)};
	struct change_row change;
	struct row_mac mac;
	bool has_row = false;
	enum result rc;

	if (row->state_revision <= revision)
		return OK;
	rc = OPEN(&q, ss,
		  "SELECT " CHANGE_COLUMNS " FROM changes WHERE path = ? AND revision <= ?"
		  " AND version = ? ORDER BY revision DESC LIMIT 1",
		  "read a version's state", args, err);
	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc == OK && has_row)
		rc = read_change(&q, ss->auth, &change, &mac, err);
	if (rc == OK && !has_row)
		rc = fail(err, E_CORRUPT,
			  "table changes: the change that made %.*s version %llu is missing; "
			  "restore a backup",
			  SLICE_ARGS(row->path), (unsigned long long)row->version);
	if (rc != OK)
		return rc;
	row->state = states[change.action];
	row->state_revision = change.revision;
	return OK;
}

static enum result find_version_at(struct store_session *ss, const struct version_at *at,
				   version_fn *each, void *ctx, struct error *err)
{
	static const char what[] = "read a version at a revision";
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct arg args[] = {arg_text(at->path), arg_bound(at->revision),
				   arg_bound(at->version),
				   arg_bound(at->version != 0 ? at->version : UINT64_MAX)};
	struct version_row row;
	struct row_mac mac;
	bool has_row = false;
	enum result rc = OPEN(&q, ss,
			      "SELECT " WHOLE_COLUMNS " FROM versions v" WITH_CONTENT
			      " WHERE v.path = ? AND v.revision <= ?"
			      " AND v.version >= ? AND v.version <= ?"
			      " ORDER BY v.version DESC LIMIT 1",
			      what, args, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc != OK)
		return rc;
	if (!has_row)
		return fail(err, E_NOT_FOUND, "%s: it did not exist then", what);
	rc = read_version(&q, ss->auth, VERSION_WHOLE, &row, &mac, err);
	if (rc == OK)
		rc = set_state_at(ss, &row, at->revision, err);
	return rc == OK ? each(ctx, &row, err) : rc;
}

enum result sqlite_get_version_at(struct store_session *ss, const struct version_at *at,
				  version_fn *each, void *ctx, struct error *err)
{
	struct db *db = &session_of(ss)->db;
	bool has_begun = false;
	enum result rc = db_scope_begin(db, &has_begun, err);

	if (rc == OK)
		rc = find_version_at(ss, at, each, ctx, err);
	db_scope_end(db, has_begun);
	return rc;
}

static struct arg limit_arg(uint32_t limit)
{
	return arg_signed(limit != 0 ? (int64_t)limit : INT64_MAX);
}

static struct arg before_arg(struct row_page page)
{
	return arg_bound(page.before != 0 ? page.before : UINT64_MAX);
}

enum result sqlite_each_version(struct store_session *ss, struct slice path, struct row_page page,
				version_fn *each, void *ctx, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {ss->auth, give_version, {.version = each}, ctx, VERSION_BARE};
	const struct arg args[] = {arg_text(path), before_arg(page), limit_arg(page.limit)};
	enum result rc =
		OPEN(&q, ss,
		     "SELECT " VERSION_COLUMNS " FROM versions v WHERE v.path = ? AND v.version < ?"
		     " ORDER BY v.version DESC LIMIT ?",
		     "read a history", args, err);

	return rc == OK ? walk_rows(&q, &w, NULL, err) : rc;
}

enum result sqlite_each_wrapped_below(struct store_session *ss, uint32_t generation, uint32_t limit,
				      version_fn *each, void *ctx, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {ss->auth, give_version, {.version = each}, ctx, VERSION_WITH_KEY};
	const struct arg args[] = {arg_number(generation), limit_arg(limit)};
	enum result rc = OPEN(&q, ss,
			      "SELECT " VERSION_COLUMNS KEY_COLUMN " FROM versions v" WITH_CONTENT
			      " WHERE v.key_generation < ? LIMIT ?",
			      "read wrapped keys", args, err);

	return rc == OK ? walk_rows(&q, &w, NULL, err) : rc;
}

static enum result give_revision(struct query *q, const struct walk *w, struct error *err)
{
	struct revision_row row;
	struct row_mac mac;
	enum result rc = read_revision(q, w->auth, &row, &mac, err);

	return rc == OK ? w->each.revision(w->ctx, &row, err) : rc;
}

/* `path` ends in '/'. Paths that begin with it are not less than it, and less than the same with
 * '0', the next byte. */
static enum result open_revisions_below(struct query *q, struct store_session *ss,
					struct slice path, struct row_page page, struct error *err)
{
	CLEANUP(buf_clear) struct buf end = BUF_NULL;
	enum result rc;

	buf_append(&end, path.data, path.len - 1);
	buf_append_char(&end, '0');
	rc = buf_check(&end, err);
	if (rc == OK) {
		const struct arg args[] = {before_arg(page), arg_text(path),
					   arg_text_copy(buf_slice(&end)), limit_arg(page.limit)};

		rc = OPEN(q, ss,
			  "SELECT " REVISION_COLUMNS " FROM revisions r WHERE r.revision < ?"
			  " AND EXISTS (SELECT 1 FROM changes c WHERE c.revision = r.revision"
			  " AND c.path >= ? AND c.path < ?) ORDER BY r.revision DESC LIMIT ?",
			  "read revisions", args, err);
	}
	return rc;
}

static enum result open_revisions(struct query *q, struct store_session *ss, struct slice path,
				  struct row_page page, struct error *err)
{
	const struct arg args[] = {before_arg(page), limit_arg(page.limit)};
	const struct arg args_of_path[] = {arg_text(path), before_arg(page), limit_arg(page.limit)};

	if (path.len == 0)
		return OPEN(q, ss,
			    "SELECT " REVISION_COLUMNS " FROM revisions r WHERE r.revision < ?"
			    " ORDER BY r.revision DESC LIMIT ?",
			    "read revisions", args, err);
	if (path.data[path.len - 1] == '/')
		return open_revisions_below(q, ss, path, page, err);
	return OPEN(q, ss,
		    "SELECT DISTINCT " REVISION_COLUMNS " FROM changes c"
		    " JOIN revisions r ON r.revision = c.revision"
		    " WHERE c.path = ? AND c.revision < ? ORDER BY r.revision DESC LIMIT ?",
		    "read a document's revisions", args_of_path, err);
}

enum result sqlite_each_revision(struct store_session *ss, struct slice path, struct row_page page,
				 revision_fn *each, void *ctx, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {ss->auth, give_revision, {.revision = each}, ctx, VERSION_BARE};
	enum result rc = open_revisions(&q, ss, path, page, err);

	return rc == OK ? walk_rows(&q, &w, NULL, err) : rc;
}

enum result sqlite_get_revision(struct store_session *ss, uint64_t revision, revision_fn *each,
				void *ctx, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {ss->auth, give_revision, {.revision = each}, ctx, VERSION_BARE};
	const struct arg args[] = {arg_bound(revision)};
	uint64_t count = 0;
	enum result rc =
		OPEN(&q, ss, "SELECT " REVISION_COLUMNS " FROM revisions r WHERE r.revision = ?",
		     "read a revision", args, err);

	if (rc == OK)
		rc = walk_rows(&q, &w, &count, err);
	if (rc == OK && count == 0)
		rc = fail(err, E_NOT_FOUND, "there is no revision %llu",
			  (unsigned long long)revision);
	return rc;
}

enum result sqlite_revision_at(struct store_session *ss, int64_t time_ms, uint64_t *ret,
			       struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct arg args[] = {arg_signed(time_ms)};
	struct revision_row row = {.revision = 0};
	struct row_mac mac;
	bool has_row = false;
	enum result rc = OPEN(&q, ss,
			      "SELECT " REVISION_COLUMNS " FROM revisions r WHERE r.time_ms <= ?"
			      " ORDER BY r.time_ms DESC, r.revision DESC LIMIT 1",
			      "find the revision of a time", args, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc == OK && has_row)
		rc = read_revision(&q, ss->auth, &row, &mac, err);
	if (rc == OK)
		*ret = row.revision;
	return rc;
}

static enum result give_change(struct query *q, const struct walk *w, struct error *err)
{
	struct change_row row;
	struct row_mac mac;
	enum result rc = read_change(q, w->auth, &row, &mac, err);

	return rc == OK ? w->each.change(w->ctx, &row, err) : rc;
}

enum result sqlite_each_change(struct store_session *ss, uint64_t revision, change_fn *each,
			       void *ctx, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {ss->auth, give_change, {.change = each}, ctx, VERSION_BARE};
	const struct arg args[] = {arg_bound(revision)};
	enum result rc = OPEN(&q, ss,
			      "SELECT " CHANGE_COLUMNS " FROM changes"
			      " WHERE revision = ? ORDER BY path, version",
			      "read a revision's changes", args, err);

	return rc == OK ? walk_rows(&q, &w, NULL, err) : rc;
}

enum result sqlite_each_change_after(struct store_session *ss, struct slice path, uint64_t revision,
				     change_fn *each, void *ctx, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {ss->auth, give_change, {.change = each}, ctx, VERSION_BARE};
	const struct arg args[] = {arg_text(path), arg_bound(revision)};
	enum result rc = OPEN(&q, ss,
			      "SELECT " CHANGE_COLUMNS " FROM changes"
			      " WHERE path = ? AND revision > ? ORDER BY revision, version",
			      "read a document's changes", args, err);

	return rc == OK ? walk_rows(&q, &w, NULL, err) : rc;
}

static enum result give_effective(struct query *q, const struct walk *w, struct error *err)
{
	struct effective_row row;
	struct row_mac mac;
	enum result rc = read_effective(q, w->auth, &row, &mac, err);

	return rc == OK ? w->each.effective(w->ctx, row.revision, row.digest, err) : rc;
}

enum result sqlite_each_effective(struct store_session *ss, struct slice config,
				  struct row_page page, effective_fn *each, void *ctx,
				  struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {ss->auth, give_effective, {.effective = each}, ctx, VERSION_BARE};
	const struct arg args[] = {arg_text(config), before_arg(page), limit_arg(page.limit)};
	enum result rc = OPEN(&q, ss,
			      "SELECT " EFFECTIVE_COLUMNS " FROM effectives WHERE config = ?"
			      " AND revision < ? ORDER BY revision DESC LIMIT ?",
			      "read an effective configuration's history", args, err);

	return rc == OK ? walk_rows(&q, &w, NULL, err) : rc;
}

static enum result give_edge(struct query *q, const struct walk *w, struct error *err)
{
	struct edge_row row;
	struct row_mac mac;
	enum result rc = read_edge(q, w->auth, &row, &mac, err);

	return rc == OK ? w->each.edge(w->ctx, &row, err) : rc;
}

enum result sqlite_each_edge(struct store_session *ss, edge_fn *each, void *ctx, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {ss->auth, give_edge, {.edge = each}, ctx, VERSION_BARE};
	enum result rc =
		OPEN_ALL(&q, ss, "SELECT " EDGE_COLUMNS " FROM edges ORDER BY source, kind, target",
			 "read the edges", err);

	return rc == OK ? walk_rows(&q, &w, NULL, err) : rc;
}

static enum result give_token(struct query *q, const struct walk *w, struct error *err)
{
	struct token_row row;
	struct row_mac mac;
	enum result rc = read_token(q, w->auth, &row, &mac, err);

	return rc == OK ? w->each.token(w->ctx, &row, err) : rc;
}

enum result sqlite_each_token(struct store_session *ss, uint64_t since, token_fn *each, void *ctx,
			      struct error *err)
{
	static const char what[] = "read the tokens";
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {ss->auth, give_token, {.token = each}, ctx, VERSION_BARE};
	const struct arg args[] = {arg_bound(since)};
	enum result rc;

	if (since == 0)
		rc = OPEN_ALL(&q, ss, "SELECT " TOKEN_COLUMNS " FROM tokens ORDER BY accessor",
			      what, err);
	else
		rc = OPEN(&q, ss,
			  "SELECT " TOKEN_COLUMNS
			  " FROM tokens WHERE changed_revision >= ? ORDER BY accessor",
			  what, args, err);
	return rc == OK ? walk_rows(&q, &w, NULL, err) : rc;
}

static enum result give_key(struct query *q, const struct walk *w, struct error *err)
{
	struct wrap_key_row row;
	struct row_mac mac;
	enum result rc = read_key(q, w->auth, &row, &mac, err);

	return rc == OK ? w->each.key(w->ctx, row.generation, row.wrapped, err) : rc;
}

enum result sqlite_each_key(struct store_session *ss, key_fn *each, void *ctx, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {ss->auth, give_key, {.key = each}, ctx, VERSION_BARE};
	enum result rc =
		OPEN_ALL(&q, ss, "SELECT " KEY_COLUMNS " FROM wrap_keys ORDER BY generation",
			 "read the keys", err);

	return rc == OK ? walk_rows(&q, &w, NULL, err) : rc;
}

enum result sqlite_get_log(struct store_session *ss, log_fn *each, void *ctx, struct error *err)
{
	static const char what[] = "read the log's state";
	CLEANUP(query_close) struct query q = QUERY_NULL;
	struct log_row row;
	bool has_row = false;
	enum result rc =
		OPEN_ALL(&q, ss, "SELECT " LOG_COLUMNS " FROM audit_log WHERE id = 0", what, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc != OK)
		return rc;
	if (!has_row)
		return fail(err, E_NOT_FOUND, "%s: there is none yet", what);
	rc = read_log(&q, ss->auth, &row, err);
	return rc == OK ? each(ctx, &row, err) : rc;
}

enum result sqlite_get_meta(struct store_session *ss, const char *name, bytes_fn *each, void *ctx,
			    struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct arg args[] = {arg_text(slice_text(name))};
	struct slice found, value;
	struct row_mac mac;
	bool has_row = false;
	enum result rc = OPEN(&q, ss, "SELECT " META_COLUMNS " FROM meta WHERE name = ?",
			      "read a meta value", args, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc != OK)
		return rc;
	if (!has_row)
		return fail(err, E_NOT_FOUND, "the store has no %s", name);
	rc = read_meta(&q, ss->auth, &found, &value, &mac, err);
	return rc == OK ? each(ctx, value, err) : rc;
}

enum result sqlite_get_idempotent(struct store_session *ss, struct slice key,
				  struct slice fingerprint, bytes_fn *each, void *ctx,
				  struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct arg args[] = {arg_bytes(key)};
	struct idempotent_row row;
	struct row_mac mac;
	bool has_row = false;
	enum result rc =
		OPEN(&q, ss, "SELECT " RESPONSE_COLUMNS " FROM answers WHERE idempotency_key = ?",
		     "read a stored response", args, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc != OK)
		return rc;
	if (!has_row)
		return fail(err, E_NOT_FOUND, "the idempotency key is new");
	rc = read_response(&q, ss->auth, &row, &mac, err);
	if (rc == OK && !slice_is_equal(row.fingerprint, fingerprint))
		rc = fail(err, E_CONFLICT, "the idempotency key was used for another request");
	return rc == OK ? each(ctx, row.response, err) : rc;
}
