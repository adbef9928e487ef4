/*
 * The state of the parser, its errors and its smallest steps, for the files that parse an ECMA-262
 * expression: pattern_parse.c (terms and groups) and pattern_atom.c (escapes and classes).
 *
 * Functions that read move `at` past the text that they accept. After an error `at` has no meaning,
 * and the parse ends.
 */
#pragma once

#include "schema/regex/pattern_class.h"

/* The state of one parse. Groups are counted before the parse, because a back reference may precede
 * its group. */
struct parser {
	struct slice text;
	size_t at;
	struct arena *arena;
	struct error *err;
	struct slice names[PATTERN_GROUPS_MAX]; /* of groups, by number - 1; may be empty */
	/* Counted before the parse; `groups_begun` counts them again during it and so numbers
	 * them. */
	uint32_t groups_total;
	uint32_t groups_begun;
	/* Of groups inside one another, at most PATTERN_DEPTH_MAX, which bounds the recursion. */
	uint32_t depth;
	bool has_back;
};

/* E_INVALID with the offset in bytes and the reason. Always an error, so that a caller can return
 * it. */
MUST_USE enum result parser_refuse(struct parser *p, size_t at, const char *why);
/* E_MEMORY, or E_LIMIT where the arena has reached its bound. */
MUST_USE enum result parser_out_of_memory(struct parser *p);

/* The byte `ahead` positions after the next one, or 0 after the end. Callers compare with
 * characters other than NUL only. */
char parser_peek(const struct parser *p, size_t ahead);
/* Moves past `text` where the input continues with it; else false. */
bool parser_accept(struct parser *p, const char *text);

/* New nodes live in the arena. E_MEMORY, or E_LIMIT as above. */
MUST_USE enum result parser_make_node(struct parser *p, struct pattern_node **ret,
				      enum pattern_kind kind);
MUST_USE enum result parser_make_class(struct parser *p, struct pattern_node **ret);
/* Normalises a class once it is complete (sorted ranges that do not touch), and complements it
 * where it is negated. */
MUST_USE enum result parser_finish_class(struct parser *p, struct pattern_class *set,
					 bool is_negated);

/* Reads an escape for one character (CharacterEscape) after its backslash. */
MUST_USE enum result parser_read_character_escape(struct parser *p, uint32_t *ret);
/* Reads \d, \p{…} and other escapes for a set after their backslash and adds the set to `set`.
 * `*ret_is_set` becomes false where another escape follows, which is left unread. */
MUST_USE enum result parser_read_set_escape(struct parser *p, struct pattern_class *set,
					    bool *ret_is_set);
/* Reads a class after its "[". */
MUST_USE enum result parser_read_class(struct parser *p, struct pattern_node **ret);

static inline bool parser_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool parser_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
