/*
 * Profiles: inheritance, merging, variables and references (DESIGN: profiles). What is a pure function of
 * trees is here; where documents come from, who may read them and whether they are valid is the service's.
 *
 *   header   profile_read_header(): the `$` keys of one document, its parents as full paths
 *   chain    profile_linearize(): C3 over headers → layers from the farthest ancestor to the profile
 *   merge    profile_resolve(): layers → effective configuration, secrets still references
 *   reveal   profile_reveal(): effective configuration + values of secrets → a wipeable tree
 */
#pragma once

#include "base/buf.h"
#include "doc/path.h"
#include "doc/read.h"
#include "doc/tree.h"

#define PROFILE_DEPTH_MAX	    32	/* inheritance */
#define PROFILE_LAYERS_MAX	    256 /* ancestors in all */
#define PROFILE_EFFECTIVE_BYTES_MAX (8 * 1024 * 1024)
#define PROFILE_PROBLEMS_MAX	    100 /* further ones are counted */

/* What one document says of itself. Texts live in the arena given. */
struct profile_header {
	bool is_abstract;
	bool has_schema;
	struct slice
		schema; /* full path "schemas/pysetl-pipeline"; empty where has_schema is not */
	const struct slice
		*parents; /* full paths "profiles/orders/base", as written, left to right */
	uint32_t parents_count;
};

/* `path` is the document's own full path. Checks every `$` key at the top and inside (unknown ones, misplaced
 * operators, non-string names). E_INVALID with line and column. */
MUST_USE enum result profile_read_header(struct profile_header *ret, struct arena *a,
					 struct slice path, const struct tree_node *root,
					 struct error *err);

/* One document of a chain. Borrowed for the time of the call: an effective configuration stands by itself. */
struct profile_layer {
	struct slice path;
	uint64_t version;
	const struct tree_node *root;
	const struct profile_header *header;
};

/* Gives the layer of a path; E_NOT_FOUND where there is none (the caller of this adds who asked). What it gives
 * must live until the user of the chain is done. */
typedef enum result profile_load_fn(void *ctx, struct slice path, const struct profile_layer **ret,
				    struct error *err);

/* What is borrowed for the time of profile_linearize(). */
struct profile_chain_input {
	struct slice path;
	profile_load_fn *load;
	void *ctx;
	struct budget *budget; /* of the request; NULL: the bounds below suffice */
};

/* The layers that make up `path`, in the order in which they apply: ret[0] first, `path` itself last.
 * C3 over each `$extends` reversed. Refused (E_INVALID): a missing parent, a cycle (spelled out: a → b → a), an
 * order that cannot be kept; E_LIMIT: deeper than PROFILE_DEPTH_MAX or more than PROFILE_LAYERS_MAX. */
MUST_USE enum result profile_linearize(const struct profile_layer ***ret, uint32_t *ret_count,
				       struct arena *a, const struct profile_chain_input *in,
				       struct error *err);

/* A reference to a secret, found in the effective configuration. */
struct secret_ref {
	struct slice pointer; /* of the string that holds it */
	struct slice path;    /* "secrets/orders/production/warehouse" */
	struct slice key;     /* empty: the secret's whole object */
	uint64_t version;     /* 0: the current one */
	bool is_whole; /* the string is this reference and nothing else: it takes the value's type */
	bool has_default; /* may be missing */
	const struct tree_node *node;
};

/* What is wrong with a profile: an entry of an answer's `errors`. */
struct profile_problem {
	struct slice pointer; /* in the effective configuration, may be empty */
	const char *message;  /* never a value */
	/* Its place and nothing else: `source` is the layer's index (and that of effective.sources), line and
	 * column from 1, 0 when unknown. May be NULL. */
	const struct tree_node *node;
};

struct profile_problems {
	struct profile_problem items[PROFILE_PROBLEMS_MAX];
	uint32_t count;
	uint32_t dropped;
};

struct secret_use;

/* One profile come to its end. `tree.root`'s nodes carry the place each value was written at, `source` being an
 * index of `sources`. References to secrets are strings "${secret:<path>#<key>}" with inner references resolved,
 * flagged TREE_IS_SECRET. Immutable once resolved. */
struct effective {
	struct tree tree;
	struct {
		struct slice path; /* in the tree's arena */
		uint64_t version;
	} * sources;
	uint32_t sources_count;
	struct slice schema;	    /* full path, empty for none */
	struct secret_ref *secrets; /* in document order, those in defaults of others behind them */
	uint32_t secrets_count;
	struct secret_use *uses; /* profile_reveal()'s: what such strings are made of */
	uint32_t uses_count;
	struct doc_warnings warnings; /* e.g. no schema in the chain */
};

void effective_clear(struct effective *e);

/* What is borrowed for the time of profile_resolve(). */
struct profile_resolve_input {
	const struct profile_layer *const *layers; /* as profile_linearize() gives them */
	uint32_t layers_count;
	struct slice app, name; /* ${reeve:app} and ${reeve:profile}: always those asked for */
	struct budget *budget;	/* of the request; NULL: the bounds below suffice */
};

/* Merges and resolves.
 * In one map of list operators `$remove` applies first, then `$prepend`, then `$append`. What a higher layer replaces
 * is never looked at, nor are variables that nothing uses.
 *
 * `problems` comes zeroed. Everything that is wrong and can be found at once is put there (texts in the arena `a`)
 * and gives E_INVALID; `err` then says the first. E_LIMIT, E_MEMORY leave `problems` as they may be. Work is bounded
 * by PROFILE_EFFECTIVE_BYTES_MAX and DOC_NODES_MAX of output, and by the budget, which holds the memory of the
 * work until it is done and of `ret` not beyond it. */
MUST_USE enum result profile_resolve(struct effective *ret, const struct profile_resolve_input *in,
				     struct profile_problems *problems, struct arena *a,
				     struct error *err);

/* Lends the value of a secret's key to the reveal: sets `*ret` to a node that lives until profile_reveal() returns.
 * Asked once for each path, key and version, however often it is referred to.
 * E_NOT_FOUND: there is none (then a default counts); any other failure ends the reveal. May give a node flagged
 * TREE_IS_OPAQUE, which stands for itself. */
typedef enum result secret_value_fn(void *ctx, const struct secret_ref *ref,
				    const struct tree_node **ret, struct error *err);

/* What is borrowed for the time of profile_reveal(). */
struct profile_reveal_input {
	const struct effective *from;
	secret_value_fn *value;
	void *ctx;
	struct budget *budget; /* of the request; NULL: the bounds above suffice */
};

/* The effective configuration with its secrets' values in place, copied into `ret` (TREE_INIT with is_secret).
 * Revealed nodes keep the place of the reference and are flagged TREE_IS_SECRET (also in strings that hold one among
 * other text; opaque when any part is). Missing ones without a default go into `problems`: E_INVALID. */
MUST_USE enum result profile_reveal(struct tree *ret, const struct profile_reveal_input *in,
				    struct profile_problems *problems, struct arena *a,
				    struct error *err);
