/* The metaschemas of both drafts, which are built in: nothing is fetched from the network. */
#pragma once

#include "doc/tree.h"
#include "schema/compile/dialect.h"

/* The text of the built-in document with that URI (without fragment), or SLICE_NULL. It lives for
 * ever. */
struct slice metaschema_find(struct slice uri);

/* The URI of a draft's metaschema. */
const char *metaschema_uri(enum draft_bit draft);

/* The dialect that a `$schema` without fragment names; false unless it is one of the two drafts. */
bool metaschema_dialect(struct slice uri, struct dialect *ret);

/* The dialect that another metaschema declares by `$vocabulary` (2020-12 core, section 8.1.2).
 * E_INVALID where it requires a vocabulary that Reeve does not know. */
MUST_USE enum result metaschema_read_vocabulary(const struct tree_node *metaschema,
						struct dialect *ret, struct error *err);
