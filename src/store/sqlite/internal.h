/*
 * What the files of the SQLite back end share: the structs of the writer and of a reader, and the
 * functions that the tables in sqlite/sqlite.c point to. Each of these does what store.h says of
 * the function of its name.
 */
#pragma once

#include "store/backend.h"
#include "store/sqlite/db.h"
#include "store/sqlite/names.h"
#include "store/sqlite/reserve.h"

#include <limits.h>

/* The writer's thread owns all members. Other threads (open_session(), backup()) read `file` and
 * `mode` only, which do not change once the store is open. */
struct sqlite_store {
	struct store base;
	struct db db;
	char *file;	   /* absolute, since sessions are opened later; owned */
	enum db_mode mode; /* of the sessions: DB_READ or DB_IMMUTABLE */
	/* the copy that a migration made when the store was opened; "" for none */
	char migration_copy[PATH_MAX];
	char *copied_to; /* a private folder that goes with the store, or NULL */
	int lock;	 /* -1 for a reader */
	bool is_readonly;
	bool is_failed; /* a commit or the disk failed: nothing more is written */
	bool is_in_transaction;
	uint64_t revision; /* that the transaction found; token rows are marked with it */
	bool has_savepoint;
	struct reserve reserve;
	bool has_log;	      /* the log is switched on; only a full disk delays that */
	int log_pages;	      /* in the write-ahead log after the last commit */
	int restart_pages;    /* size of the log below which no restart of it is tried */
	int checkpoint_pages; /* and, after a full disk, no checkpoint */
	/* And, for its space, after a try that failed: the time, monotonic, and the free space. */
	int64_t restart_at_ms;
	uint64_t restart_above_bytes;
};

/* One thread at a time. The connection is its own, so readers do not wait for each other. */
struct sqlite_session {
	struct store_session base;
	struct db db;
	bool is_in_transaction;
};

/* The tables in sqlite/sqlite.c belong to these structs alone, so the casts are safe. */
static inline struct sqlite_store *sqlite_of(struct store *s)
{
	return (struct sqlite_store *)s;
}

static inline struct sqlite_session *session_of(struct store_session *ss)
{
	return (struct sqlite_session *)ss;
}

/* sqlite/sqlite.c: the table of the writer, also for a store that was opened for reading, whose
 * writing calls are refused by sqlite_may_write(); and that of a reader. */
extern const struct store_ops sqlite_ops;
extern const struct store_session_ops sqlite_session_ops;

/* sqlite/lock.c: takes the lock file and writes our process number into it. E_BUSY where another
 * process has it. */
MUST_USE enum result lock_take(int *ret, const char *folder, struct error *err);
/* Releases the lock and sets -1; harmless for -1. */
void lock_drop(int *fd); /* for CLEANUP too */
/* Whether a folder is closed to all but its owner; with `may_make` it is made with mode 0700.
 * E_NOT_FOUND, E_FORBIDDEN, E_IO. */
MUST_USE enum result folder_check(const char *folder, bool may_make, struct error *err);
/* Makes an empty file of mode 0600; of a file that exists, takes away the rights of others. E_IO
 * where the name is not a plain file (a link, for one). */
MUST_USE enum result file_make_private(const char *file, struct error *err);

/* sqlite/write.c: transactions. The transaction and the savepoint that the caller sees are two
 * flags of the store; SQLite's own state is asked before each row. */
/* Switches the log on, or notes that the disk is too full for that: the store can be read, and
 * sqlite_begin() tries again. E_IO where the file system cannot have a log. */
MUST_USE enum result sqlite_open_log(struct sqlite_store *s, struct error *err);
/* Writes the log into the database and switches it off, where no reader needs it and the disk has
 * the space; else the next open uses it. */
void sqlite_close_log(struct sqlite_store *s);
enum result sqlite_begin(struct store *s, struct store_position *ret, struct error *err);
enum result sqlite_commit(struct store *s, struct error *err);
void sqlite_rollback(struct store *s);
enum result sqlite_savepoint(struct store *s, struct error *err);
enum result sqlite_release(struct store *s, struct error *err);
enum result sqlite_rollback_to(struct store *s, struct error *err);
enum result sqlite_shred(struct store *s, struct error *err);
/* Whether a row may be written now. E_UNAVAILABLE after a failed commit or for a reader, E_INTERNAL
 * outside a transaction, E_FULL or E_IO where SQLite has undone it. */
MUST_USE enum result sqlite_may_write(const struct sqlite_store *s, struct error *err);

/* sqlite/put.c: rows. After a failure the earlier rows of the call are still in the transaction. */
enum result sqlite_put_versions(struct store *s, const struct version_row *rows, uint32_t count,
				struct error *err);
enum result sqlite_set_states(struct store *s, const struct state_row *rows, uint32_t count,
			      struct error *err);
enum result sqlite_rewrap_versions(struct store *s, const struct rewrap_row *rows, uint32_t count,
				   struct error *err);
enum result sqlite_put_revisions(struct store *s, const struct revision_row *rows, uint32_t count,
				 struct error *err);
enum result sqlite_put_changes(struct store *s, const struct change_row *rows, uint32_t count,
			       struct error *err);
enum result sqlite_put_effectives(struct store *s, const struct effective_row *rows, uint32_t count,
				  struct error *err);
enum result sqlite_replace_edges(struct store *s, const struct edge_set *rows, uint32_t count,
				 struct error *err);
enum result sqlite_put_tokens(struct store *s, const struct token_row *rows, uint32_t count,
			      struct error *err);
enum result sqlite_update_tokens(struct store *s, const struct token_row *rows, uint32_t count,
				 struct error *err);
enum result sqlite_remove_tokens(struct store *s, const struct slice *hashes, uint32_t count,
				 struct error *err);
enum result sqlite_put_log(struct store *s, const struct log_row *row, struct error *err);
enum result sqlite_put_keys(struct store *s, const struct wrap_key_row *rows, uint32_t count,
			    struct error *err);
enum result sqlite_put_meta(struct store *s, const struct meta_row *rows, uint32_t count,
			    struct error *err);
enum result sqlite_put_idempotent(struct store *s, const struct idempotent_row *row,
				  int64_t forget_before_ms, struct error *err);

/* sqlite/read.c: each call is one statement, but for those that read a state at a revision. Rows
 * that are not what we wrote are E_CORRUPT and are not given to the callback. */
enum result sqlite_each_head(struct store_session *ss, uint64_t since, version_fn *each, void *ctx,
			     struct error *err);
enum result sqlite_get_version(struct store_session *ss, struct slice path, uint64_t version,
			       version_fn *each, void *ctx, struct error *err);
enum result sqlite_get_version_at(struct store_session *ss, const struct version_at *at,
				  version_fn *each, void *ctx, struct error *err);
enum result sqlite_each_version(struct store_session *ss, struct slice path, struct row_page page,
				version_fn *each, void *ctx, struct error *err);
enum result sqlite_each_wrapped_below(struct store_session *ss, uint32_t generation, uint32_t limit,
				      version_fn *each, void *ctx, struct error *err);
enum result sqlite_each_revision(struct store_session *ss, struct slice path, struct row_page page,
				 revision_fn *each, void *ctx, struct error *err);
enum result sqlite_get_revision(struct store_session *ss, uint64_t revision, revision_fn *each,
				void *ctx, struct error *err);
enum result sqlite_revision_at(struct store_session *ss, int64_t time_ms, uint64_t *ret,
			       struct error *err);
enum result sqlite_each_change(struct store_session *ss, uint64_t revision, change_fn *each,
			       void *ctx, struct error *err);
enum result sqlite_each_change_after(struct store_session *ss, struct slice path, uint64_t revision,
				     change_fn *each, void *ctx, struct error *err);
enum result sqlite_each_effective(struct store_session *ss, struct slice config,
				  struct row_page page, effective_fn *each, void *ctx,
				  struct error *err);
enum result sqlite_each_edge(struct store_session *ss, edge_fn *each, void *ctx, struct error *err);
enum result sqlite_each_token(struct store_session *ss, uint64_t since, token_fn *each, void *ctx,
			      struct error *err);
enum result sqlite_each_key(struct store_session *ss, key_fn *each, void *ctx, struct error *err);
enum result sqlite_get_log(struct store_session *ss, log_fn *each, void *ctx, struct error *err);
enum result sqlite_get_meta(struct store_session *ss, const char *name, bytes_fn *each, void *ctx,
			    struct error *err);
enum result sqlite_get_idempotent(struct store_session *ss, struct slice key,
				  struct slice fingerprint, bytes_fn *each, void *ctx,
				  struct error *err);

/* sqlite/audit.c: the audit log, which is searched by buckets. */
enum result sqlite_put_audit(struct store *s, const struct audit_row *rows, uint32_t count,
			     struct error *err);
enum result sqlite_each_audit(struct store_session *ss, const struct audit_filter *filter,
			      audit_fn *each, void *ctx, struct error *err);
enum result sqlite_each_audit_path(struct store_session *ss, uint64_t first, uint64_t last,
				   audit_path_fn *each, void *ctx, struct error *err);

/* sqlite/stale.c: removes from the folder what killed backups and migrations left there. The caller
 * holds the folder's lock. */
void stale_remove(const char *folder);

/* sqlite/check.c: the file as a whole. */
enum result sqlite_each_head_name(struct store_session *ss, head_fn *each, void *ctx,
				  struct error *err);
enum result sqlite_check_integrity(struct store_session *ss, fault_fn *each, void *ctx,
				   struct error *err);
enum result sqlite_check_definitions(struct store_session *ss, fault_fn *each, void *ctx,
				     struct error *err);

/* sqlite/readonly.c: removes the private copy that a reader made, with its folder, and frees the
 * name. Takes NULL. */
void copy_remove(char *folder);
/* Opens `s->file` for reading and sets `mode` and `is_readonly`; `file` becomes that of a private
 * copy where one has to be made. E_NOT_FOUND, E_UNSUPPORTED for another format, E_CORRUPT, E_IO. */
MUST_USE enum result sqlite_open_reader(struct sqlite_store *s, struct error *err);

/* sqlite/scan.c: whole tables, for authentication. */
enum result sqlite_sum_rows(struct store_session *ss, struct row_sums *ret, struct error *err);
enum result sqlite_put_macs(struct store *s, struct error *err);
/* sqlite/derived.c: what has no MAC and must fit the rows. */
enum result sqlite_check_derived(struct store_session *ss, struct error *err);
