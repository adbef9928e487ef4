/* Lists the documents that a schema refers to, without loading them. */
#include "schema/compile/metaschema.h"
#include "schema/compile/resource_index.h"
#include "schema/compile/uri.h"
#include "schema/price.h"

struct listing {
	struct resource_index resource_index;
	struct vec seen; /* struct slice */
	struct lookup seen_by_hash;
	enum result (*each)(void *ctx, struct slice uri, struct error *err);
	void *ctx;
};

static void clear_listing(struct listing *l)
{
	vec_clear(&l->seen);
	lookup_clear(&l->seen_by_hash);
	index_clear(&l->resource_index);
}

/* Calls back with a URI that is new and leads outside the document. */
static enum result report_uri(struct listing *l, struct slice uri, struct error *err)
{
	struct slice *made;
	const char *copy;
	uint64_t hash = slice_hash(uri);
	uint32_t at = 0, found;
	enum result rc;

	if (index_find_resource(&l->resource_index, uri) != NONE ||
	    metaschema_find(uri).data != NULL)
		return OK;
	while ((found = lookup_next(&l->seen_by_hash, hash, &at)) != NONE) {
		if (slice_is_equal(VEC_AT(&l->seen, struct slice, found), uri))
			return OK;
	}
	rc = budget_take(l->resource_index.options->budget, 10 + 2 * (uint64_t)at, err);
	if (rc != OK)
		return rc;
	copy = arena_text(&l->resource_index.arena, uri);
	made = vec_push(&l->seen, sizeof *made);
	if (copy == NULL || made == NULL || !lookup_add(&l->seen_by_hash, hash, l->seen.count - 1))
		return fail(err, E_MEMORY, "out of memory");
	*made = slice_make(copy, uri.len);
	return l->each(l->ctx, *made, err);
}

/* Resolves the reference in one keyword of a place. */
static enum result list_keyword(struct listing *l, uint32_t place, const char *keyword,
				struct error *err)
{
	CLEANUP(buf_clear) struct buf uri = BUF_NULL;
	const struct place *p = index_place(&l->resource_index, place);
	const struct tree_node *n = tree_get(p->node, slice_text(keyword));
	struct slice before;
	struct dialect ignored;
	enum result rc;

	if (n == NULL || n->kind != TREE_STRING)
		return OK;
	before = uri_without_fragment(tree_text(n));
	if (before.len == 0 || metaschema_dialect(before, &ignored))
		return OK;
	rc = budget_take(l->resource_index.options->budget,
			 10 + 2 * price_bytes(
					  before.len +
					  index_resource(&l->resource_index, p->resource)->uri.len),
			 err);
	if (rc != OK)
		return rc;
	uri_resolve(&uri, index_resource(&l->resource_index, p->resource)->uri, before);
	if (uri.is_failed)
		return fail(err, E_MEMORY, "out of memory");
	return report_uri(l, buf_slice(&uri), err);
}

/* Indexes the document without a loader, then looks at each place for keywords that refer. */
enum result schema_each_reference(const struct tree_node *root, struct slice base_uri,
				  enum result (*each)(void *ctx, struct slice uri,
						      struct error *err),
				  void *ctx, struct budget *budget, struct error *err)
{
	static const char *const names[] = {"$schema", "$ref", "$dynamicRef"};
	struct schema_options options = {.base_uri = base_uri,
					 .limits = SCHEMA_LIMITS_DEFAULT,
					 .budget = budget};
	CLEANUP(clear_listing) struct listing l = {.each = each, .ctx = ctx};
	uint32_t place;
	enum result rc;

	index_init(&l.resource_index, &options);
	l.resource_index.is_listing = true;
	rc = index_add_document(&l.resource_index, root, base_uri, false, &place, err);
	for (uint32_t i = 0; rc == OK && i < l.resource_index.places.count; i++) {
		for (size_t k = 0; rc == OK && k < ARRAY_SIZE(names); k++)
			rc = list_keyword(&l, i, names[k], err);
	}
	return rc;
}
