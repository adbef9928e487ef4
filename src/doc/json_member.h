/*
 * Writing JSON objects and arrays member by member, with the commas between them. Every JSON text
 * that is not written from a tree (doc/write.h) is written with these functions, so that no caller
 * counts commas or escapes strings by itself. The caller writes the brackets:
 *
 *   buf_append_char(b, '{');
 *   json_member_text(b, "path", path);
 *   json_member_u64(b, "version", 3);
 *   buf_append_char(b, '}');          {"path":"secrets/a","version":3}
 *
 * A failure stays in the buffer: check it once at the end. Texts must be valid UTF-8.
 */
#pragma once

#include "base/buf.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Appends a comma, unless the text ends with '{', '[' or a newline or is empty: for items of
 * arrays. */
void json_comma(struct buf *b);

/* Appends a comma where one is due, and the name of a member; the caller appends the value. `name`
 * is a constant that needs no escapes. */
void json_member(struct buf *b, const char *name);

/* The same, with the value. */
void json_member_text(struct buf *b, const char *name, struct slice text);
void json_member_u64(struct buf *b, const char *name, uint64_t value);
void json_member_i64(struct buf *b, const char *name, int64_t value);
void json_member_bool(struct buf *b, const char *name, bool value);
void json_member_time(struct buf *b, const char *name, int64_t wall_ms); /* RFC 3339 */
