/* The JSON part of doc_read(), which has checked the length of the input. */
#pragma once

#include "doc/limits.h"
#include "doc/tree.h"

MUST_USE enum result json_read(struct tree *ret, struct slice input,
			       const struct doc_limits *limits, struct error *err);
