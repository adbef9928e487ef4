/*
 * Reading JSON and YAML strictly and within bounds. The same data give the same tree in both.
 *
 * JSON: RFC 8259 without extensions; duplicate keys are refused, UTF-8 is checked, numbers keep
 * their text. YAML: the 1.2 core schema in UTF-8, through libyaml; one document. Duplicate keys,
 * `<<`, tags beyond the core schema and anchors that would expand beyond the bounds are refused.
 *
 * Every error has a line and a column and never quotes the input. Any thread may call.
 */
#pragma once

#include "doc/limits.h"
#include "doc/tree.h"

/* The format of a source. YAML reads most JSON as well, but not with the same errors. */
enum doc_format { DOC_JSON, DOC_YAML };

/* Reads `input` into `ret` (TREE_INIT by the caller), which must be cleared also after a failure.
 * E_MALFORMED with line and column, E_TOO_LARGE, E_LIMIT, E_MEMORY, or the result that ended the
 * budget. `warnings` may be NULL. */
MUST_USE enum result doc_read(struct tree *ret, enum doc_format format, struct slice input,
			      const struct doc_limits *limits, struct doc_warnings *warnings,
			      struct error *err);

/* Reads a scalar as the core schema of YAML resolves a plain one (`12`, `true`, `text`): for
 * defaults of references and for values on a command line. An empty text is null. E_MALFORMED,
 * E_LIMIT, E_MEMORY. */
MUST_USE enum result doc_read_scalar(struct tree_node *ret, struct arena *a, struct slice text,
				     struct error *err);
