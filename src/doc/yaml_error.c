/*
 * Turns the errors of libyaml into sentences for the author of a file. Its own texts speak of
 * tokens and nodes. The table is matched by the beginnings of these texts; a text that is missing
 * here, as after an update of libyaml, gives a general sentence with the right place.
 */
#include "doc/yaml_error.h"

#include "base/memory.h"
#include "base/text.h"

/* The beginnings of the constant texts of libyaml 0.2.5 (scanner.c, parser.c). Where several begin
 * alike, the longer one stands first. */
static const struct {
	const char *problem;
	const char *plain;
} sentences[] = {
	{"mapping values are not allowed", "a ':' is not allowed here: quote the text if it holds "
					   "\": \", or check the indentation"},
	{"block sequence entries are not allowed",
	 "a list's '-' is not allowed here: check the indentation, or quote the text"},
	{"mapping keys are not allowed", "a '?' key is not allowed here: quote the text"},
	{"could not find expected ':'",
	 "a key without its ':' on the same line: check the indentation and the quotes"},
	{"found character that cannot start any token",
	 "text cannot begin with this character: quote it"},
	{"found a tab character", "a tab cannot indent: use blanks"},
	{"found unexpected end of stream", "a quote is opened and never closed"},
	{"found unexpected document indicator", "a quote is opened and never closed"},
	{"found unknown escape character", "YAML knows no such escape: a '\\' in double quotes is "
					   "written twice, in single quotes once"},
	{"did not find expected hexdecimal number", "an escape takes hexadecimal digits"},
	{"found invalid Unicode character escape code", "the escape is for no Unicode character"},
	{"found unexpected ':'", "a ':' inside {...} or [...] needs a blank behind it or quotes"},
	{"did not find expected ',' or '}'", "a ',' or '}' is expected here"},
	{"did not find expected ',' or ']'", "a ',' or ']' is expected here"},
	{"did not find expected key",
	 "a key is expected here: check the indentation and the quotes"},
	{"did not find expected '-' indicator",
	 "a list's '-' is expected here: check the indentation"},
	{"did not find expected node content", "a value is expected here"},
	{"did not find expected comment or line break", "only a comment may follow on this line"},
	{"did not find expected <document start>",
	 "something stands behind the document's end: check the indentation and the quotes"},
	{"found undefined tag handle", "the tag's handle is not defined"},
	{"found duplicate %YAML directive", "%YAML stands twice"},
	{"found incompatible YAML document", "only YAML 1.1 and 1.2 can be read"},
	{"found duplicate %TAG directive", "%TAG stands twice for one handle"},
	{"found unknown directive name", "YAML knows no such directive"},
	{"did not find expected alphabetic or numeric character",
	 "an anchor's or alias's name is letters, digits, '-' and '_': quote text that begins with "
	 "'&' or '*'"},
	{"found an indentation indicator equal to 0", "an indentation indicator is 1 to 9"},
	{"found invalid UTF-8", "the text is not valid UTF-8"},
};

/* Never NULL. `problem` may be NULL. */
static const char *plain_sentence(const char *problem)
{
	for (size_t i = 0; problem != NULL && i < ARRAY_SIZE(sentences); i++) {
		if (strncmp(problem, sentences[i].problem, strlen(sentences[i].problem)) == 0)
			return sentences[i].plain;
	}
	return "this is not YAML: check the indentation and the quotes";
}

/* The byte offset of a mark, whose index counts characters. */
static size_t offset_of(struct slice input, size_t index)
{
	size_t at = 0;

	for (; index > 0 && at < input.len; index--)
		utf8_next(input, &at);
	return at;
}

/* `{u: ${x}}` is a common mistake: the brace of an unquoted reference opens a map. */
static bool is_unquoted_reference(struct slice input, size_t index)
{
	size_t at = offset_of(input, index);

	return at > 0 && at < input.len && input.data[at] == '{' && input.data[at - 1] == '$';
}

enum result yaml_fail_parser(const yaml_parser_t *parser, struct slice input, struct error *err)
{
	const yaml_mark_t *mark = &parser->problem_mark;
	uint32_t line, column;

	if (parser->error == YAML_MEMORY_ERROR)
		return fail(err, E_MEMORY, "out of memory");
	if (parser->error == YAML_READER_ERROR) {
		text_position(input, parser->problem_offset, &line, &column);
		return fail_at(err, E_MALFORMED, line, column,
			       "the text holds a character that YAML does not allow");
	}
	line = (uint32_t)mark->line + 1;
	column = (uint32_t)mark->column + 1;
	if (is_unquoted_reference(input, mark->index))
		return fail_at(err, E_MALFORMED, line, column,
			       "quote a reference inside {...} or [...]: \"${...}\"");
	return fail_at(err, E_MALFORMED, line, column, "%s", plain_sentence(parser->problem));
}
