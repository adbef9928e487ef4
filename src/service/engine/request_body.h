/* Small bodies: an object of known keys. */
#pragma once

#include "service/engine/engine.h"
#include "service/engine/audit_draft.h"
#include "service/engine/response.h"

/* An empty body is an empty object. E_MALFORMED with its place for what is no object and for a key that is not among `keys`
 * ("did you mean"). `ret` is made with TREE_INIT by the caller. */
MUST_USE enum result body_read(const struct call *c, struct tree *ret, const struct slice *keys,
			       size_t keys_count, struct error *err);

/* Whether a text is valid UTF-8 and has no control characters (C0, DEL, C1), line separators and characters that
 * change the direction of text. `may_have_lines`: tabs and ends of lines are well. */
bool body_is_plain(struct slice text, bool may_have_lines);

/* A member that is a plain string of 1 to `max` bytes on one line; E_NOT_FOUND, without a text, where there is none. Borrowed. */
MUST_USE enum result body_text(const struct tree *body, struct slice key, size_t max,
			       struct slice *ret, struct error *err);

/* A member that is a duration ("1h", or a number of seconds) of at least a second; E_NOT_FOUND as above. */
MUST_USE enum result body_duration(const struct tree *body, struct slice key, int64_t max_ms,
				   int64_t *ret, struct error *err);
