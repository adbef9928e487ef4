/*
 * Reads the columns of each table. Nothing else reads them, so a row that was changed in the file
 * cannot reach a caller unchecked.
 */
#include "store/sqlite/rows.h"

#define STATE_MAX  VERSION_DESTROYED
#define ACTION_MAX CHANGE_DESTROY
#define KIND_MAX   EDGE_SCHEMA_REF

/* Where the columns behind VERSION_COLUMNS begin. */
#define KEY_AT	   14
#define CONTENT_AT 15

/* The content of a destroyed version is zeros, which no caller gets. */
static enum result read_content(struct query *q, enum version_part part, struct version_row *row,
				struct error *err)
{
	row->is_shredded = row->state == VERSION_DESTROYED;
	if (part == VERSION_BARE)
		return OK;
	if (query_is_null(q, KEY_AT))
		return fail(err, E_CORRUPT,
			    "table contents: the content of %.*s version %llu is missing; restore "
			    "a backup",
			    SLICE_ARGS(row->path), (unsigned long long)row->version);
	row->wrapped_key = query_bytes(q, KEY_AT);
	if (part == VERSION_WHOLE)
		row->sealed = query_bytes(q, CONTENT_AT);
	if (row->is_shredded)
		row->wrapped_key = row->sealed = SLICE_NULL;
	return query_check(q, err);
}

/* `key_generation` is NULL in a destroyed version, which is read as 0. */
enum result read_version(struct query *q, const struct row_auth *a, enum version_part part,
			 struct version_row *ret, struct row_mac *ret_mac, struct error *err)
{
	struct version_row row = {
		.path = query_text(q, 0),
		.version = query_number(q, 1),
		.revision = query_number(q, 2),
		.created_ms = query_signed(q, 3),
		.created_by = query_text(q, 4),
		.message = query_text(q, 5),
		.content_type = query_text(q, 6),
		.digest = query_bytes_exact(q, 7, DIGEST_BYTES),
		.state = (enum version_state)query_choice(q, 8, STATE_MAX),
		.state_revision = query_number(q, 9),
		.key_generation = query_choice(q, 10, UINT32_MAX),
	};
	uint64_t content_id = query_number(q, CONTENT_ID_AT);
	struct slice stored = query_bytes(q, 12), stored_state = query_bytes(q, 13);
	struct row_mac mac;
	enum result rc = query_check(q, err);

	if (rc != OK)
		return rc;
	row_mac_version(&mac, a, &row, content_id);
	rc = row_auth_check(a, (struct row_place){ROWS_VERSIONS, row.path, row.version}, &mac,
			    stored, err);
	if (rc != OK)
		return rc;
	row_mac_state(ret_mac, a, &mac, &row);
	rc = row_auth_check(a, (struct row_place){ROWS_VERSIONS, row.path, row.version}, ret_mac,
			    stored_state, err);
	if (rc == OK)
		rc = read_content(q, part, &row, err);
	if (rc == OK)
		*ret = row;
	return rc;
}

enum result read_revision(struct query *q, const struct row_auth *a, struct revision_row *ret,
			  struct row_mac *ret_mac, struct error *err)
{
	struct slice stored = query_bytes(q, 7);
	enum result rc;

	*ret = (struct revision_row){
		.revision = query_number(q, 0),
		.time_ms = query_signed(q, 1),
		.author = query_text(q, 2),
		.accessor = query_text(q, 3),
		.message = query_text(q, 4),
		.source = query_text(q, 5),
		.request_id = query_text(q, 6),
	};
	rc = query_check(q, err);
	if (rc != OK)
		return rc;
	row_mac_revision(ret_mac, a, ret);
	return row_auth_check(a, (struct row_place){ROWS_REVISIONS, SLICE_NULL, ret->revision},
			      ret_mac, stored, err);
}

enum result read_change(struct query *q, const struct row_auth *a, struct change_row *ret,
			struct row_mac *ret_mac, struct error *err)
{
	struct slice stored = query_bytes(q, 5);
	enum result rc;

	*ret = (struct change_row){
		.revision = query_number(q, 0),
		.path = query_text(q, 1),
		.action = (enum change_action)query_choice(q, 2, ACTION_MAX),
		.origin = query_text(q, 3),
		.version = query_number(q, 4),
	};
	rc = query_check(q, err);
	if (rc != OK)
		return rc;
	row_mac_change(ret_mac, a, ret);
	return row_auth_check(a, (struct row_place){ROWS_CHANGES, ret->path, ret->revision},
			      ret_mac, stored, err);
}

enum result read_effective(struct query *q, const struct row_auth *a, struct effective_row *ret,
			   struct row_mac *ret_mac, struct error *err)
{
	struct slice stored = query_bytes(q, 3);
	enum result rc;

	*ret = (struct effective_row){
		.config = query_text(q, 0),
		.revision = query_number(q, 1),
		.digest = query_bytes(q, 2),
	};
	rc = query_check(q, err);
	if (rc != OK)
		return rc;
	row_mac_effective(ret_mac, a, ret);
	return row_auth_check(a, (struct row_place){ROWS_EFFECTIVES, ret->config, ret->revision},
			      ret_mac, stored, err);
}

enum result read_edge(struct query *q, const struct row_auth *a, struct edge_row *ret,
		      struct row_mac *ret_mac, struct error *err)
{
	struct slice stored = query_bytes(q, 3);
	enum result rc;

	*ret = (struct edge_row){
		.source = query_text(q, 0),
		.target = query_text(q, 1),
		.kind = (enum edge_kind)query_choice(q, 2, KIND_MAX),
	};
	rc = query_check(q, err);
	if (rc != OK)
		return rc;
	row_mac_edge(ret_mac, a, ret);
	return row_auth_check(a, (struct row_place){ROWS_EDGES, ret->source, 0}, ret_mac, stored,
			      err);
}

enum result read_token(struct query *q, const struct row_auth *a, struct token_row *ret,
		       struct row_mac *ret_mac, struct error *err)
{
	struct slice stored = query_bytes(q, 7);
	enum result rc;

	*ret = (struct token_row){
		.hash = query_bytes_exact(q, 0, DIGEST_BYTES),
		.accessor = query_text(q, 1),
		.record = query_bytes(q, 2),
		.expires_ms = query_signed(q, 3),
		.uses_left = query_signed(q, 4),
		.is_revoked = query_choice(q, 5, 1) != 0,
		.changed_revision = query_number(q, 6),
	};
	rc = query_check(q, err);
	if (rc != OK)
		return rc;
	row_mac_token(ret_mac, a, ret);
	return row_auth_check(a, (struct row_place){ROWS_TOKENS, ret->accessor, 0}, ret_mac, stored,
			      err);
}

enum result read_key(struct query *q, const struct row_auth *a, struct wrap_key_row *ret,
		     struct row_mac *ret_mac, struct error *err)
{
	struct slice stored = query_bytes(q, 2);
	enum result rc;

	*ret = (struct wrap_key_row){
		.generation = query_choice(q, 0, UINT32_MAX),
		.wrapped = query_bytes(q, 1),
	};
	rc = query_check(q, err);
	if (rc != OK)
		return rc;
	row_mac_key(ret_mac, a, ret);
	return row_auth_check(a, (struct row_place){ROWS_KEYS, SLICE_NULL, ret->generation},
			      ret_mac, stored, err);
}

enum result read_meta(struct query *q, const struct row_auth *a, struct slice *ret_name,
		      struct slice *ret_value, struct row_mac *ret_mac, struct error *err)
{
	struct slice name = query_text(q, 0), value = query_bytes(q, 1);
	struct slice stored = query_bytes(q, 2);
	enum result rc = query_check(q, err);

	if (rc != OK)
		return rc;
	row_mac_meta(ret_mac, a, name, value);
	rc = row_auth_check(a, (struct row_place){ROWS_META, name, 0}, ret_mac, stored, err);
	if (rc != OK)
		return rc;
	*ret_name = name;
	*ret_value = value;
	return OK;
}

/* The key is of the client's choosing, so the error names the time instead. */
enum result read_response(struct query *q, const struct row_auth *a, struct idempotent_row *ret,
			  struct row_mac *ret_mac, struct error *err)
{
	struct slice stored = query_bytes(q, 4);
	enum result rc;

	*ret = (struct idempotent_row){
		.key = query_bytes(q, 0),
		.fingerprint = query_bytes(q, 1),
		.response = query_bytes(q, 2),
		.time_ms = query_signed(q, 3),
	};
	rc = query_check(q, err);
	if (rc != OK)
		return rc;
	row_mac_response(ret_mac, a, ret);
	return row_auth_check(a,
			      (struct row_place){ROWS_RESPONSES, SLICE_LITERAL("of time"),
						 (uint64_t)ret->time_ms},
			      ret_mac, stored, err);
}

enum result read_log(struct query *q, const struct row_auth *a, struct log_row *ret,
		     struct error *err)
{
	struct slice stored = query_bytes(q, 5);
	struct row_mac mac;
	enum result rc;

	*ret = (struct log_row){
		.size = query_number(q, 0),
		.peaks = query_bytes(q, 1),
		.checkpoint = query_bytes(q, 2),
		.time_ms = query_signed(q, 3),
		.tables = query_bytes(q, 4),
	};
	rc = query_check(q, err);
	if (rc != OK)
		return rc;
	row_mac_log(&mac, a, ret);
	return row_auth_check(a, (struct row_place){ROWS_LOG, SLICE_LITERAL("0"), 0}, &mac, stored,
			      err);
}

static enum result mac_of_version(struct query *q, const struct row_auth *a,
				  struct row_mac *ret_mac, struct error *err)
{
	struct version_row row;

	return read_version(q, a, VERSION_BARE, &row, ret_mac, err);
}

static enum result mac_of_meta(struct query *q, const struct row_auth *a, struct row_mac *ret_mac,
			       struct error *err)
{
	struct slice name, value;

	return read_meta(q, a, &name, &value, ret_mac, err);
}

#define DEFINE_MAC_OF(name, row_type, read_one)                             \
	static enum result name(struct query *q, const struct row_auth *a,  \
				struct row_mac *ret_mac, struct error *err) \
	{                                                                   \
		struct row_type row;                                        \
                                                                            \
		return read_one(q, a, &row, ret_mac, err);                  \
	}

DEFINE_MAC_OF(mac_of_revision, revision_row, read_revision)
DEFINE_MAC_OF(mac_of_change, change_row, read_change)
DEFINE_MAC_OF(mac_of_effective, effective_row, read_effective)
DEFINE_MAC_OF(mac_of_edge, edge_row, read_edge)
DEFINE_MAC_OF(mac_of_token, token_row, read_token)
DEFINE_MAC_OF(mac_of_key, wrap_key_row, read_key)
DEFINE_MAC_OF(mac_of_response, idempotent_row, read_response)

enum result read_row_mac(struct query *q, const struct row_auth *a, enum row_table table,
			 struct row_mac *ret, struct error *err)
{
	static enum result (*const readers[ROWS_TABLES])(struct query * q, const struct row_auth *a,
							 struct row_mac *ret_mac,
							 struct error *err) = {
		[ROWS_META] = mac_of_meta,
		[ROWS_VERSIONS] = mac_of_version,
		[ROWS_REVISIONS] = mac_of_revision,
		[ROWS_CHANGES] = mac_of_change,
		[ROWS_EFFECTIVES] = mac_of_effective,
		[ROWS_EDGES] = mac_of_edge,
		[ROWS_TOKENS] = mac_of_token,
		[ROWS_KEYS] = mac_of_key,
		[ROWS_RESPONSES] = mac_of_response,
	};

	return readers[table](q, a, ret, err);
}
