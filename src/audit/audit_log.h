/*
 * The head of the log while it grows: what the one thread that writes it must know. No storage
 * here: the caller stores each line with its leaf hash, the state and the signed checkpoint in the
 * same transaction as the change. The state is a value: append to a copy, and keep the copy only
 * when the transaction is durable.
 */
#pragma once

#include "audit/checkpoint.h"
#include "audit/entry.h"

struct audit_log {
	struct merkle tree;
	int64_t last_time_ms;
	uint64_t epoch;
	uint64_t revision;
};

#define AUDIT_LOG_EMPTY               \
	{                             \
		MERKLE_EMPTY, 0, 0, 0 \
	}
#define AUDIT_LOG_STATE_BYTES_MAX (1 + 3 * 8 + MERKLE_BYTES_MAX)

/* Sets the entry's index and time (`now_ms`, or the last entry's when the clock went back) and
 * appends its line to `ret_line`. A revision below the last entry's of the epoch is raised to it:
 * a read that was answered from an older snapshot is recorded after a newer commit. On failure
 * nothing changed. E_CONFLICT for an epoch that falls; audit_entry_write()'s results. */
MUST_USE enum result audit_log_append(struct audit_log *log, struct audit_entry *entry,
				      int64_t now_ms, struct buf *ret_line,
				      uint8_t ret_leaf[static HASH_BYTES], struct error *err);

/* Appends the signed checkpoint of the log as it is. */
MUST_USE enum result audit_log_sign(const struct audit_log *log, const struct vkey *key,
				    const struct key *seed, struct buf *ret_note,
				    struct error *err);

/* For storing the state and for the next start. E_CORRUPT. */
void audit_log_append_state(struct buf *ret, const struct audit_log *log);
MUST_USE enum result audit_log_read_state(struct audit_log *ret, struct slice state,
					  struct error *err);
