/*
 * A compiled schema, for the two passes of validation. Nothing in it changes after schema_compile()
 * but `references`, so threads share it without a lock. schema_unref() frees everything here with
 * the last reference.
 */
#pragma once

#include "schema/compile/program.h"
#include "schema/format/format.h"
#include "schema/regex/matcher.h"
#include "schema/schema.h"

#include <stdatomic.h>

struct schema {
	atomic_uint references;
	struct program program;	       /* views into `image` */
	void *image;		       /* all arrays of the program, one behind the other */
	struct matcher *matchers;      /* one for each of the program's patterns */
	const struct format **formats; /* one for each of its formats */
	struct schema_limits limits;
};
