/*
 * The matcher of a `pattern` or of a key of `patternProperties`. Many patterns are a prefix, one
 * text or match every text; a matcher decides these without a regular expression. All others are a
 * struct pattern.
 */
#pragma once

#include "base/slice.h"
#include "schema/regex/pattern.h"

#include <stdbool.h>
#include <stdint.h>

/* Kinds, with a pattern that gives each. MATCH_ALWAYS is the kind of "", ".*" and "^". */
enum matcher_kind {
	MATCH_ALWAYS,
	MATCH_PREFIX, /* ^x- */
	MATCH_TEXT,   /* ^spark\.master$ */
	MATCH_PATTERN,
};

/* `literal` is the prefix or the text, without the backslashes of the pattern. A matcher does not
 * change after matcher_init(), and any number of threads may match with it. */
struct matcher {
	enum matcher_kind kind;
	uint32_t literal_len;
	char *literal;		 /* owned */
	struct pattern *pattern; /* owned; for MATCH_PATTERN only */
};

/* `*ret` is zeroed before; clear it with matcher_clear(), also after a failure. `ecma` is not kept.
 * Errors as of pattern_compile_within(). */
MUST_USE enum result matcher_init(struct matcher *ret, struct slice ecma,
				  struct pattern_budget *budget, struct error *err);
/* Frees what it owns, and zeroes it. */
void matcher_clear(struct matcher *m);

/* As pattern_match(): steps, result and errors. */
MUST_USE enum result matcher_match(const struct matcher *m, struct slice text, uint64_t *steps,
				   bool *ret, struct error *err);

/* For all kinds except MATCH_PATTERN; reads at most `literal_len` bytes. */
static inline bool matcher_match_literal(const struct matcher *m, struct slice text)
{
	if (m->kind == MATCH_ALWAYS)
		return true;
	if (text.len < m->literal_len || (m->kind == MATCH_TEXT && text.len != m->literal_len))
		return false;
	for (uint32_t i = 0; i < m->literal_len; i++) {
		if (text.data[i] != m->literal[i])
			return false;
	}
	return true;
}
