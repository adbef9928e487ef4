/*
 * Whole tables: to check and sum every row at a start, and to give the rows of an older format
 * their MACs.
 *
 * One table says how the rows of each table are found. What is done with a row is one of two
 * things: its MAC is checked and added to the sum of its table, or it is written into the
 * row. Rows are read in the order in which they lie in the file.
 */
#include "store/sqlite/internal.h"

#include "store/sqlite/rows.h"

static struct arg arg_mac(const struct row_mac *mac)
{
	return arg_bytes(slice_make((const char *)mac->bytes, sizeof mac->bytes));
}

static struct arg text_at(struct query *q, int column)
{
	return arg_text(query_text(q, column));
}

static struct arg bytes_at(struct query *q, int column)
{
	return arg_bytes(query_bytes(q, column));
}

static struct arg number_at(struct query *q, int column)
{
	return arg_signed(query_signed(q, column));
}

/* How each table is read (read_row_mac()), and how a MAC gets into one of its rows: `keys` are the
 * columns of the primary key, with the functions that read them. */
static const struct {
	const char *select, *update;
	struct {
		struct arg (*at)(struct query *q, int column);
		int column;
	} keys[3];
} tables[ROWS_TABLES] = {
	/* The format is written before there are keys; another one does not open. */
	[ROWS_META] = {"SELECT " META_COLUMNS " FROM meta WHERE name <> 'format'",
		       "UPDATE meta SET mac = ? WHERE name = ?",
		       {{text_at, 0}}},
	[ROWS_VERSIONS] = {"SELECT " VERSION_COLUMNS " FROM versions v",
			   "UPDATE versions SET state_mac = ? WHERE path = ? AND version = ?",
			   {{text_at, 0}, {number_at, 1}}},
	[ROWS_REVISIONS] = {"SELECT " REVISION_COLUMNS " FROM revisions r",
			    "UPDATE revisions SET mac = ? WHERE revision = ?",
			    {{number_at, 0}}},
	[ROWS_CHANGES] = {"SELECT " CHANGE_COLUMNS " FROM changes",
			  "UPDATE changes SET mac = ? WHERE revision = ? AND path = ?"
			  " AND version = ?",
			  {{number_at, 0}, {text_at, 1}, {number_at, 4}}},
	[ROWS_EFFECTIVES] = {"SELECT " EFFECTIVE_COLUMNS " FROM effectives",
			     "UPDATE effectives SET mac = ? WHERE config = ? AND revision = ?",
			     {{text_at, 0}, {number_at, 1}}},
	[ROWS_EDGES] = {"SELECT " EDGE_COLUMNS " FROM edges",
			"UPDATE edges SET mac = ? WHERE source = ? AND target = ? AND kind = ?",
			{{text_at, 0}, {text_at, 1}, {number_at, 2}}},
	[ROWS_TOKENS] = {"SELECT " TOKEN_COLUMNS " FROM tokens",
			 "UPDATE tokens SET mac = ? WHERE hash = ?",
			 {{bytes_at, 0}}},
	[ROWS_KEYS] = {"SELECT " KEY_COLUMNS " FROM wrap_keys",
		       "UPDATE wrap_keys SET mac = ? WHERE generation = ?",
		       {{number_at, 0}}},
	[ROWS_RESPONSES] = {"SELECT " RESPONSE_COLUMNS " FROM answers",
			    "UPDATE answers SET mac = ? WHERE idempotency_key = ?",
			    {{bytes_at, 0}}},
};

/* For errors of a row that cannot be read. */
static const char *const names[ROWS_TABLES] = {
	[ROWS_META] = "table meta",
	[ROWS_VERSIONS] = "table versions",
	[ROWS_REVISIONS] = "table revisions",
	[ROWS_CHANGES] = "table changes",
	[ROWS_EFFECTIVES] = "table effectives",
	[ROWS_EDGES] = "table edges",
	[ROWS_TOKENS] = "table tokens",
	[ROWS_KEYS] = "table wrap_keys",
	[ROWS_RESPONSES] = "table answers",
};

static enum result sum_table(struct db *db, const struct row_auth *a, enum row_table table,
			     struct row_sum *ret, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	bool has_row = false;
	enum result rc = query_open(&q, db, tables[table].select, names[table], ARGS_NONE, err);

	*ret = (struct row_sum){{0, 0}, 0};
	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	while (rc == OK && has_row) {
		struct row_mac mac;

		rc = read_row_mac(&q, a, table, &mac, err);
		if (rc == OK)
			row_sum_add(ret, a, &mac);
		if (rc == OK)
			rc = query_next(&q, &has_row, err);
	}
	return rc;
}

enum result sqlite_sum_rows(struct store_session *ss, struct row_sums *ret, struct error *err)
{
	struct sqlite_session *session = session_of(ss);
	enum result rc = OK;

	for (size_t i = 0; rc == OK && i < ROWS_TABLES; i++)
		rc = sum_table(&session->db, ss->auth, (enum row_table)i, &ret->tables[i], err);
	return rc;
}

/* A version has a MAC for what never changes too. */
static enum result put_fixed_mac(struct sqlite_store *s, struct query *q, const struct row_auth *a,
				 struct error *err)
{
	struct version_row row;
	struct row_mac mac;
	enum result rc = read_version(q, a, VERSION_BARE, &row, &mac, err);

	if (rc != OK)
		return rc;
	row_mac_version(&mac, a, &row, query_number(q, CONTENT_ID_AT));
	const struct arg args[] = {arg_mac(&mac), arg_text(row.path), arg_number(row.version)};

	return db_run(&s->db, "UPDATE versions SET mac = ? WHERE path = ? AND version = ?",
		      "put a MAC", ARGS(args), err);
}

static enum result put_row_mac(struct sqlite_store *s, struct query *q, const struct row_auth *a,
			       enum row_table table, struct error *err)
{
	struct arg args[1 + ARRAY_SIZE(tables[0].keys)];
	struct row_mac mac;
	size_t count = 1;
	enum result rc = read_row_mac(q, a, table, &mac, err);

	args[0] = arg_mac(&mac);
	for (size_t i = 0; i < ARRAY_SIZE(tables[0].keys) && tables[table].keys[i].at != NULL; i++)
		args[count++] = tables[table].keys[i].at(q, tables[table].keys[i].column);
	if (rc == OK)
		rc = query_check(q, err);
	if (rc == OK && table == ROWS_VERSIONS)
		rc = put_fixed_mac(s, q, a, err);
	if (rc == OK)
		rc = db_run(&s->db, tables[table].update, "put a MAC", (struct args){args, count},
			    err);
	return rc;
}

/* The rows are read while they are written: SQLite may give a changed row again, which gets the
 * same MAC then. So they are summed afterwards, which also checks that each has its MAC. */
static enum result put_table_macs(struct sqlite_store *s, enum row_table table, struct error *err)
{
	struct row_auth *own = &s->base.auth;
	const struct row_auth unchecked = {.keyring = own->keyring, .is_unchecked = true};
	CLEANUP(query_close) struct query q = QUERY_NULL;
	bool has_row = false;
	enum result rc = query_open(&q, &s->db, tables[table].select, "put MACs", ARGS_NONE, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	while (rc == OK && has_row) {
		rc = put_row_mac(s, &q, &unchecked, table, err);
		if (rc == OK)
			rc = query_next(&q, &has_row, err);
	}
	query_close(&q);
	return rc == OK ? sum_table(&s->db, own, table, &own->now.tables[table], err) : rc;
}

enum result sqlite_put_macs(struct store *store, struct error *err)
{
	struct sqlite_store *s = sqlite_of(store);
	enum result rc = sqlite_may_write(s, err);

	row_auth_changed(&s->base.auth);
	for (size_t i = 0; rc == OK && i < ROWS_TABLES; i++)
		rc = put_table_macs(s, (enum row_table)i, err);
	return rc;
}
