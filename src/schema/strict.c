/*
 * The metaschema is checked first, then the names of keywords. The compiler collects the refusals
 * of both, so that one answer lists them all. The request's budget is charged for compiling the
 * metaschema too.
 */
#include "schema/strict.h"

#include "doc/read.h"
#include "schema/compile/keyword.h"
#include "schema/compile/metaschema.h"
#include "schema/compile/report.h"
#include "schema/compile/uri.h"

#include <stdio.h>

#define STEPS_NEAREST 1000 /* comparing a name with all keywords */

static bool is_extension(struct slice name)
{
	return slice_starts_with(name, SLICE_LITERAL("x-"));
}

/* Refuses a keyword that the draft does not have, with the most similar one where there is one. */
static enum result refuse_unknown(struct compiler *c, uint32_t place, const struct tree_member *m,
				  enum draft_bit draft)
{
	struct compile_place at = {place, NONE, index_place(&c->resource_index, place)->node,
				   KEYWORDS};
	struct slice near;
	char message[512];
	enum result rc = compile_charge(c, STEPS_NEAREST);

	if (rc != OK)
		return rc;
	near = keyword_nearest(tree_key(m), draft);
	if (near.data != NULL)
		snprintf(message, sizeof message, "is not a keyword (did you mean `%.*s`?)",
			 SLICE_ARGS(near));
	else
		snprintf(message, sizeof message,
			 "is not a keyword of draft %s; begin the name of an extension with x-",
			 draft == IN_7 ? "7" : "2020-12");
	return compile_refuse(c, &at, &m->value, tree_key(m), message);
}

/* Keywords of draft 2019-09 that 2020-12 replaced; its metaschema still allows them. */
static bool is_draft_2019_keyword(struct slice name)
{
	return slice_is_text(name, "$recursiveRef") || slice_is_text(name, "$recursiveAnchor");
}

/* Checks the places of the document itself (0), not those of documents that it refers to. */
static enum result check_keywords(struct compiler *c)
{
	uint32_t places = c->resource_index.places.count;
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < places; i++) {
		const struct place *p = index_place(&c->resource_index, i);
		enum draft_bit draft = index_dialect(&c->resource_index, i)->draft;

		if (p->document != 0 || p->node->kind != TREE_OBJECT)
			continue;
		rc = compile_charge(c, (uint64_t)p->node->count * STEPS_PLACE_KEY);
		for (uint32_t k = 0; rc == OK && k < p->node->count; k++) {
			const struct tree_member *m = &p->node->of.members[k];

			if (keyword_find(tree_key(m), draft) == KEYWORDS &&
			    !is_extension(tree_key(m)) && !is_draft_2019_keyword(tree_key(m)))
				rc = refuse_unknown(c, i, m, draft);
		}
	}
	return rc;
}

/* Finds the metaschema: a built-in one, which is read into `tree`, or a document that `load`
 * returns. */
static enum result find_metaschema(struct compiler *c, struct slice uri, struct tree *tree,
				   const struct tree_node **ret, struct error *err)
{
	struct slice text = metaschema_find(uri);
	enum result rc;

	if (text.data == NULL && c->options->load == NULL)
		return fail(err, E_INVALID, "%.*s is not known", SLICE_ARGS(uri));
	if (text.data == NULL)
		return c->options->load(c->options->load_ctx, uri, ret, err);
	rc = doc_read(tree, DOC_JSON, text, &DOC_LIMITS_DEFAULT, NULL, err);
	if (rc == OK)
		*ret = &tree->root;
	return rc;
}

/* Compiles the metaschema that `$schema` names, or that of the document's draft. */
static enum result compile_metaschema(struct compiler *c, const struct tree_node *root,
				      struct schema **ret, struct error *err)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf uri = BUF_NULL;
	const struct tree_node *named = TREE_GET(root, "$schema"), *metaschema;
	struct schema_options options = *c->options;
	struct dialect known;
	enum result rc;

	if (named != NULL && named->kind == TREE_STRING &&
	    !metaschema_dialect(uri_without_fragment(tree_text(named)), &known))
		uri_resolve(&uri, c->options->base_uri, tree_text(named));
	else
		buf_append_text(&uri, metaschema_uri(index_dialect(&c->resource_index, 0)->draft));
	if (uri.is_failed)
		return fail(err, E_MEMORY, "out of memory");
	options.base_uri = buf_slice(&uri);
	options.is_strict = options.is_format_asserted = false;
	options.draft = SCHEMA_DRAFT_2020_12;
	rc = find_metaschema(c, buf_slice(&uri), &tree, &metaschema, err);
	return rc == OK ? schema_compile(ret, metaschema, &options, NULL, err) : rc;
}

/* Validates the document against its metaschema. Every problem becomes a refusal of the
 * compiler. */
static enum result check_metaschema(struct compiler *c, const struct tree_node *root,
				    struct error *err)
{
	CLEANUP(schema_unrefp) struct schema *metaschema = NULL;
	CLEANUP(schema_report_clear) struct schema_report report = {.arena = ARENA_NULL};
	enum result rc;

	if (root->kind == TREE_BOOL)
		return OK;
	rc = compile_metaschema(c, root, &metaschema, err);
	if (rc != OK)
		return wrap(err, rc, "the metaschema");
	rc = schema_validate(metaschema, root, c->options->budget, &report, err);
	if (rc != E_INVALID)
		return rc;
	for (uint32_t i = 0; i < report.problems_count; i++) {
		const struct schema_problem *p = &report.problems[i];

		if (c->refusals++ == 0)
			(void)fail_at(&c->first, E_INVALID, p->node->line, p->node->column,
				      "%.*s: %s",
				      SLICE_ARGS(p->pointer.len != 0 ? p->pointer
								     : SLICE_LITERAL("the schema")),
				      p->message);
		if (c->report != NULL &&
		    report_add(c->report, p, c->options->limits.problems_max) != OK)
			return fail(err, E_MEMORY, "out of memory");
	}
	return OK;
}

enum result strict_check(struct compiler *c, const struct tree_node *root, struct error *err)
{
	enum result rc = check_metaschema(c, root, err);

	return rc == OK ? compile_outcome(c, check_keywords(c), err) : rc;
}
