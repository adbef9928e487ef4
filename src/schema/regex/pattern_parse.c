/* Recursive descent over the grammar of ECMA-262 (section 22.2.1), of bounded depth. */
#include "schema/regex/pattern_parse.h"

#include "base/text.h"
#include "schema/regex/pattern_parser.h"

static enum result make_back(struct parser *p, struct pattern_node **ret, uint32_t number)
{
	enum result rc = parser_make_node(p, ret, PATTERN_BACK);

	if (rc != OK)
		return rc;
	(*ret)->low = number;
	p->has_back = true;
	return OK;
}

/* The name of a group and its ">". Characters beyond ASCII are accepted without a look at their
 * category. */
static bool read_name(struct parser *p, struct slice *ret)
{
	size_t start = p->at;

	while (p->at < p->text.len && p->text.data[p->at] != '>') {
		char c = p->text.data[p->at];

		if (!(parser_is_letter(c) || c == '_' || c == '$' || (unsigned char)c >= 0x80 ||
		      (parser_is_digit(c) && p->at != start)))
			return false;
		p->at++;
	}
	*ret = slice_make(p->text.data + start, p->at - start);
	return ret->len != 0 && parser_accept(p, ">");
}

/* After "\k". */
static enum result parse_named_back(struct parser *p, struct pattern_node **ret)
{
	size_t start = p->at - 2;
	struct slice name;

	if (!parser_accept(p, "<") || !read_name(p, &name))
		return parser_refuse(p, start, "\\k needs a group's name in angle brackets");
	for (uint32_t i = 0; i < p->groups_total; i++)
		if (p->names[i].len != 0 && slice_is_equal(p->names[i], name))
			return make_back(p, ret, i + 1);
	return parser_refuse(p, start, "\\k names a group that does not exist");
}

static enum result parse_numbered_back(struct parser *p, struct pattern_node **ret)
{
	size_t start = p->at - 1;
	uint32_t number = 0;

	for (; parser_is_digit(parser_peek(p, 0)) && number <= PATTERN_GROUPS_MAX; p->at++)
		number = number * 10 + (uint32_t)(parser_peek(p, 0) - '0');
	if (number > p->groups_total)
		return parser_refuse(p, start, "a back reference to a group that does not exist");
	return make_back(p, ret, number);
}

/* After a backslash outside a class. */
static enum result parse_escape(struct parser *p, struct pattern_node **ret)
{
	char c = parser_peek(p, 0);
	bool is_set;
	uint32_t code;
	enum result rc;

	if (c == 'b' || c == 'B') {
		p->at++;
		rc = parser_make_node(p, ret, PATTERN_EDGE);
		if (rc == OK)
			(*ret)->is_negated = c == 'B';
		return rc;
	}
	if (c >= '1' && c <= '9')
		return parse_numbered_back(p, ret);
	if (parser_accept(p, "k"))
		return parse_named_back(p, ret);
	rc = parser_make_class(p, ret);
	if (rc == OK)
		rc = parser_read_set_escape(p, (*ret)->set, &is_set);
	if (rc != OK)
		return rc;
	if (is_set)
		return parser_finish_class(p, (*ret)->set, false);
	rc = parser_read_character_escape(p, &code);
	if (rc != OK)
		return rc;
	return class_add((*ret)->set, p->arena, code, code) ? OK : parser_out_of_memory(p);
}

static enum result parse_choice(struct parser *p, struct pattern_node **ret);

/* After "(?", for groups that do not capture. */
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

	if (parser_accept(p, ":"))
		return parser_make_node(p, ret, PATTERN_SEQUENCE);
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		if (!parser_accept(p, looks[i].opening))
			continue;
		rc = parser_make_node(p, ret, PATTERN_LOOK);
		if (rc != OK)
			return rc;
		(*ret)->is_negated = looks[i].is_negated;
		(*ret)->is_behind = looks[i].is_behind;
		return OK;
	}
	return parser_refuse(p, start, "a kind of group that ECMA-262 does not know");
}

/* After "(". */
static enum result parse_group(struct parser *p, struct pattern_node **ret)
{
	size_t start = p->at - 1;
	bool is_named = parser_peek(p, 0) == '?' && parser_peek(p, 1) == '<' &&
			parser_peek(p, 2) != '=' && parser_peek(p, 2) != '!';
	enum result rc;
	struct slice name;

	if (p->depth >= PATTERN_DEPTH_MAX)
		return fail(p->err, E_LIMIT, "regular expression: groups are nested deeper than %d",
			    PATTERN_DEPTH_MAX);
	if (is_named || parser_peek(p, 0) != '?') {
		rc = parser_make_node(p, ret, PATTERN_GROUP);
		if (rc != OK)
			return rc;
		(*ret)->low = ++p->groups_begun;
		if (is_named)
			p->at += 2;
		if (is_named && !read_name(p, &name))
			return parser_refuse(p, start, "a group's name is wrong");
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
	return parser_accept(p, ")") ? OK : parser_refuse(p, start, "a group that is not closed");
}

/* A group, class, escape, anchor, "." or a plain character. */
static enum result parse_atom(struct parser *p, struct pattern_node **ret)
{
	static const struct code_range ends[] = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};
	size_t start = p->at;
	enum result rc;

	if (parser_accept(p, "("))
		return parse_group(p, ret);
	if (parser_accept(p, "["))
		return parser_read_class(p, ret);
	if (parser_accept(p, "\\"))
		return parse_escape(p, ret);
	if (parser_accept(p, "^"))
		return parser_make_node(p, ret, PATTERN_START);
	if (parser_accept(p, "$"))
		return parser_make_node(p, ret, PATTERN_END);
	if (strchr("*+?", parser_peek(p, 0)) != NULL && parser_peek(p, 0) != '\0')
		return parser_refuse(p, start, "nothing to repeat");
	rc = parser_make_class(p, ret);
	if (rc != OK)
		return rc;
	if (parser_accept(p, ".")) {
		for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
			if (!class_add((*ret)->set, p->arena, ends[i].first, ends[i].last))
				return parser_out_of_memory(p);
		return class_complement((*ret)->set, p->arena) ? OK : parser_out_of_memory(p);
	}
	uint32_t code = utf8_next(p->text, &p->at);

	return class_add((*ret)->set, p->arena, code, code) ? OK : parser_out_of_memory(p);
}

static uint32_t read_count(struct parser *p)
{
	uint32_t count = 0;

	for (; parser_is_digit(parser_peek(p, 0)); p->at++) {
		if (count < PATTERN_NO_MAXIMUM / 16)
			count = count * 10 + (uint32_t)(parser_peek(p, 0) - '0');
	}
	return count;
}

/* Reads {n}, {n,} or {n,m}. Other braces are not a quantifier and are left unread. */
static bool accept_braces(struct parser *p, uint32_t *low, uint32_t *high)
{
	size_t start = p->at;

	if (parser_accept(p, "{") && parser_is_digit(parser_peek(p, 0))) {
		*low = *high = read_count(p);
		if (parser_accept(p, ","))
			*high = parser_is_digit(parser_peek(p, 0)) ? read_count(p)
								   : PATTERN_NO_MAXIMUM;
		if (parser_accept(p, "}"))
			return true;
	}
	p->at = start;
	return false;
}

static bool accept_quantifier(struct parser *p, uint32_t *low, uint32_t *high)
{
	*low = 0;
	*high = PATTERN_NO_MAXIMUM;
	if (parser_accept(p, "*"))
		return true;
	if (parser_accept(p, "+")) {
		*low = 1;
		return true;
	}
	if (parser_accept(p, "?")) {
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

/* An atom with an optional quantifier. Anchors and lookarounds cannot be repeated. */
static enum result parse_term(struct parser *p, struct pattern_node **ret)
{
	size_t start = p->at;
	uint32_t low, high;
	struct pattern_node *atom = NULL, *repeat = NULL;
	enum result rc;

	if (accept_braces(p, &low, &high))
		return parser_refuse(p, start, "nothing to repeat");
	rc = parse_atom(p, &atom);
	if (rc != OK)
		return rc;
	*ret = atom;
	start = p->at;
	if (!accept_quantifier(p, &low, &high))
		return OK;
	if (!is_repeatable(atom))
		return parser_refuse(p, start, "nothing to repeat");
	if (low > high)
		return parser_refuse(p, start, "the numbers of a repeat are out of order");
	rc = parser_make_node(p, &repeat, PATTERN_REPEAT);
	if (rc != OK)
		return rc;
	repeat->child = atom;
	repeat->low = low;
	repeat->high = high;
	repeat->is_lazy = parser_accept(p, "?");
	*ret = repeat;
	return OK;
}

static enum result parse_sequence(struct parser *p, struct pattern_node **ret)
{
	enum result rc = parser_make_node(p, ret, PATTERN_SEQUENCE);
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
	if (parser_peek(p, 0) != '|') {
		*ret = first;
		return OK;
	}
	rc = parser_make_node(p, ret, PATTERN_CHOICE);
	if (rc != OK)
		return rc;
	(*ret)->child = first;
	end = &first->next;
	while (parser_accept(p, "|")) {
		rc = parse_sequence(p, end);
		if (rc != OK)
			return rc;
		end = &(*end)->next;
	}
	return OK;
}

/* Two groups may not share a name. */
static enum result note_name(struct parser *p)
{
	size_t start = p->at;
	struct slice name;

	if (!read_name(p, &name))
		return parser_refuse(p, start, "a group's name is wrong");
	for (uint32_t i = 0; i < p->groups_total; i++)
		if (slice_is_equal(p->names[i], name))
			return parser_refuse(p, start, "two groups have the same name");
	p->names[p->groups_total] = name;
	return OK;
}

/* Counts and names all groups first, because a back reference may precede its group. */
static enum result find_groups(struct parser *p)
{
	bool is_class = false;

	for (p->at = 0; p->at < p->text.len; p->at++) {
		char c = p->text.data[p->at];
		bool is_plain = parser_peek(p, 1) != '?';
		bool is_named = !is_plain && parser_peek(p, 2) == '<' && parser_peek(p, 3) != '=' &&
				parser_peek(p, 3) != '!';

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
		return parser_refuse(&p, p.at, "a closing parenthesis without an opening one");
	*ret = (struct pattern_tree){root, p.has_back};
	return OK;
}
