/*
 * Finding what a schema consists of, before anything is compiled: every place where a subschema stands, the resource
 * (base URI) and dialect it belongs to, every anchor; and where each reference leads. Documents that are referred to
 * are asked for, and framed, only when a reference needs them.
 *
 * A place is found by its keyword alone: what looks like a schema under an unknown keyword, `const` or `enum` is none
 * until a JSON pointer leads there.
 */
#pragma once

#include "doc/tree.h"
#include "schema/compile/keyword.h"
#include "schema/schema.h"
#include "schema/compile/vec.h"

#define INDEX_BYTES_MAX	 ((size_t)128 * 1024 * 1024)
#define INDEX_PLACES_MAX 1000000

struct dialect {
	enum draft_bit draft;
	uint16_t vocabularies;
};

/* A subschema's place. How it is reached from its parent: "properties", "name"; "allOf", 2; "not". */
struct place {
	const struct tree_node *node;
	uint32_t parent;
	uint32_t resource;
	uint32_t document;
	uint32_t subschema; /* once compiled; else NONE */
	struct slice keyword;
	struct slice key;
	uint32_t index; /* NONE: none */
	bool is_stray;	/* no schema stands there: a JSON pointer led to it */
};

struct resource {
	struct slice uri; /* absolute, or as absolute as it gets; no fragment */
	uint32_t root;	  /* place */
	struct dialect dialect;
};

struct anchor {
	struct slice name;
	uint32_t resource;
	uint32_t place;
	bool is_dynamic;
};

struct document {
	const struct tree_node *root;
	struct slice uri; /* as asked for */
	bool is_builtin;
};

struct resource_index {
	const struct schema_options *options;
	struct arena arena;    /* URIs and decoded tokens */
	struct vec places;     /* struct place */
	struct vec resources;  /* struct resource */
	struct vec anchors;    /* struct anchor */
	struct vec documents;  /* struct document */
	struct vec trees;      /* struct tree: built-in metaschemas, read */
	struct vec uris;       /* struct index_uri: every name of a resource */
	struct lookup by_node; /* places */
	struct lookup by_uri;  /* uris */
	struct lookup by_name; /* anchors, by resource and name */
	bool is_lone;	       /* nothing is loaded: references are only listed */
};

/* Finding a place, keeping it, and looking at each of its keywords, in steps. */
#define STEPS_PLACE	60
#define STEPS_PLACE_KEY 10

void index_init(struct resource_index *f, const struct schema_options *options);
void index_clear(struct resource_index *f);

/* Frames a document whose base is `uri`; `*ret` is the place of its root. E_INVALID: its dialect is not known. */
MUST_USE enum result index_add_document(struct resource_index *f, const struct tree_node *root,
					struct slice uri, bool is_builtin, uint32_t *ret,
					struct error *err);

/* Resolves a reference against a base; the text lives in the frame's arena. */
MUST_USE enum result index_resolve_uri(struct resource_index *f, struct slice base,
				       struct slice reference, struct slice *ret,
				       struct error *err);

/* The dialect that a schema's `$schema` names, or `inherited`. `is_stray` as in struct place. E_INVALID: it is not known. */
MUST_USE enum result index_read_dialect(struct resource_index *f, const struct tree_node *node,
					struct slice base, struct dialect inherited, bool is_stray,
					struct dialect *ret, struct error *err);

/* What stands where no schema does is not listed by schema_each_reference(), so what it refers to would be nobody's need and
 * asked nobody's right. Always E_INVALID. */
MUST_USE enum result index_refuse_stray(struct error *err);

/* Where a reference found at `from` leads. E_INVALID with the reason where it leads nowhere; what `load` says otherwise.
 * `ret_anchor`, unless NULL, becomes the anchor that it went through, or NONE. */
MUST_USE enum result index_resolve(struct resource_index *f, uint32_t from, struct slice reference,
				   uint32_t *ret, uint32_t *ret_anchor, struct error *err);

/* The place of a node of a framed document, or NONE. */
uint32_t index_find_place(const struct resource_index *f, const struct tree_node *node);

/* The dynamic anchor of that name in the resource, or NONE; and how many names were looked at, which may have been chosen to
 * collide. */
uint32_t index_find_dynamic(const struct resource_index *f, uint32_t resource, struct slice name,
			    uint32_t *ret_probes);

/* The resource with that URI, or NONE. */
uint32_t index_find_resource(const struct resource_index *f, struct slice uri);

struct place *index_place(const struct resource_index *f, uint32_t place);
struct resource *index_resource(const struct resource_index *f, uint32_t resource);
const struct dialect *index_dialect(const struct resource_index *f, uint32_t place);

/* Appends the JSON pointer of the place in its document, or with `is_in_resource` from its resource's root. */
void index_append_pointer(const struct resource_index *f, uint32_t place, bool is_in_resource,
			  struct buf *ret);
