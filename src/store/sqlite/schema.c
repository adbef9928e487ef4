/*
 * The tables. All SQL outside the macros is common to SQLite, PostgreSQL, CockroachDB and
 * YugabyteDB: no rowids, no triggers, no foreign keys (the service decides what may be removed),
 * upserts as INSERT ... ON CONFLICT DO UPDATE. Another engine needs its own macros.
 */
#include "store/sqlite/schema.h"

#include "base/memory.h"

#include <stddef.h>

/* STRICT: SQLite checks the type of each value that is written. WITHOUT ROWID: the rows are stored
 * in the order of the primary key, without a second search. */
#define BIGINT	  "INTEGER"
#define BYTES	  "BLOB"
#define TEXT	  "TEXT COLLATE BINARY" /* paths compare by bytes */
#define ROWS	  " STRICT"
#define CLUSTERED " STRICT, WITHOUT ROWID" /* the primary key is the table */
/* The row's MAC (row_auth.h). Its default is that of ALTER TABLE, whose text SQLite keeps: so a new
 * table and a migrated one have the same definition. */
#define MAC_COLUMN(name) name " " BYTES " NOT NULL DEFAULT x''"
#define MAC		 ", " MAC_COLUMN("mac")

const char *const store_schema[] = {
	"CREATE TABLE meta (name " TEXT " NOT NULL PRIMARY KEY, value " BYTES " NOT NULL" MAC
	")" CLUSTERED,

	/* The greatest version of each path, so that a start reads one row for each document. It
	 * has no MAC: a start compares it with the versions. */
	"CREATE TABLE heads (path " TEXT " NOT NULL PRIMARY KEY, version " BIGINT
	" NOT NULL)" CLUSTERED,

	/* A destroyed version has no key and so no generation. */
	"CREATE TABLE versions (path " TEXT " NOT NULL, version " BIGINT " NOT NULL,"
	" revision " BIGINT " NOT NULL, created_ms " BIGINT " NOT NULL, created_by " TEXT
	" NOT NULL, message " TEXT " NOT NULL, content_type " TEXT " NOT NULL, digest " BYTES
	" NOT NULL, state " BIGINT " NOT NULL CHECK (state IN (0, 1, 2)), state_revision " BIGINT
	" NOT NULL, key_generation " BIGINT ", content_id " BIGINT " NOT NULL" MAC
	", " MAC_COLUMN("state_mac") ", PRIMARY KEY (path, version))" ROWS,
	"CREATE INDEX versions_generation ON versions (key_generation)",

	/* Rows are only added at the end and only overwritten by as many bytes. So SQLite never
	 * moves a row to another page, which would leave a copy in the free space of the old page,
	 * where secure_delete does not erase it. */
	"CREATE TABLE contents (id " BIGINT " NOT NULL PRIMARY KEY, wrapped_key " BYTES
	" NOT NULL, sealed " BYTES " NOT NULL)" ROWS,

	"CREATE TABLE revisions (revision " BIGINT " NOT NULL PRIMARY KEY, time_ms " BIGINT
	" NOT NULL, author " TEXT " NOT NULL, accessor " TEXT " NOT NULL, message " TEXT
	" NOT NULL, source " TEXT " NOT NULL, request_id " TEXT " NOT NULL" MAC ")" ROWS,
	/* For store_revision_at(). */
	"CREATE INDEX revisions_time ON revisions (time_ms, revision)",

	"CREATE TABLE changes (revision " BIGINT " NOT NULL, path " TEXT
	" NOT NULL, version " BIGINT " NOT NULL, action " BIGINT
	" NOT NULL CHECK (action IN (0, 1, 2, 3)), origin " TEXT " NOT NULL" MAC
	", PRIMARY KEY (revision, path, version))" CLUSTERED,
	/* For a document's revisions and for its state at a revision. */
	"CREATE INDEX changes_path ON changes (path, revision)",

	"CREATE TABLE effectives (config " TEXT " NOT NULL, revision " BIGINT
	" NOT NULL, digest " BYTES " NOT NULL" MAC ", PRIMARY KEY (config, revision))" CLUSTERED,

	"CREATE TABLE edges (source " TEXT " NOT NULL, kind " BIGINT
	" NOT NULL CHECK (kind IN (0, 1, 2, 3)), target " TEXT " NOT NULL" MAC
	", PRIMARY KEY (source, kind, target))" CLUSTERED,

	"CREATE TABLE tokens (hash " BYTES " NOT NULL PRIMARY KEY, accessor " TEXT
	" NOT NULL UNIQUE, record " BYTES " NOT NULL, expires_ms " BIGINT
	" NOT NULL, uses_left " BIGINT " NOT NULL, is_revoked " BIGINT
	" NOT NULL, changed_revision " BIGINT " NOT NULL DEFAULT 0" MAC ")" ROWS,
	"CREATE INDEX tokens_changed ON tokens (changed_revision)",

	"CREATE TABLE wrap_keys (generation " BIGINT " NOT NULL PRIMARY KEY, wrapped " BYTES
	" NOT NULL" MAC ")" ROWS,

	/* `bucket` is idx / AUDIT_BUCKET and begins every index: sqlite/audit.c says why. */
	"CREATE TABLE audit (idx " BIGINT " NOT NULL PRIMARY KEY, bucket " BIGINT
	" NOT NULL, time_ms " BIGINT " NOT NULL, actor " TEXT " NOT NULL, action " TEXT
	" NOT NULL, outcome " TEXT " NOT NULL, leaf " BYTES " NOT NULL, entry " BYTES
	" NOT NULL)" ROWS,
	"CREATE INDEX audit_actor ON audit (bucket, actor, idx)",
	"CREATE INDEX audit_action ON audit (bucket, action, idx)",
	"CREATE INDEX audit_outcome ON audit (bucket, outcome, idx)",
	"CREATE TABLE audit_paths (bucket " BIGINT " NOT NULL, path " TEXT " NOT NULL, idx " BIGINT
	" NOT NULL, PRIMARY KEY (bucket, path, idx))" CLUSTERED,

	/* One row. */
	"CREATE TABLE audit_log (id " BIGINT " NOT NULL PRIMARY KEY CHECK (id = 0), size " BIGINT
	" NOT NULL, peaks " BYTES " NOT NULL, checkpoint " BYTES " NOT NULL, time_ms " BIGINT
	" NOT NULL, tables " BYTES " NOT NULL DEFAULT x''" MAC ")" ROWS,

	/* Responses by idempotency key. The index serves the removal of old rows. */
	"CREATE TABLE answers (idempotency_key " BYTES " NOT NULL PRIMARY KEY, fingerprint " BYTES
	" NOT NULL, answer " BYTES " NOT NULL, time_ms " BIGINT " NOT NULL" MAC ")" ROWS,
	"CREATE INDEX answers_time ON answers (time_ms)",

	NULL,
};

/* Tokens of format 1 get revision 0: a reader that asks for changes since a revision has read them
 * at its start. */
static const char *const schema_2[] = {
	"ALTER TABLE tokens ADD COLUMN changed_revision " BIGINT " NOT NULL DEFAULT 0",
	"CREATE INDEX tokens_changed ON tokens (changed_revision)",
	NULL,
};

#define ADD_MAC(table) "ALTER TABLE " table " ADD COLUMN " MAC_COLUMN("mac")

/* The MACs themselves are written once the keys are there: store_put_macs(). */
static const char *const schema_3[] = {
	ADD_MAC("meta"),
	ADD_MAC("versions"),
	"ALTER TABLE versions ADD COLUMN " MAC_COLUMN("state_mac"),
	ADD_MAC("revisions"),
	ADD_MAC("changes"),
	ADD_MAC("effectives"),
	ADD_MAC("edges"),
	ADD_MAC("tokens"),
	ADD_MAC("wrap_keys"),
	"ALTER TABLE audit_log ADD COLUMN tables " BYTES " NOT NULL DEFAULT x''",
	ADD_MAC("audit_log"),
	ADD_MAC("answers"),
	NULL,
};

static const struct format_step steps[] = {
	{1, schema_2,
	 "SELECT count(*) FROM pragma_table_info('tokens') WHERE name = 'changed_revision'"},
	{2, schema_3, "SELECT count(*) FROM pragma_table_info('meta') WHERE name = 'mac'"},
};

const struct migration store_migration = {STORE_FORMAT, steps, ARRAY_SIZE(steps)};
