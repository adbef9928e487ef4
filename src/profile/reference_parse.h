/*
 * The form of strings that hold references. Private to profile_*.c.
 *
 *   text      = { literal | "$${" | reference }
 *   reference = "${" body [ ":-" default ] "}"
 *   body      = key { "." key } | pointer | "var:" key { "." key } | "reeve:" name
 *             | "secret:" path [ "?version=" n ] [ "#" key ]
 *
 * `$${` is a literal `${`; any other `$` is itself. A default is a text again; so is a secret's path, whose
 * references may only be to `var:` and `reeve:`. The first `:-` outside an inner reference begins the default,
 * the first `}` outside one ends the reference.
 */
#pragma once

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define REFERENCE_NESTING_MAX 16 /* references inside one another's defaults and paths */

enum part_kind { PART_TEXT, PART_KEY, PART_POINTER, PART_VAR, PART_REEVE, PART_SECRET };

struct ref_part {
	enum part_kind kind;
	/* A literal; "a.b"; "/a/b"; "x.y" of a variable; "app"; a secret's key, empty for the whole object. */
	struct slice body;
	const struct ref_text *path; /* a secret's, without "secrets/" */
	uint64_t version;	     /* a secret's; 0: the current one */
	const struct ref_text *fallback;
};

struct ref_text {
	struct ref_part *parts;
	uint32_t count;
	struct slice raw; /* as written */
};

/* Whether there is anything to parse. */
bool ref_text_is_plain(struct slice text);

static inline bool ref_text_is_whole(const struct ref_text *t)
{
	return t->count == 1 && t->parts[0].kind != PART_TEXT;
}

/* No reference in it. */
bool ref_text_is_literal(const struct ref_text *t);

/* Parts borrow from `text`. E_INVALID with a sentence for bad form, E_LIMIT, E_MEMORY. */
MUST_USE enum result ref_text_parse(const struct ref_text **ret, struct arena *a, struct slice text,
				    struct budget *budget, struct error *err);
