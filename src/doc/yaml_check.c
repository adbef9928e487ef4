/*
 * Checks of a YAML text before libyaml reads it. libyaml 0.2.5 implements YAML 1.1 and takes some
 * characters for line ends that 1.2 does not; after such a character its lines are not those of an
 * editor, so its error places would be wrong. Two passes over the text, without memory.
 */
#include "doc/yaml_check.h"

#include "base/text.h"

/* Far above any real document. */
#define TAG_DIRECTIVES_MAX 100

/* The reason to refuse a character, or NULL: line ends that only YAML 1.1, and so libyaml, knows
 * (1.2, 5.4), and characters that neither version allows (5.1). */
static const char *refusal_of(uint32_t cp)
{
	if (cp == 0x85 || cp == 0x2028 || cp == 0x2029)
		return "a line separator of Unicode is ambiguous in YAML: write it as an escape in "
		       "double quotes";
	if ((cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r') || (cp >= 0x7f && cp < 0xa0) ||
	    cp == 0xfeff || cp == 0xfffe || cp == 0xffff)
		return "the text holds a character that YAML does not allow: write it as an escape in "
		       "double quotes";
	return NULL;
}

static enum result check_characters(struct slice input, struct error *err)
{
	size_t bad = utf8_check(input), at = 0;
	const char *refusal = bad == SIZE_MAX ? NULL : "the text is not valid UTF-8";
	uint32_t line, column;

	while (refusal == NULL && at < input.len) {
		if (input.data[at] >= 0x20 && input.data[at] < 0x7f) {
			at++;
			continue;
		}
		bad = at;
		refusal = refusal_of(utf8_next(input, &at));
	}
	if (refusal == NULL)
		return OK;
	text_position(input, bad, &line, &column);
	return fail_at(err, E_MALFORMED, line, column, "%s", refusal);
}

/* libyaml compares each %TAG with all others before it: 70,000 of them take six seconds. */
static enum result check_directives(struct slice input, struct error *err)
{
	struct slice rest = input;
	uint32_t count = 0, line, column;
	const char *found;

	while ((found = memmem(rest.data, rest.len, "%TAG", 4)) != NULL) {
		size_t at = (size_t)(found - input.data);

		rest = slice_from(input, at + 4);
		/* Only at the start of a line is it a directive. Within a literal text it may be
		 * counted too, which does no harm below the bound. */
		if (at != 0 && found[-1] != '\n' && found[-1] != '\r')
			continue;
		if (++count <= TAG_DIRECTIVES_MAX)
			continue;
		text_position(input, at, &line, &column);
		return fail_at(err, E_LIMIT, line, column,
			       "the document has more than %d %%TAG directives",
			       TAG_DIRECTIVES_MAX);
	}
	return OK;
}

enum result yaml_check(struct slice input, struct error *err)
{
	enum result rc = check_characters(input, err);

	return rc == OK ? check_directives(input, err) : rc;
}
