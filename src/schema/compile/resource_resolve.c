/* Resolving references: to a document, which is loaded when a reference needs it, and to a place in
 * it. */
#include "schema/compile/resource_index.h"

#include "doc/pointer.h"
#include "doc/read.h"
#include "schema/compile/metaschema.h"
#include "schema/compile/uri.h"

/* Reads and indexes a built-in metaschema. */
static enum result add_builtin(struct resource_index *idx, struct slice uri, struct slice text,
			       uint32_t *ret, struct error *err)
{
	struct tree *tree = vec_push(&idx->trees, sizeof *tree);
	struct tree_node *root;
	enum result rc;

	if (tree == NULL)
		return index_out_of_memory(idx, err);
	*tree = (struct tree)TREE_INIT(0, false);
	rc = doc_read(tree, DOC_JSON, text, &DOC_LIMITS_DEFAULT, NULL, err);
	if (rc != OK)
		return rc;
	/* The list of trees may move; the root must not. */
	root = arena_copy(&idx->arena, &tree->root, sizeof *root);
	if (root == NULL)
		return index_out_of_memory(idx, err);
	return index_add_document(idx, root, uri, true, ret, err);
}

/* Finds and indexes the document at a URI. */
static enum result load_document(struct resource_index *idx, struct slice uri, uint32_t *ret,
				 struct error *err)
{
	struct slice builtin = metaschema_find(uri);
	const struct tree_node *root = NULL;
	enum result rc;

	if (builtin.data != NULL)
		return add_builtin(idx, uri, builtin, ret, err);
	rc = idx->options->load == NULL
		     ? E_NOT_FOUND
		     : idx->options->load(idx->options->load_ctx, uri, &root, err);
	if (rc == E_NOT_FOUND)
		return fail(
			err, E_INVALID,
			"refers to a schema that does not exist here, and nothing is fetched from "
			"the network: %.*s",
			SLICE_ARGS(uri));
	if (rc != OK)
		return wrap(err, rc, "%.*s", SLICE_ARGS(uri));
	rc = index_add_document(idx, root, uri, false, ret, err);
	return rc == OK ? OK : wrap(err, rc, "%.*s", SLICE_ARGS(uri));
}

/* The member or item that a token of a JSON pointer names, or NULL (RFC 6901, section 4). */
static const struct tree_node *step_into(const struct tree_node *node, struct slice token)
{
	uint64_t index;

	if (node->kind == TREE_OBJECT)
		return tree_get(node, token);
	if (node->kind != TREE_ARRAY || node->count == 0 ||
	    !slice_to_u64(token, node->count - 1, &index) ||
	    (token.len > 1 && token.data[0] == '0'))
		return NULL;
	return &node->of.items[index];
}

/* The place at a JSON pointer. Where no keyword makes it one it becomes a place below the nearest
 * one on the way. */
static enum result follow_pointer(struct resource_index *idx, uint32_t root, struct slice pointer,
				  uint32_t *ret, struct error *err)
{
	CLEANUP(buf_clear) struct buf token = BUF_NULL;
	const struct tree_node *node = index_place(idx, root)->node;
	uint32_t nearest = root;
	struct slice rest = pointer, way = pointer;
	enum result rc = index_charge(idx, 10 + pointer.len, err);

	if (rc != OK)
		return rc;
	while (pointer_next_token(&rest, &token)) {
		uint32_t known;

		if (token.is_failed)
			return fail(err, E_MEMORY, "out of memory");
		node = step_into(node, buf_slice(&token));
		if (node == NULL)
			return fail(err, E_INVALID, "refers to a place that does not exist: %.*s",
				    SLICE_ARGS(pointer));
		known = index_find_place(idx, node);
		if (known != NONE) {
			nearest = known;
			way = rest;
		}
	}
	if (index_place(idx, nearest)->node == node) {
		*ret = nearest;
		return OK;
	}
	way.data = arena_text(&idx->arena, way);
	if (way.data == NULL)
		return index_out_of_memory(idx, err);
	return index_add_by_pointer(idx, nearest, node, way, ret, err);
}

/* The place that a fragment names in a resource: its root, a JSON pointer or an anchor. */
static enum result follow_fragment(struct resource_index *idx, uint32_t resource,
				   struct slice fragment, uint32_t *ret, uint32_t *ret_anchor,
				   struct error *err)
{
	CLEANUP(buf_clear) struct buf decoded = BUF_NULL;
	uint32_t root = index_resource(idx, resource)->root, anchor, probes = 0;
	struct slice name;
	enum result rc = index_charge(idx, fragment.len / 4, err);

	if (rc != OK)
		return rc;
	if (!uri_decode(&decoded, fragment))
		return fail(err, E_INVALID, "is not a valid URI reference");
	if (decoded.is_failed)
		return fail(err, E_MEMORY, "out of memory");
	name = buf_slice(&decoded);
	if (name.len == 0) {
		*ret = root;
		return OK;
	}
	if (name.data[0] == '/') {
		if (!pointer_is_valid(name))
			return fail(err, E_INVALID, "is not a valid JSON pointer");
		return follow_pointer(idx, root, name, ret, err);
	}
	anchor = index_find_anchor(idx, resource, name, false, &probes);
	rc = index_charge(idx, probes, err);
	if (rc != OK)
		return rc;
	if (anchor == NONE)
		return fail(err, E_INVALID, "refers to an anchor that does not exist: %.*s",
			    SLICE_ARGS(name));
	*ret = VEC_AT(&idx->anchors, struct anchor, anchor).place;
	if (ret_anchor != NULL)
		*ret_anchor = anchor;
	return OK;
}

/* Whether `resource` belongs to the document of `from`, or `uri` is that of a built-in
 * metaschema. */
static bool is_available(const struct resource_index *idx, uint32_t from, struct slice uri,
			 uint32_t resource)
{
	if (metaschema_find(uri).data != NULL)
		return true;
	return resource != NONE &&
	       index_place(idx, index_resource(idx, resource)->root)->document ==
		       index_place(idx, from)->document;
}

/* An empty reference before the fragment means the resource of `from` itself (RFC 3986, section
 * 4.4). */
enum result index_resolve(struct resource_index *idx, uint32_t from, struct slice reference,
			  uint32_t *ret, uint32_t *ret_anchor, struct error *err)
{
	struct slice before = uri_without_fragment(reference), uri;
	uint32_t resource = index_place(idx, from)->resource, root;
	enum result rc;

	if (ret_anchor != NULL)
		*ret_anchor = NONE;
	if (before.len != 0) {
		rc = index_resolve_uri(idx, index_resource(idx, resource)->uri, before, &uri, err);
		if (rc != OK)
			return rc;
		resource = index_find_resource(idx, uri);
		if (idx->options->is_listed_only && index_place(idx, from)->is_by_pointer &&
		    !is_available(idx, from, uri, resource))
			return index_refuse_by_pointer(err);
		if (resource == NONE) {
			rc = load_document(idx, uri, &root, err);
			if (rc != OK)
				return rc;
			resource = index_place(idx, root)->resource;
		}
	}
	return follow_fragment(idx, resource, uri_fragment(reference), ret, ret_anchor, err);
}
