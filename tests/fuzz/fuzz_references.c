/*
 * Two layers of any form, resolved and revealed. The input is two documents in YAML, the heir's
 * behind the first NUL byte. What must hold whatever they are: nothing is read or written that is
 * not ours, work ends, what is resolved stays within its bounds, every flagged string is listed,
 * and a reveal leaves no reference behind.
 */
#include "profile/profile.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_BYTES_MAX (16 * 1024)

static void demand(bool holds)
{
	if (!holds)
		abort();
}

/* What a tree comes to when what is shared counts as often as it stands there. */
struct count {
	uint32_t nodes, flagged;
	size_t bytes;
	unsigned depth;
};

static void count_node(struct count *c, const struct tree_node *n, unsigned depth)
{
	c->nodes++;
	if (n->kind == TREE_STRING && (n->flags & TREE_IS_SECRET) != 0)
		c->flagged++;
	if (n->kind == TREE_STRING || n->kind == TREE_NUMBER)
		c->bytes += n->count;
	if (n->kind != TREE_ARRAY && n->kind != TREE_OBJECT)
		return;
	if (depth > c->depth)
		c->depth = depth;
	for (uint32_t i = 0; i < n->count; i++)
		count_node(c, n->kind == TREE_ARRAY ? &n->of.items[i] : &n->of.members[i].value,
			   depth + 1);
}

static struct count count_tree(const struct tree *t)
{
	struct count c = {0};

	count_node(&c, &t->root, 1);
	demand(c.nodes <= DOC_NODES_MAX);
	demand(c.bytes <= PROFILE_EFFECTIVE_BYTES_MAX);
	demand(c.depth <= DOC_DEPTH_MAX);
	return c;
}

/* Some secrets are there, some are not, some may not be looked at: by their path's length. */
static enum result lend(void *ctx, const struct secret_ref *ref, const struct tree_node **ret,
			struct error *err)
{
	const struct tree_node *values = ctx;
	enum doc_kind kind;

	demand(path_check(ref->path, &kind, NULL) == OK && kind == KIND_SECRETS);
	if (ref->path.len % 4 == 3)
		return fail(err, E_NOT_FOUND, "no such secret");
	*ret = &values[ref->path.len % 4];
	return OK;
}

static void reveal(const struct effective *e, struct profile_problems *problems, struct arena *a)
{
	CLEANUP(tree_clear) struct tree revealed = TREE_INIT(0, true);
	struct tree_node values[3];
	const struct profile_reveal_input in = {e, lend, values, NULL};
	struct error err = ERROR_NULL;

	tree_set_string(&values[0], SLICE_LITERAL("${secret:a/b#c}"));
	tree_set_bool(&values[1], true);
	tree_set_string(&values[2], SLICE_LITERAL(""));
	values[2].flags |= TREE_IS_OPAQUE;
	problems->count = 0;
	if (profile_reveal(&revealed, &in, problems, a, &err) == OK)
		count_tree(&revealed);
}

static bool read_layer(struct profile_layer *layer, struct tree *tree,
		       struct profile_header *header, struct arena *a, const char *path,
		       struct slice text)
{
	const struct doc_limits limits = {INPUT_BYTES_MAX, DOC_DEPTH_MAX, DOC_NODES_MAX, NULL};

	*layer = (struct profile_layer){slice_text(path), 1, &tree->root, header};
	return doc_read(tree, DOC_YAML, text, &limits, NULL, NULL) == OK &&
	       profile_read_header(header, a, layer->path, &tree->root, NULL) == OK;
}

static void resolve(const struct profile_layer *const layers[2], struct arena *a)
{
	const struct profile_resolve_input in = {layers, 2, {"app", 3}, {"heir", 4}, NULL};
	CLEANUP(effective_clear) struct effective e = {.tree = TREE_INIT(0, false)};
	CLEANUP(alloc_freep) struct profile_problems *problems = alloc_zero(sizeof *problems);
	struct error err = ERROR_NULL;
	enum result rc;

	demand(problems != NULL);
	rc = profile_resolve(&e, &in, problems, a, &err);
	demand((rc == E_INVALID) == (problems->count != 0) || rc == E_LIMIT);
	if (rc != OK)
		return;
	demand(count_tree(&e.tree).flagged == e.uses_count);
	reveal(&e, problems, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_clear) struct arena a = ARENA_NULL;
	CLEANUP(tree_clear) struct tree base_tree = TREE_INIT(0, false);
	CLEANUP(tree_clear) struct tree heir_tree = TREE_INIT(0, false);
	struct profile_header base_header, heir_header;
	struct profile_layer base, heir;
	struct slice first = {(const char *)data, size}, second = SLICE_LITERAL("{}");
	const char *nul = size != 0 ? memchr(data, 0, size) : NULL;

	if (nul != NULL) {
		second = slice_from(first, (size_t)(nul - first.data) + 1);
		first.len = (size_t)(nul - first.data);
	}
	if (read_layer(&base, &base_tree, &base_header, &a, "profiles/app/base", first) &&
	    read_layer(&heir, &heir_tree, &heir_header, &a, "profiles/app/heir", second)) {
		const struct profile_layer *layers[] = {&base, &heir};

		resolve(layers, &a);
	}
	return 0;
}
