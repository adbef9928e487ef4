/* What a store keeps, row by row, and the callbacks that are given rows. */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

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
