/*
 * The state of the log in the committer: extends it by one entry, signs it, and turns it into bytes
 * and back.
 *
 * Must hold, for verify.c checks it: indexes have no gap, times never decrease, epochs never
 * decrease, and within an epoch revisions never decrease. audit_log_append() sets or raises these
 * members, so that a clock that went back or a late read cannot make a log that does not verify.
 * Everything that can fail comes before the first change of `log`.
 *
 * No locks: one thread appends, and the state is a value that it owns.
 */
#include "audit/audit_log.h"

#include "base/bytes.h"

#define STATE_VERSION 1
#define STATE_HEAD    (1 + 3 * 8) /* version, time, epoch, revision */

enum result audit_log_append(struct audit_log *log, struct audit_entry *entry, int64_t now_ms,
			     struct buf *ret_line, uint8_t ret_leaf[static HASH_BYTES],
			     struct error *err)
{
	struct audit_entry e = *entry;
	size_t before = ret_line->len;
	enum result rc;

	if (e.epoch < log->epoch)
		return fail(err, E_CONFLICT, "audit log: epoch %llu after %llu",
			    (unsigned long long)e.epoch, (unsigned long long)log->epoch);
	/* The store takes indexes up to INT64_MAX only; this bound protects the tree's own
	 * counter. */
	if (log->tree.size == UINT64_MAX)
		return fail(err, E_LIMIT, "audit log: no further index is left");
	e.index = log->tree.size;
	e.time_ms = now_ms > log->last_time_ms ? now_ms : log->last_time_ms;
	if (e.epoch == log->epoch && e.revision < log->revision)
		e.revision = log->revision;
	rc = audit_entry_write(ret_line, &e, err);
	if (rc != OK)
		return rc;
	merkle_leaf(ret_leaf, slice_make(ret_line->data + before, ret_line->len - before));
	merkle_append(&log->tree, ret_leaf);
	log->last_time_ms = e.time_ms;
	log->epoch = e.epoch;
	log->revision = e.revision;
	*entry = e;
	return OK;
}

enum result audit_log_sign(const struct audit_log *log, const uint8_t *state,
			   const struct vkey *key, const struct key *seed, struct buf *ret_note,
			   struct error *err)
{
	return checkpoint_sign(ret_note, &log->tree, state, key, seed, err);
}

void audit_log_append_state(struct buf *ret, const struct audit_log *log)
{
	uint8_t head[STATE_HEAD] = {STATE_VERSION};

	u64_store(head + 1, (uint64_t)log->last_time_ms);
	u64_store(head + 9, log->epoch);
	u64_store(head + 17, log->revision);
	buf_append(ret, head, sizeof head);
	merkle_append_state(ret, &log->tree);
}

enum result audit_log_read_state(struct audit_log *ret, struct slice state, struct error *err)
{
	const uint8_t *head = (const uint8_t *)state.data;
	struct audit_log log = AUDIT_LOG_EMPTY;
	enum result rc;

	if (state.len < STATE_HEAD || head[0] != STATE_VERSION)
		return fail(err, E_CORRUPT, "audit log: the stored state is malformed");
	log.last_time_ms = (int64_t)u64_load(head + 1);
	log.epoch = u64_load(head + 9);
	log.revision = u64_load(head + 17);
	rc = merkle_read_state(&log.tree, slice_from(state, STATE_HEAD), err);
	if (rc != OK)
		return wrap(err, rc, "audit log");
	*ret = log;
	return OK;
}
