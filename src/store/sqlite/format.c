/*
 * The number of the format that stands in a file, and the migration from older ones.
 *
 * A file that is not ours is never changed: newer formats are refused, older ones are copied before
 * they are migrated. The new tables and their number are written in one transaction, so after a
 * crash the file has the old format or the new one. The caller holds the lock of the data folder
 * and has the only connection that writes. To change a table: raise STORE_FORMAT, add a step to the
 * table in sqlite/schema.c, and let store_schema make the same tables at once.
 */
#include "store/sqlite/format.h"

#include "store/sqlite/copy.h"

#include <stdio.h>
#include <string.h>

/* A row of `meta`, as decimal text. Not among the names of rows.h: only this back end uses it. */
#define META_FORMAT "format"
#define COPIES_MAX  100

/* The one number that a statement gives. */
static enum result count_rows(struct db *db, const char *sql, const char *file, uint64_t *ret,
			      struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	bool has_row = false;
	enum result rc = query_open(&q, db, sql, file, ARGS_NONE, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc == OK)
		*ret = has_row ? query_number(&q, 0) : 0;
	return rc == OK ? query_check(&q, err) : rc;
}

static enum result put_format(struct db *db, uint32_t format, struct error *err)
{
	char text[12];
	const struct arg args[] = {
		arg_bytes(slice_make(text, (size_t)snprintf(text, sizeof text, "%u", format)))};

	return db_run(db,
		      "INSERT INTO meta (name, value) VALUES ('" META_FORMAT "', ?)"
		      " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
		      "put the format", ARGS(args), err);
}

static enum result run_all(struct db *db, const char *const *statements, struct error *err)
{
	enum result rc = OK;

	for (; rc == OK && *statements != NULL; statements++)
		rc = db_exec(db, *statements, "change the tables", err);
	return rc;
}

/* Commits where all went well so far, else rolls back; gives the first failure. */
static enum result end_transaction(struct db *db, enum result rc, struct error *err)
{
	if (rc == OK)
		rc = db_exec(db, "COMMIT", "commit", err);
	if (rc != OK && sqlite3_get_autocommit(db->handle) == 0)
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

/* Looks for tables inside the write transaction, so that two processes cannot both find the file
 * empty. */
enum result format_create(struct db *db, uint32_t format, struct error *err)
{
	uint64_t tables = 0;
	enum result rc = db_exec(db, "BEGIN IMMEDIATE", "begin", err);

	if (rc != OK)
		return rc;
	rc = count_rows(db, "SELECT count(*) FROM sqlite_schema", "look for tables", &tables, err);
	if (rc == OK && tables != 0)
		rc = fail(err, E_CONFLICT, "there is a store in this folder already");
	if (rc == OK)
		rc = run_all(db, store_schema, err);
	if (rc == OK)
		rc = put_format(db, format, err);
	return end_transaction(db, rc, err);
}

/* A store has no code in its schema, and its text is UTF-8. Read before any other statement of
 * ours, since a view could have the name of a table. UTF-8 matters because columns are read without
 * a conversion (query_text()). */
static enum result refuse_foreign(struct db *db, const char *file, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	uint64_t foreign = 0;
	bool has_row = false;
	enum result rc = count_rows(db,
				    "SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table',"
				    " 'index') OR sql LIKE 'CREATE VIRTUAL%'",
				    file, &foreign, err);

	if (rc == OK && foreign != 0)
		rc = fail(err, E_CORRUPT,
			  "%s: it has triggers, views or virtual tables, which no store has", file);
	if (rc == OK)
		rc = query_open(&q, db, "PRAGMA encoding", file, ARGS_NONE, err);
	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc == OK && (!has_row || !slice_is_text(query_text(&q, 0), "UTF-8")))
		rc = fail(err, E_CORRUPT, "%s: its text is not UTF-8", file);
	return rc;
}

enum result format_read(struct db *db, const char *file, uint32_t *ret, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	uint64_t tables = 0, format = 0;
	bool has_row = false;
	enum result rc = count_rows(db, "SELECT count(*) FROM sqlite_schema", file, &tables, err);

	if (rc == OK && tables == 0)
		return fail(err, E_NOT_FOUND, "%s is empty", file);
	if (rc == OK)
		rc = refuse_foreign(db, file, err);
	if (rc == OK)
		rc = query_open(&q, db, "SELECT value FROM meta WHERE name = '" META_FORMAT "'",
				file, ARGS_NONE, err);
	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc != OK)
		return rc;
	if (!has_row || !slice_to_u64(query_bytes(&q, 0), UINT32_MAX, &format))
		return fail(err, E_CORRUPT, "%s: its format number is missing or malformed", file);
	*ret = (uint32_t)format;
	return OK;
}

/* To FILE.format-1, or to FILE.format-1.2 and so on where an earlier copy exists: no copy is
 * overwritten. */
static enum result copy_before(struct db *db, const char *file, uint32_t format,
			       char ret_copy[static PATH_MAX], struct error *err)
{
	char path[PATH_MAX];
	enum result rc = OK;

	for (int i = 1; i <= COPIES_MAX; i++) {
		int len = i == 1 ? snprintf(path, sizeof path, "%s.format-%u", file, format)
				 : snprintf(path, sizeof path, "%s.format-%u.%d", file, format, i);

		if (len >= (int)sizeof path)
			return fail(err, E_TOO_LARGE, "%s: the path is too long", file);
		rc = db_copy(db, path, NULL, NULL, err);
		if (rc == OK)
			memcpy(ret_copy, path, (size_t)len + 1);
		if (rc != E_CONFLICT)
			return rc;
	}
	return rc;
}

static const struct format_step *find_step(const struct migration *m, uint32_t from)
{
	for (size_t i = 0; i < m->steps_count; i++)
		if (m->steps[i].from == from)
			return &m->steps[i];
	return NULL;
}

static enum result check_steps(const struct migration *to, const char *file, uint32_t has,
			       struct error *err)
{
	if (has > to->format)
		return fail(err, E_UNSUPPORTED,
			    "%s has format %u; this program knows formats up to %u", file, has,
			    to->format);
	for (uint32_t from = has; from < to->format; from++)
		if (find_step(to, from) == NULL)
			return fail(err, E_UNSUPPORTED,
				    "%s has format %u; this program cannot migrate it to format %u",
				    file, has, to->format);
	return OK;
}

static enum result run_steps(struct db *db, const struct migration *to, uint32_t has,
			     struct error *err)
{
	enum result rc = db_exec(db, "BEGIN IMMEDIATE", "begin", err);

	if (rc != OK)
		return rc;
	for (uint32_t from = has; rc == OK && from < to->format; from++)
		rc = run_all(db, find_step(to, from)->statements, err);
	if (rc == OK)
		rc = put_format(db, to->format, err);
	return end_transaction(db, rc, err);
}

/* A number that was set back would make a copy at each start, and then fail. */
static enum result refuse_wrong_number(struct db *db, const char *file, uint32_t has,
				       const struct migration *to, struct error *err)
{
	enum result rc = OK;

	for (uint32_t from = has; rc == OK && from < to->format; from++) {
		const struct format_step *step = find_step(to, from);
		uint64_t done = 0;

		if (step->is_done_sql != NULL)
			rc = count_rows(db, step->is_done_sql, file, &done, err);
		if (rc == OK && done != 0)
			rc = fail(err, E_CORRUPT,
				  "%s: table meta, row format: it is %u, and the tables are of a "
				  "later format; restore a backup",
				  file, has);
	}
	return rc;
}

enum result format_migrate(struct db *db, const char *file, const struct migration *to,
			   char ret_copy[static PATH_MAX], struct error *err)
{
	uint32_t has = 0;
	enum result rc = format_read(db, file, &has, err);

	if (rc != OK || has == to->format)
		return rc;
	rc = check_steps(to, file, has, err);
	if (rc == OK)
		rc = refuse_wrong_number(db, file, has, to, err);
	if (rc == OK)
		rc = copy_before(db, file, has, ret_copy, err);
	if (rc != OK)
		return rc;
	rc = run_steps(db, to, has, err);
	return rc == OK ? OK : wrap(err, rc, "%s: migrate it from format %u", file, has);
}

enum result format_take_steps(struct db *db, const char *file, const struct migration *to,
			      struct error *err)
{
	uint32_t has = 0;
	enum result rc = format_read(db, file, &has, err);

	if (rc == OK)
		rc = check_steps(to, file, has, err);
	return rc == OK ? run_steps(db, to, has, err) : rc;
}
