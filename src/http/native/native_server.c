/*
 * What concerns the server and not a document: entries of the audit log, a decision about access,
 * the status.
 *
 * An audit entry passes through byte by byte, since its hash is over these bytes: anything that
 * parsed and wrote it again would break a client's check of the log.
 */
#include "http/native/native_json.h"

#include "base/text.h"
#include "doc/json_member.h"

void native_audit_entry(struct buf *b, struct slice entry)
{
	json_comma(b);
	buf_append_slice(b, entry);
}

void native_audit_line(struct buf *b, struct slice entry)
{
	buf_append_slice(b, entry);
	buf_append_char(b, '\n');
}

void native_decision(struct buf *b, const struct decision_item *d)
{
	buf_append_char(b, '{');
	json_member_bool(b, "allowed", d->is_allowed);
	json_member(b, "rule");
	if (d->policy.len != 0) {
		buf_append_char(b, '{');
		json_member_text(b, "policy", d->policy);
		json_member_u64(b, "rule", d->rule);
		json_member_u64(b, "line", d->line);
		buf_append_char(b, '}');
	} else {
		buf_append_text(b, "null");
	}
	if (d->has_ended)
		json_member_text(b, "reason", SLICE_LITERAL("the token has ended"));
	buf_append_char(b, '}');
}

static void write_documents(struct buf *b, const struct status_item *s)
{
	json_member(b, "documents");
	buf_append_char(b, '{');
	for (int i = 0; i < KIND_COUNT; i++)
		json_member_u64(b, kind_name((enum doc_kind)i), s->documents[i]);
	buf_append_char(b, '}');
}

static void write_audit(struct buf *b, const struct status_item *s)
{
	json_member(b, "audit");
	buf_append_char(b, '{');
	json_member(b, "size");
	buf_append_slice(b, s->audit_size);
	json_member_text(b, "root", s->audit_root);
	json_member_text(b, "origin", s->audit_origin);
	buf_append_char(b, '}');
}

/* Whole seconds, as a person counts them. */
static void write_clock(struct buf *b, const struct status_item *s)
{
	json_member(b, "clock");
	buf_append_char(b, '{');
	json_member_u64(b, "behind_seconds", (uint64_t)s->clock_behind_ms / 1000);
	json_member(b, "jump");
	if (s->clock_jump_ms != 0) {
		buf_append_char(b, '{');
		json_member_time(b, "time", s->clock_jumped_at_ms);
		json_member_i64(b, "seconds", s->clock_jump_ms / 1000);
		buf_append_char(b, '}');
	} else {
		buf_append_text(b, "null");
	}
	buf_append_char(b, '}');
}

void native_status(struct buf *b, const struct status_item *s)
{
	int64_t uptime_ms = s->now_ms > s->started_ms ? s->now_ms - s->started_ms : 0;

	buf_append_char(b, '{');
	json_member_text(b, "version", s->server_version);
	json_member_u64(b, "epoch", s->epoch);
	json_member_u64(b, "revision", s->revision);
	json_member_time(b, "revision_time", s->revision_ms);
	json_member_time(b, "time", s->now_ms);
	json_member_time(b, "started_at", s->started_ms);
	json_member_u64(b, "uptime_seconds", (uint64_t)uptime_ms / 1000);
	write_clock(b, s);
	json_member_text(b, "store",
			 s->is_read_only   ? SLICE_LITERAL("read-only")
			 : s->is_disk_full ? SLICE_LITERAL("disk-full")
					   : SLICE_LITERAL("ok"));
	write_documents(b, s);
	json_member_u64(b, "tokens", s->tokens);
	write_audit(b, s);
	json_member_u64(b, "key_generation", s->key_generation);
	json_member_bool(b, "keys_locked_in_memory", s->is_key_memory_locked);
	json_member_u64(b, "waiting_polls", s->waiting_polls);
	buf_append_char(b, '}');
}
