/* A `pattern`: what many of them ask (a prefix, any text) is answered without the regular expression. */
#pragma once

#include "base/slice.h"
#include "schema/pattern.h"

#include <stdbool.h>
#include <stdint.h>

enum matcher_kind {
	MATCH_ALWAYS,
	MATCH_PREFIX,
	MATCH_PATTERN,
};

struct matcher {
	enum matcher_kind kind;
	char *prefix; /* owned */
	size_t prefix_len;
	struct pattern *pattern; /* owned; NULL where it is not needed */
};

/* `ret` zeroed. As pattern_compile_within(). */
MUST_USE enum result matcher_init(struct matcher *ret, struct slice ecma,
				  struct pattern_budget *budget, struct error *err);
void matcher_clear(struct matcher *m);

/* As pattern_match(). */
MUST_USE enum result matcher_match(const struct matcher *m, struct slice text, uint32_t steps_max,
				   bool *ret, struct error *err);
