/*
 * The translation is written from the tree, never copied from the source: only characters and
 * numbers are taken over. PCRE2's own syntax beyond ECMA-262 (\Q, possessive repeats, verbs)
 * therefore cannot get into it.
 *
 * Two differences remain. A group inside a repeat keeps its capture of an earlier turn, which
 * ECMA-262 (section 22.2.2.3.1) forgets. The alternatives of a lookbehind must have a fixed length;
 * PCRE2 refuses others.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "schema/regex/pattern_translate.h"

#include "base/text.h"

#define REPEAT_MAX 65535

struct writer {
	struct buf *out;
	struct error *err;
	bool is_capturing;
};

/* Characters with a meaning in PCRE2 are escaped, control characters are written as numbers. */
static void write_char(struct buf *out, uint32_t code)
{
	bool is_plain = (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') ||
			(code >= '0' && code <= '9') || code == '_';

	if (is_plain || code >= 0xa0)
		utf8_append(out, code);
	else if (code > 0x20 && code < 0x7f)
		buf_printf(out, "\\%c", (char)code);
	else
		buf_printf(out, "\\x{%x}", code);
}

/* Eight ranges of a class cost a step, and so does a property. */
#define RANGES_PER_STEP 8
#define LETTERS_FREE	16 /* characters between two callouts, in a row or of a repeat */

static uint32_t weigh_class(const struct pattern_class *set)
{
	uint32_t weight = set->count / RANGES_PER_STEP;

	for (const struct unicode_property *p = set->properties; p != NULL; p = p->next)
		weight++;
	return weight < CALLOUT_LOG ? weight : CALLOUT_LOG - 1;
}

/* A callout stands before each part that PCRE2 may try again, and after each part that it may have
 * read much for or may return to. `weight` is the additional price of a character there, in
 * steps. */
static void write_callout(struct buf *out, uint32_t weight)
{
	if (weight == 0)
		buf_append_text(out, "(?C)");
	else
		buf_printf(out, "(?C%u)", weight);
}

/* Pays for `letters` characters in advance: PCRE2 reads those that a repeat requires without a
 * callout. */
static void write_advance(struct buf *out, uint32_t letters)
{
	uint32_t log = 0;

	while (letters / LETTERS_FREE >> log != 0)
		log++;
	if (log != 0)
		buf_printf(out, "(?C%u)", CALLOUT_LOG + log);
}

/* An empty class matches nothing, which PCRE2 has no class for. */
static void write_class(struct buf *out, const struct pattern_class *set)
{
	if (set->properties == NULL && set->count == 0) {
		buf_append_text(out, "(?!)");
		return;
	}
	if (set->properties == NULL && set->count == 1 &&
	    set->ranges[0].first == set->ranges[0].last) {
		write_char(out, set->ranges[0].first);
		return;
	}
	buf_append_text(out, set->is_negated ? "[^" : "[");
	for (uint32_t i = 0; i < set->count; i++) {
		write_char(out, set->ranges[i].first);
		if (set->ranges[i].last != set->ranges[i].first) {
			buf_append_char(out, '-');
			write_char(out, set->ranges[i].last);
		}
	}
	for (const struct unicode_property *p = set->properties; p != NULL; p = p->next)
		buf_append_text(out, p->text);
	buf_append_char(out, ']');
}

static enum result write_repeat(struct writer *w, const struct pattern_node *n)
{
	bool is_open = n->high == PATTERN_NO_MAXIMUM;

	if (n->low > REPEAT_MAX || (!is_open && n->high > REPEAT_MAX))
		return fail(w->err, E_INVALID,
			    "regular expression: a repeat of over %d times is not supported",
			    REPEAT_MAX);
	if (is_open && n->low <= 1)
		buf_append_char(w->out, n->low == 0 ? '*' : '+');
	else if (is_open)
		buf_printf(w->out, "{%u,}", n->low);
	else
		buf_printf(w->out, "{%u,%u}", n->low, n->high);
	if (n->is_lazy)
		buf_append_char(w->out, '?');
	return OK;
}

static const char *opening(const struct writer *w, const struct pattern_node *n)
{
	static const char *const looks[2][2] = {{"(?=", "(?!"}, {"(?<=", "(?<!"}};

	if (n->kind == PATTERN_LOOK)
		return looks[n->is_behind][n->is_negated];
	return n->kind == PATTERN_GROUP && w->is_capturing ? "(" : "(?:";
}

/* The number of characters that a lookbehind steps back; of a choice, the largest. */
static uint32_t measure(const struct pattern_node *n)
{
	uint64_t length = n->kind == PATTERN_CLASS;

	for (const struct pattern_node *c = n->child; c != NULL && n->kind != PATTERN_LOOK;
	     c = c->next) {
		uint64_t one = measure(c);

		if (n->kind == PATTERN_REPEAT)
			one *= n->low;
		length = n->kind != PATTERN_CHOICE ? length + one : one > length ? one : length;
	}
	return length < REPEAT_MAX ? (uint32_t)length : REPEAT_MAX;
}

static uint32_t measure_back(const struct pattern_node *look)
{
	uint32_t length = 0;

	for (const struct pattern_node *c = look->child; c != NULL; c = c->next) {
		uint32_t one = measure(c);

		length = length + one < REPEAT_MAX ? length + one : REPEAT_MAX;
	}
	return length;
}

static enum result write_node(struct writer *w, const struct pattern_node *n);

/* In a sequence a callout follows every LETTERS_FREE parts, in a choice each branch begins with
 * one. */
static enum result write_children(struct writer *w, const struct pattern_node *n)
{
	uint32_t count = 0;

	for (const struct pattern_node *c = n->child; c != NULL; c = c->next) {
		/* A sequence needs parentheses only in a repeat or around a choice. */
		bool is_bare = c->kind == PATTERN_SEQUENCE && n->kind != PATTERN_REPEAT &&
			       (c->child == NULL || c->child->kind != PATTERN_CHOICE);
		enum result rc = is_bare ? write_children(w, c) : write_node(w, c);

		if (rc != OK)
			return rc;
		if (n->kind == PATTERN_SEQUENCE && ++count % LETTERS_FREE == 0)
			write_callout(w->out, 0);
		if (n->kind == PATTERN_CHOICE && c->next != NULL) {
			buf_append_char(w->out, '|');
			write_callout(w->out, 0);
		}
	}
	return OK;
}

static enum result write_node(struct writer *w, const struct pattern_node *n)
{
	enum result rc;
	uint32_t weight;

	switch ((enum pattern_kind)n->kind) {
	case PATTERN_CLASS:
		weight = weigh_class(n->set);
		if (weight != 0)
			write_callout(w->out, weight);
		write_class(w->out, n->set);
		return OK;
	case PATTERN_START:
		buf_append_char(w->out, '^');
		return OK;
	case PATTERN_END:
		buf_append_char(w->out, '$');
		return OK;
	case PATTERN_EDGE:
		buf_append_text(w->out, n->is_negated ? "\\B" : "\\b");
		write_callout(w->out, 0);
		return OK;
	case PATTERN_BACK:
		buf_printf(w->out, "(?C%u)\\g{%u}", CALLOUT_REST, n->low);
		return OK;
	case PATTERN_REPEAT:
		weight = n->child->kind == PATTERN_CLASS ? weigh_class(n->child->set) : 0;
		write_advance(w->out, n->low);
		rc = write_children(w, n);
		if (rc == OK)
			rc = write_repeat(w, n);
		write_callout(w->out, weight);
		return rc;
	case PATTERN_SEQUENCE:
	case PATTERN_CHOICE:
	case PATTERN_GROUP:
	case PATTERN_LOOK:
		break;
	}
	if (n->kind == PATTERN_CHOICE)
		return write_children(w, n);
	if (n->kind == PATTERN_LOOK && n->is_behind)
		write_advance(w->out, 4 * measure_back(n));
	buf_append_text(w->out, opening(w, n));
	write_callout(w->out, 0);
	rc = write_children(w, n);
	buf_append_char(w->out, ')');
	return rc;
}

enum result pattern_translate(struct buf *ret, const struct pattern_tree *tree, struct error *err)
{
	struct writer w = {ret, err, tree->has_back};
	enum result rc = write_node(&w, tree->root);

	return rc == OK ? buf_check(ret, err) : rc;
}
