/* Writing the members of JSON objects, one after the other, with the commas between them. */
#pragma once

#include "base/buf.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* `,"name":` and a value, or without the comma after '{' and '['. */
void json_member(struct buf *b, const char *name);
void json_member_text(struct buf *b, const char *name, struct slice text);
void json_member_u64(struct buf *b, const char *name, uint64_t value);
void json_member_bool(struct buf *b, const char *name, bool value);
void json_member_time(struct buf *b, const char *name, int64_t wall_ms);
/* A comma, unless behind '{', '[' or nothing. */
void json_comma(struct buf *b);
