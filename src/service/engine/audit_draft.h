/*
 * The audit entry of a call, collected until the committer writes it. It lies in the call's arena;
 * one thread at a time, the one that has the call.
 *
 * A draft has no outcome: that is call->out when the entry is appended. A call without a draft
 * leaves no entry of its own.
 */
#pragma once

#include "audit/audit_log.h"
#include "service/call.h"
#include "service/state/open_content.h"

struct service;

/* The parts of the entry that the verb decides. In the call's arena. */
struct audit_draft {
	struct slice action;
	struct slice reason; /* never a value */
	struct audit_touch *touched;
	uint32_t touched_count, touched_size;
};

/* refusal.c: whether a failure of a known principal's call is recorded. */
bool call_is_refusal(const struct call *c, enum result rc);
/* Records the failed call with all paths that it was about; call->out.result is set. False: no
 * memory. */
bool audit_draft_refusal(struct call *c);

/* The call gets an audit entry, with its verb's action word, before its response leaves. A second
 * time changes nothing. False: no memory. */
bool audit_draft_begin(struct call *c);
/* Adds a path (copied) that the call touched, and begins the draft. `version` 0: the document as
 * such. `mac` (HASH_BYTES, audit_value_mac) may be NULL. */
bool audit_draft_touch(struct call *c, struct slice path, uint64_t version, const uint8_t *mac);
/* The same for what the call changes: `touch` says its state after the change. All but the path is
 * copied as it is. */
bool audit_draft_change(struct call *c, const struct audit_touch *touch);

/* The same for a version of a secret whose content was read. */
MUST_USE enum result audit_draft_read(struct service *s, struct call *c,
				      const struct version_row *row, struct slice content,
				      struct error *err);

/* Whether the draft names the path already. */
bool audit_draft_has(const struct call *c, struct slice path);
/* A dry run is recorded as "secret.read", with the reason "dry run", because reading is all that it
 * did. A refusal stays a refusal. */
void audit_draft_dry_run(struct call *c);

/* Whether the call's entry says only that it failed: no secret was opened on the way. */
bool audit_draft_says_only_failure(const struct call *c);

/* For state/, which opens secrets: records each in the call's entry. */
struct read_recorder audit_draft_recorder(struct call *c);

/* content_for_caller() for the call's principal. */
MUST_USE enum result content_for_call(struct call *c, const struct version_row *row,
				      struct buf *ret, struct error *err);

/* Appends the call's entry to the log and writes its row. `revision`: the snapshot's, for a call
 * that made none itself. */
MUST_USE enum result audit_draft_append(struct service *s, struct audit_log *log, struct call *c,
					uint64_t revision, int64_t now_ms, struct error *err);
