/*
 * What a store keeps: one struct for each kind of row, and the callbacks that readers are given
 * rows by.
 *
 * A store does not know what its rows mean. Contents and keys arrive encrypted, hashes and
 * signatures are made by its callers. Slices in a row that is written are borrowed for the call;
 * those in a row that is read are borrowed until the callback returns. Times are milliseconds since
 * 1970 (base/clock.h). Numbers are at most INT64_MAX.
 */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define DIGEST_BYTES 32 /* of a digest, a token's hash and an audit entry's leaf */

/* What every committed transaction leaves behind. A writer that finds another position than the one
 * of its own last commit was overtaken by another writer. */
struct store_position {
	uint64_t epoch;	   /* META_EPOCH; 0 in an empty store */
	uint64_t revision; /* META_REVISION; 0 in an empty store */
	uint64_t log_size; /* of the last log_row; 0 before the first */
};

/* Live can become deleted and back; destroyed is final. Stored as numbers: never change one. */
enum version_state {
	VERSION_LIVE,
	VERSION_DELETED,  /* hidden from reads; its content is kept for an undelete */
	VERSION_DESTROYED /* its key and content are erased; the row stays as history */
};

/* One content of one document. A version never changes but for its state, which a revision changes,
 * and its wrapped key, which a rotation replaces. Key: path and version. */
struct version_row {
	struct slice path; /* "profiles/orders/base" */
	uint64_t version;  /* from 1, per path */
	uint64_t revision; /* that made it */
	int64_t created_ms;
	struct slice created_by;   /* name of the principal */
	struct slice message;	   /* of the person who wrote it; may be empty */
	struct slice content_type; /* of the source: application/yaml, application/json */
	struct slice digest;	   /* SHA-256 of the source; keyed for secrets */
	enum version_state state;
	uint64_t state_revision; /* that last changed the state; `revision` in a new version */
	/* Set by reads only: the content was destroyed, whatever `state` was at the revision asked
	 * for. */
	bool is_shredded;
	struct slice wrapped_key; /* the data key, encrypted; empty once destroyed */
	uint32_t key_generation;  /* of the key that wraps it */
	struct slice sealed;	  /* the encrypted content; empty once destroyed */
};

/* A new state of an existing version. To destroy one that is destroyed already is allowed. */
struct state_row {
	struct slice path;
	uint64_t version;
	enum version_state state;
	uint64_t revision; /* that changes it */
};

/* The data key of an existing version, encrypted under another key. As long as the old one, so
 * that a store can overwrite the old one in place. */
struct rewrap_row {
	struct slice path;
	uint64_t version;
	uint32_t generation; /* of the new wrapping key */
	struct slice wrapped_key;
};

/* Which version to read, as it was at `revision`. */
struct version_at {
	struct slice path;
	uint64_t version; /* 0: the newest of that revision */
	uint64_t revision;
};

/* One committed change of one document or several. Key: revision. */
struct revision_row {
	uint64_t revision;
	int64_t time_ms;	 /* never less than that of the revision before */
	struct slice author;	 /* name of the principal, or of the server itself */
	struct slice accessor;	 /* of its token; empty: the server itself */
	struct slice message;	 /* of the person who asked for it; may be empty */
	struct slice source;	 /* repo@commit or empty */
	struct slice request_id; /* as in the response and the log lines */
};

/* Stored as numbers: never change one. The state that a version had at a revision is computed from
 * them. */
enum change_action {
	CHANGE_PUT,	 /* a new version: live */
	CHANGE_DELETE,	 /* live to deleted */
	CHANGE_UNDELETE, /* deleted to live */
	CHANGE_DESTROY	 /* any state to destroyed */
};

/* What a revision did to one version of a document. Key: revision, path and version. */
struct change_row {
	uint64_t revision;
	struct slice path;
	enum change_action action;
	/* the request: "put", "patch", "rollback", "revert", "delete", "undelete", "destroy" */
	struct slice origin;
	uint64_t version;
};

/* From this revision on, an effective configuration has this digest. Key: config and revision. */
struct effective_row {
	struct slice config; /* "config/orders/production" */
	uint64_t revision;
	struct slice digest; /* as in its ETag; empty where it no longer exists */
};

/* Why `source` needs `target`. Stored as numbers: never change one. */
enum edge_kind {
	EDGE_EXTENDS,	/* a profile its parent */
	EDGE_SCHEMA,	/* a profile the schema that it must fulfil */
	EDGE_SECRET,	/* a profile a secret that one of its values refers to */
	EDGE_SCHEMA_REF /* a schema another schema */
};

/* One dependency of a document on another, kept so that a change of the target finds all documents
 * that must be checked again. Key: all three. The target may not exist. */
struct edge_row {
	struct slice source, target;
	enum edge_kind kind;
};

/* All edges of one source; duplicates count once. Each edge's `source` is the set's. */
struct edge_set {
	struct slice source;
	const struct edge_row *edges;
	uint32_t count;
};

/* A token's record. The token itself is never stored: its hash finds the row, and its accessor
 * names it where the token must not stand. Key: hash. */
struct token_row {
	struct slice hash;     /* keyed */
	struct slice accessor; /* unique */
	struct slice record;   /* JSON: name, policies, parent, addresses, … (access/token.h) */
	int64_t expires_ms;    /* 0: never */
	int64_t uses_left;     /* -1: unlimited */
	bool is_revoked;
	/* Set by the store: its revision when the row was written. */
	uint64_t changed_revision;
};

/* A key-encryption key, wrapped under the root key. Versions name their generation, so a row must
 * stay as long as a version was wrapped with it. Key: generation. */
struct wrap_key_row {
	uint32_t generation;
	struct slice wrapped;
};

/* One audit entry with the columns that queries find it by. The columns are not hashed:
 * audit/index_check.h compares them with the entry. Key: index. */
struct audit_row {
	uint64_t index;			     /* from 0, without a gap */
	int64_t time_ms;		     /* never less than that of the entry before */
	struct slice actor, action, outcome; /* for queries; the truth is `entry` */
	const struct slice *paths;	     /* for queries; reads leave it empty */
	uint32_t paths_count;
	struct slice entry; /* the bytes that are hashed */
	struct slice leaf;  /* their hash in the Merkle tree */
};

/* Which audit entries to read: those that fulfil all conditions. A time is compared with that of
 * the entry (wall time, milliseconds). A condition is searched for in the columns of audit_row, not
 * in the entry. */
struct audit_filter {
	struct slice actor, action, outcome; /* empty: any. `action` ending in "*" is a prefix */
	struct slice path;	/* exact, or a prefix where it ends in "/" or "**"; empty: any */
	int64_t from_ms, to_ms; /* from <= time < to; 0: unbounded */
	uint64_t after;		/* entries with index >= after */
	uint32_t limit;		/* 0: none */
	bool is_newest_first;	/* then `after` is an exclusive upper bound, 0: from the newest */
	uint64_t scan_max; /* entries and index rows looked at before E_LIMIT; 0: AUDIT_SCAN_MAX */
};

/* About two seconds of work. */
#define AUDIT_SCAN_MAX UINT64_C(20000000)

/* The audit log's head, of which there is one. It changes in the transaction that adds the entries,
 * so after a crash both are there or neither. The store reads only `size`, for the position. */
struct log_row {
	uint64_t size;
	struct slice peaks;	 /* the compact Merkle tree (audit/merkle.h) */
	struct slice checkpoint; /* signed note */
	int64_t time_ms;	 /* of the last entry */
	struct slice tables;	 /* set by the store: digests of all tables (row_auth.h) */
};

/* A single value of the store, under one of the names below. Key: name. */
struct meta_row {
	const char *name;
	struct slice value;
};

#define META_STORE_ID	"store_id"   /* 16 random bytes */
#define META_EPOCH	"epoch"	     /* decimal */
#define META_REVISION	"revision"   /* decimal: the last one */
#define META_LAST_MS	"last_ms"    /* decimal: its time */
#define META_LOG_KEY	"log_key"    /* the log's signing key, encrypted */
#define META_DERIVE_KEY "derive_key" /* the keyring derives its other keys from it; encrypted */
#define META_LOG_ORIGIN "log_origin" /* the log's name */

/* The response to a request that carried an idempotency key, so that a client that repeats the
 * request after a lost connection gets the same answer and no second write. Key: key. */
struct idempotent_row {
	struct slice key;
	struct slice fingerprint; /* of the request: another request with the same key is refused */
	struct slice response;	  /* given again to a repeated request; opaque to the store */
	int64_t time_ms;	  /* when it was stored */
};

/* Part of a list that is read newest first. The next part begins with `before` set to the last
 * number that was given. */
struct row_page {
	uint64_t before; /* only numbers below it; 0: from the newest */
	uint32_t limit;	 /* 0: none */
};

/* A result other than OK ends the walk and becomes the result of the reading call, which adds
 * nothing to `err`. */
typedef enum result version_fn(void *ctx, const struct version_row *row, struct error *err);
typedef enum result revision_fn(void *ctx, const struct revision_row *row, struct error *err);
typedef enum result change_fn(void *ctx, const struct change_row *row, struct error *err);
typedef enum result edge_fn(void *ctx, const struct edge_row *row, struct error *err);
typedef enum result token_fn(void *ctx, const struct token_row *row, struct error *err);
typedef enum result audit_fn(void *ctx, const struct audit_row *row, struct error *err);
typedef enum result audit_path_fn(void *ctx, uint64_t index, struct slice path, struct error *err);
typedef enum result key_fn(void *ctx, uint32_t generation, struct slice wrapped, struct error *err);
typedef enum result bytes_fn(void *ctx, struct slice value, struct error *err);
typedef enum result effective_fn(void *ctx, uint64_t revision, struct slice digest,
				 struct error *err);
typedef enum result log_fn(void *ctx, const struct log_row *row, struct error *err);
/* A document and its greatest version. */
typedef enum result head_fn(void *ctx, struct slice path, uint64_t version, struct error *err);
/* `name` is that of a table, an index or the file; `problem` a sentence without a value. */
typedef enum result fault_fn(void *ctx, const char *name, const char *problem, struct error *err);
