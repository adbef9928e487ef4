/*
 * The JSON part of doc_read(), which has checked the length of the input. RFC 8259 without
 * extensions; the parameters and results are those of doc_read(). There are no warnings: JSON has
 * one meaning.
 */
#pragma once

#include "doc/limits.h"
#include "doc/tree.h"

MUST_USE enum result json_read(struct tree *ret, struct slice input,
			       const struct doc_limits *limits, struct error *err);
