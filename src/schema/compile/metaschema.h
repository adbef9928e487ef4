/* The specifications' own schemas, built in: nothing is ever fetched. */
#pragma once

#include "doc/tree.h"
#include "schema/compile/dialect.h"

/* The text of the built-in document with that URI (no fragment), or SLICE_NULL. */
struct slice metaschema_find(struct slice uri);

const char *metaschema_uri(enum draft_bit draft);

/* The dialect that a $schema names, fragment left out, where it is one of the two drafts. */
bool metaschema_dialect(struct slice uri, struct dialect *ret);

/* The dialect that a metaschema of one's own declares by $vocabulary (2020-12 core, section 8.1.2). E_INVALID where it
 * requires a vocabulary that we do not know. */
MUST_USE enum result metaschema_read_vocabulary(const struct tree_node *metaschema,
						struct dialect *ret, struct error *err);
