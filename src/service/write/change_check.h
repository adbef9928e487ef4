/* The check of a new content by itself. */
#pragma once

#include "service/write/write.h"

/* Whether the content is valid for its kind; sets policy and warnings. E_INVALID
 * with problems in the report. */
MUST_USE enum result change_check(struct write *w, struct change *c, struct error *err);
/* Adds the problems of a schema that does not compile, with their places in it. */
void schema_problems_add(struct write *w, const struct view_doc *d,
			 const struct schema_report *report);
/* Whether a document has the form of a secret: {"data": {…}, "metadata": {…}}. E_INVALID. */
MUST_USE enum result secret_check(const struct tree_node *root, struct error *err);
