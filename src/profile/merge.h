/*
 * A draft is what layers come to when they are merged and before references are resolved. Private to
 * profile_*.c. It lives in a scratch arena and borrows its texts from the layers.
 */
#pragma once

#include "base/arena.h"
#include "profile/profile.h"

struct ref_text;
struct secret_text;

enum resolve_state { RESOLVE_NEW, RESOLVE_ACTIVE, RESOLVE_DONE, RESOLVE_FAILED };

/* What a draft or a reference resolves to. Sizes count what is shared as often as it is referred to. */
struct resolved {
	struct tree_node node;
	const struct secret_text *secret; /* of a string that holds secrets */
	size_t bytes;			  /* of texts and keys */
	uint32_t nodes;
	uint32_t depth;	 /* containers inside one another */
	uint32_t height; /* resolutions inside one another */
};

struct merged_key {
	const char *text; /* NUL-terminated, `$$` unescaped */
	uint64_t hash;
	uint32_t len;
	uint32_t line, column;
};

struct merged_node {
	struct tree_node
		from; /* kind, place; of a scalar all. A container's children stand below */
	struct merged_node *parent; /* NULL: a root */
	struct merged_node *children;
	struct merged_key *keys; /* an object's, beside its children */
	uint32_t *table;	 /* an object's: positions + 1 by hash */
	uint32_t table_mask;
	uint32_t position; /* among its parent's children */
	bool is_var;

	/* The resolver's. */
	enum resolve_state state;
	enum resolve_state followed;
	struct merged_node
		*target; /* of a string that was followed: what it leads to, may be NULL */
	bool is_parsed;
	const struct ref_text *text;
	struct resolved value;
};

/* Where problems go while something is made of layers. */
struct profile_report {
	const struct profile_layer *const *layers;
	struct profile_problems *problems;
	struct arena *arena;
	struct budget *budget;
	struct error *err;
};

/* Steps of a value that is merged or resolved, its memory and its key's tables included. */
#define PRICE_VALUE 20

/* Merges the layers' bodies, or, with `is_vars`, their `$vars`, into an object. Problems are added and give
 * E_INVALID after all are found; E_LIMIT over DOC_NODES_MAX, E_MEMORY. */
MUST_USE enum result merge_layers(struct merged_node *ret, struct arena *scratch,
				  const struct profile_report *report, uint32_t layers_count,
				  bool is_vars);

/* The child, or NULL. Spends, but never refuses: whoever goes on asks the budget. */
struct merged_node *merged_get(const struct merged_node *object, struct slice key,
			       struct budget *budget);

/* Appends where it stands: "/a/b", "var:/a". */
void merged_append_name(struct buf *ret, const struct merged_node *d);

/*
 * Inside the merge.
 */

/* One layer's say on one key; the layer's that is overridden next behind it. */
struct contribution {
	const struct tree_node *node;
	const struct contribution *below;
	uint16_t source;
	bool is_literal; /* stands under `$value`: null is null, maps do not merge further down */
};

struct merger {
	struct arena *arena;
	const struct profile_report *report;
	struct buf pointer;
	uint32_t nodes;
	bool is_vars;
	bool has_problems;
};

/* Makes a draft of what stands as written: a scalar, a list, what is under `$value`. */
MUST_USE enum result merge_literal(struct merger *m, struct merged_node *ret,
				   const struct tree_node *n, uint16_t source, unsigned depth);

/* Makes a list of the edits on top of `top` and the list below them. */
MUST_USE enum result merge_list_edits(struct merger *m, struct merged_node *ret,
				      const struct contribution *top, unsigned depth);

/* What a voice says once `{$value: …}` is looked through. */
enum contribution_form {
	CONTRIBUTION_MAP,
	CONTRIBUTION_EDIT,
	CONTRIBUTION_REMOVE,
	CONTRIBUTION_VALUE
};
enum contribution_form contribution_form(const struct contribution *v,
					 struct contribution *ret_meant);

/* Room for `count` children; counted. */
MUST_USE enum result merged_alloc_children(struct merger *m, struct merged_node *d, uint32_t count);
/* E_LIMIT, for what PROBES_MAX ends. */
enum result merge_fail_collisions(const struct merger *m);
/* Fills the table when all keys are there. */
MUST_USE enum result merged_index_keys(struct merger *m, struct merged_node *d);
