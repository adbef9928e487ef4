/*
 * The head of a stored store, and whether its rows are those that the head vouches for: what a
 * start checks before it believes anything in the file.
 *
 * The chain begins at the root key, which opened the keyring: the keyring gives the key of the log,
 * this key signed the checkpoint, the checkpoint has the root of the log and the state of all rows.
 * An attacker who can write to the file can break the chain, but not make another one. The whole
 * file of an earlier moment is a valid chain too; only a checkpoint that was kept elsewhere shows
 * it.
 */
#pragma once

#include "audit/audit_log.h"
#include "crypto/keyring.h"
#include "store/store.h"

/* What the newest transaction left. */
struct store_head {
	struct vkey log_key;
	struct audit_log log;
	struct buf checkpoint; /* the signed note */
	uint64_t epoch, revision;
	int64_t time_ms; /* of the revision */
	bool has_macs;	 /* false: written before rows had MACs (data format 2 and older) */
	uint8_t state[HASH_BYTES]; /* that the checkpoint vouches for */
};

#define STORE_HEAD_NULL ((struct store_head){.checkpoint = BUF_NULL})

/* For CLEANUP too. */
void store_head_clear(struct store_head *head);

/* Reads the head and checks it: the checkpoint's signature, origin, size and root, the log's last
 * entry, and that no counter is behind its table. Within a transaction of the session; the store
 * need not have its keys yet. E_CORRUPT names the table and what to do; E_CRYPTO for a checkpoint
 * that the store's key did not sign. `ret` is filled on success only. */
MUST_USE enum result store_head_read(struct store_head *ret, struct store_session *ss,
				     const struct keyring *keyring, struct error *err);

/* Checks every row against the head (store_sum_rows()). The store has its keys. Within a
 * transaction of the session; E_CORRUPT also where it sees another head. */
MUST_USE enum result store_head_check_rows(const struct store_head *head, struct store_session *ss,
					   struct row_sums *ret, struct error *err);
