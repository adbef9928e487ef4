/* Whoever changes the file of a store is found out: each column of each row, and rows that were
 * removed, added or put back. */
#include "fixture.h"

#include "crypto/crypto.h"
#include "crypto/keyring.h"
#include "store/sqlite/db.h"
#include "store/store_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct folder folder;
static struct secret_memory *memory;
static struct keyring *ring;
static struct store *store;

static const char hash_1[DIGEST_BYTES] = "1", hash_2[DIGEST_BYTES] = "2";

static void sign(void)
{
	struct log_row row = {.size = 1,
			      .peaks = SLICE_LITERAL("peaks"),
			      .checkpoint = SLICE_LITERAL("note"),
			      .time_ms = 7};

	EXPECT_OK(store_put_log(store, &row, err));
}

static void put_token(const char *hash, const char *accessor)
{
	struct token_row row = {.hash = slice_make(hash, DIGEST_BYTES),
				.accessor = slice_text(accessor),
				.record = SLICE_LITERAL("{}"),
				.expires_ms = 9,
				.uses_left = -1};

	EXPECT_OK(store_put_tokens(store, &row, 1, err));
}

/* Rows of every table. */
static void fill(void)
{
	const struct version_row versions[] = {version_of("profiles/a/b", 1, 1),
					       version_of("profiles/a/b", 2, 2)};
	const struct revision_row revisions[] = {revision_of(1), revision_of(2)};
	const struct change_row change = {.revision = 1,
					  .path = SLICE_LITERAL("profiles/a/b"),
					  .origin = SLICE_LITERAL("put"),
					  .version = 1};
	const struct effective_row effective = {SLICE_LITERAL("config/a/b"), 1,
						slice_text(digest_32)};
	const struct edge_row edges[] = {{SLICE_LITERAL("profiles/a/b"), SLICE_LITERAL("schemas/x"),
					  EDGE_SCHEMA},
					 {SLICE_LITERAL("profiles/a/b"), SLICE_LITERAL("secrets/x"),
					  EDGE_SECRET}};
	const struct edge_set set = {edges[0].source, edges, 2};
	const struct wrap_key_row key = {1, SLICE_LITERAL("wrapped")};
	const struct meta_row meta = {META_REVISION, SLICE_LITERAL("2")};
	const struct idempotent_row response = {SLICE_LITERAL("key"), SLICE_LITERAL("print"),
						SLICE_LITERAL("response"), 5};

	EXPECT_OK(store_put_revisions(store, revisions, 2, err));
	EXPECT_OK(store_put_versions(store, versions, 2, err));
	EXPECT_OK(store_put_changes(store, &change, 1, err));
	EXPECT_OK(store_put_effectives(store, &effective, 1, err));
	EXPECT_OK(store_replace_edges(store, &set, 1, err));
	EXPECT_OK(store_put_keys(store, &key, 1, err));
	EXPECT_OK(store_put_meta(store, &meta, 1, err));
	EXPECT_OK(store_put_idempotent(store, &response, 0, err));
	put_token(hash_1, "one");
	put_token(hash_2, "two");
}

static void begin_in(struct folder f)
{
	uint8_t bytes[KEY_BYTES] = {1};
	struct key *root;

	folder = f;
	EXPECT_OK(crypto_start(err));
	EXPECT_OK(secret_memory_new(&memory, err));
	EXPECT_OK(key_take_bytes(&root, memory, bytes, err));
	EXPECT_OK(keyring_create(&ring, memory, root, SLICE_LITERAL("0123456789abcdef"), err));
	store = store_make(&folder);
	store_authenticate(store, ring);
	EXPECT_OK(store_begin(store, NULL, err));
	fill();
	sign();
	EXPECT_OK(store_commit(store, err));
}

static void set_up(void)
{
	begin_in(folder_new());
}

static void set_up_in_memory(void)
{
	begin_in(folder_new_in_memory());
}

static void tear_down(void)
{
	store_close(store);
	keyring_free(ring);
	secret_memory_free(memory);
	folder_remove(&folder);
}

STORE_TESTS(row_auth);

/* As the next start finds the store. */
static enum result check(struct error *err)
{
	struct store_session *ss = session_make(store);
	struct row_sums sums;
	enum result rc = store_sum_rows(ss, &sums, err);

	if (rc == OK)
		rc = store_check_derived(ss, err);
	if (rc == OK)
		store_begin_sums(store, &sums);
	store_session_close(ss);
	return rc;
}

static void expect_whole(void)
{
	struct error err = ERROR_NULL;

	cr_expect_eq(check(&err), OK, "%s", err.text);
}

static void expect_changed(const char *text)
{
	struct error err = ERROR_NULL;

	cr_expect_eq(check(&err), E_CORRUPT, "%s", text);
	cr_expect_not_null(strstr(err.text, text), "%s: %s", text, err.text);
}

static void reopen(void)
{
	store_close(store);
	store = store_reopen(&folder);
	store_authenticate(store, ring);
}

STORE_TEST(row_auth, every_kind_of_change_keeps_the_sums_right)
{
	const struct state_row states[] = {{SLICE_LITERAL("profiles/a/b"), 1, VERSION_DELETED, 3},
					   {SLICE_LITERAL("profiles/a/b"), 1, VERSION_LIVE, 4},
					   {SLICE_LITERAL("profiles/a/b"), 1, VERSION_DESTROYED,
					    5}};
	const struct rewrap_row rewrap = {SLICE_LITERAL("profiles/a/b"), 2, 2,
					  SLICE_LITERAL("b wrapped key")};
	const struct edge_row edge = {SLICE_LITERAL("profiles/a/b"), SLICE_LITERAL("schemas/y"),
				      EDGE_SCHEMA};
	const struct edge_row twice[] = {edge, edge};
	const struct edge_set sets[] = {{edge.source, twice, 2}, {edge.source, &edge, 1}};
	const struct wrap_key_row key = {1, SLICE_LITERAL("wrapped again")};
	const struct meta_row meta = {META_REVISION, SLICE_LITERAL("3")};
	const struct idempotent_row response = {SLICE_LITERAL("key2"), SLICE_LITERAL("print"),
						SLICE_LITERAL("response"), 50};
	const struct slice gone[] = {slice_make(hash_2, DIGEST_BYTES),
				     slice_make(digest_32, DIGEST_BYTES)};
	struct token_row token = {.hash = slice_make(hash_1, DIGEST_BYTES),
				  .accessor = SLICE_LITERAL("one"),
				  .record = SLICE_LITERAL("{1}"),
				  .uses_left = 4,
				  .is_revoked = true};

	expect_whole();
	EXPECT_OK(store_begin(store, NULL, err));
	EXPECT_OK(store_set_states(store, states, 3, err));
	EXPECT_OK(store_rewrap_versions(store, &rewrap, 1, err));
	EXPECT_OK(store_replace_edges(store, sets, 2, err));
	EXPECT_OK(store_put_keys(store, &key, 1, err));
	EXPECT_OK(store_put_meta(store, &meta, 1, err));
	EXPECT_OK(store_put_idempotent(store, &response, 10, err));
	EXPECT_OK(store_update_tokens(store, &token, 1, err));
	EXPECT_OK(store_remove_tokens(store, gone, 2, err));
	sign();
	EXPECT_OK(store_commit(store, err));
	expect_whole();
	reopen();
	expect_whole();
}

STORE_TEST(row_auth, what_is_undone_leaves_the_sums_as_they_were)
{
	EXPECT_OK(store_begin(store, NULL, err));
	EXPECT_OK(store_savepoint(store, err));
	put_token(digest_32, "three");
	EXPECT_OK(store_rollback_to(store, err));
	EXPECT_OK(store_savepoint(store, err));
	put_token(digest_32, "four");
	EXPECT_OK(store_release(store, err));
	sign();
	EXPECT_OK(store_commit(store, err));
	store_rollback(store); /* without a transaction */
	EXPECT_OK(store_begin(store, NULL, err));
	sign();
	EXPECT_OK(store_commit(store, err));
	expect_whole();
	EXPECT_OK(store_begin(store, NULL, err));
	EXPECT_OK(store_remove_tokens(store, &(struct slice){hash_1, DIGEST_BYTES}, 1, err));
	store_rollback(store);
	store_rollback(store); /* without a transaction */
	EXPECT_OK(store_begin(store, NULL, err));
	sign();
	EXPECT_OK(store_commit(store, err));
	expect_whole();
}

STORE_TEST(row_auth, rows_behind_the_logs_head_are_not_committed)
{
	EXPECT_OK(store_begin(store, NULL, err));
	sign();
	put_token(digest_32, "three");
	EXPECT_RC(store_commit(store, err), E_INTERNAL);
	expect_whole();
}

STORE_TEST(row_auth, the_state_that_is_signed_is_that_of_the_rows)
{
	uint8_t before[HASH_BYTES], after[HASH_BYTES], again[HASH_BYTES];

	EXPECT_OK(store_begin(store, NULL, err));
	EXPECT_OK(store_state(store, before, err));
	EXPECT_OK(store_savepoint(store, err));
	put_token(digest_32, "three");
	EXPECT_OK(store_state(store, after, err));
	EXPECT_OK(store_rollback_to(store, err));
	EXPECT_OK(store_state(store, again, err));
	store_rollback(store);
	cr_expect_neq(memcmp(before, after, sizeof before), 0);
	cr_expect_eq(memcmp(before, again, sizeof before), 0);
}

/* As somebody else would: our own connections refuse ATTACH. */
static void run_sql(const char *sql)
{
	char *why = NULL;
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(folder_file(&folder, "reeve.db"), &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &why), SQLITE_OK, "%s: %s", sql, why);
	sqlite3_close(db);
}

/* A row of each table that is authenticated. The columns are those that SQLite lists: a new column
 * that no MAC covers fails the test. */
static const struct {
	const char *table, *row;
} tables[] = {
	{"meta", "name = 'revision'"},	   {"heads", "path = 'profiles/a/b'"},
	{"versions", "version = 2"},	   {"revisions", "revision = 2"},
	{"changes", "revision = 1"},	   {"effectives", "revision = 1"},
	{"edges", "target = 'schemas/x'"}, {"tokens", "accessor = 'one'"},
	{"wrap_keys", "generation = 1"},   {"answers", "time_ms = 5"},
	{"audit_log", "id = 0"},
};

struct column {
	char name[30], type[10];
};

static size_t list_columns(const char *table, struct column *ret, size_t max)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct arg args[] = {arg_text(slice_text(table))};
	bool has_row = true;
	size_t count = 0;
	struct db db;

	EXPECT_OK(db_open(&db, folder_file(&folder, "reeve.db"), DB_READ, err));
	EXPECT_OK(query_open(&q, &db, "SELECT name, type FROM pragma_table_info(?)", "test",
			     ARGS(args), err));
	for (; count < max; count++) {
		EXPECT_OK(query_next(&q, &has_row, err));
		if (!has_row)
			break;
		snprintf(ret[count].name, sizeof ret->name, "%.*s", SLICE_ARGS(query_text(&q, 0)));
		snprintf(ret[count].type, sizeof ret->type, "%.*s", SLICE_ARGS(query_text(&q, 1)));
	}
	query_close(&q);
	db_close(&db);
	return count;
}

/* In the closed store, which is put back afterwards. */
static void expect_found(const char *sql, const char *text)
{
	char command[300];

	snprintf(command, sizeof command, "cp %s/reeve.db %s/kept", folder.path, folder.path);
	cr_assert_eq(system(command), 0);
	run_sql(sql);
	store = store_reopen(&folder);
	store_authenticate(store, ring);
	expect_changed(text);
	store_close(store);
	snprintf(command, sizeof command, "mv %s/kept %s/reeve.db", folder.path, folder.path);
	cr_assert_eq(system(command), 0);
}

static void expect_column_covered(const char *table, const char *row, const struct column *c)
{
	char text[40], value[60], sql[300];

	/* Of the same type and length, and allowed by every CHECK. */
	if (strcmp(c->type, "INTEGER") == 0)
		snprintf(value, sizeof value, "%.29s + 1", c->name);
	else if (strcmp(c->type, "BLOB") == 0)
		snprintf(value, sizeof value, "zeroblob(length(%.29s))", c->name);
	else
		snprintf(value, sizeof value, "'changed'");
	snprintf(sql, sizeof sql, "UPDATE %s SET %.29s = %s WHERE %s", table, c->name, value, row);
	snprintf(text, sizeof text, "table %s", table);
	expect_found(sql, text);
}

Test(row_auth, every_column_of_every_table_is_covered)
{
	struct column columns[20];
	size_t all = 0;

	store_close(store);
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		size_t count = list_columns(tables[t].table, columns, ARRAY_SIZE(columns));

		cr_assert_gt(count, 1);
		for (size_t i = 0; i < count; i++) {
			if (strcmp(columns[i].name, "id") == 0)
				continue; /* CHECK (id = 0) */
			expect_column_covered(tables[t].table, tables[t].row, &columns[i]);
			all++;
		}
	}
	cr_expect_gt(all, 55, "%zu", all);
	store = store_reopen(&folder);
}

Test(row_auth, rows_that_are_removed_added_or_put_back_are_found)
{
	char command[300];

	store_close(store);
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		char sql[100], text[40];

		snprintf(sql, sizeof sql, "DELETE FROM %s WHERE %s", tables[t].table,
			 tables[t].row);
		snprintf(text, sizeof text, "table %s", tables[t].table);
		if (strcmp(tables[t].table, "audit_log") != 0)
			expect_found(sql, text);
	}
	expect_found("INSERT INTO answers SELECT x'01', fingerprint, answer, time_ms, mac FROM"
		     " answers",
		     "table answers");
	/* A valid row of an earlier state. */
	snprintf(command, sizeof command, "cp %s/reeve.db %s/older", folder.path, folder.path);
	cr_assert_eq(system(command), 0);
	store = store_reopen(&folder);
	store_authenticate(store, ring);
	expect_whole();
	EXPECT_OK(store_begin(store, NULL, err));
	EXPECT_OK(store_set_states(store,
				   &(struct state_row){SLICE_LITERAL("profiles/a/b"), 2,
						       VERSION_DELETED, 3},
				   1, err));
	sign();
	EXPECT_OK(store_commit(store, err));
	store_close(store);
	snprintf(command, sizeof command,
		 "ATTACH '%s/older' AS o; DELETE FROM versions WHERE version = 2;"
		 " INSERT INTO versions SELECT * FROM o.versions WHERE version = 2",
		 folder.path);
	expect_found(command, "table versions: rows were removed, added or put back");
	store = store_reopen(&folder);
}

static enum result update_first_token(struct error *err)
{
	const struct token_row row = {.hash = slice_make(hash_1, DIGEST_BYTES),
				      .accessor = SLICE_LITERAL("one"),
				      .record = SLICE_LITERAL("{}"),
				      .is_revoked = true};

	return store_update_tokens(store, &row, 1, err);
}

static enum result remove_second_token(struct error *err)
{
	return store_remove_tokens(store, &(struct slice){hash_2, DIGEST_BYTES}, 1, err);
}

static enum result set_first_state(struct error *err)
{
	return store_set_states(store,
				&(struct state_row){SLICE_LITERAL("profiles/a/b"), 1,
						    VERSION_DELETED, 3},
				1, err);
}

static enum result rewrap_second(struct error *err)
{
	return store_rewrap_versions(store,
				     &(struct rewrap_row){SLICE_LITERAL("profiles/a/b"), 2, 2,
							  SLICE_LITERAL("b wrapped key")},
				     1, err);
}

static enum result replace_edges(struct error *err)
{
	return store_replace_edges(store,
				   &(struct edge_set){SLICE_LITERAL("profiles/a/b"), NULL, 0}, 1,
				   err);
}

static enum result replace_key(struct error *err)
{
	return store_put_keys(store, &(struct wrap_key_row){1, SLICE_LITERAL("again")}, 1, err);
}

static enum result replace_meta(struct error *err)
{
	return store_put_meta(store, &(struct meta_row){META_REVISION, SLICE_LITERAL("3")}, 1, err);
}

static enum result forget_response(struct error *err)
{
	return store_put_idempotent(store,
				    &(struct idempotent_row){SLICE_LITERAL("key2"),
							     SLICE_LITERAL("print"),
							     SLICE_LITERAL("response"), 50},
				    10, err);
}

/* Whoever writes to the file of a running server must not choose which MACs leave a sum, or which
 * row gets a new MAC: then an older row would fit the sum that is signed next. */
Test(row_auth, a_row_that_somebody_else_changed_is_not_replaced_or_removed)
{
	static const struct {
		const char *sql;
		enum result (*write)(struct error *err);
	} cases[] = {
		{"UPDATE tokens SET mac = (SELECT mac FROM tokens WHERE accessor = 'two')"
		 " WHERE accessor = 'one'",
		 update_first_token},
		{"UPDATE tokens SET expires_ms = 0 WHERE accessor = 'two'", remove_second_token},
		{"UPDATE versions SET mac = (SELECT mac FROM versions WHERE version = 2)"
		 " WHERE version = 1",
		 set_first_state},
		{"UPDATE versions SET state = 1 WHERE version = 2", rewrap_second},
		{"UPDATE edges SET mac = x'' WHERE target = 'secrets/x'", replace_edges},
		{"UPDATE wrap_keys SET mac = zeroblob(16)", replace_key},
		{"UPDATE meta SET mac = zeroblob(16) WHERE name = 'revision'", replace_meta},
		{"UPDATE answers SET mac = zeroblob(16)", forget_response},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error told = ERROR_NULL;

		run_sql(cases[i].sql);
		EXPECT_OK(store_begin(store, NULL, err));
		cr_expect_eq(cases[i].write(&told), E_CORRUPT, "%s", cases[i].sql);
		cr_expect_not_null(strstr(told.text, "it is not what reeved wrote"), "%s",
				   told.text);
		store_rollback(store);
	}
}

Test(row_auth, the_key_of_a_destroyed_version_is_covered_too)
{
	EXPECT_OK(store_begin(store, NULL, err));
	EXPECT_OK(store_set_states(store,
				   &(struct state_row){SLICE_LITERAL("profiles/a/b"), 1,
						       VERSION_DESTROYED, 3},
				   1, err));
	sign();
	EXPECT_OK(store_commit(store, err));
	expect_whole();
	run_sql("UPDATE versions SET key_generation = 1 WHERE version = 1");
	expect_changed("table versions");
}

static enum result read_state(void *ctx, const struct log_row *row, struct error *err)
{
	struct store_head *head = ctx;

	(void)err;
	store_state_of(head->state, row);
	return OK;
}

STORE_TEST(row_auth, the_rows_must_be_those_of_the_head_that_was_read)
{
	struct store_head head = {.has_macs = true};
	struct store_session *ss = session_make(store);
	struct error told = ERROR_NULL;
	struct row_sums sums;

	EXPECT_OK(store_get_log(ss, read_state, &head, err));
	EXPECT_OK(store_head_check_rows(&head, ss, &sums, err));
	EXPECT_OK(store_begin(store, NULL, err));
	put_token(digest_32, "three");
	sign();
	EXPECT_OK(store_commit(store, err));
	cr_expect_eq(store_head_check_rows(&head, ss, &sums, &told), E_CORRUPT);
	cr_expect_not_null(strstr(told.text, "another program"), "%s", told.text);
	store_session_close(ss);
}

/* Changes a definition where it stands, so that no row moves. */
static void redefine(const char *name, const char *from, const char *to)
{
	char sql[400];

	snprintf(sql, sizeof sql,
		 "PRAGMA writable_schema = ON;"
		 " UPDATE sqlite_schema SET sql = replace(sql, '%s', '%s') WHERE name = '%s'",
		 from, to, name);
	run_sql(sql);
}

Test(row_auth, a_path_that_no_search_finds_is_found)
{
	store_close(store);
	redefine("changes", ") STRICT, ", ") ");
	run_sql("UPDATE changes SET path = CAST(path AS BLOB)");
	redefine("changes", ") WITHOUT", ") STRICT, WITHOUT");
	store = store_reopen(&folder);
	store_authenticate(store, ring);
	expect_changed("a column is not what we wrote");
}

/* Makes an index again without some entries, under the definition that it had. That of a primary
 * key is made by SQLite from the table's. */
static void hide_from_index(const char *index, const char *evil_definition)
{
	char sql[400];

	redefine("versions", ", PRIMARY KEY (path, version)", "");
	snprintf(sql, sizeof sql,
		 "PRAGMA writable_schema = ON;"
		 " UPDATE sqlite_schema SET name = 'evil', sql = '%s' WHERE name = '%s'",
		 evil_definition, index);
	run_sql(sql);
	run_sql("REINDEX evil");
	snprintf(sql, sizeof sql,
		 "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET name = '%s', sql = NULL"
		 " WHERE name = 'evil'",
		 index);
	run_sql(sql);
	redefine("versions", ") STRICT", ", PRIMARY KEY (path, version)) STRICT");
}

Test(row_auth, a_version_that_its_index_hides_is_found)
{
	store_close(store);
	hide_from_index("sqlite_autoindex_versions_1",
			"CREATE INDEX evil ON versions (path, version) WHERE version <> 2");
	run_sql("UPDATE heads SET version = 1");
	store = store_reopen(&folder);
	store_authenticate(store, ring);
	expect_changed("table versions: the index sqlite_autoindex_versions_1");
}

Test(row_auth, a_row_that_an_index_hides_is_found)
{
	static const struct {
		const char *index, *on;
	} cases[] = {
		{"versions_generation", "versions (key_generation)"},
		{"revisions_time", "revisions (time_ms, revision)"},
		{"changes_path", "changes (path, revision)"},
		{"tokens_changed", "tokens (changed_revision)"},
		{"answers_time", "answers (time_ms)"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char sql[300], text[60];

		store_close(store);
		snprintf(sql, sizeof sql, "DROP INDEX %s; CREATE INDEX %s ON %s WHERE mac IS NULL",
			 cases[i].index, cases[i].index, cases[i].on);
		run_sql(sql);
		redefine(cases[i].index, " WHERE mac IS NULL", "");
		store = store_reopen(&folder);
		store_authenticate(store, ring);
		snprintf(text, sizeof text, "the index %s", cases[i].index);
		expect_changed(text);
		snprintf(sql, sizeof sql, "REINDEX %s", cases[i].index);
		store_close(store);
		run_sql(sql);
		store = store_reopen(&folder);
		store_authenticate(store, ring);
		expect_whole();
	}
}

Test(row_auth, another_key_finds_nothing_right)
{
	struct keyring *other;
	uint8_t bytes[KEY_BYTES] = {2};
	struct key *root;

	EXPECT_OK(key_take_bytes(&root, memory, bytes, err));
	EXPECT_OK(keyring_create(&other, memory, root, SLICE_LITERAL("0123456789abcdef"), err));
	store_authenticate(store, other);
	expect_changed("table ");
	store_authenticate(store, NULL);
	keyring_free(other);
}

/* As in data of an older format: no row has a MAC. */
Test(row_auth, rows_without_macs_get_them_once)
{
	store_close(store);
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		char sql[100];

		snprintf(sql, sizeof sql, "UPDATE %s SET mac = x''", tables[t].table);
		if (strcmp(tables[t].table, "heads") != 0)
			run_sql(sql);
	}
	run_sql("UPDATE versions SET state_mac = x''");
	store = store_reopen(&folder);
	store_authenticate(store, ring);
	expect_changed("table ");
	EXPECT_OK(store_begin(store, NULL, err));
	EXPECT_OK(store_put_macs(store, err));
	sign();
	EXPECT_OK(store_commit(store, err));
	reopen();
	expect_whole();
}

/* fill() gives the second version no change: as if somebody had removed it. */
Test(row_auth, an_old_state_is_not_made_up_where_its_change_is_missing)
{
	const struct state_row deleted = {SLICE_LITERAL("profiles/a/b"), 2, VERSION_DELETED, 3};
	struct error told = ERROR_NULL;
	struct store_session *ss;
	struct seen seen = {.count = 0};

	EXPECT_OK(store_begin(store, NULL, err));
	EXPECT_OK(store_set_states(store, &deleted, 1, err));
	sign();
	EXPECT_OK(store_commit(store, err));
	ss = session_make(store);
	cr_expect_eq(store_get_version_at(ss, &(struct version_at){deleted.path, 2, 2}, see_version,
					  &seen, &told),
		     E_CORRUPT);
	cr_expect_not_null(strstr(told.text, "table changes: the change that made profiles/a/b"),
			   "%s", told.text);
	cr_expect_eq(seen.count, 0);
	store_session_close(ss);
}
