/*
 * From columns to rows: one function for each table, which every query of that table uses. It reads
 * the columns in the order of the macro above it, checks their types and the row's MAC, and gives
 * the MAC for sums. The row's slices are borrowed from SQLite until the query's next row.
 *
 * E_CORRUPT: a column is not of the type that we write, or the row is not what was written; then
 * `*ret` must not be used.
 */
#pragma once

#include "store/row_auth.h"
#include "store/sqlite/db.h"

#define VERSION_COLUMNS                                                                         \
	"v.path, v.version, v.revision, v.created_ms, v.created_by, v.message, v.content_type," \
	" v.digest, v.state, v.state_revision, v.key_generation, v.content_id, v.mac, v.state_mac"
#define CONTENT_ID_AT 11 /* the number of v.content_id among them */
/* Behind VERSION_COLUMNS, with WITH_CONTENT in the FROM clause. */
#define KEY_COLUMN     ", c.wrapped_key"
#define CONTENT_COLUMN ", c.sealed"
/* LEFT: a version whose content is lost is damaged, and not absent. */
#define WITH_CONTENT " LEFT JOIN contents c ON c.id = v.content_id"

/* The columns of a version that a query selects behind VERSION_COLUMNS. */
enum version_part { VERSION_BARE, VERSION_WITH_KEY, VERSION_WHOLE };

MUST_USE enum result read_version(struct query *q, const struct row_auth *a, enum version_part part,
				  struct version_row *ret, struct row_mac *ret_mac,
				  struct error *err);

#define REVISION_COLUMNS \
	"r.revision, r.time_ms, r.author, r.accessor, r.message, r.source, r.request_id, r.mac"
MUST_USE enum result read_revision(struct query *q, const struct row_auth *a,
				   struct revision_row *ret, struct row_mac *ret_mac,
				   struct error *err);

#define CHANGE_COLUMNS "revision, path, action, origin, version, mac"
MUST_USE enum result read_change(struct query *q, const struct row_auth *a, struct change_row *ret,
				 struct row_mac *ret_mac, struct error *err);

#define EFFECTIVE_COLUMNS "config, revision, digest, mac"
MUST_USE enum result read_effective(struct query *q, const struct row_auth *a,
				    struct effective_row *ret, struct row_mac *ret_mac,
				    struct error *err);

#define EDGE_COLUMNS "source, target, kind, mac"
MUST_USE enum result read_edge(struct query *q, const struct row_auth *a, struct edge_row *ret,
			       struct row_mac *ret_mac, struct error *err);

#define TOKEN_COLUMNS \
	"hash, accessor, record, expires_ms, uses_left, is_revoked, changed_revision, mac"
MUST_USE enum result read_token(struct query *q, const struct row_auth *a, struct token_row *ret,
				struct row_mac *ret_mac, struct error *err);

#define KEY_COLUMNS "generation, wrapped, mac"
MUST_USE enum result read_key(struct query *q, const struct row_auth *a, struct wrap_key_row *ret,
			      struct row_mac *ret_mac, struct error *err);

#define META_COLUMNS "name, value, mac"
MUST_USE enum result read_meta(struct query *q, const struct row_auth *a, struct slice *ret_name,
			       struct slice *ret_value, struct row_mac *ret_mac, struct error *err);

#define RESPONSE_COLUMNS "idempotency_key, fingerprint, answer, time_ms, mac"
MUST_USE enum result read_response(struct query *q, const struct row_auth *a,
				   struct idempotent_row *ret, struct row_mac *ret_mac,
				   struct error *err);

/* Any row with a sum, for its MAC only. */
MUST_USE enum result read_row_mac(struct query *q, const struct row_auth *a, enum row_table table,
				  struct row_mac *ret, struct error *err);

#define LOG_COLUMNS "size, peaks, checkpoint, time_ms, tables, mac"
MUST_USE enum result read_log(struct query *q, const struct row_auth *a, struct log_row *ret,
			      struct error *err);
