/*
 * Reading JSON and YAML, strictly and within bounds. Both give the same tree for the same data.
 *
 * JSON: RFC 8259 and nothing beside it; duplicate keys refused; UTF-8 checked; numbers keep their text.
 * YAML: 1.2 core schema in UTF-8 through libyaml; one document; duplicate keys, `<<`, tags beyond the core
 * schema, anchors that would expand beyond the bounds are refused. Every error has line and column and never
 * quotes the input.
 */
#pragma once

#include "doc/limits.h"
#include "doc/tree.h"

enum doc_format { DOC_JSON, DOC_YAML };

/* Fills `ret` (TREE_INIT by the caller). On failure `ret` may hold memory but no tree: clear it.
 * E_MALFORMED with line and column, E_TOO_LARGE, E_LIMIT, E_MEMORY, what ended the budget. `warnings`
 * may be NULL; its texts live in the tree's arena. */
MUST_USE enum result doc_read(struct tree *ret, enum doc_format format, struct slice input,
			      const struct doc_limits *limits, struct doc_warnings *warnings,
			      struct error *err);

/* A scalar as YAML's core schema resolves a plain one (`12`, `true`, `text`), for defaults of references
 * and for values on a command line. An empty text is null. */
MUST_USE enum result doc_read_scalar(struct tree_node *ret, struct arena *a, struct slice text,
				     struct error *err);
