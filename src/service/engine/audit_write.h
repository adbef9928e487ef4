/* How an entry and the log's head reach the store, for whoever holds the store's writing side. */
#pragma once

#include "audit/audit_log.h"
#include "base/arena.h"
#include "crypto/keyring.h"
#include "store/store.h"

/* Appends the entry (index and time are set) and writes its row. On failure the log may have moved on: throw it away. */
MUST_USE enum result audit_write_entry(struct store *store, struct audit_log *log,
				       struct audit_entry *entry, int64_t now_ms, struct arena *a,
				       struct error *err);

/* Signs the log as it is and writes its head; the note is appended to `ret_checkpoint`, which was empty. */
MUST_USE enum result audit_write_head(struct store *store, const struct keyring *keyring,
				      const struct vkey *key, const struct audit_log *log,
				      struct buf *ret_checkpoint, struct error *err);

/* A number as the store keeps it: decimal. */
MUST_USE enum result store_put_number(struct store *store, const char *name, uint64_t value,
				      struct error *err);
