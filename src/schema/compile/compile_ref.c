/*
 * `$ref` and `$dynamicRef`. Every reference is resolved when the schema is compiled; only the
 * choice between several dynamic anchors is left to the validation. A schema that has no such
 * choice has no dynamic scope, and the fast pass can validate with it.
 */
#include "schema/compile/compile.h"

/* The place that the reference leads to, or NONE where it was refused. */
static enum result resolve(struct compiler *c, const struct compile_place *at,
			   const struct tree_node *value, uint32_t *ret, uint32_t *ret_anchor)
{
	struct error why = ERROR_NULL;
	enum result rc;

	*ret = NONE;
	if (value->kind != TREE_STRING)
		return compile_refuse(c, at, value, SLICE_NULL, "must be a URI reference");
	rc = index_resolve(&c->resource_index, at->place, tree_text(value), ret, ret_anchor, &why);
	if (rc == OK)
		return OK;
	*ret = NONE;
	if (rc == E_INVALID)
		return compile_refuse(c, at, value, SLICE_NULL, why.text);
	if (c->refusals == 0)
		c->first = why;
	return rc;
}

static enum result add_ref(struct compiler *c, const struct compile_place *at, uint32_t target)
{
	uint32_t subschema;
	enum result rc = compile_target(c, target, &subschema);

	if (rc != OK)
		return rc;
	return compile_rule(c, at, RULE_REF, subschema, 0, 0);
}

enum result compile_ref(struct compiler *c, const struct compile_place *at,
			const struct tree_node *value)
{
	uint32_t target;
	enum result rc = resolve(c, at, value, &target, NULL);

	return rc == OK && target != NONE ? add_ref(c, at, target) : rc;
}

/* 2020-12 core, section 8.2.3.2: the reference is dynamic only if it first resolves to a dynamic
 * anchor. Then the outermost resource of the dynamic scope that has this anchor decides. The root's
 * resource is always the outermost. */
enum result compile_dynamic_ref(struct compiler *c, const struct compile_place *at,
				const struct tree_node *value)
{
	uint32_t target, anchor = NONE, outermost, subschema, name, probes;
	const struct anchor *a;
	enum result rc = resolve(c, at, value, &target, &anchor);

	if (rc != OK || target == NONE)
		return rc;
	if (anchor == NONE || !VEC_AT(&c->resource_index.anchors, struct anchor, anchor).is_dynamic)
		return add_ref(c, at, target);
	a = &VEC_AT(&c->resource_index.anchors, struct anchor, anchor);
	outermost =
		index_find_dynamic(&c->resource_index, index_place(&c->resource_index, 0)->resource,
				   a->name, &probes);
	rc = compile_charge(c, probes);
	if (rc != OK)
		return rc;
	if (outermost != NONE)
		return add_ref(c, at,
			       VEC_AT(&c->resource_index.anchors, struct anchor, outermost).place);
	rc = compile_dynamic_name(c, a->name, &name);
	if (rc == OK)
		rc = compile_target(c, target, &subschema);
	if (rc != OK)
		return rc;
	return compile_rule(c, at, RULE_DYNAMIC_REF, subschema, name, 0);
}
