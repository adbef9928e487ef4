/*
 * The syntax of strings with references. Private to this folder.
 *
 *   text      = { literal | "$${" | reference }
 *   reference = "${" body [ ":-" default ] "}"
 *   body      = key { "." key } | pointer | "var:" key { "." key } | "reeve:" name
 *             | "secret:" path [ "?version=" n ] [ "#" key ]
 *
 * `$${` is a literal `${`; any other `$` stands for itself. A default is again a text, and so is
 * the path of a secret, which may contain only references to `var:` and `reeve:`. The first `:-`
 * that is not inside an inner reference begins the default; the first such `}` ends the reference.
 */
#pragma once

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define REFERENCE_NESTING_MAX 16 /* references inside defaults and paths of one another */

/* In this order: a literal; ${a.b}; ${/a/b}; ${var:x.y}; ${reeve:app}; ${secret:path#key}. */
enum part_kind { PART_TEXT, PART_KEY, PART_POINTER, PART_VAR, PART_REEVE, PART_SECRET };

struct ref_part {
	enum part_kind kind;
	/* A literal; "a.b"; "/a/b"; "x.y" of a variable; "app"; the key of a secret, empty for the
	 * whole object. */
	struct slice body;
	const struct ref_text *path; /* a secret's, without "secrets/" */
	uint64_t version;	     /* a secret's; 0: the current one */
	/* The default; NULL: none, so a missing target is a problem. */
	const struct ref_text *fallback;
};

/* A parsed string. The arrays live in the arena of the parser, the bytes in the string itself.
 * Immutable. */
struct ref_text {
	struct ref_part *parts;
	uint32_t count;
	struct slice raw; /* as written */
};

/* Whether the text contains no `${`, so that it need not be parsed. */
bool ref_text_is_plain(struct slice text);

/* Whether it is one reference and nothing else, so that it takes the type of its value. */
static inline bool ref_text_is_whole(const struct ref_text *t)
{
	return t->count == 1 && t->parts[0].kind != PART_TEXT;
}

/* Whether it contains no reference. */
bool ref_text_is_literal(const struct ref_text *t);

/* Parses a string. The parts borrow from `text`. E_INVALID with a sentence for wrong syntax,
 * E_LIMIT, E_MEMORY. */
MUST_USE enum result ref_text_parse(const struct ref_text **ret, struct arena *a, struct slice text,
				    struct budget *budget, struct error *err);
