/* Writes entries and the head of the audit log. For the thread that has the open transaction. */
#pragma once

#include "audit/audit_log.h"
#include "base/arena.h"
#include "crypto/keyring.h"
#include "store/store.h"

/* Rows that go to the store together at the end of a transaction. One thread at a time. */
struct audit_rows {
	struct arena arena; /* of their entries, leaves and paths */
	struct audit_row *items;
	uint32_t count, size;
};

/* Appends the entry to the log (which sets its index and time) and keeps its row. The entry's
 * actor, action and outcome are borrowed until audit_rows_put(). On failure the log may have moved
 * on: go back to a copy from before. */
MUST_USE enum result audit_rows_add(struct audit_rows *r, struct audit_log *log,
				    struct audit_entry *entry, int64_t now_ms, struct error *err);
/* Writes the rows of the entries that are in the log still: going back to an older copy of the log
 * undoes the others. */
MUST_USE enum result audit_rows_put(struct audit_rows *r, struct store *store,
				    const struct audit_log *log, struct error *err);
/* For the next transaction. */
void audit_rows_clear(struct audit_rows *r);
void audit_rows_free(struct audit_rows *r);

/* Signs the log as it is and writes its head; the note is appended to `ret_checkpoint`, which was
 * empty. */
MUST_USE enum result audit_write_head(struct store *store, const struct keyring *keyring,
				      const struct vkey *key, const struct audit_log *log,
				      struct buf *ret_checkpoint, struct error *err);

/* Meta values that are numbers, as the store keeps them: decimal. */
struct meta_number {
	const char *name;
	uint64_t value;
};

#define META_NUMBERS_MAX 4

MUST_USE enum result store_put_numbers(struct store *store, const struct meta_number *numbers,
				       uint32_t count, struct error *err);
