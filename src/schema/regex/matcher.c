/*
 * Classifies a pattern by its text, without parsing it: only ^ and literal characters, followed by
 * the end, `$` or `.*`. Everything else is left to the regular expression, so this need not
 * recognise all equivalent forms.
 */
#include "schema/regex/matcher.h"

#include "base/buf.h"
#include "schema/price.h"

/* Characters that always stand for themselves in an ECMA-262 pattern, and those that do after a
 * backslash. A letter after a backslash (\d, \n) is not among them: it has a meaning of its own. */
#define PLAIN	"_-/ :@,;=<>#%&~!'\""
#define ESCAPED "^$\\.*+?()[]{}|/-"

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (unsigned char)c >= 0x80 || (c != '\0' && strchr(PLAIN, c) != NULL);
}

/* Removes literal characters from the start of `rest` and appends them, without backslashes, to
 * `literal`. */
static void take_literal(struct slice *rest, struct buf *literal)
{
	while (rest->len != 0) {
		bool is_escaped = rest->len >= 2 && rest->data[0] == '\\' &&
				  rest->data[1] != '\0' && strchr(ESCAPED, rest->data[1]) != NULL;

		if (!is_escaped && !is_plain(rest->data[0]))
			return;
		buf_append_char(literal, rest->data[is_escaped]);
		*rest = slice_from(*rest, is_escaped ? 2 : 1);
	}
}

/* The kind by the rest of the pattern after a literal. A repeat there would apply to the last
 * character of the literal: ^ab* is not the prefix "ab". */
static enum matcher_kind classify_end(struct slice rest)
{
	if (rest.len == 0 || slice_is_text(rest, ".*"))
		return MATCH_PREFIX;
	return slice_is_text(rest, "$") ? MATCH_TEXT : MATCH_PATTERN;
}

static enum matcher_kind classify(struct slice ecma, struct buf *literal)
{
	static const char *const always[] = {"", ".*", "^", "^.*", ".*$", "$"};

	for (size_t i = 0; i < ARRAY_SIZE(always); i++) {
		if (slice_is_text(ecma, always[i]))
			return MATCH_ALWAYS;
	}
	if (ecma.len < 2 || ecma.data[0] != '^')
		return MATCH_PATTERN;
	ecma = slice_from(ecma, 1);
	take_literal(&ecma, literal);
	return classify_end(ecma);
}

enum result matcher_init(struct matcher *ret, struct slice ecma, struct pattern_budget *budget,
			 struct error *err)
{
	CLEANUP(buf_clear) struct buf literal = BUF_NULL;

	ret->kind = classify(ecma, &literal);
	if (ret->kind == MATCH_PATTERN)
		return pattern_compile_within(&ret->pattern, ecma, budget, err);
	if (ret->kind == MATCH_ALWAYS)
		return OK;
	ret->literal = alloc_text(buf_slice(&literal).data, literal.len);
	ret->literal_len = (uint32_t)literal.len;
	return ret->literal != NULL ? buf_check(&literal, err)
				    : fail(err, E_MEMORY, "out of memory");
}

void matcher_clear(struct matcher *m)
{
	pattern_free(m->pattern);
	alloc_free(m->literal);
	*m = (struct matcher){0};
}

enum result matcher_match(const struct matcher *m, struct slice text, uint64_t *steps, bool *ret,
			  struct error *err)
{
	uint64_t price = price_bytes(m->literal_len);

	if (m->kind == MATCH_PATTERN)
		return pattern_match(m->pattern, text, steps, ret, err);
	*steps -= price < *steps ? price : *steps;
	*ret = matcher_match_literal(m, text);
	return OK;
}
