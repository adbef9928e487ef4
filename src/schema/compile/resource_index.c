/*
 * The walk over a document that finds its places, resources and anchors.
 *
 * Resources, anchors and URIs that appear twice keep their first meaning. Nodes are found again by
 * address, so the trees must not move while the index lives. Every place, key and comparison is
 * charged to the request's budget, because the document comes from a client.
 */
#include "schema/compile/resource_index.h"

#include "schema/compile/keyword.h"
#include "schema/compile/uri.h"
#include "schema/price.h"

/* One name of a resource. It has two where its `$id` differs from the URI that its document was
 * loaded by. */
struct index_uri {
	struct slice uri;
	uint32_t resource;
};

/* The position of a walk over a schema: the parent of the next place, and how that place is reached
 * from it. */
struct walk {
	uint32_t parent;
	uint32_t resource; /* NONE: the document's root, which makes one */
	uint32_t document;
	struct slice keyword;
	struct slice key;
	uint32_t index;
	bool is_by_pointer;
};

static enum result walk_schema(struct resource_index *idx, const struct tree_node *node,
			       const struct walk *at, struct error *err);

void index_init(struct resource_index *idx, const struct schema_options *options)
{
	*idx = (struct resource_index){.options = options,
				       .arena = ARENA_INIT(INDEX_BYTES_MAX, false)};
}

void index_clear(struct resource_index *idx)
{
	for (uint32_t i = 0; i < idx->trees.count; i++)
		tree_clear(&VEC_AT(&idx->trees, struct tree, i));
	vec_clear(&idx->trees);
	vec_clear(&idx->places);
	vec_clear(&idx->resources);
	vec_clear(&idx->anchors);
	vec_clear(&idx->documents);
	vec_clear(&idx->uris);
	lookup_clear(&idx->by_node);
	lookup_clear(&idx->by_uri);
	lookup_clear(&idx->by_name);
	arena_clear(&idx->arena);
}

struct place *index_place(const struct resource_index *idx, uint32_t place)
{
	return &VEC_AT(&idx->places, struct place, place);
}

struct resource *index_resource(const struct resource_index *idx, uint32_t resource)
{
	return &VEC_AT(&idx->resources, struct resource, resource);
}

const struct dialect *index_dialect(const struct resource_index *idx, uint32_t place)
{
	return &index_resource(idx, index_place(idx, place)->resource)->dialect;
}

enum result index_out_of_memory(const struct resource_index *idx, struct error *err)
{
	return idx->arena.is_exhausted
		       ? fail(err, E_LIMIT, "the schema takes too much memory to compile")
		       : fail(err, E_MEMORY, "out of memory");
}

enum result index_charge(struct resource_index *idx, uint64_t steps, struct error *err)
{
	return budget_take(idx->options->budget, steps, err);
}

/* Places are looked up by the address of their node. */
static uint64_t hash_node(const struct tree_node *node)
{
	return hash_mix((uintptr_t)node, 1);
}

uint32_t index_find_place(const struct resource_index *idx, const struct tree_node *node)
{
	uint64_t hash = hash_node(node);
	uint32_t at = 0, found;

	while ((found = lookup_next(&idx->by_node, hash, &at)) != NONE) {
		if (index_place(idx, found)->node == node)
			return found;
	}
	return NONE;
}

uint32_t index_find_resource(const struct resource_index *idx, struct slice uri)
{
	uint64_t hash = slice_hash(uri);
	uint32_t at = 0, found;

	while ((found = lookup_next(&idx->by_uri, hash, &at)) != NONE) {
		const struct index_uri *u = &VEC_AT(&idx->uris, struct index_uri, found);

		if (slice_is_equal(u->uri, uri))
			return u->resource;
	}
	return NONE;
}

/* The same name may be an anchor of several resources. */
static uint64_t hash_anchor(uint32_t resource, struct slice name)
{
	return hash_mix(slice_hash(name), resource);
}

/* A dynamic anchor is a static one, too. */
uint32_t index_find_anchor(const struct resource_index *idx, uint32_t resource, struct slice name,
			   bool is_dynamic, uint32_t *ret_probes)
{
	uint64_t hash = hash_anchor(resource, name);
	uint32_t at = 0, found, best = NONE;

	while ((found = lookup_next(&idx->by_name, hash, &at)) != NONE) {
		*ret_probes = at;
		const struct anchor *a = &VEC_AT(&idx->anchors, struct anchor, found);

		if (a->resource != resource || !slice_is_equal(a->name, name))
			continue;
		if (a->is_dynamic)
			return found;
		if (!is_dynamic && best == NONE)
			best = found;
	}
	return best;
}

uint32_t index_find_dynamic(const struct resource_index *idx, uint32_t resource, struct slice name,
			    uint32_t *ret_probes)
{
	*ret_probes = 0;
	return index_find_anchor(idx, resource, name, true, ret_probes);
}

/* Gives a resource a further name. */
static enum result add_uri(struct resource_index *idx, struct slice uri, uint32_t resource,
			   struct error *err)
{
	struct index_uri *u;

	if (index_find_resource(idx, uri) != NONE)
		return OK; /* the first resource keeps the URI */
	u = vec_push(&idx->uris, sizeof *u);
	if (u == NULL || !lookup_add(&idx->by_uri, slice_hash(uri), idx->uris.count - 1))
		return index_out_of_memory(idx, err);
	*u = (struct index_uri){uri, resource};
	return OK;
}

/* Adds the anchor that a keyword names; `skip` bytes of its value are not part of the name. */
static enum result add_anchor(struct resource_index *idx, uint32_t place,
			      const struct tree_node *name, size_t skip, bool is_dynamic,
			      struct error *err)
{
	uint32_t resource = index_place(idx, place)->resource, known, probes = 0;
	struct slice text;
	struct anchor *a;
	enum result rc;

	if (name == NULL || name->kind != TREE_STRING)
		return OK;
	text = slice_from(tree_text(name), skip);
	known = index_find_anchor(idx, resource, text, is_dynamic, &probes);
	rc = index_charge(idx, 10 + 2 * (uint64_t)probes + price_bytes(text.len), err);
	if (rc != OK || known != NONE)
		return rc; /* the first anchor keeps the name */
	a = vec_push(&idx->anchors, sizeof *a);
	if (a == NULL ||
	    !lookup_add(&idx->by_name, hash_anchor(resource, text), idx->anchors.count - 1))
		return index_out_of_memory(idx, err);
	*a = (struct anchor){text, resource, place, is_dynamic};
	return OK;
}

enum result index_resolve_uri(struct resource_index *idx, struct slice base, struct slice reference,
			      struct slice *ret, struct error *err)
{
	CLEANUP(buf_clear) struct buf uri = BUF_NULL;
	const char *text;
	enum result rc;

	rc = index_charge(idx, 10 + 2 * price_bytes(base.len + reference.len), err);
	if (rc != OK)
		return rc;
	uri_resolve(&uri, base, reference);
	if (uri.is_failed)
		return fail(err, E_MEMORY, "out of memory");
	text = arena_text(&idx->arena, buf_slice(&uri));
	if (text == NULL)
		return index_out_of_memory(idx, err);
	*ret = slice_make(text, uri.len);
	return OK;
}

/* In draft 7 the keywords beside `$ref` are ignored, `$id` too. */
static bool is_identified(const struct tree_node *node, const struct dialect *dialect,
			  const struct tree_node **id)
{
	*id = TREE_GET(node, "$id");
	if (*id == NULL || (*id)->kind != TREE_STRING)
		return false;
	if (dialect->draft == IN_7 && TREE_GET(node, "$ref") != NULL)
		return false;
	return uri_without_fragment(tree_text(*id)).len != 0;
}

/* Makes a place the root of a resource. */
static enum result add_resource(struct resource_index *idx, uint32_t place, struct slice uri,
				const struct dialect *dialect, struct error *err)
{
	struct resource *r = vec_push(&idx->resources, sizeof *r);

	if (r == NULL)
		return index_out_of_memory(idx, err);
	*r = (struct resource){uri, place, *dialect};
	index_place(idx, place)->resource = idx->resources.count - 1;
	return add_uri(idx, uri, idx->resources.count - 1, err);
}

/* Sets the resource of the place: a new one at the root of a document and where `$id` names one,
 * else its parent's. */
static enum result enter_resource(struct resource_index *idx, uint32_t place, const struct walk *at,
				  struct error *err)
{
	const struct tree_node *node = index_place(idx, place)->node, *id;
	const struct document *doc = &VEC_AT(&idx->documents, struct document, at->document);
	bool is_root = at->resource == NONE;
	struct dialect dialect = {idx->options->draft == SCHEMA_DRAFT_7 ? IN_7 : IN_2020_12,
				  VOCABULARIES_2020_12};
	struct slice base = doc->uri, uri;
	enum result rc = OK;

	if (!is_root) {
		base = index_resource(idx, at->resource)->uri;
		dialect = index_resource(idx, at->resource)->dialect;
		index_place(idx, place)->resource = at->resource;
	}
	if (is_root || TREE_GET(node, "$id") != NULL)
		rc = index_read_dialect(idx, node, base, at->is_by_pointer, &dialect, err);
	if (rc != OK)
		return rc;
	if (!is_identified(node, &dialect, &id))
		return is_root ? add_resource(idx, place, base, &dialect, err) : OK;
	rc = index_resolve_uri(idx, base, tree_text(id), &uri, err);
	if (rc == OK)
		rc = add_resource(idx, place, uri, &dialect, err);
	if (rc == OK && is_root)
		rc = add_uri(idx, base, index_place(idx, place)->resource, err);
	return rc;
}

/* In draft 7 an anchor is an `$id` that is only a fragment. */
static enum result add_anchors(struct resource_index *idx, uint32_t place, struct error *err)
{
	const struct tree_node *node = index_place(idx, place)->node;
	const struct tree_node *id = TREE_GET(node, "$id");
	enum result rc;

	if (index_dialect(idx, place)->draft == IN_7) {
		if (id == NULL || id->kind != TREE_STRING || TREE_GET(node, "$ref") != NULL ||
		    id->count < 2 || id->of.text[0] != '#')
			return OK;
		return add_anchor(idx, place, id, 1, false, err);
	}
	rc = add_anchor(idx, place, TREE_GET(node, "$anchor"), 0, false, err);
	if (rc == OK)
		rc = add_anchor(idx, place, TREE_GET(node, "$dynamicAnchor"), 0, true, err);
	return rc;
}

static enum result walk_list(struct resource_index *idx, const struct tree_node *list,
			     struct walk at, struct error *err)
{
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < list->count; i++) {
		at.index = i;
		rc = walk_schema(idx, &list->of.items[i], &at, err);
	}
	return rc;
}

/* Walks the subschemas of a map. In `dependencies` a list is names of keys and not a subschema. */
static enum result walk_map(struct resource_index *idx, const struct tree_node *map, struct walk at,
			    bool is_names_allowed, struct error *err)
{
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < map->count; i++) {
		const struct tree_member *m = &map->of.members[i];

		if (is_names_allowed && m->value.kind == TREE_ARRAY)
			continue;
		at.key = tree_key(m);
		rc = walk_schema(idx, &m->value, &at, err);
	}
	return rc;
}

/* Walks the subschemas in the value of a keyword. A value of the wrong kind has none; compiling it
 * will refuse it. */
static enum result walk_keyword(struct resource_index *idx, const struct keyword *k,
				const struct tree_node *value, const struct walk *at,
				struct error *err)
{
	switch ((enum keyword_shape)k->shape) {
	case SHAPE_SCHEMA:
		return walk_schema(idx, value, at, err);
	case SHAPE_SCHEMA_OR_LIST:
		if (value->kind != TREE_ARRAY)
			return walk_schema(idx, value, at, err);
		return walk_list(idx, value, *at, err);
	case SHAPE_LIST:
		return value->kind == TREE_ARRAY ? walk_list(idx, value, *at, err) : OK;
	case SHAPE_MAP:
	case SHAPE_MAP_OR_NAMES:
		if (value->kind != TREE_OBJECT)
			return OK;
		return walk_map(idx, value, *at, k->shape == SHAPE_MAP_OR_NAMES, err);
	case SHAPE_NONE:
		break;
	}
	return OK;
}

/* Walks the subschemas of all keywords of a place. */
static enum result walk_children(struct resource_index *idx, uint32_t place, struct error *err)
{
	const struct tree_node *node = index_place(idx, place)->node;
	enum draft_bit draft = index_dialect(idx, place)->draft;
	uint32_t resource = index_place(idx, place)->resource;
	uint32_t document = index_place(idx, place)->document;
	bool is_by_pointer = index_place(idx, place)->is_by_pointer;
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < node->count; i++) {
		const struct tree_member *m = &node->of.members[i];
		enum keyword_id id = keyword_find(tree_key(m), draft);
		struct walk at = {place,      resource, document,     tree_key(m),
				  SLICE_NULL, NONE,	is_by_pointer};

		if (id != KEYWORDS && keywords[id].shape != SHAPE_NONE)
			rc = walk_keyword(idx, &keywords[id], &m->value, &at, err);
	}
	return rc;
}

static uint64_t count_keys(const struct tree_node *node)
{
	return node->kind == TREE_OBJECT ? node->count : 0;
}

/* Recursion is bounded by the depth of the document. */
static enum result walk_schema(struct resource_index *idx, const struct tree_node *node,
			       const struct walk *at, struct error *err)
{
	uint32_t place = idx->places.count;
	struct place *p;
	enum result rc = index_charge(idx, STEPS_PLACE + count_keys(node) * STEPS_PLACE_KEY, err);

	if (rc != OK)
		return rc;
	if (index_find_place(idx, node) != NONE)
		return OK;
	if (idx->places.count >= INDEX_PLACES_MAX)
		return fail(err, E_LIMIT, "more than %d subschemas", INDEX_PLACES_MAX);
	p = vec_push(&idx->places, sizeof *p);
	if (p == NULL || !lookup_add(&idx->by_node, hash_node(node), place))
		return index_out_of_memory(idx, err);
	*p = (struct place){.node = node,
			    .parent = at->parent,
			    .document = at->document,
			    .subschema = NONE,
			    .keyword = at->keyword,
			    .key = at->key,
			    .index = at->index,
			    .is_by_pointer = at->is_by_pointer};
	rc = enter_resource(idx, place, at, err);
	if (rc != OK || node->kind != TREE_OBJECT)
		return rc;
	rc = add_anchors(idx, place, err);
	return rc == OK ? walk_children(idx, place, err) : rc;
}

enum result index_add_document(struct resource_index *idx, const struct tree_node *root,
			       struct slice uri, bool is_builtin, uint32_t *ret, struct error *err)
{
	struct document *doc = vec_push(&idx->documents, sizeof *doc);
	struct walk at = {NONE, NONE, idx->documents.count - 1, SLICE_NULL, SLICE_NULL,
			  NONE, false};
	enum result rc;

	if (doc == NULL)
		return index_out_of_memory(idx, err);
	*doc = (struct document){root, uri, is_builtin};
	rc = walk_schema(idx, root, &at, err);
	if (rc != OK)
		return rc;
	*ret = index_find_place(idx, root); /* a loader may return one tree for two URIs */
	return OK;
}

enum result index_add_by_pointer(struct resource_index *idx, uint32_t parent,
				 const struct tree_node *node, struct slice way, uint32_t *ret,
				 struct error *err)
{
	const struct place *p = index_place(idx, parent);
	struct walk at = {parent, p->resource, p->document, way, SLICE_NULL, NONE, true};

	*ret = idx->places.count;
	return walk_schema(idx, node, &at, err);
}
