/*
 * The effective configuration: merges the layers, resolves the references, and then lists the
 * references to secrets in document order.
 *
 * Invariants: the result stands by itself; nothing in it points into the layers or into the scratch
 * arena. `secrets` is in the order in which profile_reveal() needs them: for each string with
 * secrets (`uses`) its secrets one after the other, each followed by those in its default.
 */
#include "profile/resolve.h"

#include "doc/pointer.h"
#include "profile/problem.h"

#include <stdlib.h>

/* The bounds in memory of an effective configuration and of the work for it; shared values count
 * once here. */
#define EFFECTIVE_ARENA_BYTES_MAX (128 * 1024 * 1024)
#define SCRATCH_ARENA_BYTES_MAX	  (512 * 1024 * 1024)

void effective_clear(struct effective *e)
{
	tree_clear(&e->tree);
	memset(e, 0, sizeof *e);
}

/* Lists the strings with secrets of the finished tree. */
struct collector {
	struct effective *e;
	const struct secret_text **texts; /* sorted by the address of their text */
	uint32_t texts_count;
	struct buf secrets, uses, pointer;
	struct budget *budget;
	struct error *err;
};

static void collector_clear(struct collector *c)
{
	buf_clear(&c->secrets);
	buf_clear(&c->uses);
	buf_clear(&c->pointer);
	alloc_free(c->texts);
}

/* By address: two strings with the same bytes may have different parts, one from "${" and one from
 * "$${". The order itself has no meaning. */
static int compare_texts(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)(*(const struct secret_text *const *)a)->text;
	uintptr_t y = (uintptr_t)(*(const struct secret_text *const *)b)->text;

	return x < y ? -1 : x > y;
}

/* The resolver has a list in the order of resolving, with strings that are not in the result, such
 * as variables. Sorted, each string of the tree finds its parts. 16 steps stand for the logarithm
 * of the sort. */
static enum result sort_texts(struct collector *c, const struct resolver *r)
{
	if (!budget_spend(c->budget, (uint64_t)r->secrets_count * 16))
		return budget_result(c->budget, c->err);
	c->texts = alloc_zero_array(r->secrets_count, sizeof(const struct secret_text *));
	if (c->texts == NULL)
		return fail(c->err, E_MEMORY, "out of memory");
	for (const struct secret_text *t = r->secrets; t != NULL; t = t->next)
		c->texts[c->texts_count++] = t;
	qsort(c->texts, c->texts_count, sizeof *c->texts, compare_texts);
	return OK;
}

static const struct secret_text *find_text(const struct collector *c, const char *text)
{
	const struct secret_text wanted = {.text = text};
	const struct secret_text *key = &wanted;
	const struct secret_text **found =
		bsearch(&key, c->texts, c->texts_count, sizeof *c->texts, compare_texts);

	return found != NULL ? *found : NULL;
}

/* Adds each secret, then those in its default. Nesting is bounded by REFERENCE_NESTING_MAX in one
 * string and by RESOLVE_DEPTH_MAX in all. */
static void list_secrets(struct collector *c, const struct secret_text *t, struct slice pointer,
			 const struct tree_node *node, bool is_whole)
{
	for (uint32_t i = 0; i < t->count; i++) {
		const struct secret_part *p = &t->parts[i];
		struct secret_ref ref = {
			.pointer = pointer,
			.path = p->path,
			.key = p->key,
			.version = p->version,
			.is_whole = is_whole && secret_text_is_whole(t),
			.has_default = p->has_default,
			.node = node,
		};

		if (!p->is_secret)
			continue;
		buf_append(&c->secrets, &ref, sizeof ref);
		if (p->fallback_text != NULL)
			list_secrets(c, p->fallback_text, pointer, node, ref.is_whole);
	}
}

/* A string that several references share stands at several places and is listed at each, so that
 * each place is known. */
static enum result collect_string(struct collector *c, const struct tree_node *n)
{
	const struct secret_text *t = find_text(c, n->of.text);
	struct secret_use use = {t, (uint32_t)(c->secrets.len / sizeof(struct secret_ref))};
	struct slice pointer = buf_slice(&c->pointer);
	enum result rc = buf_check(&c->pointer, c->err);

	if (rc != OK)
		return rc;
	if (t == NULL)
		return fail(c->err, E_INTERNAL, "a string with secrets lost its parts");
	if (!budget_spend(c->budget, pointer.len / 8 + t->refs_count + 1))
		return budget_result(c->budget, c->err);
	pointer.data = arena_text(&c->e->tree.arena, pointer);
	if (pointer.data == NULL)
		return arena_failure(&c->e->tree.arena, c->err);
	if (c->secrets.len / sizeof(struct secret_ref) + t->refs_count > DOC_NODES_MAX)
		return fail(c->err, E_LIMIT, "holds more than %d references to secrets",
			    DOC_NODES_MAX);
	buf_append(&c->uses, &use, sizeof use);
	list_secrets(c, t, pointer, n, true);
	return OK;
}

/* Recursion is bounded by DOC_DEPTH_MAX, which check_sizes() has enforced. `pointer` is that of the
 * node. */
static enum result collect_node(struct collector *c, const struct tree_node *n)
{
	size_t pointer_len = c->pointer.len;
	enum result rc = budget_take(c->budget, 2, c->err);

	if (rc != OK)
		return rc;
	if (n->kind == TREE_STRING)
		return (n->flags & TREE_IS_SECRET) != 0 ? collect_string(c, n) : OK;
	if (n->kind != TREE_ARRAY && n->kind != TREE_OBJECT)
		return OK;
	for (uint32_t i = 0; i < n->count && rc == OK; i++) {
		if (n->kind == TREE_OBJECT) {
			pointer_append_key(&c->pointer, tree_key(&n->of.members[i]));
			rc = collect_node(c, &n->of.members[i].value);
		} else {
			pointer_append_index(&c->pointer, i);
			rc = collect_node(c, &n->of.items[i]);
		}
		buf_cut(&c->pointer, pointer_len);
	}
	return rc;
}

static enum result collect_secrets(struct effective *e, const struct resolver *r, struct error *err)
{
	CLEANUP(collector_clear)
	struct collector c = {
		.e = e,
		.secrets = BUF_NULL,
		.uses = BUF_NULL,
		.pointer = BUF_NULL,
		.budget = r->report.budget,
		.err = err,
	};
	enum result rc;

	if (r->secrets_count == 0)
		return OK;
	rc = sort_texts(&c, r);
	if (rc == OK)
		rc = collect_node(&c, &e->tree.root);
	if (rc == OK)
		rc = buf_check(&c.secrets, err);
	if (rc == OK)
		rc = buf_check(&c.uses, err);
	if (rc != OK)
		return rc;
	e->secrets = arena_copy(&e->tree.arena, c.secrets.data, c.secrets.len);
	e->uses = arena_copy(&e->tree.arena, c.uses.data, c.uses.len);
	if (e->secrets == NULL || e->uses == NULL)
		return arena_failure(&e->tree.arena, err);
	e->secrets_count = (uint32_t)(c.secrets.len / sizeof *e->secrets);
	e->uses_count = (uint32_t)(c.uses.len / sizeof *e->uses);
	return OK;
}

/* Copies what readers need of the layers. The last layer with a `$schema` decides: it applies
 * last. */
static enum result list_sources(struct effective *e, const struct profile_layer *const *layers,
				uint32_t count, struct error *err)
{
	struct arena *a = &e->tree.arena;

	e->sources = arena_alloc_array(a, count, sizeof *e->sources);
	if (e->sources == NULL)
		return arena_failure(a, err);
	for (uint32_t i = 0; i < count; i++) {
		const struct profile_layer *l = layers[i];

		e->sources[i].version = l->version;
		e->sources[i].path = slice_make(arena_text(a, l->path), l->path.len);
		if (l->header->has_schema)
			e->schema =
				slice_make(arena_text(a, l->header->schema), l->header->schema.len);
		if (e->sources[i].path.data == NULL ||
		    (e->schema.len != 0 && e->schema.data == NULL))
			return arena_failure(a, err);
	}
	e->sources_count = count;
	if (e->schema.len == 0)
		e->warnings.items[e->warnings.count++] =
			(struct doc_warning){1, 1, "has no $schema: it is stored unchecked"};
	return OK;
}

/* Does both merges, even when the first fails, so that all problems are found. */
static enum result merge_vars_and_config(struct resolver *r, uint32_t count)
{
	enum result rc = merge_layers(&r->vars, r->scratch, &r->report, count, true);
	enum result rc_config;

	if (rc != OK && rc != E_INVALID)
		return rc;
	rc_config = merge_layers(&r->config, r->scratch, &r->report, count, false);
	return rc_config != OK ? rc_config : rc;
}

enum result profile_resolve(struct effective *ret, const struct profile_resolve_input *in,
			    struct profile_problems *problems, struct arena *a, struct error *err)
{
	CLEANUP(arena_clear) struct arena scratch = ARENA_INIT(SCRATCH_ARENA_BYTES_MAX, false);
	CLEANUP(alloc_freep) struct resolver *r = NULL;
	CLEANUP(effective_clear)
	struct effective e = {.tree = TREE_INIT(EFFECTIVE_ARENA_BYTES_MAX, false)};
	enum result rc;

	if (in->layers_count > PROFILE_LAYERS_MAX)
		return fail(err, E_LIMIT, "inherits from more than %d profiles",
			    PROFILE_LAYERS_MAX);
	r = alloc_zero(sizeof *r);
	if (r == NULL)
		return fail(err, E_MEMORY, "out of memory");
	/* Both arenas are charged, so that requests that run at the same time cannot take more than
	 * each was granted. */
	scratch.budget = e.tree.arena.budget = in->budget;
	r->app = in->app;
	r->name = in->name;
	r->scratch = &scratch;
	r->out = &e.tree.arena;
	r->report = (struct profile_report){in->layers, problems, a, in->budget, err};

	rc = merge_vars_and_config(r, in->layers_count);
	if (rc == OK)
		rc = resolve_node(r, &r->config);
	if (rc == OK) {
		e.tree.root = r->config.value.node;
		rc = list_sources(&e, in->layers, in->layers_count, err);
	}
	if (rc == OK)
		rc = collect_secrets(&e, r, err);
	if (rc == OK)
		rc = budget_result(in->budget, err); /* some steps spend without a check */
	if (rc != OK)
		return rc;
	/* The result outlives the request, in the cache of the server. */
	arena_leave_budget(&e.tree.arena);
	*ret = e;
	e = (struct effective){.tree = TREE_INIT(0, false)};
	return OK;
}
