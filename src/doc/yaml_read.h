/*
 * The YAML part of doc_read(), which has checked the length of the input. The YAML 1.2 core schema,
 * read through libyaml; `warnings` (may be NULL) lists the places that YAML 1.1 reads differently.
 * The parameters and results are those of doc_read().
 */
#pragma once

#include "doc/limits.h"
#include "doc/tree.h"

MUST_USE enum result yaml_read(struct tree *ret, struct slice input,
			       const struct doc_limits *limits, struct doc_warnings *warnings,
			       struct error *err);
