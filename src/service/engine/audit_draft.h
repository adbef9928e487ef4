/* The audit entry of a call, as it is collected until the committer writes it. In the call's arena;
 * one thread at a time. */
#pragma once

#include "audit/audit_log.h"
#include "service/call.h"
#include "service/state/open_content.h"

struct service;

/* What the audit log is told of a call before its answer leaves. In the call's arena. */
struct audit_draft {
	struct slice action;
	struct slice reason; /* never a value */
	struct audit_touch *touched;
	uint32_t touched_count, touched_size;
};

/* refusal.c: whether the log keeps the failure of a known principal's call. */
bool call_is_refusal(const struct call *c, enum result rc);
/* Has it recorded with all that it was about; call->out.result is set. False: no memory. */
bool audit_draft_refusal(struct call *c);

/* Has the call recorded (with its verb's action word) before its answer leaves; again changes
 * nothing. False: no memory. */
bool audit_draft_begin(struct call *c);
/* Adds a path (copied) that it touched; version 0 for the document as such, `mac` (HASH_BYTES,
 * audit_value_mac) may be NULL. Begins the recording. */
bool audit_draft_touch(struct call *c, struct slice path, uint64_t version, const uint8_t *mac);

/* The same of a version of a secret whose content was looked at. */
MUST_USE enum result audit_draft_read(struct service *s, struct call *c,
				      const struct version_row *row, struct slice content,
				      struct error *err);

/* Whether the path stands in the recording already. */
bool audit_draft_has(const struct call *c, struct slice path);
/* What was recorded of a dry run is what it looked at: "secret.read", with the reason "dry run". A
 * refusal stays one. */
void audit_draft_dry_run(struct call *c);

/* Whether the call's entry says only that it failed: no secret was opened on the way. */
bool audit_draft_says_only_failure(const struct call *c);

/* For state/, which opens secrets: has a read recorded in the call's entry. */
struct read_recorder audit_draft_recorder(struct call *c);

/* content_for_caller() for the principal who made the call. */
MUST_USE enum result content_for_call(struct call *c, const struct version_row *row,
				      struct buf *ret, struct error *err);

/* The call's entry, appended to the log and its row written. Of a call without a revision of its
 * own `revision` is the snapshot's. */
MUST_USE enum result audit_draft_append(struct service *s, struct audit_log *log, struct call *c,
					uint64_t revision, int64_t now_ms, struct error *err);
