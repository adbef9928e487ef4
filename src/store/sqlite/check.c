/*
 * Whether the file is sound as a database, and has the tables and indexes that this release makes
 * and no others.
 *
 * Definitions are compared as text: SQLite keeps each statement as it was given, and a migration
 * adds columns in the very text that a new table has (sqlite/schema.c). So an index that was made
 * partial, a collation, a check that was dropped or a table of somebody else's is found without
 * reading a row.
 */
#include "store/sqlite/check.h"

#include "store/sqlite/internal.h"
#include "store/sqlite/schema.h"

#include <stdio.h>
#include <string.h>

#define STATEMENTS_MAX 64

/* The name in "CREATE TABLE name (" or "CREATE INDEX name ON". */
static struct slice name_of(const char *statement)
{
	struct slice rest = slice_text(statement), part;

	for (int i = 0; i < 3; i++) {
		if (!slice_next_part(&rest, ' ', &part))
			return SLICE_NULL;
	}
	return part;
}

static enum result report(fault_fn *each, void *ctx, struct slice name, const char *problem,
			  struct error *err)
{
	char text[128];

	snprintf(text, sizeof text, "%.*s", name.len < 100 ? (int)name.len : 100, name.data);
	return each(ctx, text, problem, err);
}

/* One row of sqlite_schema. Indexes without a statement are those that SQLite makes itself for a
 * primary key or UNIQUE; their definition stands in that of their table. */
static enum result compare(struct query *q, bool found[static STATEMENTS_MAX], fault_fn *each,
			   void *ctx, struct error *err)
{
	struct slice type = query_text(q, 0), name = query_text(q, 1);
	bool has_sql = !query_is_null(q, 2);
	struct slice sql = has_sql ? query_text(q, 2) : SLICE_NULL;
	enum result rc = query_check(q, err);

	if (rc != OK)
		return rc;
	if (!has_sql && slice_is_text(type, "index") &&
	    slice_starts_with(name, SLICE_LITERAL("sqlite_autoindex_")))
		return OK;
	for (size_t i = 0; store_schema[i] != NULL; i++) {
		if (!slice_is_equal(name_of(store_schema[i]), name))
			continue;
		found[i] = true;
		return slice_is_text(sql, store_schema[i])
			       ? OK
			       : report(each, ctx, name, "its definition was changed", err);
	}
	return report(each, ctx, name, "no store has a table, index, view or trigger of this name",
		      err);
}

enum result definitions_check(struct db *db, fault_fn *each, void *ctx, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	bool found[STATEMENTS_MAX] = {false}, has_row = true;
	enum result rc = query_open(&q, db, "SELECT type, name, sql FROM sqlite_schema",
				    "read the definitions", ARGS_NONE, err);

	while (rc == OK && has_row) {
		rc = query_next(&q, &has_row, err);
		if (rc == OK && has_row)
			rc = compare(&q, found, each, ctx, err);
	}
	for (size_t i = 0; rc == OK && store_schema[i] != NULL; i++) {
		if (!found[i])
			rc = report(each, ctx, name_of(store_schema[i]), "it is missing", err);
	}
	return rc;
}

/* The first fault ends the walk. */
static enum result refuse(void *ctx, const char *name, const char *problem, struct error *err)
{
	const char *file = ctx;

	return fail(err, E_CORRUPT,
		    "%s: table or index %s: %s; start from a backup (reeved restore), or have "
		    "`reeve audit verify --data` list what else was changed",
		    file, name, problem);
}

enum result definitions_refuse_changed(struct db *db, const char *file, struct error *err)
{
	return definitions_check(db, refuse, (void *)(uintptr_t)file, err);
}

enum result sqlite_check_definitions(struct store_session *ss, fault_fn *each, void *ctx,
				     struct error *err)
{
	return definitions_check(&session_of(ss)->db, each, ctx, err);
}

/* SQLite's sentences name tables, indexes, rows and pages, never a value. */
enum result sqlite_check_integrity(struct store_session *ss, fault_fn *each, void *ctx,
				   struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	bool has_row = true;
	enum result rc = query_open(&q, &session_of(ss)->db, "PRAGMA integrity_check(100)",
				    "check the file", ARGS_NONE, err);

	while (rc == OK && has_row) {
		char text[ERROR_TEXT_BYTES];
		struct slice row;

		rc = query_next(&q, &has_row, err);
		if (rc != OK || !has_row)
			break;
		row = query_text(&q, 0);
		rc = query_check(&q, err);
		if (rc != OK || slice_is_text(row, "ok"))
			continue;
		snprintf(text, sizeof text, "%.*s", (int)slice_first(row, sizeof text - 1).len,
			 row.data);
		rc = each(ctx, SQLITE_FILE, text, err);
	}
	return rc;
}

enum result sqlite_each_head_name(struct store_session *ss, head_fn *each, void *ctx,
				  struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	bool has_row = true;
	enum result rc =
		query_open(&q, &session_of(ss)->db, "SELECT path, version FROM heads ORDER BY path",
			   "read the heads", ARGS_NONE, err);

	while (rc == OK && has_row) {
		struct slice path;
		uint64_t version;

		rc = query_next(&q, &has_row, err);
		if (rc != OK || !has_row)
			break;
		path = query_text(&q, 0);
		version = query_number(&q, 1);
		rc = query_check(&q, err);
		if (rc == OK)
			rc = each(ctx, path, version, err);
	}
	return rc;
}
