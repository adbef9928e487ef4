/*
 * Profiles: from documents to an effective configuration, in four steps.
 *
 *   header       profile_read_header(): the `$` keys of one document, its parents as full paths
 *   inheritance  profile_linearize(): the layers of a profile, from the farthest ancestor to itself
 *   merging      profile_resolve(): layers → effective configuration; references to other keys and
 *                to variables are resolved, references to secrets stay references
 *   revealing    profile_reveal(): effective configuration and values of secrets → a wiped tree
 *
 * All four are pure functions of trees: the caller loads the documents and decides who may read
 * them. check.h puts the steps together and validates the result. This header and check.h are the
 * only ones that other folders include. Any thread may call; nothing is shared between calls.
 */
#pragma once

#include "base/buf.h"
#include "doc/path.h"
#include "doc/read.h"
#include "doc/tree.h"

/* Bounds of one profile. To exceed one is E_LIMIT, except that problems beyond theirs are
 * counted. */
#define PROFILE_DEPTH_MAX	    32	/* levels of inheritance */
#define PROFILE_LAYERS_MAX	    256 /* ancestors in all */
#define PROFILE_EFFECTIVE_BYTES_MAX (8 * 1024 * 1024)
#define PROFILE_PROBLEMS_MAX	    100 /* further ones are counted */

/* The `$` keys of one document. Texts live in the arena that was passed. */
struct profile_header {
	bool is_abstract;
	bool has_schema;
	struct slice schema;	     /* "schemas/pysetl-pipeline"; empty without has_schema */
	const struct slice *parents; /* "profiles/orders/base", in the order written */
	uint32_t parents_count;
};

/* Checks every `$` key of a document and reads its header. `path` is the document's own full path.
 * E_INVALID with line and column for unknown keys, misplaced operators and names that are not
 * strings; E_LIMIT, E_MEMORY. */
MUST_USE enum result profile_read_header(struct profile_header *ret, struct arena *a,
					 struct slice path, const struct tree_node *root,
					 struct error *err);

/* One document that a profile inherits from, or the profile itself. Borrowed for the time of a
 * call: an effective configuration keeps nothing of its layers. */
struct profile_layer {
	struct slice path;
	uint64_t version;
	const struct tree_node *root;
	const struct profile_header *header;
};

/* Loads the layer of a path. E_NOT_FOUND without such a document; the error then gets the name of
 * the profile that extends it. The layer must live until its last user is done. */
typedef enum result profile_load_fn(void *ctx, struct slice path, const struct profile_layer **ret,
				    struct error *err);

/* Borrowed for the time of profile_linearize(). */
struct profile_chain_input {
	struct slice path;
	profile_load_fn *load;
	void *ctx;
	struct budget *budget; /* of the request; NULL: the bounds below suffice */
};

/* The layers of `path` in the order in which they apply: ret[0] first, `path` itself last. The
 * array lives in `a`. E_INVALID: a parent is missing, there is a cycle (the error spells it out: a
 * → b → a), or no order satisfies all `$extends`. E_LIMIT: deeper than PROFILE_DEPTH_MAX or more
 * layers than PROFILE_LAYERS_MAX. */
MUST_USE enum result profile_linearize(const struct profile_layer ***ret, uint32_t *ret_count,
				       struct arena *a, const struct profile_chain_input *in,
				       struct error *err);

/* A reference to a secret in the effective configuration. Its texts live in the tree's arena. */
struct secret_ref {
	struct slice pointer; /* of the string that contains it */
	struct slice path;    /* "secrets/orders/production/warehouse" */
	struct slice key;     /* empty: the secret's whole object */
	uint64_t version;     /* 0: the current one */
	bool is_whole;	  /* the string is only this reference, so it takes the type of the value */
	bool has_default; /* the secret may be missing */
	const struct tree_node *node;
};

/* One reason why a profile is refused. */
struct profile_problem {
	struct slice pointer; /* in the effective configuration, may be empty */
	const char *message;  /* never contains a value */
	/* Only its place is set: `source` is the index of the layer (and of effective.sources);
	 * line and column count from 1, 0 when unknown. May be NULL. */
	const struct tree_node *node;
};

/* Zeroed by the caller. The texts and nodes live in the arena that was passed with the list. */
struct profile_problems {
	struct profile_problem items[PROFILE_PROBLEMS_MAX];
	uint32_t count;
	uint32_t dropped;
};

struct secret_use;

/* An effective configuration. Each node has the place where its value was written; its `source` is
 * an index of `sources`. A reference to a secret is a string "${secret:<path>#<key>}", flagged
 * TREE_IS_SECRET, in which inner references are resolved. Immutable; any thread may read it. */
struct effective {
	struct tree tree;
	struct {
		struct slice path; /* in the tree's arena */
		uint64_t version;
	} * sources;
	uint32_t sources_count;
	struct slice schema; /* full path, empty for none */
	struct secret_ref
		*secrets; /* in document order; each is followed by those in its default */
	uint32_t secrets_count;
	struct secret_use *uses; /* for profile_reveal() only */
	uint32_t uses_count;
	struct doc_warnings warnings; /* e.g. no schema in the chain */
};

/* Frees everything in it; takes a zeroed one. */
void effective_clear(struct effective *e);

/* Borrowed for the time of profile_resolve(). */
struct profile_resolve_input {
	const struct profile_layer *const *layers; /* as profile_linearize() gives them */
	uint32_t layers_count;
	struct slice app, name; /* ${reeve:app} and ${reeve:profile}: of the requested profile */
	struct budget *budget;	/* of the request; NULL: the bounds below suffice */
};

/* Merges the layers and resolves the references. Values that a later layer replaces and variables
 * that are not used are not read, so they cannot cause an error.
 *
 * `problems` must be zeroed. All problems that can be found in one pass are added to it (texts in
 * the arena `a`), and the result is then E_INVALID with the first of them in `err`. With E_LIMIT
 * and E_MEMORY the list may be incomplete. The output is bounded by PROFILE_EFFECTIVE_BYTES_MAX and
 * DOC_NODES_MAX, the work by the budget. The memory of the work is charged to the budget during the
 * call; that of `ret` is not charged afterwards. */
MUST_USE enum result profile_resolve(struct effective *ret, const struct profile_resolve_input *in,
				     struct profile_problems *problems, struct arena *a,
				     struct error *err);

/* Looks up the value of a secret's key: `*ret` becomes a node that lives until profile_reveal()
 * returns. Called once for each path, key and version, even when several references name it.
 * E_NOT_FOUND: the secret does not exist, so a default is used; any other failure ends the reveal.
 * The node may be flagged TREE_IS_OPAQUE: then it is copied without its value. */
typedef enum result secret_value_fn(void *ctx, const struct secret_ref *ref,
				    const struct tree_node **ret, struct error *err);

/* Borrowed for the time of profile_reveal(). */
struct profile_reveal_input {
	const struct effective *from;
	secret_value_fn *value;
	void *ctx;
	struct budget *budget; /* of the request; NULL: the bounds above suffice */
};

/* Copies the effective configuration into `ret` (TREE_INIT with is_secret) and replaces references
 * to secrets by their values. Such a node keeps the place of the reference and is flagged
 * TREE_IS_SECRET, also when the secret is only part of its text; it is opaque when any part is. A
 * secret that is missing and has no default is added to `problems`: E_INVALID. */
MUST_USE enum result profile_reveal(struct tree *ret, const struct profile_reveal_input *in,
				    struct profile_problems *problems, struct arena *a,
				    struct error *err);
