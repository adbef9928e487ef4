/*
 * The index of a schema's parts, made before anything is compiled: every place where a subschema
 * stands, the resource (base URI) and the dialect that it belongs to, and every anchor. References
 * are resolved with it (resource_resolve.c). Other documents are loaded and indexed when a
 * reference needs them, not before.
 *
 * Places are found by keyword: an object under an unknown keyword, `const` or `enum` is not a
 * place, even where it looks like a schema, until a JSON pointer in a reference leads to it.
 *
 * Places, resources and anchors are numbered and never removed. Place 0 is the root of the schema
 * that is compiled. Pointers into the arrays are valid until the next place, resource or anchor is
 * added.
 */
#pragma once

#include "doc/tree.h"
#include "schema/compile/dialect.h"
#include "schema/compile/vec.h"
#include "schema/schema.h"

#define INDEX_BYTES_MAX	 ((size_t)128 * 1024 * 1024)
#define INDEX_PLACES_MAX 1000000

/* The place of a subschema. `keyword`, `key` and `index` are the way from its parent: "properties",
 * "name"; "allOf", 2; "not". */
struct place {
	const struct tree_node *node;
	uint32_t parent;
	uint32_t resource;
	uint32_t document;
	uint32_t subschema; /* its number once it is to be compiled; NONE before */
	struct slice keyword;
	struct slice key;
	uint32_t index;	    /* in a list; else NONE */
	bool is_by_pointer; /* no keyword holds it: a JSON pointer led to it */
};

/* A schema with its own base URI: the root of a document, or one with `$id` (2020-12 core, section
 * 4.3.5). */
struct resource {
	struct slice uri; /* absolute where its base is; without fragment */
	uint32_t root;	  /* place */
	struct dialect dialect;
};

/* A name for a place, unique in its resource; `is_dynamic` for `$dynamicAnchor`. */
struct anchor {
	/* Without the #. */
	struct slice name;
	uint32_t resource;
	uint32_t place;
	bool is_dynamic;
};

/* A document of the index; document 0 is the one that is compiled. */
struct document {
	const struct tree_node *root;
	struct slice uri; /* that it was loaded by */
	bool is_builtin;
};

struct resource_index {
	const struct schema_options *options;
	struct arena arena;    /* URIs and parts of JSON pointers */
	struct vec places;     /* struct place */
	struct vec resources;  /* struct resource */
	struct vec anchors;    /* struct anchor */
	struct vec documents;  /* struct document */
	struct vec trees;      /* struct tree: built-in metaschemas, read */
	struct vec uris;       /* struct index_uri: every name of a resource */
	struct lookup by_node; /* places */
	struct lookup by_uri;  /* uris */
	struct lookup by_name; /* anchors, by resource and name */
	bool is_listing;       /* documents are not loaded: references are only listed */
};

/* The price of a place, and of each of its keywords, in steps. */
#define STEPS_PLACE	60
#define STEPS_PLACE_KEY 10

/* `options` must outlive the index. Clear it with index_clear(), also after a failure; that frees
 * the built-in documents but not those that `load` returned. */
void index_init(struct resource_index *idx, const struct schema_options *options);
void index_clear(struct resource_index *idx);

/* Adds a document whose base is `uri`, with all its places. `root` must outlive the index. `*ret`
 * is the place of its root. E_INVALID: its dialect is not known. E_LIMIT, E_MEMORY. */
MUST_USE enum result index_add_document(struct resource_index *idx, const struct tree_node *root,
					struct slice uri, bool is_builtin, uint32_t *ret,
					struct error *err);

/* Resolves a URI reference against a base URI. The result lives in the index. */
MUST_USE enum result index_resolve_uri(struct resource_index *idx, struct slice base,
				       struct slice reference, struct slice *ret,
				       struct error *err);

/* Sets `*dialect`, which is the parent's or the default, to the dialect that the `$schema` of
 * `node` names, where it names one. `is_by_pointer` as in struct place. E_INVALID: the dialect is
 * not known. */
MUST_USE enum result index_read_dialect(struct resource_index *idx, const struct tree_node *node,
					struct slice base, bool is_by_pointer,
					struct dialect *dialect, struct error *err);

/* Refuses a reference from a place that only a JSON pointer leads to. schema_each_reference() does
 * not list such references, so nothing would keep the document that they need, nor check the right
 * to read it. Always E_INVALID. */
MUST_USE enum result index_refuse_by_pointer(struct error *err);

/* The place that a reference found at `from` leads to; loads the document where it is a new one.
 * `*ret_anchor` (may be NULL) becomes the anchor that the reference names, or NONE. E_INVALID with
 * the reason where it leads nowhere, else the error of `load`. */
MUST_USE enum result index_resolve(struct resource_index *idx, uint32_t from,
				   struct slice reference, uint32_t *ret, uint32_t *ret_anchor,
				   struct error *err);

/* The place of a node, or NONE. Nodes are compared by address, so a copy of a node has no place. */
uint32_t index_find_place(const struct resource_index *idx, const struct tree_node *node);

/* The dynamic anchor of that name in the resource, or NONE. `*ret_probes` is the number of slots
 * that were compared, which the caller pays for: names may have been chosen so that their hashes
 * collide. */
uint32_t index_find_dynamic(const struct resource_index *idx, uint32_t resource, struct slice name,
			    uint32_t *ret_probes);

/* The anchor of that name in the resource, or NONE; with `is_dynamic` only a dynamic one. Of a
 * static and a dynamic anchor with the same name it is the dynamic one. `*ret_probes` as above, but
 * unchanged where nothing was compared. */
uint32_t index_find_anchor(const struct resource_index *idx, uint32_t resource, struct slice name,
			   bool is_dynamic, uint32_t *ret_probes);

/* The resource with that absolute URI without fragment, or NONE. A resource may have several URIs:
 * the one by which it was loaded and its `$id`. */
uint32_t index_find_resource(const struct resource_index *idx, struct slice uri);

/* By number; the pointers are valid until the next one is added. */
struct place *index_place(const struct resource_index *idx, uint32_t place);
struct resource *index_resource(const struct resource_index *idx, uint32_t resource);
const struct dialect *index_dialect(const struct resource_index *idx, uint32_t place);

/* Appends the JSON pointer of the place in its document, or with `is_in_resource` from its
 * resource's root. */
void index_append_pointer(const struct resource_index *idx, uint32_t place, bool is_in_resource,
			  struct buf *ret);

/* For the files of the index only. */

/* Adds a place that no keyword leads to; `way` is the rest of the JSON pointer from `parent` to
 * `node`, and must live as long as the index. */
MUST_USE enum result index_add_by_pointer(struct resource_index *idx, uint32_t parent,
					  const struct tree_node *node, struct slice way,
					  uint32_t *ret, struct error *err);
MUST_USE enum result index_charge(struct resource_index *idx, uint64_t steps, struct error *err);
/* E_MEMORY, or E_LIMIT where the index has reached INDEX_BYTES_MAX. */
MUST_USE enum result index_out_of_memory(const struct resource_index *idx, struct error *err);
