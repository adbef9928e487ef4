/*
 * What the making of a new store and a restore have in common: both write to the store before a
 * service runs on it.
 *
 * One thread, no snapshot and no calls: rows and audit entries are written directly, within a
 * transaction that the caller has begun and ends. The entries have the actor SERVER_AUTHOR, since
 * no principal exists or is known.
 */
#pragma once

#include "base/clock.h"
#include "crypto/token_text.h"
#include "service/engine/audit_write.h"
#include "service/token/token_name.h"

/* One transaction: what it writes to, the log that it appends to, and the time that all its rows
 * have. */
struct bootstrap {
	struct store *store;
	const struct keyring *keyring;
	struct vkey log_key;
	struct audit_log log;
	struct audit_rows audit_rows; /* ended by audit_rows_free() */
	int64_t now_ms;
	uint64_t epoch, revision;
	uint8_t token_digest[HASH_BYTES]; /* of the token that was made last */
};

/* Makes and stores a token with FIRST_POLICY that never ends; its text is appended to
 * `ret_token`, its accessor to `ret_accessor`. */
MUST_USE enum result bootstrap_administrator(struct bootstrap *f, struct buf *ret_token,
					     char ret_accessor[static ACCESSOR_BYTES],
					     struct error *err);

/* Appends the audit entry that says the token of bootstrap_administrator() was made. */
MUST_USE enum result bootstrap_record_token(struct bootstrap *f, const char *accessor,
					    struct error *err);

/* Appends an audit entry of the server itself, with its row. */
MUST_USE enum result bootstrap_record(struct bootstrap *f, const char *action, struct slice reason,
				      struct audit_touch *touched, uint32_t touched_count,
				      struct error *err);
