#include "audit/log.h"

#define STATE_VERSION 1
#define STATE_HEAD    (1 + 3 * 8)

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
	if (log->tree.size == UINT64_MAX)
		return fail(err, E_LIMIT, "audit log: it is full");
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

enum result audit_log_sign(const struct audit_log *log, const struct vkey *key,
			   const struct key *seed, struct buf *ret_note, struct error *err)
{
	return checkpoint_sign(ret_note, &log->tree, key, seed, err);
}

static void append_u64_bytes(struct buf *b, uint64_t value)
{
	for (int i = 7; i >= 0; i--)
		buf_append_char(b, (char)(value >> (8 * i)));
}

static uint64_t read_u64_bytes(const char *from)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | (uint8_t)from[i];
	return value;
}

void audit_log_append_state(struct buf *ret, const struct audit_log *log)
{
	buf_append_char(ret, STATE_VERSION);
	append_u64_bytes(ret, (uint64_t)log->last_time_ms);
	append_u64_bytes(ret, log->epoch);
	append_u64_bytes(ret, log->revision);
	merkle_append_state(ret, &log->tree);
}

enum result audit_log_read_state(struct audit_log *ret, struct slice state, struct error *err)
{
	struct audit_log log = AUDIT_LOG_EMPTY;
	enum result rc;

	if (state.len < STATE_HEAD || state.data[0] != STATE_VERSION)
		return fail(err, E_CORRUPT, "audit log: its state is unreadable");
	log.last_time_ms = (int64_t)read_u64_bytes(state.data + 1);
	log.epoch = read_u64_bytes(state.data + 9);
	log.revision = read_u64_bytes(state.data + 17);
	rc = merkle_read_state(&log.tree, slice_from(state, STATE_HEAD), err);
	if (rc != OK)
		return wrap(err, rc, "audit log");
	*ret = log;
	return OK;
}
