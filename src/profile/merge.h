/*
 * Merging: from layers to a tree of merged nodes, before references are resolved. Private to this
 * folder.
 *
 * A merged node keeps, beside the value that was written, what resolving it needs: its parent, its
 * state and its result. Each node is resolved once, when it is needed first. The nodes live in a
 * scratch arena and borrow their texts from the layers, so they end with profile_resolve().
 */
#pragma once

#include "base/arena.h"
#include "profile/problem.h"

struct ref_text;
struct secret_text;

/* NEW → ACTIVE → DONE or FAILED; a string that cannot be parsed or followed fails at once.
 * ACTIVE: it is being resolved further out; to reach it again is a cycle. FAILED: its problem
 * was added, so it is not added again. */
enum resolve_state { RESOLVE_NEW, RESOLVE_ACTIVE, RESOLVE_DONE, RESOLVE_FAILED };

/* The result of resolving a node or a reference. A node that several references share counts in the
 * sizes once for each of them. */
struct resolved {
	struct tree_node node;
	const struct secret_text *secret; /* of a string that holds references to secrets */
	size_t bytes;			  /* of texts and keys */
	uint32_t nodes;
	uint32_t depth;	 /* containers inside one another */
	uint32_t height; /* resolutions inside one another */
};

/* A key of a merged object. The text is the layer's; line and column are those of the highest layer
 * that has the key. */
struct merged_key {
	const char *text; /* NUL-terminated, `$$` unescaped */
	uint64_t hash;
	uint32_t len;
	uint32_t line, column;
};

struct merged_node {
	/* The kind and the place, and of a scalar also the value; containers have `children`
	 * instead. */
	struct tree_node from;
	struct merged_node *parent; /* NULL: a root */
	struct merged_node *children;
	struct merged_key *keys; /* of an object, one for each child */
	uint32_t *table;	 /* of an object: positions + 1 by hash */
	uint32_t table_mask;
	uint32_t position; /* among the children of the parent */
	bool is_var;

	/* Used while references are resolved. `state` is that of the value; `followed` is that of
	 * the way through a string to its target, which does not need the value. Once `is_parsed`,
	 * `text` is set, or stays NULL where the string holds no reference. */
	enum resolve_state state;
	enum resolve_state followed;
	struct merged_node
		*target; /* of a string that was followed: the node it refers to, or NULL */
	bool is_parsed;
	const struct ref_text *text;
	struct resolved value;
};

/* What the steps of profile_resolve() share: the layers, the budget, and where problems and errors
 * go. */
struct profile_report {
	const struct profile_layer *const *layers;
	struct profile_problems *problems;
	struct arena *arena; /* of the problems' texts */
	struct budget *budget;
	struct error *err;
};

/* Budget steps of a value that is merged or resolved, with its memory and the table of its key. */
#define NODE_STEPS 20

/* Merges the bodies of the layers, or, with `is_vars`, their `$vars`, into an object. All problems
 * are added to the report before the result is E_INVALID. E_LIMIT over DOC_NODES_MAX, E_MEMORY. */
MUST_USE enum result merge_layers(struct merged_node *ret, struct arena *scratch,
				  const struct profile_report *report, uint32_t layers_count,
				  bool is_vars);

/* The child, or NULL; NULL also where `object` is no object. Spends from the budget but does not
 * check it: the caller does. */
struct merged_node *merged_get(const struct merged_node *object, struct slice key,
			       struct budget *budget);

/* Appends where the node stands: "/a/b", "var:/a"; the root of the configuration is "". For
 * messages and pointers of problems. */
void merged_append_name(struct buf *ret, const struct merged_node *d);

/* The rest is shared by merge.c and list_edit.c only. */

/* The value that one layer has for a key; `below` is that of the next layer with the key, which
 * this one overrides or is merged with. */
struct contribution {
	const struct tree_node *node;
	const struct contribution *below;
	uint16_t source;
	bool is_literal; /* under `$value`: null is null, and maps do not merge with lower layers */
};

/* One merge under way: of the bodies, or of the variables. */
struct merger {
	struct arena *arena;
	const struct profile_report *report;
	struct buf pointer; /* of the key that is merged */
	uint32_t nodes;
	bool is_vars;
	bool has_problems;
};

/* Copies a value that does not merge: a scalar, a list, a value under `$value`. `source` is the
 * index of its layer; `depth` counts from 1 at the top. */
MUST_USE enum result merge_literal(struct merger *m, struct merged_node *ret,
				   const struct tree_node *n, uint16_t source, unsigned depth);

/* Applies the list operators of `top` and the layers below it to the list below them. OK also where
 * there is no list to edit: that problem is in the report, and m->has_problems is set. */
MUST_USE enum result merge_list_edits(struct merger *m, struct merged_node *ret,
				      const struct contribution *top, unsigned depth);

/* What a contribution does with the values below it. */
enum contribution_form {
	CONTRIBUTION_MAP,    /* merges with them */
	CONTRIBUTION_EDIT,   /* edits the list */
	CONTRIBUTION_REMOVE, /* removes the key */
	CONTRIBUTION_VALUE   /* replaces them */
};

/* `*ret_meant` is the contribution with `{$value: …}` unwrapped. */
enum contribution_form contribution_form(const struct contribution *v,
					 struct contribution *ret_meant);

/* Allocates and counts `count` children, and for an object as many keys. E_LIMIT over DOC_NODES_MAX
 * in one merge, E_MEMORY; or the budget's result. */
MUST_USE enum result merged_alloc_children(struct merger *m, struct merged_node *d, uint32_t count);

/* E_LIMIT: PROBES_MAX was reached. */
enum result merge_fail_collisions(const struct merger *m);

/* Builds the table of an object whose keys are all set. */
MUST_USE enum result merged_index_keys(struct merger *m, struct merged_node *d);
