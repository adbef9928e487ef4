/*
 * What a verb is to the engine: a row of the verb table, and two functions that get a verb
 * context.
 *
 * A call passes through steps. The row says for each verb which right it needs (guard), in which
 * thread its functions run and what the audit log calls it; the engine does the rest, so that no
 * verb can forget a step:
 *
 *   service_submit   rights, guard → on_loop in the caller's thread, or a worker's queue
 *   worker           a new snapshot, rights and guard again → on_worker
 *   committer        all that must be durable before the response leaves: the commit job
 *                    (call->job) and the audit entry (call->audit_draft)
 *
 * A verb's function gives the next step and fills call->out through response_*(). It allocates
 * from call->arena, reads ctx->snapshot (which does not change during the call) and asks
 * rights_may(ctx->rights, …) for each path that a response names.
 */
#pragma once

#include "service/call.h"
#include "service/body_input.h"
#include "service/state/config_at.h"
#include "service/state/rights.h"
#include "service/state/state.h"
#include "service/state/view.h"

enum step {
	/* call->out is the response; recorded before it leaves where there is an audit draft. */
	STEP_RESPOND,
	STEP_WORKER, /* not in this thread: on_worker is to do it (on_loop only) */
	STEP_COMMIT, /* call->job is for the committer (on_worker only) */
	STEP_WAIT,   /* a long poll: out is a "not modified" that holds until something changes */
};

struct service;
struct worker;

/* The argument of a verb's functions. */
struct verb_context {
	struct service *service;
	struct call *call;
	struct snapshot *snapshot;     /* call->snapshot */
	const struct rights *rights;   /* of call->principal */
	int64_t now_ms;		       /* server time (state/server_time.h) */
	struct worker *worker;	       /* NULL in the caller's thread */
	struct store_session *session; /* NULL in the caller's thread */
	struct budget
		*budget; /* the call's; NULL in the caller's thread, where all work is small */
	struct rights own_rights; /* what `rights` points to */
};

typedef enum step verb_fn(struct verb_context *ctx);

/* How the engine checks the right to a call before its verb runs. */
enum guard {
	GUARD_PATH, /* call->permission on call->path */
	/* call->permission on something under call->path: lists, which filter each row themselves.
	 */
	GUARD_UNDER,
	/* The verb's function checks the rights: batches, own token, paths of several kinds. */
	GUARD_VERB,
};

struct verb_row {
	/* The audit log's word. Before a dot at its beginning stands the kind: "secret", "policy",
	 * or "document" for schemas and profiles. */
	const char *action;
	enum guard guard;
	verb_fn *on_loop;   /* NULL: straight to a worker */
	verb_fn *on_worker; /* NULL: never needs one */
	/* An Idempotency-Key is refused, so that none is overlooked, unless `replay` is given: it
	 * runs before the verb, not in a dry run. OK: call->out is the first response. E_NOT_FOUND:
	 * the key is new. Worker only. */
	enum result (*replay)(struct verb_context *ctx, struct error *err);
	bool has_credential; /* the response is a credential, which is never kept under a key */
};

/* Defined by the facade (service/verbs.c), since it names the functions of all sub-folders. */
extern const struct verb_row verb_table[VERB_COUNT];

/* Whether it changes documents when it is no dry run. */
bool verb_is_write(enum verb verb);

/* The limit of a list: `requested`, or the default for 0, within the settings' bounds. */
uint32_t list_limit(const struct service *s, uint32_t requested);

/* The revision that `at` means, 0 for the current one; E_NOT_FOUND where it does not exist. Worker
 * only. */
MUST_USE enum result revision_asked(struct verb_context *ctx, const struct past_state *at,
				    uint64_t *ret, struct error *err);

/* The request's body, with the bounds for reading it. */
struct body_input verb_body(const struct verb_context *ctx);

/* A view of the context's snapshot (view.h), or of an old revision where `at_revision` is not 0, as
 * `reader` sees it. */
void verb_view_init(struct view *ret, const struct verb_context *ctx, uint64_t at_revision,
		    const struct rights *reader);

/* Where the verb looks configurations up (service/state/config_at.h). Worker only. */
struct config_source verb_config_source(const struct verb_context *ctx);

/* Snapshot, rights, guard and the verb's function; `worker` NULL: the caller's thread. The context
 * lives until verb_end(). */
enum step verb_run(struct verb_context *ctx, struct service *s, struct call *c,
		   struct worker *worker);
void verb_end(struct verb_context *ctx);
