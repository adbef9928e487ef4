/*
 * The pattern translator and its matchers. An input is an expression, a NUL and a text. What
 * compiles must match or run out of a bound without harm, and the same expression behind an empty
 * lookahead, which keeps it from the automaton and leaves it to PCRE2, must come to the same
 * verdict.
 */
#include "base/buf.h"
#include "base/text.h"
#include "schema/regex/pattern.h"

#include <stdlib.h>

/* Of each match anew. */
#define STEPS (&(uint64_t){100000})

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match_both(const struct pattern *p, struct slice expression, struct slice text)
{
	CLEANUP(buf_clear) struct buf guarded = BUF_NULL;
	struct pattern *other = NULL;
	bool is_match = false, is_other_match = false;

	if (pattern_match(p, text, STEPS, &is_match, NULL) != OK)
		return;
	buf_append_text(&guarded, "(?=)(?:");
	buf_append_slice(&guarded, expression);
	buf_append_char(&guarded, ')');
	if (pattern_compile(&other, buf_slice(&guarded), NULL) != OK)
		return;
	if (pattern_match(other, text, STEPS, &is_other_match, NULL) == OK &&
	    is_match != is_other_match)
		abort();
	pattern_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_make((const char *)data, size), expression, text;
	struct error err = ERROR_NULL;
	struct pattern *p = NULL;
	const char *nul = size != 0 ? memchr(data, 0, size) : NULL;

	if (utf8_check(input) != SIZE_MAX)
		return 0;
	expression = nul != NULL ? slice_first(input, (size_t)(nul - input.data)) : input;
	text = nul != NULL ? slice_from(input, expression.len + 1) : SLICE_LITERAL("");
	if (pattern_compile(&p, expression, &err) != OK) {
		if (err.text[0] == '\0')
			abort();
		return 0;
	}
	match_both(p, expression, text);
	pattern_free(p);
	return 0;
}
