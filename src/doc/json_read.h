/* The JSON half of doc_read(); the input is not longer than the limits allow. */
#pragma once

#include "doc/limits.h"
#include "doc/tree.h"

MUST_USE enum result json_read(struct tree *ret, struct slice input,
			       const struct doc_limits *limits, struct error *err);
