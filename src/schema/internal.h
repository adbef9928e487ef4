/* What a schema is made of, for the passes over it. */
#pragma once

#include "schema/format.h"
#include "schema/matcher.h"
#include "schema/program.h"
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
