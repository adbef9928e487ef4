/*
 * What the back end derives from rows that have MACs: the heads, and the indexes. They have no MACs
 * themselves, so they are compared with the rows.
 *
 * A query that uses an index finds only what is in it: an index without the newest version of a
 * policy would bring the version before it back. So each index is walked. Its entries must be
 * those of the rows of its table, which the sums of their keyed hashes show (row_auth.h), and they
 * must ascend, or a search would miss some. This takes a small part of the time of SQLite's own
 * check (sqlite/check.c), which searches each index for each row. The indexes of the audit log are
 * left to that one.
 */
#include "store/sqlite/internal.h"

#include "base/buf.h"
#include "base/bytes.h"

#include <string.h>

/* Each index with all that it has, so that SQLite reads nothing else. A table that is clustered by
 * its primary key is searched by that, which stands for an index; there NOT INDEXED would not keep
 * SQLite from reading another. */
#define KEYS(table, columns, where) "SELECT " columns " FROM " table " " where
#define INDEX(table, columns, index)                               \
	{                                                          \
		table, index, KEYS(table, columns, "NOT INDEXED"), \
			KEYS(table, columns, "INDEXED BY " index)  \
	}
#define PRIMARY(table) "sqlite_autoindex_" table "_1"
#define CLUSTER(table, columns)                                                                 \
	{                                                                                       \
		table, PRIMARY(table), NULL, KEYS(table, columns, "INDEXED BY " PRIMARY(table)) \
	}

static const struct {
	const char *table, *name;
	const char *rows; /* NULL: nothing to compare with */
	const char *entries;
} indexes[] = {
	CLUSTER("meta", "name"),
	CLUSTER("heads", "path"),
	INDEX("versions", "path, version, rowid", "sqlite_autoindex_versions_1"),
	INDEX("versions", "key_generation, rowid", "versions_generation"),
	INDEX("revisions", "time_ms, revision", "revisions_time"),
	CLUSTER("changes", "revision, path, version"),
	{"changes", "changes_path",
	 KEYS("changes", "path, revision, version", "INDEXED BY " PRIMARY("changes")),
	 KEYS("changes", "path, revision, version", "INDEXED BY changes_path")},
	CLUSTER("effectives", "config, revision"),
	CLUSTER("edges", "source, kind, target"),
	INDEX("tokens", "hash, rowid", "sqlite_autoindex_tokens_1"),
	INDEX("tokens", "accessor, rowid", "sqlite_autoindex_tokens_2"),
	INDEX("tokens", "changed_revision, rowid", "tokens_changed"),
	INDEX("answers", "idempotency_key, rowid", "sqlite_autoindex_answers_1"),
	INDEX("answers", "time_ms, rowid", "answers_time"),
};

/* The bytes of two entries compare as SQLite compares the entries: NULL, numbers, text, bytes. A
 * zero byte within is followed by 1, and the end is two zero bytes. */
static void append_column(struct buf *entry, struct query *q, int column)
{
	int type = sqlite3_column_type(q->statement, column);
	uint8_t number[8];
	const char *zero;
	struct slice bytes;

	buf_append_char(entry, type == SQLITE_NULL	? 0
			       : type == SQLITE_INTEGER ? 1
			       : type == SQLITE_TEXT	? 2
							: 3);
	if (type == SQLITE_NULL)
		return;
	if (type == SQLITE_INTEGER) {
		u64_store(number, (uint64_t)query_signed(q, column) ^ UINT64_C(1) << 63);
		buf_append(entry, number, sizeof number);
		return;
	}
	bytes = type == SQLITE_TEXT ? query_text(q, column) : query_bytes(q, column);
	while ((zero = memchr(bytes.data, '\0', bytes.len)) != NULL) {
		buf_append(entry, bytes.data, (size_t)(zero - bytes.data) + 1);
		buf_append_char(entry, 1);
		bytes = slice_from(bytes, (size_t)(zero - bytes.data) + 1);
	}
	buf_append_slice(entry, bytes);
	buf_append(entry, "\0", 2);
}

static enum result read_entry(struct query *q, struct buf *ret, struct error *err)
{
	enum result rc;

	buf_cut(ret, 0);
	for (int i = 0; i < sqlite3_column_count(q->statement); i++)
		append_column(ret, q, i);
	rc = buf_check(ret, err);
	return rc == OK ? query_check(q, err) : rc;
}

/* `ret_ascends` may be NULL. */
static enum result sum_entries(struct db *db, const struct row_auth *a, const char *sql,
			       struct row_sum *ret, bool *ret_ascends, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	CLEANUP(buf_clear) struct buf entry = BUF_NULL, before = BUF_NULL;
	bool has_row = false, ascends = true;
	enum result rc = query_open(&q, db, sql, "check the indexes", ARGS_NONE, err);

	*ret = (struct row_sum){{0, 0}, 0};
	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	while (rc == OK && has_row) {
		struct buf swap = before;

		rc = read_entry(&q, &entry, err);
		if (rc != OK)
			break;
		ascends = ascends && slice_compare(buf_slice(&before), buf_slice(&entry)) < 0;
		row_sum_add_bytes(ret, a, buf_slice(&entry));
		before = entry;
		entry = swap;
		rc = query_next(&q, &has_row, err);
	}
	if (rc == OK && ret_ascends != NULL)
		*ret_ascends = ascends;
	return rc;
}

static enum result check_index(struct db *db, const struct row_auth *a, size_t i, struct error *err)
{
	struct row_sum rows, entries;
	bool ascends = false;
	enum result rc = sum_entries(db, a, indexes[i].entries, &entries, &ascends, err);

	rows = entries;
	if (rc == OK && indexes[i].rows != NULL)
		rc = sum_entries(db, a, indexes[i].rows, &rows, NULL, err);
	if (rc == OK && (!ascends || memcmp(&rows, &entries, sizeof rows) != 0))
		rc = fail(err, E_CORRUPT,
			  "table %s: the index %s does not have its rows; restore a backup",
			  indexes[i].table, indexes[i].name);
	return rc;
}

/* The next path of a query with its version; an empty path at the end. */
static enum result next_head(struct query *q, struct slice *ret_path, uint64_t *ret_version,
			     struct error *err)
{
	bool has_row = false;
	enum result rc = query_next(q, &has_row, err);

	*ret_path = SLICE_NULL;
	*ret_version = 0;
	if (rc != OK || !has_row)
		return rc;
	*ret_path = query_text(q, 0);
	*ret_version = query_number(q, 1);
	return query_check(q, err);
}

/* Each head must be the greatest version of its path, and no path may be without one.
 * Both queries go by path, so one pass compares them. */
static enum result check_heads(struct db *db, struct error *err)
{
	static const char what[] = "check the heads";
	CLEANUP(query_close) struct query heads = QUERY_NULL, versions = QUERY_NULL;
	struct slice path, expected_path;
	uint64_t version = 0, expected = 0;
	enum result rc = query_open(&heads, db, "SELECT path, version FROM heads ORDER BY path",
				    what, ARGS_NONE, err);

	if (rc == OK)
		rc = query_open(&versions, db,
				"SELECT path, max(version) FROM versions GROUP BY path"
				" ORDER BY path",
				what, ARGS_NONE, err);
	while (rc == OK) {
		rc = next_head(&heads, &path, &version, err);
		if (rc == OK)
			rc = next_head(&versions, &expected_path, &expected, err);
		if (rc != OK || (path.len == 0 && expected_path.len == 0))
			return rc;
		if (version != expected || !slice_is_equal(path, expected_path))
			return fail(err, E_CORRUPT,
				    "table heads, row %.*s: it is not the newest version; restore "
				    "a backup",
				    SLICE_ARGS(expected_path.len != 0 ? expected_path : path));
	}
	return rc;
}

/* The heads are compared through an index, so the indexes come first. */
enum result sqlite_check_derived(struct store_session *ss, struct error *err)
{
	struct db *db = &session_of(ss)->db;
	enum result rc = OK;

	for (size_t i = 0; rc == OK && i < ARRAY_SIZE(indexes); i++)
		rc = check_index(db, ss->auth, i, err);
	return rc == OK ? check_heads(db, err) : rc;
}
