#include "schema/matcher.h"

#include "base/memory.h"

/* Characters that mean themselves wherever they stand in an ECMA-262 pattern. */
static bool is_literal(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("_-/ :@,;=<>#%&~!'\"", c) != NULL);
}

static enum matcher_kind classify(struct slice ecma)
{
	static const char *const always[] = {"", ".*", "^", "^.*", ".*$", "$"};

	for (size_t i = 0; i < ARRAY_SIZE(always); i++) {
		if (slice_is_text(ecma, always[i]))
			return MATCH_ALWAYS;
	}
	if (ecma.len < 2 || ecma.data[0] != '^')
		return MATCH_PATTERN;
	for (size_t i = 1; i < ecma.len; i++) {
		if (!is_literal(ecma.data[i]))
			return MATCH_PATTERN;
	}
	return MATCH_PREFIX;
}

enum result matcher_init(struct matcher *ret, struct slice ecma, struct pattern_budget *budget,
			 struct error *err)
{
	ret->kind = classify(ecma);
	if (ret->kind == MATCH_PATTERN)
		return pattern_compile_within(&ret->pattern, ecma, budget, err);
	if (ret->kind != MATCH_PREFIX)
		return OK;
	ret->prefix_len = ecma.len - 1;
	ret->prefix = alloc_text(ecma.data + 1, ecma.len - 1);
	return ret->prefix != NULL ? OK : fail(err, E_MEMORY, "out of memory");
}

void matcher_clear(struct matcher *m)
{
	pattern_free(m->pattern);
	alloc_free(m->prefix);
	*m = (struct matcher){0};
}

enum result matcher_match(const struct matcher *m, struct slice text, uint32_t steps_max, bool *ret,
			  struct error *err)
{
	switch (m->kind) {
	case MATCH_ALWAYS:
		*ret = true;
		return OK;
	case MATCH_PREFIX:
		*ret = text.len >= m->prefix_len &&
		       memcmp(text.data, m->prefix, m->prefix_len) == 0;
		return OK;
	case MATCH_PATTERN:
		break;
	}
	return pattern_match(m->pattern, text, steps_max, ret, err);
}
