/*
 * What a store must do: keep rows, durably and all or nothing. It knows nothing of their meaning: contents arrive sealed,
 * validation, access and the audit log's hashes are made above.
 *
 * One writer at a time (the committer) through `struct store`; any number of readers, each thread with its own session, who
 * see the last committed state. Rows given to a callback are borrowed for the call. Time is milliseconds (base/clock.h).
 *
 * Errors: E_IO (disk), E_CORRUPT (not what we wrote), E_CONFLICT (a row exists already), E_NOT_FOUND, E_UNSUPPORTED (data of a
 * newer format), E_BUSY (another process serves this data), E_MEMORY.
 */
#pragma once

#include "base/budget.h"
#include "store/rows.h"

struct store;	      /* the writer and the owner of the data */
struct store_session; /* one reader */

void store_close(struct store *s); /* takes NULL; all sessions must be closed */

/* Writing. begin … commit, one thread. Savepoints do not nest; each ends by store_release() or store_rollback_to(). After a
 * call that failed, undo to the savepoint or roll back; should the disk have taken the whole transaction with it, all that
 * follows fails until store_rollback(), which is harmless where there is nothing to undo. Numbers above INT64_MAX are E_LIMIT. */
MUST_USE enum result store_begin(struct store *s, struct error *err);
/* OK: durable. E_IO: the outcome is not known before the next open; from then on every writing call is E_UNAVAILABLE, readers
 * go on. */
MUST_USE enum result store_commit(struct store *s, struct error *err);
void store_rollback(struct store *s);
MUST_USE enum result store_savepoint(struct store *s, struct error *err);
MUST_USE enum result store_release(struct store *s, struct error *err);
MUST_USE enum result store_rollback_to(struct store *s, struct error *err);

MUST_USE enum result store_put_version(struct store *s, const struct version_row *row,
				       struct error *err);
/* VERSION_DESTROYED empties wrapped_key and sealed, and their bytes leave the file (store_shred() clears the log too); no other
 * state can follow it (E_CONFLICT). */
MUST_USE enum result store_set_version_state(struct store *s, struct slice path, uint64_t version,
					     enum version_state state, uint64_t revision,
					     struct error *err);
/* The same data key under another key-encryption key. E_CONFLICT for a destroyed version. */
MUST_USE enum result store_rewrap_version(struct store *s, struct slice path, uint64_t version,
					  uint32_t generation, struct slice wrapped_key,
					  struct error *err);
MUST_USE enum result store_put_revision(struct store *s, const struct revision_row *row,
					struct error *err);
MUST_USE enum result store_put_change(struct store *s, const struct change_row *row,
				      struct error *err);
/* The effective configuration of "config/<app>/<name>" changed in `revision`. `digest` as its ETag. */
MUST_USE enum result store_put_effective(struct store *s, struct slice config, uint64_t revision,
					 struct slice digest, struct error *err);
/* All edges that begin at `source` become these. */
MUST_USE enum result store_replace_edges(struct store *s, struct slice source,
					 const struct edge_row *edges, uint32_t count,
					 struct error *err);
MUST_USE enum result store_put_token(struct store *s, const struct token_row *row,
				     struct error *err);
/* Replaces all but hash and accessor. */
MUST_USE enum result store_update_token(struct store *s, const struct token_row *row,
					struct error *err);
MUST_USE enum result store_put_audit(struct store *s, const struct audit_row *row,
				     struct error *err);
MUST_USE enum result store_put_log(struct store *s, const struct log_row *row, struct error *err);
MUST_USE enum result store_put_key(struct store *s, uint32_t generation, struct slice wrapped,
				   struct error *err);
MUST_USE enum result store_put_meta(struct store *s, const char *name, struct slice value,
				    struct error *err);
/* Remembers an answer under a client's idempotency key; forgets those before `forget_before_ms`. */
MUST_USE enum result store_put_idempotent(struct store *s, struct slice key,
					  struct slice fingerprint, struct slice response,
					  int64_t time_ms, int64_t forget_before_ms,
					  struct error *err);
/* A destroyed content must leave the write-ahead log too. After a commit, outside a transaction. Waits for no one: E_BUSY while a reader
 * still needs the log; call again later. */
MUST_USE enum result store_shred(struct store *s, struct error *err);
/* A consistent copy of everything while serving, to a file (0600) that must not exist (E_CONFLICT). From any thread; opens its
 * own session. A crash leaves no file of that name but a whole and durable one. `progress` (may be NULL) hears of pages done
 * and left. */
MUST_USE enum result store_backup(struct store *s, const char *file,
				  void (*progress)(void *ctx, uint64_t done, uint64_t left),
				  void *ctx, struct error *err);

/* Where the data lie: the file's whole path. What is as secret as they are may be put beside it. Borrowed. */
const char *store_place(const struct store *s);

/* Reading. A session that stays between begin and end keeps the write-ahead log from shrinking: end it soon. A `limit` of 0
 * means no limit. */
MUST_USE enum result store_session_open(struct store_session **ret, struct store *s,
					struct error *err);
void store_session_close(struct store_session *ss);
/* All reads between them see one state. */
MUST_USE enum result store_session_begin(struct store_session *ss, struct error *err);
void store_session_end(struct store_session *ss);
/* What its reads spend from then on: one that outruns the budget ends with the budget's result. NULL: no bound. The budget must
 * live until another is set. */
void store_session_set_budget(struct store_session *ss, struct budget *budget);

/* The newest version of every document, whatever its state, by path. */
MUST_USE enum result store_each_head(struct store_session *ss, version_fn *each, void *ctx,
				     struct error *err);
/* E_NOT_FOUND, without calling, where there is none. */
MUST_USE enum result store_get_version(struct store_session *ss, struct slice path,
				       uint64_t version, version_fn *each, void *ctx,
				       struct error *err);
/* One version of `path` (0: the newest) as it was at `revision`, with the state that it had
 * then; E_NOT_FOUND where it was not there yet. Of one that was destroyed since, `is_shredded`
 * is set and the content is empty. */
MUST_USE enum result store_get_version_at(struct store_session *ss, struct slice path,
					  uint64_t version, uint64_t revision, version_fn *each,
					  void *ctx, struct error *err);
/* Newest first, without `sealed` and `wrapped_key`; versions below `before` (0: from the newest). */
MUST_USE enum result store_each_version(struct store_session *ss, struct slice path,
					uint64_t before, uint32_t limit, version_fn *each,
					void *ctx, struct error *err);
/* Versions whose key is wrapped by a generation below `generation`, without `sealed`, in no order: for rotation. Destroyed ones
 * have no key. */
MUST_USE enum result store_each_wrapped_below(struct store_session *ss, uint32_t generation,
					      uint32_t limit, version_fn *each, void *ctx,
					      struct error *err);
/* Newest first, below `before` (0: from the newest). `path` empty: all; else those that changed it, exact or a prefix that
 * ends in '/'. */
MUST_USE enum result store_each_revision(struct store_session *ss, struct slice path,
					 uint64_t before, uint32_t limit, revision_fn *each,
					 void *ctx, struct error *err);
MUST_USE enum result store_get_revision(struct store_session *ss, uint64_t revision,
					revision_fn *each, void *ctx, struct error *err);
/* The last revision whose time is at or before `time_ms`; 0 where there is none. */
MUST_USE enum result store_revision_at(struct store_session *ss, int64_t time_ms, uint64_t *ret,
				       struct error *err);
/* By path. */
MUST_USE enum result store_each_change(struct store_session *ss, uint64_t revision, change_fn *each,
				       void *ctx, struct error *err);
/* The changes of one document after `revision`, oldest first. */
MUST_USE enum result store_each_change_after(struct store_session *ss, struct slice path,
					     uint64_t revision, change_fn *each, void *ctx,
					     struct error *err);
MUST_USE enum result store_each_effective(struct store_session *ss, struct slice config,
					  uint64_t before, uint32_t limit, effective_fn *each,
					  void *ctx, struct error *err);
MUST_USE enum result store_each_edge(struct store_session *ss, edge_fn *each, void *ctx,
				     struct error *err);
MUST_USE enum result store_each_token(struct store_session *ss, token_fn *each, void *ctx,
				      struct error *err);
MUST_USE enum result store_each_key(struct store_session *ss, key_fn *each, void *ctx,
				    struct error *err);
/* In the order of the index; E_CORRUPT at a gap. E_LIMIT, after what was found so far, where a filter of common values finds too little in
 * `scan_max`; the text names the index to go on from. */
MUST_USE enum result store_each_audit(struct store_session *ss, const struct audit_filter *filter,
				      audit_fn *each, void *ctx, struct error *err);
/* What the entries [first, last) are found by, in no order. */
MUST_USE enum result store_each_audit_path(struct store_session *ss, uint64_t first, uint64_t last,
					   audit_path_fn *each, void *ctx, struct error *err);
/* E_NOT_FOUND before the first store_put_log(). */
MUST_USE enum result store_get_log(struct store_session *ss, log_fn *each, void *ctx,
				   struct error *err);
/* E_NOT_FOUND where there is none. */
MUST_USE enum result store_get_meta(struct store_session *ss, const char *name, bytes_fn *each,
				    void *ctx, struct error *err);
/* E_NOT_FOUND; E_CONFLICT where the key was used with another fingerprint. */
MUST_USE enum result store_get_idempotent(struct store_session *ss, struct slice key,
					  struct slice fingerprint, bytes_fn *each, void *ctx,
					  struct error *err);
