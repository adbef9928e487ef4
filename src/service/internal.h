/*
 * The machinery that all verbs share, known to src/service/ alone.
 *
 * A call passes through steps. The verb table says for each verb who may (guard), where its functions run and what the
 * audit log says of it; dispatch.c does the rest, so that no verb can forget one:
 *
 *   service_submit   rights, guard → on_loop in the caller's thread, or a worker's queue
 *   worker           a fresh snapshot, rights and guard again → on_worker
 *   committer        what must be durable before the answer leaves: writes (call->work) and audit entries (call->recording)
 *
 * A verb's function gives the next step and fills call->out through response_*(). It allocates from call->arena, reads call->snapshot
 * (which does not change under it) and asks rights_may(rights, …) for each path that an answer names.
 */
#pragma once

#include "audit/audit_log.h"
#include "crypto/keyring.h"
#include "service/state/rights.h"
#include "service/service.h"
#include "service/state/snapshot.h"
#include "service/engine/work_queue.h"

#include <pthread.h>

struct config_cache;
struct folded;
struct refusals;
struct waiters;
struct write;

/* What an event loop parses, of JSON, or converts. */
#define LOOP_BYTES_MAX 4096

enum step {
	STEP_RESPOND, /* call->out is the answer; recorded before it leaves where there is a recording */
	STEP_WORKER, /* not in this thread: on_worker is to do it (on_loop only) */
	STEP_COMMIT, /* call->work is a struct write (write.h) for the committer (on_worker only) */
	STEP_WAIT,   /* a long poll: out is a "not modified" that holds until something changes */
};

/* One thread that may read the disk and parse. */
struct worker {
	struct service *service;
	struct store_session *session; /* NULL before its first call */
	struct call *call;	       /* at work */
	int64_t began_ms;	       /* with it, monotonic */
	pthread_t thread;
};

/* What a verb's function is given. */
struct verb_context {
	struct service *service;
	struct call *call;
	struct snapshot *snapshot;     /* call->snapshot */
	const struct rights *rights;   /* of call->token */
	int64_t now_ms;		       /* wall time */
	struct worker *worker;	       /* NULL in the caller's thread */
	struct store_session *session; /* NULL in the caller's thread */
	struct budget *
		budget; /* the call's; NULL in the caller's thread, which does only what is small */
	struct rights own_rights; /* what `rights` points to */
};

typedef enum step verb_fn(struct verb_context *ctx);

enum guard {
	GUARD_PATH, /* call->permission on call->path */
	GUARD_UNDER, /* call->permission on something under call->path: lists, which filter each row themselves */
	GUARD_VERB, /* the verb's function authorises by itself: batches, own token, what is paths of several kinds */
};

/* What becomes of an Idempotency-Key. A verb whose row does not say it refuses one: it must
 * never be overlooked. */
enum key_use {
	KEY_REFUSED,
	KEY_HONOURED, /* replayed before the verb runs, kept in the write's transaction; not looked at in a dry run */
	KEY_NEVER_KEPT, /* refused, because its answer is a credential */
};

struct verb_row {
	const char *
		action; /* the audit log's word; "%s" stands for the kind in the singular: "document.read", "secret.read" */
	enum guard guard;
	verb_fn *on_loop;   /* NULL: straight to a worker */
	verb_fn *on_worker; /* NULL: never needs one */
	enum key_use key;
};

extern const struct verb_row verb_table[VERB_COUNT];

/* Whether it changes documents when it is no dry run. */
bool verb_is_write(enum verb verb);

/* What the audit log is told of a call before its answer leaves. In the call's arena. */
struct audit_draft {
	struct slice action;
	struct slice reason; /* never a value */
	struct audit_touch *touched;
	uint32_t touched_count, touched_size;
};

/* refusal.c: whether the log keeps the failure of a known principal's call. */
bool call_is_refusal(const struct call *c, enum result rc);
/* Has it recorded with all that it was about; call->out.result is set. False: no memory. */
bool audit_draft_refusal(struct call *c);

/* Has the call recorded (with its verb's action word) before its answer leaves; again changes nothing. False: no memory. */
bool audit_draft_begin(struct call *c);
/* Adds a path (copied) that it touched; version 0 for the document as such, `mac` (HASH_BYTES, audit_value_mac) may be NULL. Begins the recording. */
bool audit_draft_touch(struct call *c, struct slice path, uint64_t version, const uint8_t *mac);

/* The same of a version of a secret whose content was looked at. */
MUST_USE enum result audit_draft_read(struct service *s, struct call *c,
				      const struct version_row *row, struct slice content,
				      struct error *err);

/* Whether the path stands in the recording already. */
bool audit_draft_has(const struct call *c, struct slice path);
/* What was recorded of a dry run is what it looked at: "secret.read", with the reason "dry run". A refusal stays one. */
void audit_draft_dry_run(struct call *c);

/* Whether the call's entry says only that it failed: no secret was opened on the way. */
bool audit_draft_says_only_failure(const struct call *c);

struct counters {
	_Atomic uint64_t calls[VERB_COUNT];
	_Atomic uint64_t refused, failed;
	_Atomic uint64_t commits, commit_items, audit_entries;
	_Atomic uint64_t config_hits, config_misses;
	_Atomic uint64_t waiting;
};

struct call_queue {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	struct call *first, *last;
	uint32_t count;
	bool is_closed;
};

/* waker.c's. */
struct waker {
	pthread_mutex_t mutex;
	pthread_cond_t kicked;
	pthread_t thread;
	bool has_thread, is_kicked, is_stopping;
};

struct service {
	struct service_settings settings;
	struct store *store;
	struct keyring *keyring;
	struct clock clock;
	struct random_source random;
	struct vkey log_key; /* the audit log's */

	pthread_mutex_t snapshot_mutex; /* around load + ref and the swap; nothing else */
	struct snapshot *current;

	struct config_cache *cache;
	struct waiters *waiters;
	struct waker waker;
	_Atomic int32_t woken; /* polls of the last slice that have not gone on yet; a hint */
	_Atomic int64_t clocks_apart_ms; /* wall minus monotonic time at the last tick */
	struct refusals *refusals;
	struct shares *shares;
	struct folded *folded;

	struct work_queue work;	  /* for the workers */
	struct call_queue commit; /* for the committer */
	struct worker *workers;
	uint32_t workers_count;
	pthread_t committer;
	bool has_committer;

	struct audit_log log; /* the committer's; as of the last commit */
	int64_t shred_at_ms; /* the committer's: when to try, monotonic; 0: nothing is left to shred */
	bool is_shred_late; /* the committer's: the last try failed */
	pthread_mutex_t head_mutex;
	struct buf checkpoint; /* the signed note of the last commit, under head_mutex */

	atomic_bool is_draining, is_read_only;
	_Atomic uint64_t calls_open; /* pending or waiting */
	pthread_mutex_t idle_mutex;
	pthread_cond_t idle;
	struct counters counters;
	int64_t started_ms; /* wall */
};

/* snapshot of now, referenced */
struct snapshot *service_snapshot(struct service *s);

/* Answers. Each fills call->out and gives STEP_RESPOND (a refusal, E_FORBIDDEN, also begins a recording), so that a verb says `return
 * response_…(…)`. */
enum step response_fail(struct call *c, enum result rc, const char *fmt, ...) PRINTF_LIKE(3, 4);
enum step response_error(struct call *c, enum result rc, const struct error *err);
/* In place of an answer that may not leave, because its entry cannot be written: nothing of it stays. */
void response_unrecorded(struct call *c, enum result rc, const char *reason);
enum step response_empty(struct call *c); /* 204 */
/* What every answer is put together in, so that none can grow beyond what a client may cost. */
#define RESPONSE_BYTES_MAX ((size_t)64 << 20)
#define BUF_RESPONSE	   BUF_INIT(RESPONSE_BYTES_MAX)

/* buf_check() of a BUF_RESPONSE, saying what to do where it is full: E_LIMIT, E_MEMORY. */
MUST_USE enum result response_check(const struct buf *b, struct error *err);
enum step response_body(struct call *c, enum body_kind kind, struct buf *bytes_taken,
			bool is_secret); /* as response_check() where the buffer failed */
enum step response_json(struct call *c,
			struct buf *bytes_taken); /* response_body(BODY_JSON, not secret) */
void response_etag_version(struct call *c, uint64_t version); /* "v3" */
/* Where the next page begins; too long a text is none. */
void response_next(struct call *c, struct slice after);
void response_next_number(struct call *c, uint64_t after);

/* `,"name":` and a value, or without the comma after '{' and '['. */
void json_member(struct buf *b, const char *name);
void json_member_text(struct buf *b, const char *name, struct slice text);
void json_member_u64(struct buf *b, const char *name, uint64_t value);
void json_member_bool(struct buf *b, const char *name, bool value);
void json_member_time(struct buf *b, const char *name, int64_t wall_ms);
/* null where there is none. */
void json_member_accessor(struct buf *b, const char *name, struct slice accessor);
/* "author", and beside the name the token that bore it and that one's maker: "author_accessor", "author_parent". */
void json_member_author(struct buf *b, const struct snapshot *s, struct slice author,
			struct slice accessor);
void json_comma(struct buf *b); /* unless behind '{', '[' or nothing */
/* {"path","version","revision","created_at" without the closing brace */
void json_version_place(struct buf *b, const struct version_row *row);
/* The same, "created_by" and "message": for who may list or read it, or has made it. */
void json_version_name(struct buf *b, const struct version_row *row);
/* The same and "digest". */
void json_version_head(struct buf *b, const struct version_row *row);

/* The limit of a list within the settings' bounds. */
uint32_t call_limit(const struct service *s, const struct call *c);

/* The plain content of one version, appended, for the principal who made the call: of a secret, the call's entry then names the version. The one way to a
 * secret's content for somebody, beside a view's (view_secret_value()). E_UNAVAILABLE: it cannot be recorded, so it is not opened. */
MUST_USE enum result content_for_caller(struct service *s, struct call *c,
					const struct version_row *row, struct buf *ret,
					struct error *err);

/* The same for nobody: what is opened to be merged, compared or kept and is shown to no one. scripts/check-layers knows who may call it. */
MUST_USE enum result content_of_row(struct service *s, const struct version_row *row,
				    struct buf *ret, struct error *err);
/* How much beyond the bounds of a document patches may let it grow whose writers may not read it. */
#define CONTENT_GROWTH_MAX 4
#define CONTENT_YAML	   "application/yaml"
#define CONTENT_JSON	   "application/json"

/* `budget` may be NULL. */
MUST_USE enum result tree_of_content(struct slice content, struct slice content_type,
				     struct budget *budget, struct tree *ret,
				     struct doc_warnings *warnings, struct error *err);
/* Read and parsed into `ret` (made with TREE_INIT by the caller; is_secret for secrets). */
MUST_USE enum result tree_of_row(struct service *s, const struct version_row *row,
				 struct budget *budget, struct tree *ret, struct error *err);

/* ?revision= and ?at= as one revision; E_NOT_FOUND where it lies beyond. Worker only. */
MUST_USE enum result revision_asked(struct verb_context *ctx, uint64_t *ret, struct error *err);

/* problems.c: the next path of a document or configuration in a text; moves behind it. False: none. */
bool text_next_document(struct slice *rest, struct slice *ret);

/* The machinery. */
bool queue_init(struct call_queue *q);
void queue_clear(struct call_queue *q);
bool queue_push(struct call_queue *q, struct call *c, uint32_t max); /* false: full or closed */
void queue_close(struct call_queue *q);
/* Waits, at most `wait_ms` (whole seconds) where that is not 0; a list by `next`, NULL where nothing came. `*ret_is_over`: closed and empty. */
struct call *queue_take(struct call_queue *q, uint32_t max, int64_t wait_ms, bool *ret_is_over);

/* Counts a call that waits in its principal's share. False, and the call answered E_BUSY: the share is used up. */
bool call_queued(struct service *s, struct call *c);
void call_unqueued(struct call *c); /* nothing where it is not counted */

/* A call is with us from the one to the other; service_drain() waits for the last. */
void service_call_begin(struct service *s);
void service_call_end(struct service *s);
/* The profile behind "config/app/name"; NULL where there is none. Borrowed. */
struct snap_doc *config_doc(const struct snapshot *snapshot, struct slice config);
void response_reset(struct call *c);
void call_drop_work(struct call *c);
void call_finish(struct service *s,
		 struct call *c); /* DONE and handed back; not to be touched after */
/* Snapshot, rights, guard and the verb's function; `worker` NULL: the caller's thread. The ctx lives until verb_end(). */
enum step verb_run(struct verb_context *ctx, struct service *s, struct call *c,
		   struct worker *worker);
void verb_end(struct verb_context *ctx);
/* Where a call goes after a step, in a worker or the caller's thread: to another thread, the waiters or the end. Anything but CALL_DONE: it is
 * not to be touched any more. */
enum call_state call_after(struct verb_context *ctx, enum step step);
/* Whether each answer costs a use: of the token or of one above it. */
bool token_is_limited(const struct snapshot *s, const struct token *t);
/* Takes one use off the call's token and off each above it whose uses are limited, in the store and in `working`. E_UNAUTHENTICATED: one has none left, and
 * none is taken. */
MUST_USE enum result token_consume_use(struct service *s, struct snapshot *working,
				       const struct call *c, struct error *err);
/* The call's entry, appended to the log and its row written; `w` may be NULL. */
MUST_USE enum result audit_draft_append(struct service *s, struct audit_log *log, struct call *c,
					const struct write *w, uint64_t revision, int64_t now_ms,
					struct error *err);

MUST_USE enum result workers_start(struct service *s, struct error *err);
void workers_stop(struct service *s);
MUST_USE enum result committer_start(struct service *s, struct error *err);
void committer_stop(struct service *s);
MUST_USE enum result service_load(struct service *s,
				  struct error *err); /* the first snapshot and the log's head */

/* Verbs: one function each; those of the read side live in list.c, history.c, tokens.c, audit_read.c, status.c … */
verb_fn document_get_on_loop, document_get_on_worker;
verb_fn document_write_on_worker; /* put, patch, delete, undelete, destroy, rollback */
verb_fn batch_on_worker, revert_on_worker;
verb_fn config_get_on_loop, config_get_on_worker;
verb_fn document_list_on_worker;
verb_fn document_versions_on_worker, document_diff_on_worker, document_dependents_on_worker;
verb_fn revision_list_on_worker, revision_get_on_worker;
verb_fn config_versions_on_worker, config_diff_on_worker;
verb_fn audit_list_on_worker, audit_entry_on_worker, audit_checkpoint_on_loop;
verb_fn token_create_on_worker, token_list_on_worker, token_revoke_on_worker, token_self_on_loop,
	token_renew_on_worker;
verb_fn access_check_on_loop, status_on_worker, metrics_on_loop, backup_on_worker;
