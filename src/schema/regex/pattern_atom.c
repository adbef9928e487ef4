/* Escapes and classes (ECMA-262 sections 22.2.1, CharacterClassEscape and CharacterEscape; Annex
 * B.1.2). */
#include "schema/regex/pattern_parser.h"

#include "base/text.h"

enum result parser_refuse(struct parser *p, size_t at, const char *why)
{
	return fail(p->err, E_INVALID, "regular expression, offset %zu: %s", at, why);
}

enum result parser_out_of_memory(struct parser *p)
{
	return fail(p->err, p->arena->is_exhausted ? E_LIMIT : E_MEMORY, "regular expression: %s",
		    p->arena->is_exhausted ? "too large" : "out of memory");
}

char parser_peek(const struct parser *p, size_t ahead)
{
	return p->at + ahead < p->text.len ? p->text.data[p->at + ahead] : '\0';
}

bool parser_accept(struct parser *p, const char *text)
{
	struct slice s = slice_text(text);

	if (!slice_starts_with(slice_from(p->text, p->at), s))
		return false;
	p->at += s.len;
	return true;
}

enum result parser_make_node(struct parser *p, struct pattern_node **ret, enum pattern_kind kind)
{
	struct pattern_node *n = arena_alloc(p->arena, sizeof *n);

	if (n == NULL)
		return parser_out_of_memory(p);
	n->kind = (uint8_t)kind;
	*ret = n;
	return OK;
}

static int hex_value(char c)
{
	if (parser_is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Reads exactly `count` hexadecimal digits at `ahead` without moving. */
static bool peek_hex(const struct parser *p, size_t ahead, size_t count, uint32_t *ret)
{
	uint32_t value = 0;

	for (size_t i = 0; i < count; i++) {
		int digit = hex_value(parser_peek(p, ahead + i));

		if (digit < 0)
			return false;
		value = value << 4 | (uint32_t)digit;
	}
	*ret = value;
	return true;
}

/* After "\u": four digits, a surrogate pair as two escapes, or digits in braces. */
static enum result parse_unicode(struct parser *p, uint32_t *ret)
{
	size_t start = p->at;
	uint32_t high, low;

	if (parser_peek(p, 0) == '{') {
		uint32_t value = 0;
		size_t digits = 0;

		for (p->at++; hex_value(parser_peek(p, 0)) >= 0 && value <= CODE_POINT_MAX;
		     p->at++) {
			value = value << 4 | (uint32_t)hex_value(parser_peek(p, 0));
			digits++;
		}
		if (digits == 0 || value > CODE_POINT_MAX || !parser_accept(p, "}"))
			return parser_refuse(p, start, "\\u{} needs a code point up to 10FFFF");
		*ret = value;
		return OK;
	}
	if (!peek_hex(p, 0, 4, &high))
		return parser_refuse(p, start, "\\u needs four hexadecimal digits");
	p->at += 4;
	if (high >= 0xd800 && high <= 0xdbff && parser_peek(p, 0) == '\\' &&
	    parser_peek(p, 1) == 'u' && peek_hex(p, 2, 4, &low) && low >= 0xdc00 && low <= 0xdfff) {
		p->at += 6;
		high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	}
	*ret = high;
	return OK;
}

/* The escapes that `u` allows, and those of Annex B.1.2 that people use. */
enum result parser_read_character_escape(struct parser *p, uint32_t *ret)
{
	static const char controls[] = "t\tn\nv\vf\fr\r";
	size_t start = p->at - 1;
	char c = parser_peek(p, 0);

	for (size_t i = 0; i + 1 < sizeof controls; i += 2) {
		if (c == controls[i]) {
			p->at++;
			*ret = (uint32_t)controls[i + 1];
			return OK;
		}
	}
	if (c == 'c' && parser_is_letter(parser_peek(p, 1))) {
		*ret = (uint32_t)parser_peek(p, 1) & 31;
		p->at += 2;
		return OK;
	}
	if (c == '0' && !parser_is_digit(parser_peek(p, 1))) {
		p->at++;
		*ret = 0;
		return OK;
	}
	if (c == 'x' && peek_hex(p, 1, 2, ret)) {
		p->at += 3;
		return OK;
	}
	if (c == 'u') {
		p->at++;
		return parse_unicode(p, ret);
	}
	if (p->at == p->text.len)
		return parser_refuse(p, start, "a backslash at the end");
	if (parser_is_letter(c) || parser_is_digit(c))
		return parser_refuse(p, start, "an escape that ECMA-262 does not know");
	*ret = utf8_next(p->text, &p->at);
	return OK;
}

/* After "\p" or "\P". */
static enum result parse_property(struct parser *p, struct pattern_class *set)
{
	size_t start = p->at;
	bool is_negated = parser_peek(p, 0) == 'P';
	struct slice rest = slice_from(p->text, p->at + 2), name = SLICE_NULL;
	const char *close = rest.len != 0 ? memchr(rest.data, '}', rest.len) : NULL;
	struct unicode_property *property;
	char text[80];

	if (parser_peek(p, 1) != '{' || close == NULL)
		return parser_refuse(p, start - 1, "\\p needs a property's name in braces");
	name = slice_make(rest.data, (size_t)(close - rest.data));
	if (!property_translate(text, name, is_negated))
		return parser_refuse(p, start - 1, "an unknown property in \\p{}");
	p->at += 2 + name.len + 1;
	property = arena_alloc(p->arena, sizeof *property);
	if (property != NULL)
		property->text = arena_text(p->arena, slice_text(text));
	if (property == NULL || property->text == NULL)
		return parser_out_of_memory(p);
	property->next = set->properties;
	set->properties = property;
	return OK;
}

enum result parser_read_set_escape(struct parser *p, struct pattern_class *set, bool *ret_is_set)
{
	char c = parser_peek(p, 0);

	*ret_is_set = true;
	if (c == 'p' || c == 'P')
		return parse_property(p, set);
	if (c != '\0' && strchr("dDsSwW", c) != NULL) {
		p->at++;
		return class_add_escape(set, p->arena, c) ? OK : parser_out_of_memory(p);
	}
	*ret_is_set = false;
	return OK;
}

/* One item of a class: a set, which is added, or a character. */
static enum result parse_class_atom(struct parser *p, struct pattern_class *set, bool *ret_is_set,
				    uint32_t *ret)
{
	*ret_is_set = false;
	if (!parser_accept(p, "\\")) {
		*ret = utf8_next(p->text, &p->at);
		return OK;
	}
	if (parser_accept(p, "b")) {
		*ret = '\b';
		return OK;
	}
	enum result rc = parser_read_set_escape(p, set, ret_is_set);

	if (rc != OK || *ret_is_set)
		return rc;
	return parser_read_character_escape(p, ret);
}

/* An item, or a range of two. A hyphen next to a set stands for itself (Annex B.1.2.5.1). */
static enum result parse_class_item(struct parser *p, struct pattern_class *set)
{
	size_t start = p->at;
	uint32_t first, last;
	bool is_set;
	enum result rc = parse_class_atom(p, set, &is_set, &first);

	if (rc != OK)
		return rc;
	if (parser_peek(p, 0) != '-' || parser_peek(p, 1) == ']' || p->at + 1 >= p->text.len) {
		if (!is_set && !class_add(set, p->arena, first, first))
			return parser_out_of_memory(p);
		return OK;
	}
	p->at++;
	bool is_last_set;

	rc = parse_class_atom(p, set, &is_last_set, &last);
	if (rc != OK)
		return rc;
	if (is_set || is_last_set) {
		if ((!is_set && !class_add(set, p->arena, first, first)) ||
		    (!is_last_set && !class_add(set, p->arena, last, last)) ||
		    !class_add(set, p->arena, '-', '-'))
			return parser_out_of_memory(p);
		return OK;
	}
	if (first > last)
		return parser_refuse(p, start, "a range out of order");
	return class_add(set, p->arena, first, last) ? OK : parser_out_of_memory(p);
}

enum result parser_make_class(struct parser *p, struct pattern_node **ret)
{
	enum result rc = parser_make_node(p, ret, PATTERN_CLASS);

	if (rc != OK)
		return rc;
	(*ret)->set = arena_alloc(p->arena, sizeof *(*ret)->set);
	return (*ret)->set != NULL ? OK : parser_out_of_memory(p);
}

enum result parser_finish_class(struct parser *p, struct pattern_class *set, bool is_negated)
{
	class_normalise(set);
	if (set->properties != NULL)
		set->is_negated = is_negated;
	else if (is_negated && !class_complement(set, p->arena))
		return parser_out_of_memory(p);
	return OK;
}

enum result parser_read_class(struct parser *p, struct pattern_node **ret)
{
	size_t start = p->at - 1;
	bool is_negated = parser_accept(p, "^");
	enum result rc = parser_make_class(p, ret);

	while (rc == OK && !parser_accept(p, "]")) {
		if (p->at >= p->text.len)
			return parser_refuse(p, start, "a class that is not closed");
		rc = parse_class_item(p, (*ret)->set);
	}
	return rc == OK ? parser_finish_class(p, (*ret)->set, is_negated) : rc;
}
