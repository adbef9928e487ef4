/*
 * One request to the service and its response, in terms that know neither HTTP nor SQL.
 *
 * The front end (http/, a test) owns the call, fills the members under "request", and calls
 * service_submit(). Until the response is there the call belongs to the service: the front end may
 * only set `is_abandoned`. The response belongs to the call; call_clear() frees it.
 */
#pragma once

#include "access/permission.h"
#include "base/arena.h"
#include "base/budget.h"
#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"
#include "doc/read.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct service;
struct snapshot;
struct principal;
struct audit_draft;
struct codec;
struct commit_job;
struct share;
struct call;

/* All that a client can ask for. The order of the writes of one document matters: PUT to ROLLBACK
 * are recognised as a range. */
enum verb {
	/* Documents of one kind, or one document by its path. */
	VERB_DOCUMENT_LIST,
	VERB_DOCUMENT_GET,
	VERB_DOCUMENT_PUT,
	VERB_DOCUMENT_PATCH,
	VERB_DOCUMENT_DELETE,
	VERB_DOCUMENT_UNDELETE,
	VERB_DOCUMENT_DESTROY,
	VERB_DOCUMENT_ROLLBACK,
	VERB_DOCUMENT_VERSIONS,
	VERB_DOCUMENT_DIFF,
	VERB_DOCUMENT_DEPENDENTS,
	/* Changes of several documents as one revision. */
	VERB_BATCH,
	/* The history of the store. */
	VERB_REVISION_LIST,
	VERB_REVISION_GET,
	VERB_REVISION_REVERT,
	/* Effective configurations. */
	VERB_CONFIG_GET,
	VERB_CONFIG_VERSIONS,
	VERB_CONFIG_DIFF,
	/* The audit log: a search, one entry, the signed checkpoint. */
	VERB_AUDIT_LIST,
	VERB_AUDIT_ENTRY,
	VERB_AUDIT_CHECKPOINT,
	/* Tokens. SELF and RENEW are of the token that the caller used. */
	VERB_TOKEN_CREATE,
	VERB_TOKEN_LIST,
	VERB_TOKEN_REVOKE,
	VERB_TOKEN_SELF,
	VERB_TOKEN_RENEW,
	/* Whether a token may do something, and by which rule. */
	VERB_ACCESS_CHECK,
	/* The server itself. */
	VERB_STATUS,
	VERB_METRICS,
	VERB_BACKUP,
	VERB_COUNT
};

/* How an effective configuration is wanted. */
enum config_format { CONFIG_JSON, CONFIG_YAML, CONFIG_PROPERTIES, CONFIG_ENV, CONFIG_RAW };

/* "If-Match: *": whatever version there is, but one there must be. */
#define IF_VERSION_ANY UINT64_MAX

/* A state of the store in the past: at most one member is given. */
struct past_state {
	uint64_t revision; /* ?revision= */
	int64_t at_ms;	   /* ?at=, wall time */
};

/* A number that may be 0 when it is given. */
struct optional_number {
	uint64_t number;
	bool is_given;
};

/* One document, read. */
struct document_input {
	uint64_t version; /* ?version= */
	struct past_state at;
	bool wants_source; /* the document as it was written (BODY_SOURCE), not as JSON */
};

/* A change of documents: of one, in a batch, or by a revert. A batch may have message and source in
 * its body, which then count. */
struct write_input {
	uint64_t revision; /* of a revert: the n of /v1/revisions/{n}:revert */
	struct slice message;
	struct slice source; /* repo@commit, of apply */
	bool is_dry_run, is_forced;
	/* If-Match: "v3" → 3, * → IF_VERSION_ANY; If-None-Match: * → 0 (must not exist) */
	bool has_if_version;
	uint64_t if_version;
};

/* A list. Documents and tokens go on after a text, versions and revisions below a number. */
struct page_input {
	struct slice prefix; /* of documents */
	struct slice path;   /* of revisions: those that touched it */
	struct slice after;
	struct optional_number below;
	uint32_t limit; /* 0: the default */
};

/* Two versions or two revisions to compare. 0: the verb chooses. */
struct diff_input {
	uint64_t from, to;
};

/* One effective configuration. */
struct config_input {
	struct past_state at;
	struct slice key; /* JSON pointer into it */
	enum config_format format;
	bool is_revealed, is_explained;
	int64_t wait_ms; /* how long a poll may wait for a change; 0: no poll */
};

/* A search in the audit log. Empty texts and times of 0 match all entries; the others must all
 * match. */
struct audit_input {
	struct slice actor, action, outcome, path;
	int64_t from_ms, to_ms;
	struct optional_number start; /* index of the first entry */
	uint32_t limit;		      /* 0: the default */
	bool wants_lines;	      /* one entry a line (BODY_NDJSON), not {"items": [...]} */
};

/* A numbered thing: revision or audit entry. */
struct number_input {
	uint64_t number;
};

/* An existing token. */
struct token_input {
	struct slice accessor;
	bool is_forced;
};

/* Which member of the input's union a verb reads. */
enum input_family {
	INPUT_NONE, /* the verb reads only the members that all verbs have */
	INPUT_DOCUMENT,
	INPUT_WRITE,
	INPUT_PAGE,
	INPUT_DIFF,
	INPUT_CONFIG,
	INPUT_AUDIT,
	INPUT_NUMBER,
	INPUT_TOKEN,
};

/* The member that calls of `verb` may use. INPUT_NONE for VERB_COUNT. */
enum input_family verb_input_family(enum verb verb);

/* The parameters of a request. Zero means that one was not given. The front end refuses parameters
 * that the verb's family does not have; the service reads only the member of that family. */
struct call_input {
	struct slice body;
	enum doc_format body_format;
	struct slice idempotency_key;
	struct slice if_match, if_none_match; /* of a read: the lists of ETags as they were sent */
	bool wants_yaml;		      /* respond with YAML where the verb gives JSON */
	union {
		struct document_input document;
		struct write_input write;
		struct page_input page;
		struct diff_input diff;
		struct config_input config;
		struct audit_input audit;
		struct number_input numbered;
		struct token_input token;
	};
};

/* The bytes of a response, shared by all calls that it was given to. Immutable. */
struct shared_body {
	atomic_uint refs;
	bool is_secret; /* wiped when the last reference goes */
	struct buf bytes;
};

/* Takes the bytes, also on failure. A buffer that failed gives NULL too. */
struct shared_body *shared_body_new(struct buf *bytes_taken, bool is_secret); /* NULL: no memory */
/* A further reference; never NULL. */
struct shared_body *shared_body_ref(struct shared_body *b);
void shared_body_unref(struct shared_body *b); /* takes NULL */

/* The form of the body, from which the front end makes the content type. */
enum body_kind {
	BODY_NONE,   /* nothing: 204, 304 */
	BODY_JSON,   /* the service makes YAML of it where in.wants_yaml (response_yaml.c) */
	BODY_SOURCE, /* a document as it was written; its type in `content_type` */
	BODY_YAML,
	BODY_PROPERTIES,
	BODY_ENV,
	BODY_TEXT,
	BODY_NDJSON, /* one JSON object a line */
	BODY_FILE,   /* a file to send and to remove after: its path is the body's bytes (backup) */
};

/* With quotes and the byte that ends it: 32 hexadecimal digits, or "v" and a version. */
#define ETAG_BYTES 48

/* All that a response says. Zeroed but for `problems` before each run of the verb. */
struct response {
	enum result result;
	struct error error;  /* when result is not OK: `detail` */
	struct buf problems; /* JSON array: `errors` of problem+json; empty for none */
	struct shared_body *body;
	enum body_kind kind;
	struct slice content_type; /* of BODY_SOURCE; lives with the call */
	bool is_created;	   /* 201 */
	bool is_not_modified;	   /* 304 */
	char etag[ETAG_BYTES];	   /* with its quotes; empty for none */
	uint64_t revision, epoch;  /* of the snapshot that was read, or that this write made */
	/* The call left an entry in the audit log, whose first one has this index. */
	bool has_audit_index;
	uint64_t audit_index;
	char next[2304]; /* `after` of the next page, not percent-encoded; empty for none */
	/* Seconds, where the result is E_BUSY; 0: not said. */
	uint32_t retry_after_s;
};

/*
 * Where a call is. service_submit() gives one of the last three. DONE: the call is the front end's.
 * PENDING or WAITING: it is the service's until `done` was called, whatever `state` shows
 * meanwhile. Other threads change `state`, also while service_submit() returns, and a pending poll
 * may become a waiting one. `done` may be called before service_submit() returns. Only
 * service_forget() gives a waiting call back without `done`.
 */
enum call_state {
	CALL_NEW,
	/* With a worker or the committer: `done` will be called, once, from another thread. */
	CALL_PENDING,
	/* A long poll: `done` will be called, once, when it is woken; then submit it again. */
	CALL_WAITING,
	CALL_DONE,
};

/* One request. Zeroed by call_init(); the front end keeps it until `done` was called or
 * service_submit() gave CALL_DONE. */
struct call {
	/* The request. Its texts are the front end's and stay until the call is done. */
	enum verb verb;
	enum permission permission; /* on `path`; the route table's column */
	/* "profiles/orders/base", "config/orders/production", "sys/audit", "profiles/" for lists.
	 */
	struct slice path;
	struct call_input in;
	const struct codec *codec; /* writes the response's body; set by the front end */
	/* In the audit entry and in the response; ends with a NUL. */
	char request_id[40];
	char address_text[64];		 /* of the client, without port */
	uint8_t address[16];		 /* IPv4 as ::ffff:a.b.c.d */
	void (*done)(struct call *call); /* must only hand the call back to its thread: no work */
	void *ctx;

	/* Set by the front end, in any thread: the response is no longer wanted. */
	atomic_bool is_abandoned;

	/* Set by service_authenticate(), and kept until the call is cleared or authenticated
	 * again. */
	struct principal *principal; /* a reference; NULL: unknown */
	struct share *share;	     /* a reference; NULL until service_share() */

	/* response; complete once `state` is CALL_DONE */
	_Atomic enum call_state state;
	struct response out;

	/* The service's own: only the thread that has the call uses them (the caller's, a worker's
	 * or the committer's), and the front end never. */
	struct service *service; /* that it was submitted to */
	struct arena arena;	 /* lives as long as the call; wiped */
	struct snapshot *snapshot;
	struct commit_job *job; /* for the committer; owned */
	void *work;		/* the verb's */
	void (*work_free)(void *work);
	struct audit_draft *audit_draft; /* for the audit log; in the arena */
	int64_t deadline_ms;		 /* of a long poll, monotonic */
	int64_t wake_ms;		 /* that, or before it the end of the token */
	uint64_t seen_revision;	 /* at which the configuration had changed that the poll has seen */
	uint64_t seen_rights;	 /* rights_fingerprint() of its reader */
	uint64_t asked_in_round; /* waiters.c's */
	uint32_t attempts;	 /* to write, that came too late */
	bool is_refused;	 /* by service_admit(): its body was not read */
	bool consumes_use;	 /* the response costs a use of the token */
	bool is_queued;		 /* counted in its principal's share */
	bool is_rendered;	 /* the committer is done; a worker renders the response */
	bool has_budget;
	struct budget budget; /* what the request may still cost, over all its attempts */
	int64_t budget_ms;    /* of its time, what was left when it last left a worker */
	struct call *next;    /* in a queue */
	/* work_queue.c's, under its mutex. A write of a document that has its turn is in the table
	 * of turns by `next_writing`, and the writes that wait for it hang at `behind`. */
	bool is_long, has_turn, is_turn_idle;
	struct call *next_writing, *behind, *behind_last;
	struct call *before_in_waiters, *next_in_waiters;
};

/* Whether the call is a write that must change nothing. */
static inline bool call_is_dry_run(const struct call *c)
{
	return verb_input_family(c->verb) == INPUT_WRITE && c->in.write.is_dry_run;
}

/* Whether the call may get its response only after a wait. */
static inline bool call_is_poll(const struct call *c)
{
	return verb_input_family(c->verb) == INPUT_CONFIG && c->in.config.wait_ms > 0;
}

/* An empty call with its arena; the request is then filled in. */
void call_init(struct call *c);
void call_clear(struct call *c); /* not while PENDING or WAITING */
