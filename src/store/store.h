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
#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define STORE_FORMAT 1

struct store;	      /* the writer and the owner of the data */
struct store_session; /* one reader */

enum version_state { VERSION_LIVE, VERSION_DELETED, VERSION_DESTROYED };

/* One content of one document. */
struct version_row {
	struct slice path; /* "profiles/orders/base" */
	uint64_t version;
	uint64_t revision; /* that made it */
	int64_t created_ms;
	struct slice created_by;
	struct slice message;
	struct slice content_type; /* of the source: application/yaml, application/json */
	struct slice digest;	   /* 32 bytes: SHA-256 of the source; keyed for secrets */
	enum version_state state;
	uint64_t state_revision; /* that last changed the state */
	bool is_shredded; /* read only: its content was destroyed, whatever `state` it had at the revision asked for */
	struct slice wrapped_key; /* empty once destroyed */
	uint32_t key_generation;  /* of the key that wraps it */
	struct slice sealed;	  /* the content's envelope; empty once destroyed */
};

struct revision_row {
	uint64_t revision;
	int64_t time_ms;
	struct slice author;
	struct slice accessor;
	struct slice message;
	struct slice source; /* repo@commit or empty */
	struct slice request_id;
};

enum change_action { CHANGE_PUT, CHANGE_DELETE, CHANGE_UNDELETE, CHANGE_DESTROY };

/* `action` came to `version` of `path` in `revision`. `origin` says what the user asked for: "put", "patch", "rollback",
 * "revert", "delete", "undelete", "destroy". */
struct change_row {
	uint64_t revision;
	struct slice path;
	enum change_action action;
	struct slice origin;
	uint64_t version;
};

/* `source` needs `target`: an heir its parent, a profile its schema or a secret, a schema another. The target may not exist. */
enum edge_kind { EDGE_EXTENDS, EDGE_SCHEMA, EDGE_SECRET, EDGE_SCHEMA_REF };

struct edge_row {
	struct slice source, target;
	enum edge_kind kind;
};

struct token_row {
	struct slice hash;     /* 32 bytes, keyed */
	struct slice accessor; /* unique */
	struct slice record;   /* JSON: name, policies, parent, addresses, … (access/token.h) */
	int64_t expires_ms;    /* 0: never */
	int64_t uses_left;     /* -1: unlimited */
	bool is_revoked;
};

struct audit_row {
	uint64_t index;			     /* from 0, no gap */
	int64_t time_ms;		     /* never decreases; queries by time rely on it */
	struct slice actor, action, outcome; /* for queries; the truth is `entry` */
	const struct slice *paths;	     /* for queries */
	uint32_t paths_count;
	struct slice entry; /* the bytes that are hashed */
	struct slice leaf;  /* 32 bytes */
};

struct audit_filter {
	struct slice actor, action, outcome; /* empty: any. `action` ending in "*" is a prefix */
	struct slice path;	/* exact, or a prefix where it ends in "/" or "**"; empty: any */
	int64_t from_ms, to_ms; /* half open; 0: unbounded */
	uint64_t after;		/* entries with index >= after */
	uint32_t limit;
	bool is_newest_first; /* then `after` is an exclusive upper bound, 0: from the newest */
	uint64_t scan_max;    /* index entries looked at before E_LIMIT; 0: AUDIT_SCAN_MAX */
};

/* About two seconds of work. */
#define AUDIT_SCAN_MAX UINT64_C(20000000)

/* What must change in one go with the audit rows. */
struct log_row {
	uint64_t size;
	struct slice peaks;	 /* audit/merkle.h's serialised compact range */
	struct slice checkpoint; /* signed note */
	int64_t time_ms;	 /* of the last entry */
};

/* Names of meta values. */
#define META_STORE_ID	"store_id"   /* 16 random bytes */
#define META_EPOCH	"epoch"	     /* decimal */
#define META_REVISION	"revision"   /* decimal: the last one */
#define META_LAST_MS	"last_ms"    /* decimal: its time */
#define META_LOG_KEY	"log_key"    /* the log's signing key, wrapped */
#define META_DERIVE_KEY "derive_key" /* what the keyring derives its other keys from, wrapped */
#define META_LOG_ORIGIN "log_origin"

/* sqlite: DIR/reeve.db (0600) in a folder that only its owner may enter (0700; else E_FORBIDDEN), beside a lock file of our own
 * (E_BUSY while another process serves the data). With `is_new` it makes folder and schema, E_CONFLICT where there is a store
 * already; without, E_NOT_FOUND where there is none. Older formats are migrated after a copy DIR/reeve.db.format-N, newer ones
 * refused (E_UNSUPPORTED). */
MUST_USE enum result store_open_sqlite(struct store **ret, const char *folder, bool is_new,
				       struct error *err);
/* For readers beside a running server or of a stopped one (verify, backup), also in a folder that they may not write: no lock
 * of ours, nothing is changed. Every writing call is E_UNAVAILABLE, but store_backup() works. */
MUST_USE enum result store_open_sqlite_readonly(struct store **ret, const char *folder,
						struct error *err);
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

/* Makes DIR/reeve.db from a file that store_backup() wrote; E_CONFLICT where there is a store already. The epoch is the
 * caller's to raise. */
MUST_USE enum result store_restore_sqlite(const char *folder, const char *file, struct error *err);

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

/* Callbacks stop the walk by a result that is not OK, which is then given back; nothing is added to `err`. */
typedef enum result version_fn(void *ctx, const struct version_row *row, struct error *err);
typedef enum result revision_fn(void *ctx, const struct revision_row *row, struct error *err);
typedef enum result change_fn(void *ctx, const struct change_row *row, struct error *err);
typedef enum result edge_fn(void *ctx, const struct edge_row *row, struct error *err);
typedef enum result token_fn(void *ctx, const struct token_row *row, struct error *err);
typedef enum result audit_fn(void *ctx, const struct audit_row *row,
			     struct error *err); /* paths not filled */
typedef enum result audit_path_fn(void *ctx, uint64_t index, struct slice path, struct error *err);
typedef enum result key_fn(void *ctx, uint32_t generation, struct slice wrapped, struct error *err);
typedef enum result bytes_fn(void *ctx, struct slice value, struct error *err);
typedef enum result effective_fn(void *ctx, uint64_t revision, struct slice digest,
				 struct error *err);
typedef enum result log_fn(void *ctx, const struct log_row *row, struct error *err);

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

/* For tests that let the n-th call fail: a store that asks `may_call` before each call that touches the disk, by the name of the
 * function without "store_"; false makes it E_IO and nothing is done. Commits ask twice: "commit" before, and "commit_sync"
 * after the rows are in, whose false is a commit that happened and was not acknowledged; either way the store then refuses to
 * write, as a real one does. Takes `inner`, also on failure. */
MUST_USE enum result store_wrap_failing(struct store **ret, struct store *inner,
					bool (*may_call)(void *ctx, const char *name), void *ctx,
					struct error *err);
