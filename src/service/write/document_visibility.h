/* Documents that the writer may know of. */
#pragma once

#include "service/write/write.h"

/* Whether the caller knows the content of a document: it sends the whole content (put), or may
 * read it. */
bool write_may_see(const struct write *w, struct slice path);

/* Whether the caller may know which constraint a value breaks, since constraints are part of the
 * schema. */
bool write_may_see_constraint(const struct write *w, const struct check_problem *p);

/* The edges of a document after the write; NULL for none. */
const struct doc_edges *edges_as_written(const struct write *w, struct slice path);
