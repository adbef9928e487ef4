/* Recursive descent over ECMA-262's Pattern grammar (section 22.2.1), its depth bounded. */
#include "schema/pattern_parse.h"

#include "base/text.h"
#include "schema/pattern_class.h"

#include <stdio.h>

struct parser {
	struct slice text;
	size_t at;
	struct arena *arena;
	struct error *err;
	struct slice names[PATTERN_GROUPS_MAX]; /* of capture groups by number - 1; empty: none */
	uint32_t groups_total;
	uint32_t groups_begun;
	uint32_t depth;
	bool has_names;
	bool has_back;
};

static enum result refuse(struct parser *p, size_t at, const char *why)
{
	return fail(p->err, E_INVALID, "regular expression, offset %zu: %s", at, why);
}

static enum result out_of_memory(struct parser *p)
{
	return fail(p->err, p->arena->is_exhausted ? E_LIMIT : E_MEMORY, "regular expression: %s",
		    p->arena->is_exhausted ? "too large" : "out of memory");
}

/* The byte `ahead` of the next, or 0 behind the end; a NUL in the text is never asked about. */
static char peek(const struct parser *p, size_t ahead)
{
	return p->at + ahead < p->text.len ? p->text.data[p->at + ahead] : '\0';
}

static bool accept(struct parser *p, const char *text)
{
	struct slice s = slice_text(text);

	if (!slice_starts_with(slice_from(p->text, p->at), s))
		return false;
	p->at += s.len;
	return true;
}

static enum result make_node(struct parser *p, struct pattern_node **ret, enum pattern_kind kind)
{
	struct pattern_node *n = arena_alloc(p->arena, sizeof *n);

	if (n == NULL)
		return out_of_memory(p);
	n->kind = (uint8_t)kind;
	*ret = n;
	return OK;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Exactly `count` hexadecimal digits at `ahead`; does not move. */
static bool peek_hex(const struct parser *p, size_t ahead, size_t count, uint32_t *ret)
{
	uint32_t value = 0;

	for (size_t i = 0; i < count; i++) {
		int digit = hex_value(peek(p, ahead + i));

		if (digit < 0)
			return false;
		value = value << 4 | (uint32_t)digit;
	}
	*ret = value;
	return true;
}

/* Behind "\u": four digits, a surrogate pair written as two escapes, or digits in braces. */
static enum result parse_unicode(struct parser *p, uint32_t *ret)
{
	size_t start = p->at;
	uint32_t high, low;

	if (peek(p, 0) == '{') {
		uint32_t value = 0;
		size_t digits = 0;

		for (p->at++; hex_value(peek(p, 0)) >= 0 && value <= CODE_POINT_MAX; p->at++) {
			value = value << 4 | (uint32_t)hex_value(peek(p, 0));
			digits++;
		}
		if (digits == 0 || value > CODE_POINT_MAX || !accept(p, "}"))
			return refuse(p, start, "\\u{} needs a code point up to 10FFFF");
		*ret = value;
		return OK;
	}
	if (!peek_hex(p, 0, 4, &high))
		return refuse(p, start, "\\u needs four hexadecimal digits");
	p->at += 4;
	if (high >= 0xd800 && high <= 0xdbff && peek(p, 0) == '\\' && peek(p, 1) == 'u' &&
	    peek_hex(p, 2, 4, &low) && low >= 0xdc00 && low <= 0xdfff) {
		p->at += 6;
		high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	}
	*ret = high;
	return OK;
}

/* An escape that stands for one character (CharacterEscape), behind the backslash. */
static enum result parse_character_escape(struct parser *p, uint32_t *ret)
{
	static const char controls[] = "t\tn\nv\vf\fr\r";
	size_t start = p->at - 1;
	char c = peek(p, 0);

	for (size_t i = 0; i + 1 < sizeof controls; i += 2) {
		if (c == controls[i]) {
			p->at++;
			*ret = (uint32_t)controls[i + 1];
			return OK;
		}
	}
	if (c == 'c' && is_letter(peek(p, 1))) {
		*ret = (uint32_t)peek(p, 1) & 31;
		p->at += 2;
		return OK;
	}
	if (c == '0' && !is_digit(peek(p, 1))) {
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
		return refuse(p, start, "a backslash at the end");
	if (is_letter(c) || is_digit(c))
		return refuse(p, start, "an escape that ECMA-262 does not know");
	*ret = utf8_next(p->text, &p->at);
	return OK;
}

static enum result parse_property(struct parser *p, struct pattern_class *set)
{
	size_t start = p->at;
	bool is_negated = peek(p, 0) == 'P';
	struct slice rest = slice_from(p->text, p->at + 2), name = SLICE_NULL;
	const char *close = rest.len != 0 ? memchr(rest.data, '}', rest.len) : NULL;
	struct pattern_property *property;
	char text[80];

	if (peek(p, 1) != '{' || close == NULL)
		return refuse(p, start - 1, "\\p needs a property's name in braces");
	name = slice_make(rest.data, (size_t)(close - rest.data));
	if (!property_translate(text, name, is_negated))
		return refuse(p, start - 1, "an unknown property in \\p{}");
	p->at += 2 + name.len + 1;
	property = arena_alloc(p->arena, sizeof *property);
	if (property != NULL)
		property->text = arena_text(p->arena, slice_text(text));
	if (property == NULL || property->text == NULL)
		return out_of_memory(p);
	property->next = set->properties;
	set->properties = property;
	return OK;
}

/* \d, \p{…} and their like, behind the backslash: added to `set`; `ret_is_set` false for others, which are left unread. */
static enum result parse_set_escape(struct parser *p, struct pattern_class *set, bool *ret_is_set)
{
	char c = peek(p, 0);

	*ret_is_set = true;
	if (c == 'p' || c == 'P')
		return parse_property(p, set);
	if (c != '\0' && strchr("dDsSwW", c) != NULL) {
		p->at++;
		return class_add_escape(set, p->arena, c) ? OK : out_of_memory(p);
	}
	*ret_is_set = false;
	return OK;
}

/* One item of a class: a set, which is added, or a character. */
static enum result parse_class_atom(struct parser *p, struct pattern_class *set, bool *ret_is_set,
				    uint32_t *ret)
{
	*ret_is_set = false;
	if (!accept(p, "\\")) {
		*ret = utf8_next(p->text, &p->at);
		return OK;
	}
	if (accept(p, "b")) {
		*ret = '\b';
		return OK;
	}
	enum result rc = parse_set_escape(p, set, ret_is_set);

	if (rc != OK || *ret_is_set)
		return rc;
	return parse_character_escape(p, ret);
}

/* An item, or a range of two. Beside a set a hyphen stands for itself (Annex B.1.2.5.1). */
static enum result parse_class_item(struct parser *p, struct pattern_class *set)
{
	size_t start = p->at;
	uint32_t first, last;
	bool is_set;
	enum result rc = parse_class_atom(p, set, &is_set, &first);

	if (rc != OK)
		return rc;
	if (peek(p, 0) != '-' || peek(p, 1) == ']' || p->at + 1 >= p->text.len) {
		if (!is_set && !class_add(set, p->arena, first, first))
			return out_of_memory(p);
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
			return out_of_memory(p);
		return OK;
	}
	if (first > last)
		return refuse(p, start, "a range out of order");
	return class_add(set, p->arena, first, last) ? OK : out_of_memory(p);
}

static enum result make_class(struct parser *p, struct pattern_node **ret)
{
	enum result rc = make_node(p, ret, PATTERN_CLASS);

	if (rc != OK)
		return rc;
	(*ret)->set = arena_alloc(p->arena, sizeof *(*ret)->set);
	return (*ret)->set != NULL ? OK : out_of_memory(p);
}

static enum result finish_class(struct parser *p, struct pattern_class *set, bool is_negated)
{
	class_normalise(set);
	if (set->properties != NULL)
		set->is_negated = is_negated;
	else if (is_negated && !class_complement(set, p->arena))
		return out_of_memory(p);
	return OK;
}

/* Behind "[". */
static enum result parse_class(struct parser *p, struct pattern_node **ret)
{
	size_t start = p->at - 1;
	bool is_negated = accept(p, "^");
	enum result rc = make_class(p, ret);

	while (rc == OK && !accept(p, "]")) {
		if (p->at >= p->text.len)
			return refuse(p, start, "a class that is not closed");
		rc = parse_class_item(p, (*ret)->set);
	}
	return rc == OK ? finish_class(p, (*ret)->set, is_negated) : rc;
}

static enum result make_back(struct parser *p, struct pattern_node **ret, uint32_t number)
{
	enum result rc = make_node(p, ret, PATTERN_BACK);

	if (rc != OK)
		return rc;
	(*ret)->low = number;
	p->has_back = true;
	return OK;
}

static bool read_name(struct parser *p, struct slice *ret)
{
	size_t start = p->at;

	while (p->at < p->text.len && p->text.data[p->at] != '>') {
		char c = p->text.data[p->at];

		if (!(is_letter(c) || c == '_' || c == '$' || (unsigned char)c >= 0x80 ||
		      (is_digit(c) && p->at != start)))
			return false;
		p->at++;
	}
	*ret = slice_make(p->text.data + start, p->at - start);
	return ret->len != 0 && accept(p, ">");
}

/* Behind "\k". */
static enum result parse_named_back(struct parser *p, struct pattern_node **ret)
{
	size_t start = p->at - 2;
	struct slice name;

	if (!accept(p, "<") || !read_name(p, &name))
		return refuse(p, start, "\\k needs a group's name in angle brackets");
	for (uint32_t i = 0; i < p->groups_total; i++)
		if (p->names[i].len != 0 && slice_is_equal(p->names[i], name))
			return make_back(p, ret, i + 1);
	return refuse(p, start, "\\k of a group that is not there");
}

static enum result parse_numbered_back(struct parser *p, struct pattern_node **ret)
{
	size_t start = p->at - 1;
	uint32_t number = 0;

	for (; is_digit(peek(p, 0)) && number <= PATTERN_GROUPS_MAX; p->at++)
		number = number * 10 + (uint32_t)(peek(p, 0) - '0');
	if (number > p->groups_total)
		return refuse(p, start, "a back reference to a group that is not there");
	return make_back(p, ret, number);
}

/* Behind a backslash outside a class. */
static enum result parse_escape(struct parser *p, struct pattern_node **ret)
{
	char c = peek(p, 0);
	bool is_set;
	uint32_t code;
	enum result rc;

	if (c == 'b' || c == 'B') {
		p->at++;
		rc = make_node(p, ret, PATTERN_EDGE);
		if (rc == OK)
			(*ret)->is_negated = c == 'B';
		return rc;
	}
	if (c >= '1' && c <= '9')
		return parse_numbered_back(p, ret);
	if (accept(p, "k"))
		return parse_named_back(p, ret);
	rc = make_class(p, ret);
	if (rc == OK)
		rc = parse_set_escape(p, (*ret)->set, &is_set);
	if (rc != OK)
		return rc;
	if (is_set)
		return finish_class(p, (*ret)->set, false);
	rc = parse_character_escape(p, &code);
	if (rc != OK)
		return rc;
	return class_add((*ret)->set, p->arena, code, code) ? OK : out_of_memory(p);
}

static enum result parse_choice(struct parser *p, struct pattern_node **ret);

/* What stands behind "(?", for groups that capture nothing. */
static enum result make_group(struct parser *p, struct pattern_node **ret, size_t start)
{
	static const struct {
		const char *opening;
		bool is_negated, is_behind;
	} looks[] = {{"=", false, false},
		     {"!", true, false},
		     {"<=", false, true},
		     {"<!", true, true}};
	enum result rc;

	if (accept(p, ":"))
		return make_node(p, ret, PATTERN_SEQUENCE);
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		if (!accept(p, looks[i].opening))
			continue;
		rc = make_node(p, ret, PATTERN_LOOK);
		if (rc != OK)
			return rc;
		(*ret)->is_negated = looks[i].is_negated;
		(*ret)->is_behind = looks[i].is_behind;
		return OK;
	}
	return refuse(p, start, "a kind of group that ECMA-262 does not know");
}

/* Behind "(". */
static enum result parse_group(struct parser *p, struct pattern_node **ret)
{
	size_t start = p->at - 1;
	bool is_named =
		peek(p, 0) == '?' && peek(p, 1) == '<' && peek(p, 2) != '=' && peek(p, 2) != '!';
	enum result rc;
	struct slice name;

	if (p->depth >= PATTERN_DEPTH_MAX)
		return fail(p->err, E_LIMIT, "regular expression: groups nest over %d deep",
			    PATTERN_DEPTH_MAX);
	if (is_named || peek(p, 0) != '?') {
		rc = make_node(p, ret, PATTERN_GROUP);
		if (rc != OK)
			return rc;
		(*ret)->low = ++p->groups_begun;
		if (is_named)
			p->at += 2;
		if (is_named && !read_name(p, &name))
			return refuse(p, start, "a group's name is wrong");
	} else {
		p->at++;
		rc = make_group(p, ret, start);
		if (rc != OK)
			return rc;
	}
	p->depth++;
	rc = parse_choice(p, &(*ret)->child);
	p->depth--;
	if (rc != OK)
		return rc;
	return accept(p, ")") ? OK : refuse(p, start, "a group that is not closed");
}

static enum result parse_atom(struct parser *p, struct pattern_node **ret)
{
	static const struct code_range ends[] = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};
	size_t start = p->at;
	enum result rc;

	if (accept(p, "("))
		return parse_group(p, ret);
	if (accept(p, "["))
		return parse_class(p, ret);
	if (accept(p, "\\"))
		return parse_escape(p, ret);
	if (accept(p, "^"))
		return make_node(p, ret, PATTERN_START);
	if (accept(p, "$"))
		return make_node(p, ret, PATTERN_END);
	if (strchr("*+?", peek(p, 0)) != NULL && peek(p, 0) != '\0')
		return refuse(p, start, "nothing to repeat");
	rc = make_class(p, ret);
	if (rc != OK)
		return rc;
	if (accept(p, ".")) {
		for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
			if (!class_add((*ret)->set, p->arena, ends[i].first, ends[i].last))
				return out_of_memory(p);
		return class_complement((*ret)->set, p->arena) ? OK : out_of_memory(p);
	}
	uint32_t code = utf8_next(p->text, &p->at);

	return class_add((*ret)->set, p->arena, code, code) ? OK : out_of_memory(p);
}

static uint32_t read_count(struct parser *p)
{
	uint32_t count = 0;

	for (; is_digit(peek(p, 0)); p->at++) {
		if (count < PATTERN_NO_MAXIMUM / 16)
			count = count * 10 + (uint32_t)(peek(p, 0) - '0');
	}
	return count;
}

/* {n}, {n,} or {n,m}; anything else is no quantifier and is left unread. */
static bool accept_braces(struct parser *p, uint32_t *low, uint32_t *high)
{
	size_t start = p->at;

	if (accept(p, "{") && is_digit(peek(p, 0))) {
		*low = *high = read_count(p);
		if (accept(p, ","))
			*high = is_digit(peek(p, 0)) ? read_count(p) : PATTERN_NO_MAXIMUM;
		if (accept(p, "}"))
			return true;
	}
	p->at = start;
	return false;
}

static bool accept_quantifier(struct parser *p, uint32_t *low, uint32_t *high)
{
	*low = 0;
	*high = PATTERN_NO_MAXIMUM;
	if (accept(p, "*"))
		return true;
	if (accept(p, "+")) {
		*low = 1;
		return true;
	}
	if (accept(p, "?")) {
		*high = 1;
		return true;
	}
	return accept_braces(p, low, high);
}

static bool is_repeatable(const struct pattern_node *n)
{
	return n->kind != PATTERN_START && n->kind != PATTERN_END && n->kind != PATTERN_EDGE &&
	       n->kind != PATTERN_LOOK;
}

static enum result parse_term(struct parser *p, struct pattern_node **ret)
{
	size_t start = p->at;
	uint32_t low, high;
	struct pattern_node *atom = NULL, *repeat = NULL;
	enum result rc;

	if (accept_braces(p, &low, &high))
		return refuse(p, start, "nothing to repeat");
	rc = parse_atom(p, &atom);
	if (rc != OK)
		return rc;
	*ret = atom;
	start = p->at;
	if (!accept_quantifier(p, &low, &high))
		return OK;
	if (!is_repeatable(atom))
		return refuse(p, start, "nothing to repeat");
	if (low > high)
		return refuse(p, start, "the numbers of a repeat are out of order");
	rc = make_node(p, &repeat, PATTERN_REPEAT);
	if (rc != OK)
		return rc;
	repeat->child = atom;
	repeat->low = low;
	repeat->high = high;
	repeat->is_lazy = accept(p, "?");
	*ret = repeat;
	return OK;
}

static enum result parse_sequence(struct parser *p, struct pattern_node **ret)
{
	enum result rc = make_node(p, ret, PATTERN_SEQUENCE);
	struct pattern_node **end;

	if (rc != OK)
		return rc;
	end = &(*ret)->child;
	while (p->at < p->text.len && p->text.data[p->at] != '|' && p->text.data[p->at] != ')') {
		rc = parse_term(p, end);
		if (rc != OK)
			return rc;
		end = &(*end)->next;
	}
	return OK;
}

static enum result parse_choice(struct parser *p, struct pattern_node **ret)
{
	struct pattern_node *first, **end;
	enum result rc = parse_sequence(p, &first);

	if (rc != OK)
		return rc;
	if (peek(p, 0) != '|') {
		*ret = first;
		return OK;
	}
	rc = make_node(p, ret, PATTERN_CHOICE);
	if (rc != OK)
		return rc;
	(*ret)->child = first;
	end = &first->next;
	while (accept(p, "|")) {
		rc = parse_sequence(p, end);
		if (rc != OK)
			return rc;
		end = &(*end)->next;
	}
	return OK;
}

static enum result note_name(struct parser *p)
{
	size_t start = p->at;
	struct slice name;

	if (!read_name(p, &name))
		return refuse(p, start, "a group's name is wrong");
	for (uint32_t i = 0; i < p->groups_total; i++)
		if (slice_is_equal(p->names[i], name))
			return refuse(p, start, "two groups have one name");
	p->names[p->groups_total] = name;
	p->has_names = true;
	return OK;
}

/* Counts and names the groups beforehand: a back reference may stand before its group. */
static enum result find_groups(struct parser *p)
{
	bool is_class = false;

	for (p->at = 0; p->at < p->text.len; p->at++) {
		char c = p->text.data[p->at];
		bool is_plain = peek(p, 1) != '?';
		bool is_named =
			!is_plain && peek(p, 2) == '<' && peek(p, 3) != '=' && peek(p, 3) != '!';

		if (c == '\\') {
			p->at++;
		} else if (is_class || c == '[') {
			is_class = c != ']';
		} else if (c == '(' && (is_plain || is_named)) {
			if (p->groups_total == PATTERN_GROUPS_MAX)
				return fail(p->err, E_LIMIT, "regular expression: over %d groups",
					    PATTERN_GROUPS_MAX);
			if (is_named) {
				p->at += 3;
				enum result rc = note_name(p);

				if (rc != OK)
					return rc;
				p->at--;
			}
			p->groups_total++;
		}
	}
	p->at = 0;
	return OK;
}

enum result pattern_parse(struct pattern_tree *ret, struct arena *a, struct slice ecma,
			  struct error *err)
{
	struct parser p = {.text = ecma, .arena = a, .err = err};
	struct pattern_node *root;
	enum result rc = find_groups(&p);

	if (rc == OK)
		rc = parse_choice(&p, &root);
	if (rc != OK)
		return rc;
	if (p.at < ecma.len)
		return refuse(&p, p.at, "a closing parenthesis without an opening one");
	*ret = (struct pattern_tree){root, p.has_back};
	return OK;
}
