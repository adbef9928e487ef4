/*
 * The dialect of a schema, which its `$schema` names. A built-in dialect is known by its URI; any
 * other must be a stored metaschema, whose $vocabulary says which keywords are in force. While
 * references are only listed nothing is loaded, and 2020-12 is assumed.
 */
#include "schema/compile/resource_index.h"

#include "schema/compile/metaschema.h"
#include "schema/compile/uri.h"

enum result index_refuse_by_pointer(struct error *err)
{
	return fail(err, E_INVALID,
		    "refers to another document from a place that no keyword makes a schema; move "
		    "it under `$defs`");
}

/* The dialect of a metaschema that is not built in: loads it and reads its $vocabulary. */
static enum result load_dialect(struct resource_index *idx, struct slice uri, struct dialect *ret,
				struct error *err)
{
	const struct tree_node *metaschema = NULL;
	enum result rc;

	if (idx->is_listing) {
		*ret = (struct dialect){IN_2020_12, VOCABULARIES_2020_12};
		return OK;
	}
	rc = idx->options->load == NULL
		     ? E_NOT_FOUND
		     : idx->options->load(idx->options->load_ctx, uri, &metaschema, err);
	if (rc == E_NOT_FOUND)
		return fail(err, E_INVALID,
			    "`$schema` must be draft 2020-12, draft 7 or a stored metaschema; "
			    "%.*s is not known",
			    SLICE_ARGS(uri));
	if (rc != OK)
		return wrap(err, rc, "%.*s", SLICE_ARGS(uri));
	return metaschema_read_vocabulary(metaschema, ret, err);
}

enum result index_read_dialect(struct resource_index *idx, const struct tree_node *node,
			       struct slice base, bool is_by_pointer, struct dialect *dialect,
			       struct error *err)
{
	const struct tree_node *named = TREE_GET(node, "$schema");
	struct slice uri;
	enum result rc;

	if (named == NULL || named->kind != TREE_STRING)
		return OK;
	uri = uri_without_fragment(tree_text(named));
	if (metaschema_dialect(uri, dialect))
		return OK;
	if (is_by_pointer && idx->options->is_listed_only)
		return index_refuse_by_pointer(err);
	rc = index_resolve_uri(idx, base, uri, &uri, err);
	return rc == OK ? load_dialect(idx, uri, dialect, err) : rc;
}
