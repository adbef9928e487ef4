/*
 * The members of an entry's line, as they are written, without a tree: a verification reads
 * millions of lines. This relies on the form that audit_entry_write() gives a line, which no other
 * function writes; a line of any other form is refused, since an entry that cannot be read could
 * hide a change.
 *
 * Texts stay as they stand in the line, with their escapes. Equal texts are always written alike,
 * and paths of documents and accessors of tokens never need an escape.
 */
#pragma once

#include "audit/entry.h"

/* What a line begins with. */
struct audit_head {
	uint64_t index;
	int64_t time_ms;
	uint64_t epoch;
	uint64_t revision;
};

/* E_CORRUPT for a line that audit_entry_write() would not begin so. */
MUST_USE enum result audit_head_read(struct audit_head *ret, struct slice line, struct error *err);

/* The parts of a line; all slices borrow from it. */
struct audit_line {
	struct audit_head head;
	struct slice actor, action, outcome, request_id;
	struct slice touched; /* of audit_line_next_touch(); from behind the opening bracket */
};

/* One element of "touched". */
struct audit_line_touch {
	struct slice path;
	uint64_t version;
	struct slice mac; /* hexadecimal; SLICE_NULL where there is none */
	enum audit_state state;
	struct slice digest; /* hexadecimal; SLICE_NULL where there is none */
};

/* E_CORRUPT for a line of another form up to its list of things touched. `ret` is then
 * untouched. */
MUST_USE enum result audit_line_read(struct audit_line *ret, struct slice line, struct error *err);

/* The next thing touched, and moves `rest`, which begins as `touched` of a line, past it. At the
 * end of the list sets `*ret_is_end` instead. E_CORRUPT for another form. */
MUST_USE enum result audit_line_next_touch(struct slice *rest, struct audit_line_touch *ret,
					   bool *ret_is_end, struct error *err);
