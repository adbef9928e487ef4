/*
 * Reads rows. Each row's columns are checked before the callback is given it. Its slices point into
 * SQLite's memory and live until the next row.
 */
#include "store/sqlite_internal.h"

#include "base/buf.h"

#define STATE_MAX  VERSION_DESTROYED
#define ACTION_MAX CHANGE_DESTROY
#define KIND_MAX   EDGE_SCHEMA_REF

#define OPEN(q, ss, sql, what, args, err) \
	query_open(q, &session_of(ss)->db, sql, what, ARGS(args), err)
#define OPEN_ALL(q, ss, sql, what, err) \
	query_open(q, &session_of(ss)->db, sql, what, ARGS_NONE, err)

#define VERSION_COLUMNS                                                                         \
	"v.path, v.version, v.revision, v.created_ms, v.created_by, v.message, v.content_type," \
	" v.digest, v.state, v.state_revision, v.key_generation"
#define WITH_CONTENT " JOIN contents c ON c.id = v.content_id"

/* The columns of a version that a query selects after VERSION_COLUMNS. */
enum version_part { VERSION_BARE, VERSION_WITH_KEY, VERSION_WHOLE };

/* A walk over a query's rows: `give` reads one and hands it to the callback of its kind. */
struct walk {
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

/* The columns in the order of VERSION_COLUMNS, then those that `part` says. */
static void read_version(struct query *q, enum version_part part, struct version_row *ret)
{
	*ret = (struct version_row){
		.path = query_bytes(q, 0),
		.version = query_number(q, 1),
		.revision = query_number(q, 2),
		.created_ms = query_signed(q, 3),
		.created_by = query_bytes(q, 4),
		.message = query_bytes(q, 5),
		.content_type = query_bytes(q, 6),
		.digest = query_bytes_exact(q, 7, DIGEST_BYTES),
		.state = (enum version_state)query_choice(q, 8, STATE_MAX),
		.state_revision = query_number(q, 9),
		.key_generation = query_choice(q, 10, UINT32_MAX),
		.wrapped_key = part >= VERSION_WITH_KEY ? query_bytes(q, 11) : SLICE_NULL,
		.sealed = part >= VERSION_WHOLE ? query_bytes(q, 12) : SLICE_NULL,
	};
	ret->is_shredded = ret->state == VERSION_DESTROYED;
	if (ret->is_shredded) { /* zeros */
		ret->wrapped_key = SLICE_NULL;
		ret->sealed = SLICE_NULL;
	}
}

static enum result give_version(struct query *q, const struct walk *w, struct error *err)
{
	struct version_row row;
	enum result rc;

	read_version(q, w->part, &row);
	rc = query_check(q, err);
	return rc == OK ? w->each.version(w->ctx, &row, err) : rc;
}

static enum result walk_versions(struct query *q, enum version_part part, version_fn *each,
				 void *ctx, uint64_t *ret_count, struct error *err)
{
	const struct walk w = {give_version, {.version = each}, ctx, part};

	return walk_rows(q, &w, ret_count, err);
}

#define HEAD_COLUMNS "SELECT " VERSION_COLUMNS ", c.wrapped_key, c.sealed FROM "
#define HEAD_JOINS   " JOIN versions v ON v.path = h.path AND v.version = h.version" WITH_CONTENT

/* With `since`, the changes name the few paths to look at, so that a server that follows another
 * one does not read all heads. A path may have changed only in an older version: hence the second
 * condition. */
enum result sqlite_each_head(struct store_session *ss, uint64_t since, version_fn *each, void *ctx,
			     struct error *err)
{
	static const char what[] = "read all documents";
	CLEANUP(query_close) struct query q = QUERY_NULL;
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
	return rc == OK ? walk_versions(&q, VERSION_WHOLE, each, ctx, NULL, err) : rc;
}

enum result sqlite_get_version(struct store_session *ss, struct slice path, uint64_t version,
			       version_fn *each, void *ctx, struct error *err)
{
	static const char what[] = "read a version";
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct arg args[] = {arg_text(path), arg_bound(version)};
	uint64_t count = 0;
	enum result rc = OPEN(&q, ss,
			      "SELECT " VERSION_COLUMNS ", c.wrapped_key, c.sealed"
			      " FROM versions v" WITH_CONTENT " WHERE v.path = ? AND v.version = ?",
			      what, args, err);

	if (rc == OK)
		rc = walk_versions(&q, VERSION_WHOLE, each, ctx, &count, err);
	if (rc == OK && count == 0)
		rc = fail(err, E_NOT_FOUND, "%s: there is no such version", what);
	return rc;
}

/* The state that `row` had at `revision`, from the last change of it up to then. */
static enum result set_state_at(struct db *db, struct version_row *row, uint64_t revision,
				struct error *err)
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
	bool has_row = false;
	enum result rc;

	if (row->state_revision <= revision)
		return OK;
	rc = query_open(&q, db,
			"SELECT action, revision FROM changes WHERE path = ? AND revision <= ?"
			" AND version = ? ORDER BY revision DESC LIMIT 1",
			"read a version's state", ARGS(args), err);
	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc != OK)
		return rc;
	row->state = VERSION_LIVE;
	row->state_revision = row->revision;
	if (has_row) {
		row->state = states[query_choice(&q, 0, ACTION_MAX)];
		row->state_revision = query_number(&q, 1);
	}
	return query_check(&q, err);
}

static enum result find_version_at(struct db *db, const struct version_at *at, version_fn *each,
				   void *ctx, struct error *err)
{
	static const char what[] = "read a version at a revision";
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct arg args[] = {arg_text(at->path), arg_bound(at->revision),
				   arg_bound(at->version),
				   arg_bound(at->version != 0 ? at->version : UINT64_MAX)};
	struct version_row row;
	bool has_row = false;
	enum result rc =
		query_open(&q, db,
			   "SELECT " VERSION_COLUMNS ", c.wrapped_key, c.sealed"
			   " FROM versions v" WITH_CONTENT " WHERE v.path = ? AND v.revision <= ?"
			   " AND v.version >= ? AND v.version <= ?"
			   " ORDER BY v.version DESC LIMIT 1",
			   what, ARGS(args), err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc != OK)
		return rc;
	if (!has_row)
		return fail(err, E_NOT_FOUND, "%s: it did not exist then", what);
	read_version(&q, VERSION_WHOLE, &row);
	rc = query_check(&q, err);
	if (rc == OK)
		rc = set_state_at(db, &row, at->revision, err);
	return rc == OK ? each(ctx, &row, err) : rc;
}

enum result sqlite_get_version_at(struct store_session *ss, const struct version_at *at,
				  version_fn *each, void *ctx, struct error *err)
{
	struct db *db = &session_of(ss)->db;
	bool has_begun = false;
	enum result rc = db_scope_begin(db, &has_begun, err);

	if (rc == OK)
		rc = find_version_at(db, at, each, ctx, err);
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
	const struct arg args[] = {arg_text(path), before_arg(page), limit_arg(page.limit)};
	enum result rc =
		OPEN(&q, ss,
		     "SELECT " VERSION_COLUMNS " FROM versions v WHERE v.path = ? AND v.version < ?"
		     " ORDER BY v.version DESC LIMIT ?",
		     "read a history", args, err);

	return rc == OK ? walk_versions(&q, VERSION_BARE, each, ctx, NULL, err) : rc;
}

enum result sqlite_each_wrapped_below(struct store_session *ss, uint32_t generation, uint32_t limit,
				      version_fn *each, void *ctx, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct arg args[] = {arg_number(generation), limit_arg(limit)};
	enum result rc =
		OPEN(&q, ss,
		     "SELECT " VERSION_COLUMNS ", c.wrapped_key FROM versions v" WITH_CONTENT
		     " WHERE v.key_generation < ? LIMIT ?",
		     "read wrapped keys", args, err);

	return rc == OK ? walk_versions(&q, VERSION_WITH_KEY, each, ctx, NULL, err) : rc;
}

static enum result give_revision(struct query *q, const struct walk *w, struct error *err)
{
	struct revision_row row = {
		.revision = query_number(q, 0),
		.time_ms = query_signed(q, 1),
		.author = query_bytes(q, 2),
		.accessor = query_bytes(q, 3),
		.message = query_bytes(q, 4),
		.source = query_bytes(q, 5),
		.request_id = query_bytes(q, 6),
	};
	enum result rc = query_check(q, err);

	return rc == OK ? w->each.revision(w->ctx, &row, err) : rc;
}

#define REVISION_COLUMNS \
	"r.revision, r.time_ms, r.author, r.accessor, r.message, r.source, r.request_id"

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
	const struct walk w = {give_revision, {.revision = each}, ctx, VERSION_BARE};
	enum result rc = open_revisions(&q, ss, path, page, err);

	return rc == OK ? walk_rows(&q, &w, NULL, err) : rc;
}

enum result sqlite_get_revision(struct store_session *ss, uint64_t revision, revision_fn *each,
				void *ctx, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {give_revision, {.revision = each}, ctx, VERSION_BARE};
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
	bool has_row = false;
	uint64_t revision;
	enum result rc = OPEN(&q, ss,
			      "SELECT revision FROM revisions WHERE time_ms <= ?"
			      " ORDER BY time_ms DESC, revision DESC LIMIT 1",
			      "find the revision of a time", args, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc != OK)
		return rc;
	revision = has_row ? query_number(&q, 0) : 0;
	rc = query_check(&q, err);
	if (rc == OK)
		*ret = revision;
	return rc;
}

static enum result give_change(struct query *q, const struct walk *w, struct error *err)
{
	struct change_row row = {
		.revision = query_number(q, 0),
		.path = query_bytes(q, 1),
		.action = (enum change_action)query_choice(q, 2, ACTION_MAX),
		.origin = query_bytes(q, 3),
		.version = query_number(q, 4),
	};
	enum result rc = query_check(q, err);

	return rc == OK ? w->each.change(w->ctx, &row, err) : rc;
}

enum result sqlite_each_change(struct store_session *ss, uint64_t revision, change_fn *each,
			       void *ctx, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {give_change, {.change = each}, ctx, VERSION_BARE};
	const struct arg args[] = {arg_bound(revision)};
	enum result rc = OPEN(&q, ss,
			      "SELECT revision, path, action, origin, version FROM changes"
			      " WHERE revision = ? ORDER BY path, version",
			      "read a revision's changes", args, err);

	return rc == OK ? walk_rows(&q, &w, NULL, err) : rc;
}

enum result sqlite_each_change_after(struct store_session *ss, struct slice path, uint64_t revision,
				     change_fn *each, void *ctx, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {give_change, {.change = each}, ctx, VERSION_BARE};
	const struct arg args[] = {arg_text(path), arg_bound(revision)};
	enum result rc = OPEN(&q, ss,
			      "SELECT revision, path, action, origin, version FROM changes"
			      " WHERE path = ? AND revision > ? ORDER BY revision, version",
			      "read a document's changes", args, err);

	return rc == OK ? walk_rows(&q, &w, NULL, err) : rc;
}

static enum result give_effective(struct query *q, const struct walk *w, struct error *err)
{
	uint64_t revision = query_number(q, 0);
	struct slice digest = query_bytes(q, 1);
	enum result rc = query_check(q, err);

	return rc == OK ? w->each.effective(w->ctx, revision, digest, err) : rc;
}

enum result sqlite_each_effective(struct store_session *ss, struct slice config,
				  struct row_page page, effective_fn *each, void *ctx,
				  struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {give_effective, {.effective = each}, ctx, VERSION_BARE};
	const struct arg args[] = {arg_text(config), before_arg(page), limit_arg(page.limit)};
	enum result rc = OPEN(&q, ss,
			      "SELECT revision, digest FROM effectives WHERE config = ?"
			      " AND revision < ? ORDER BY revision DESC LIMIT ?",
			      "read an effective configuration's history", args, err);

	return rc == OK ? walk_rows(&q, &w, NULL, err) : rc;
}

static enum result give_edge(struct query *q, const struct walk *w, struct error *err)
{
	struct edge_row row = {
		.source = query_bytes(q, 0),
		.target = query_bytes(q, 1),
		.kind = (enum edge_kind)query_choice(q, 2, KIND_MAX),
	};
	enum result rc = query_check(q, err);

	return rc == OK ? w->each.edge(w->ctx, &row, err) : rc;
}

enum result sqlite_each_edge(struct store_session *ss, edge_fn *each, void *ctx, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {give_edge, {.edge = each}, ctx, VERSION_BARE};
	enum result rc =
		OPEN_ALL(&q, ss,
			 "SELECT source, target, kind FROM edges ORDER BY source, kind, target",
			 "read the edges", err);

	return rc == OK ? walk_rows(&q, &w, NULL, err) : rc;
}

static enum result give_token(struct query *q, const struct walk *w, struct error *err)
{
	struct token_row row = {
		.hash = query_bytes_exact(q, 0, DIGEST_BYTES),
		.accessor = query_bytes(q, 1),
		.record = query_bytes(q, 2),
		.expires_ms = query_signed(q, 3),
		.uses_left = query_signed(q, 4),
		.is_revoked = query_choice(q, 5, 1) != 0,
	};
	enum result rc = query_check(q, err);

	return rc == OK ? w->each.token(w->ctx, &row, err) : rc;
}

#define TOKEN_COLUMNS "SELECT hash, accessor, record, expires_ms, uses_left, is_revoked FROM tokens"

enum result sqlite_each_token(struct store_session *ss, uint64_t since, token_fn *each, void *ctx,
			      struct error *err)
{
	static const char what[] = "read the tokens";
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {give_token, {.token = each}, ctx, VERSION_BARE};
	const struct arg args[] = {arg_bound(since)};
	enum result rc;

	if (since == 0)
		rc = OPEN_ALL(&q, ss, TOKEN_COLUMNS " ORDER BY accessor", what, err);
	else
		rc = OPEN(&q, ss, TOKEN_COLUMNS " WHERE changed_revision >= ? ORDER BY accessor",
			  what, args, err);
	return rc == OK ? walk_rows(&q, &w, NULL, err) : rc;
}

static enum result give_key(struct query *q, const struct walk *w, struct error *err)
{
	uint32_t generation = query_choice(q, 0, UINT32_MAX);
	struct slice wrapped = query_bytes(q, 1);
	enum result rc = query_check(q, err);

	return rc == OK ? w->each.key(w->ctx, generation, wrapped, err) : rc;
}

enum result sqlite_each_key(struct store_session *ss, key_fn *each, void *ctx, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct walk w = {give_key, {.key = each}, ctx, VERSION_BARE};
	enum result rc =
		OPEN_ALL(&q, ss, "SELECT generation, wrapped FROM wrap_keys ORDER BY generation",
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
		OPEN_ALL(&q, ss,
			 "SELECT size, peaks, checkpoint, time_ms FROM audit_log WHERE id = 0",
			 what, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc != OK)
		return rc;
	if (!has_row)
		return fail(err, E_NOT_FOUND, "%s: there is none yet", what);
	row = (struct log_row){
		.size = query_number(&q, 0),
		.peaks = query_bytes(&q, 1),
		.checkpoint = query_bytes(&q, 2),
		.time_ms = query_signed(&q, 3),
	};
	rc = query_check(&q, err);
	return rc == OK ? each(ctx, &row, err) : rc;
}

enum result sqlite_get_meta(struct store_session *ss, const char *name, bytes_fn *each, void *ctx,
			    struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct arg args[] = {arg_text(slice_text(name))};
	bool has_row = false;
	struct slice value;
	enum result rc = OPEN(&q, ss, "SELECT value FROM meta WHERE name = ?", "read a meta value",
			      args, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc != OK)
		return rc;
	if (!has_row)
		return fail(err, E_NOT_FOUND, "the store has no %s", name);
	value = query_bytes(&q, 0);
	rc = query_check(&q, err);
	return rc == OK ? each(ctx, value, err) : rc;
}

enum result sqlite_get_idempotent(struct store_session *ss, struct slice key,
				  struct slice fingerprint, bytes_fn *each, void *ctx,
				  struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct arg args[] = {arg_bytes(key)};
	bool has_row = false;
	struct slice response;
	enum result rc =
		OPEN(&q, ss, "SELECT fingerprint, answer FROM answers WHERE idempotency_key = ?",
		     "read an answer", args, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc != OK)
		return rc;
	if (!has_row)
		return fail(err, E_NOT_FOUND, "the idempotency key is new");
	if (!slice_is_equal(query_bytes(&q, 0), fingerprint))
		return fail(err, E_CONFLICT, "the idempotency key was used for another request");
	response = query_bytes(&q, 1);
	rc = query_check(&q, err);
	return rc == OK ? each(ctx, response, err) : rc;
}
