/*
 * The verbs (put, get, rollback, resolve, reveal, watch …) over a store, for any front end. Knows
 * no HTTP, SQL or YAML.
 *
 * Four kinds of thread run it:
 *   event loops   the front end's: authenticate, authorise, and respond from the snapshot
 *   workers       parse, resolve and validate; read old versions and the audit index
 *   committer     one: takes all waiting writes and audit entries, checks again what each write
 *                 has read, writes them in one durable transaction, publishes the next snapshot,
 *                 and only then lets the responses leave
 *   waker         one: wakes the long polls that a commit concerns
 */
#pragma once

#include "base/clock.h"
#include "service/call.h"
#include "service/settings.h"
#include "store/store.h"

struct keyring;
struct key;
struct secret_memory;

/* What a service is made of. Store and keyring are taken over; the rest is borrowed while it opens,
 * and copied. */
struct service_parts {
	struct store *store;
	struct keyring *keyring;
	const struct service_settings *settings;
	const struct clock *clock;
};

/* Takes over store and keyring, also on failure. Loads the first snapshot and starts the
 * threads. */
MUST_USE enum result service_open(struct service **ret, const struct service_parts *parts,
				  struct error *err);

/* No new calls are taken (E_UNAVAILABLE); waiting polls are woken and get their response as it is;
 * writes in flight are finished. Returns once every call is done. */
void service_drain(struct service *s);
void service_close(struct service *s); /* takes NULL; drained, all calls cleared */

/* Sets call->principal to the principal of a bearer token ("rv_…") that came from the call's
 * address. E_UNAUTHENTICATED, always with the same sentence, where there is no token or it is
 * unknown, expired, revoked, or bound to other addresses. E_MEMORY. Quick; any thread. */
MUST_USE enum result service_authenticate(struct service *s, struct call *call, struct slice token,
					  struct error *err);

/* The share of the call's principal (share.h): one for all its calls, referenced by the call. NULL:
 * no memory. The call is authenticated. Any thread that has the call. */
struct share *service_share(struct service *s, struct call *call);

/* Whether `share` is that one, by name; takes no lock. The call is authenticated. */
bool service_is_share_of(const struct call *call, const struct share *share);

/* Before a call's body is read: whether the principal's rights on the path allow it to go on.
 * False: submit the call without its body; it is refused and the refusal recorded. Quick; any
 * thread. */
bool service_admit(struct service *s, struct call *call);

/* Authorises, runs, records. Gives the state: DONE (the response is there), PENDING or WAITING (see
 * call_state). After a wake from WAITING submit the call again, unchanged. Quick in the caller's
 * thread: no disk, no parsing of large input. `call->principal` is needed for all verbs. */
enum call_state service_submit(struct service *s, struct call *call);

/* The client of a waiting call is gone: takes it out of the waiters. True: it was there, `done`
 * will not be called any more. */
bool service_forget(struct service *s, struct call *call);

/* The front end calls this a few times a second, in one thread. It wakes polls whose time is over,
 * notices when the machine's clock jumped, and hands the entries of counted failures and the
 * removal of ended tokens to the committer. */
void service_tick(struct service *s);

/* Whether it can serve: E_UNAVAILABLE with the reason (the disk is full, read-only after a failed
 * disk, draining). */
MUST_USE enum result service_ready(struct service *s, struct error *err);

/* The current (epoch, revision), for headers of responses that no call made. Quick; any thread. */
void service_revision(struct service *s, uint64_t *ret_epoch, uint64_t *ret_revision);

/* A store and its keys, while no service runs on them. All of it is the caller's, and the functions
 * below run in its thread. */
struct stopped_store {
	struct store *store;
	struct keyring *keyring;
	const struct clock *clock;
};

/* A document that ships with the server. */
struct shipped_document {
	const char *path;   /* "policies/administrator" */
	const char *source; /* YAML */
	size_t len;
};

/* Makes a new store, in one transaction: identity, keys, the log's key, the shipped documents as
 * revision 1, and one administrator's token, which is appended to `ret_token`. `ret_log_vkey` gets
 * the log's public key as a vkey line (for audit.pub). The store was opened as new. */
MUST_USE enum result service_init(const struct stopped_store *to,
				  const struct shipped_document *documents, size_t documents_count,
				  struct buf *ret_token, struct buf *ret_log_vkey,
				  struct error *err);

/* After a restore from a backup, in one transaction: raises the epoch, revokes all tokens unless
 * `is_keeping_tokens`, makes a new administrator's token, which is appended to `ret_token`, and
 * writes an audit entry with the reason. */
MUST_USE enum result service_restore(const struct stopped_store *to, struct slice reason,
				     bool is_keeping_tokens, struct buf *ret_token,
				     struct error *err);

/* What a recovery does. All is borrowed for the call. */
struct recovery_order {
	struct slice reason;
	/* Becomes the next version of FIRST_POLICY where that does not give the right to
	 * administer. NULL: such a store is refused. */
	const struct shipped_document *policy;
	/* Takes the new token before the transaction that makes it valid is committed. It may
	 * append to the buffer, which is wiped afterwards. */
	enum result (*keep)(void *ctx, struct buf *token, struct error *err);
	void *keep_ctx;
};

/* Where all administrators' tokens are lost, in one transaction: makes a new one, gives it to
 * `keep`, and writes audit entries with the reason. E_CONFLICT where FIRST_POLICY does not give the
 * right to administer. After a failure the token that `keep` got is not valid. */
MUST_USE enum result service_recover(const struct stopped_store *to,
				     const struct recovery_order *order, struct error *err);
