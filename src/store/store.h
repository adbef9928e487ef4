/*
 * The contract between the service and the back end that keeps its data: rows go in durably and all
 * or nothing, and come out as they went in. rows.h lists the rows; backend.h is the table of
 * functions that a back end fills in. A back end on a database server can be written from these
 * three headers; tests/unit/store runs one suite against every back end.
 *
 * One writer at a time. store_begin() takes the writer's lock and returns the position that the
 * last commit left, whichever process made it. A server that finds another position than its own
 * has been overtaken: it must read what is new (heads since, tokens since, all edges, the log's
 * head) or stop writing. All writing calls come from one thread.
 *
 * Any number of readers. Each thread has a session of its own and sees committed transactions only:
 * between store_session_begin() and store_session_end() one state, outside of these the last state
 * at each call.
 *
 * Results: E_IO (the disk or the connection failed), E_FULL (the disk has no space; nothing of the
 * transaction is written, and a later one may succeed), E_CORRUPT (stored data is not what was
 * written), E_CONFLICT (a row of that key exists), E_NOT_FOUND, E_UNSUPPORTED (data of a newer
 * format, or a call that this back end does not have), E_BUSY (another process holds the lock),
 * E_UNAVAILABLE (the store takes no writes), E_LIMIT (a number above INT64_MAX, or a budget ran
 * out), E_MEMORY, E_INTERNAL (a mistake of the caller: calls out of order, a digest of another
 * length).
 */
#pragma once

#include "base/budget.h"
#include "base/buf.h"
#include "crypto/hash.h"
#include "store/row_auth.h"

struct store;	      /* the writer and the owner of the data */
struct store_session; /* one reader */

/* Takes NULL. All sessions must be closed. A transaction that is open is rolled back. */
void store_close(struct store *s);

/*
 * Writing: begin, rows, commit or rollback. A savepoint lets one request fail without the others of
 * its transaction: it ends by release or by rollback_to, and savepoints do not nest.
 *
 * After a writing call that failed, some of its rows may be in: undo to the savepoint or roll back.
 * If the disk has undone the whole transaction, all further calls fail until store_rollback().
 */

/* Takes the writer's lock and begins a transaction. Waits a moment (SQLite: 5 s) for a lock that
 * another process holds, then E_BUSY. `ret`, which may be NULL, gets the position after the last
 * commit. E_INTERNAL inside a transaction. */
MUST_USE enum result store_begin(struct store *s, struct store_position *ret, struct error *err);
/* OK: all rows are durable. E_IO: whether they are is known after the next open; until then every
 * writing call gives E_UNAVAILABLE, and reads go on. The transaction has ended in either case; with
 * a savepoint that is still set it is rolled back (E_INTERNAL). */
MUST_USE enum result store_commit(struct store *s, struct error *err);
/* Undoes all rows since store_begin(), the savepoint included. Harmless where no transaction is
 * open. Cannot fail: a disk that fails here makes the store refuse later writes. */
void store_rollback(struct store *s);
/* E_INTERNAL outside a transaction, and where a savepoint is set already. */
MUST_USE enum result store_savepoint(struct store *s, struct error *err);
/* Keeps the rows since the savepoint, as part of the transaction. E_INTERNAL without a
 * savepoint. */
MUST_USE enum result store_release(struct store *s, struct error *err);
/* Undoes the rows since the savepoint and ends it; the rows before it stay. E_INTERNAL without a
 * savepoint. */
MUST_USE enum result store_rollback_to(struct store *s, struct error *err);

/*
 * Rows of one kind, in one call. A key that exists is E_CONFLICT unless the call says that it
 * replaces.
 */

/* The version with the greatest number of a path becomes its head. A digest of another length than
 * DIGEST_BYTES is E_INTERNAL. A row that is VERSION_DESTROYED is stored without key and content. */
MUST_USE enum result store_put_versions(struct store *s, const struct version_row *rows,
					uint32_t count, struct error *err);
/* E_NOT_FOUND where there is no such version. VERSION_DESTROYED erases wrapped_key and sealed, and
 * no other state can follow it (E_CONFLICT). */
MUST_USE enum result store_set_states(struct store *s, const struct state_row *rows, uint32_t count,
				      struct error *err);
/* Replaces the wrapped key and its generation, and leaves the content alone. E_NOT_FOUND;
 * E_CONFLICT for a destroyed version. The old wrapped key is erased. */
MUST_USE enum result store_rewrap_versions(struct store *s, const struct rewrap_row *rows,
					   uint32_t count, struct error *err);
/* The caller also raises META_REVISION in the same transaction: store_begin() reads the position
 * from there. */
MUST_USE enum result store_put_revisions(struct store *s, const struct revision_row *rows,
					 uint32_t count, struct error *err);
/* Every version that is put and every state that is set needs a change row of the same revision:
 * store_each_head() and store_get_version_at() rely on it. */
MUST_USE enum result store_put_changes(struct store *s, const struct change_row *rows,
				       uint32_t count, struct error *err);
/* Only configurations whose digest changed need a row: the last row at or before a revision
 * holds. */
MUST_USE enum result store_put_effectives(struct store *s, const struct effective_row *rows,
					  uint32_t count, struct error *err);
/* All edges of each source become those of its set. */
MUST_USE enum result store_replace_edges(struct store *s, const struct edge_set *sets,
					 uint32_t count, struct error *err);
/* E_CONFLICT where the hash or the accessor exists. E_INTERNAL for a hash of another length than
 * DIGEST_BYTES. */
MUST_USE enum result store_put_tokens(struct store *s, const struct token_row *rows, uint32_t count,
				      struct error *err);
/* Replaces all but hash and accessor. E_NOT_FOUND where no token has this hash and accessor. */
MUST_USE enum result store_update_tokens(struct store *s, const struct token_row *rows,
					 uint32_t count, struct error *err);
/* Removes the tokens with these hashes; one that does not exist is left out. */
MUST_USE enum result store_remove_tokens(struct store *s, const struct slice *hashes,
					 uint32_t count, struct error *err);
/* Once per transaction is enough: the rows of a whole group of requests. The caller keeps the index
 * without a gap and stores the log's head (store_put_log()) in the same transaction. E_INTERNAL for
 * a leaf of another length than DIGEST_BYTES. */
MUST_USE enum result store_put_audit(struct store *s, const struct audit_row *rows, uint32_t count,
				     struct error *err);
/* Replaces the one row. With keys it comes last in a transaction: it says which rows the tables
 * have (`row->tables` is ignored). */
MUST_USE enum result store_put_log(struct store *s, const struct log_row *row, struct error *err);
/* Replaces the rows of the same generation. A new root key leads to new wrapped forms of all. */
MUST_USE enum result store_put_keys(struct store *s, const struct wrap_key_row *rows,
				    uint32_t count, struct error *err);
/* Replaces the values of the same name. `name` is borrowed for the call, as all slices are. */
MUST_USE enum result store_put_meta(struct store *s, const struct meta_row *rows, uint32_t count,
				    struct error *err);
/* First removes the rows older than `forget_before_ms` (wall time), so that the table does not grow
 * without end; then adds `row`. E_CONFLICT where the key exists still. */
MUST_USE enum result store_put_idempotent(struct store *s, const struct idempotent_row *row,
					  int64_t forget_before_ms, struct error *err);

/*
 * Authentication: row_auth.h says against what. A store that is opened has no keys yet, because
 * they are in its rows: open it, open its keyring, authenticate, check its rows (store_head.h).
 */

/* From now on every row that is written gets a MAC, and every row that is read is checked
 * (E_CORRUPT). `keyring` is borrowed until the store is closed. Before any other thread uses the
 * store. NULL takes the keys away. */
void store_authenticate(struct store *s, const struct keyring *keyring);
/* What a checkpoint has to sign, so that it vouches for the rows that are in with the open
 * transaction: a hash of the digests of all tables. All zeros without keys. */
MUST_USE enum result store_state(struct store *s, uint8_t ret[static HASH_BYTES],
				 struct error *err);
/* What store_state() was when the log's row was written: to compare with the signed checkpoint. */
void store_state_of(uint8_t ret[static HASH_BYTES], const struct log_row *row);
/* Reads every row but those of the audit log and of the contents, checks its MAC, and compares the
 * tables with the log's row. Indexes are not looked at. E_CORRUPT names table and row. Needs about
 * 1 s for a million rows. */
MUST_USE enum result store_sum_rows(struct store_session *ss, struct row_sums *ret,
				    struct error *err);
/* Whether what the back end derives from the rows for itself (indexes, heads) fits them. E_CORRUPT
 * names it. It means something once the rows were checked. */
MUST_USE enum result store_check_derived(struct store_session *ss, struct error *err);
/* Hands the sums that store_sum_rows() gave to the writer, before its first transaction. */
void store_begin_sums(struct store *s, const struct row_sums *sums);
/* Gives every row a MAC, in a transaction: for data of a format without them. */
MUST_USE enum result store_put_macs(struct store *s, struct error *err);

/* Erases destroyed contents and replaced keys wherever the back end still has them (a write-ahead
 * log). After a commit, outside a transaction. Does not wait: E_BUSY while a reader still needs
 * them; call again later. */
MUST_USE enum result store_shred(struct store *s, struct error *err);

/* Where a backup goes. */
struct backup_target {
	/* Must not exist. NULL: a new file beside the data, as private as they are. */
	const char *file;
	/* Told how many pages are copied and how many are left; a commit during the copy changes
	 * neither. Called on the thread of store_backup(). May be NULL. */
	void (*progress)(void *ctx, uint64_t done, uint64_t left);
	void *ctx;
};

/* A consistent copy of all rows, to a file of mode 0600, while the store is used. From any thread.
 * On success the file's path is appended to `ret_file`, which may be NULL. E_CONFLICT: the file
 * exists. After a crash there is no file of that name, or a whole and durable one. */
MUST_USE enum result store_backup(struct store *s, const struct backup_target *target,
				  struct buf *ret_file, struct error *err);

/*
 * Reading. End what you begin soon: a back end may have to keep old rows for as long as a session
 * sees them.
 */

/* A session is used by one thread at a time and closed before its store. Several sessions of one
 * store may be open. E_MEMORY, E_IO, E_CORRUPT. */
MUST_USE enum result store_session_open(struct store_session **ret, struct store *s,
					struct error *err);
void store_session_close(struct store_session *ss); /* takes NULL */
/* All reads until store_session_end() see the state that is committed now, whatever is committed
 * meanwhile. Does not nest: E_INTERNAL. */
MUST_USE enum result store_session_begin(struct store_session *ss, struct error *err);
/* Harmless where none has begun. */
void store_session_end(struct store_session *ss);
/* From now on reads take their work from this budget and end with its result when it runs out.
 * NULL: no bound. The budget must live until another is set. */
void store_session_set_budget(struct store_session *ss, struct budget *budget);

/* The newest version of every document, whatever its state, by path in the order of bytes. With
 * `since`, only those that a later revision has put or given another state. */
MUST_USE enum result store_each_head(struct store_session *ss, uint64_t since, version_fn *each,
				     void *ctx, struct error *err);
/* One version with its state of today, its wrapped key and its content. E_NOT_FOUND without a
 * call. */
MUST_USE enum result store_get_version(struct store_session *ss, struct slice path,
				       uint64_t version, version_fn *each, void *ctx,
				       struct error *err);
/* With the state that it had at the revision; E_NOT_FOUND where it did not exist yet. */
MUST_USE enum result store_get_version_at(struct store_session *ss, const struct version_at *at,
					  version_fn *each, void *ctx, struct error *err);
/* The history of a document, newest first, without `sealed` and `wrapped_key`. */
MUST_USE enum result store_each_version(struct store_session *ss, struct slice path,
					struct row_page page, version_fn *each, void *ctx,
					struct error *err);
/* For rotation: versions whose key is wrapped by an older generation, without `sealed`, in no
 * order. Destroyed ones have no key. */
MUST_USE enum result store_each_wrapped_below(struct store_session *ss, uint32_t generation,
					      uint32_t limit, version_fn *each, void *ctx,
					      struct error *err);
/* Newest first. `path` empty: all; else those that changed this path or, where it ends in '/', a
 * path below it. */
MUST_USE enum result store_each_revision(struct store_session *ss, struct slice path,
					 struct row_page page, revision_fn *each, void *ctx,
					 struct error *err);
/* One revision. E_NOT_FOUND without a call. */
MUST_USE enum result store_get_revision(struct store_session *ss, uint64_t revision,
					revision_fn *each, void *ctx, struct error *err);
/* The last revision whose time is at or before `time_ms`; 0 where there is none. */
MUST_USE enum result store_revision_at(struct store_session *ss, int64_t time_ms, uint64_t *ret,
				       struct error *err);
/* The changes of one revision, by path and version. Without a call where the revision does not
 * exist. */
MUST_USE enum result store_each_change(struct store_session *ss, uint64_t revision, change_fn *each,
				       void *ctx, struct error *err);
/* The changes of one document after `revision`, oldest first. */
MUST_USE enum result store_each_change_after(struct store_session *ss, struct slice path,
					     uint64_t revision, change_fn *each, void *ctx,
					     struct error *err);
/* The history of an effective configuration, newest first. */
MUST_USE enum result store_each_effective(struct store_session *ss, struct slice config,
					  struct row_page page, effective_fn *each, void *ctx,
					  struct error *err);
/* All edges, by source, kind and target. The service keeps them in memory, so there is no call for
 * those of one document. */
MUST_USE enum result store_each_edge(struct store_session *ss, edge_fn *each, void *ctx,
				     struct error *err);
/* By accessor. With `since`, only those that were put or updated while the store was at that
 * revision or a later one. A change of tokens makes no revision, so a caller may be given a row
 * that it has. */
MUST_USE enum result store_each_token(struct store_session *ss, uint64_t since, token_fn *each,
				      void *ctx, struct error *err);
/* All wrapped key-encryption keys, by generation. */
MUST_USE enum result store_each_key(struct store_session *ss, key_fn *each, void *ctx,
				    struct error *err);
/* In the order of the index; E_CORRUPT at a gap. E_LIMIT where `scan_max` rows were looked at,
 * after the entries found so far; the text names the index to go on from. */
MUST_USE enum result store_each_audit(struct store_session *ss, const struct audit_filter *filter,
				      audit_fn *each, void *ctx, struct error *err);
/* The paths that the entries [first, last) were put with, in no order. */
MUST_USE enum result store_each_audit_path(struct store_session *ss, uint64_t first, uint64_t last,
					   audit_path_fn *each, void *ctx, struct error *err);
/* The audit log's head. E_NOT_FOUND before the first store_put_log(). */
MUST_USE enum result store_get_log(struct store_session *ss, log_fn *each, void *ctx,
				   struct error *err);
/* The value of one of the META_ names (rows.h). E_NOT_FOUND without a call. */
MUST_USE enum result store_get_meta(struct store_session *ss, const char *name, bytes_fn *each,
				    void *ctx, struct error *err);
/* The stored response to a request with this idempotency key. E_NOT_FOUND where the key is new, or
 * its row was removed by a later store_put_idempotent(); E_CONFLICT where the key came with another
 * fingerprint: the client used it for two different requests. */
MUST_USE enum result store_get_idempotent(struct store_session *ss, struct slice key,
					  struct slice fingerprint, bytes_fn *each, void *ctx,
					  struct error *err);

/* The name of every head, by path. Reads no version, so that a version that is damaged does not end
 * the walk. */
MUST_USE enum result store_each_head_name(struct store_session *ss, head_fn *each, void *ctx,
					  struct error *err);
/* The engine's own check of its file, indexes included: calls for each fault, for at most 100, and
 * is OK then too. Reads the whole file. */
MUST_USE enum result store_check_integrity(struct store_session *ss, fault_fn *each, void *ctx,
					   struct error *err);
/* Calls for each table and index that is not as this release defines it. Reads no rows. */
MUST_USE enum result store_check_definitions(struct store_session *ss, fault_fn *each, void *ctx,
					     struct error *err);
