/* What the files that read an ECMA-262 expression share: the reader's state, its errors, and its smallest steps. */
#pragma once

#include "schema/regex/pattern_class.h"

struct parser {
	struct slice text;
	size_t at;
	struct arena *arena;
	struct error *err;
	struct slice names[PATTERN_GROUPS_MAX]; /* of capture groups by number - 1; empty: none */
	uint32_t groups_total;
	uint32_t groups_begun;
	uint32_t depth;
	bool has_back;
};

/* E_INVALID with the offset and the reason. */
MUST_USE enum result parser_refuse(struct parser *p, size_t at, const char *why);
/* E_MEMORY, or E_LIMIT when it was the arena's bound. */
MUST_USE enum result parser_out_of_memory(struct parser *p);

/* The byte `ahead` of the next, or 0 behind the end; a NUL in the text is never asked about. */
char parser_peek(const struct parser *p, size_t ahead);
/* Moves past `text` when it comes next. */
bool parser_accept(struct parser *p, const char *text);

MUST_USE enum result parser_make_node(struct parser *p, struct pattern_node **ret,
				      enum pattern_kind kind);
MUST_USE enum result parser_make_class(struct parser *p, struct pattern_node **ret);
MUST_USE enum result parser_finish_class(struct parser *p, struct pattern_class *set,
					 bool is_negated);

/* An escape that stands for one character (CharacterEscape), behind the backslash. */
MUST_USE enum result parser_read_character_escape(struct parser *p, uint32_t *ret);
/* \d, \p{…} and their like, behind the backslash: added to `set`; `ret_is_set` false for others, which are left unread. */
MUST_USE enum result parser_read_set_escape(struct parser *p, struct pattern_class *set,
					    bool *ret_is_set);
/* A class, behind "[". */
MUST_USE enum result parser_read_class(struct parser *p, struct pattern_node **ret);

static inline bool parser_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool parser_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
