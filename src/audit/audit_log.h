/*
 * The state of a growing log: what the one thread that appends needs to know. It stores nothing:
 * the caller stores each line with its leaf hash, the state and the signed checkpoint in the same
 * transaction as the change.
 *
 * The state is a value. Append to a copy, and keep the copy only when the transaction is durable.
 */
#pragma once

#include "audit/checkpoint.h"
#include "audit/entry.h"

struct audit_log {
	struct merkle tree;   /* its size is the index of the next entry */
	int64_t last_time_ms; /* of the last entry; 0 before the first */
	uint64_t epoch;	      /* of the last entry */
	uint64_t revision;    /* of the last entry */
};

#define AUDIT_LOG_EMPTY               \
	{                             \
		MERKLE_EMPTY, 0, 0, 0 \
	}
/* A version, three numbers, and the tree. */
#define AUDIT_LOG_STATE_BYTES_MAX (1 + 3 * 8 + MERKLE_BYTES_MAX)

/* Sets the index and the time of the entry (`now_ms`, or the time of the last entry when the clock
 * went back) and appends its line to `ret_line`. A revision below that of the last entry of the
 * epoch is raised to it: a read that was answered from an older snapshot may be recorded after a
 * newer commit. On failure nothing changes. E_CONFLICT for an epoch that is lower, E_LIMIT, and the
 * results of audit_entry_write(). */
MUST_USE enum result audit_log_append(struct audit_log *log, struct audit_entry *entry,
				      int64_t now_ms, struct buf *ret_line,
				      uint8_t ret_leaf[static HASH_BYTES], struct error *err);

/* Appends the signed checkpoint of the log as it is, and of the store's state (HASH_BYTES bytes,
 * or NULL). `seed` is the signing key of the
 * keyring and `key` its public half. E_CRYPTO when they do not belong together; E_MEMORY. */
MUST_USE enum result audit_log_sign(const struct audit_log *log, const uint8_t *state,
				    const struct vkey *key, const struct key *seed,
				    struct buf *ret_note, struct error *err);

/* Writes the state for the store and reads it at the next start. E_CORRUPT. */
void audit_log_append_state(struct buf *ret, const struct audit_log *log);
MUST_USE enum result audit_log_read_state(struct audit_log *ret, struct slice state,
					  struct error *err);
