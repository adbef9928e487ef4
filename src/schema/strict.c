/* What a stored schema is refused for beside what makes no sense: what its metaschema says, and keywords that nobody
 * knows, which are mistyped more often than meant. */
#include "schema/compile.h"

#include "schema/metaschema.h"
#include "schema/report.h"
#include "schema/uri.h"

#include <stdio.h>

static bool is_extension(struct slice name)
{
	return slice_starts_with(name, SLICE_LITERAL("x-"));
}

static enum result refuse_unknown(struct compiler *c, uint32_t place, const struct tree_member *m,
				  enum draft_bit draft)
{
	struct compile_place at = {place, NONE, frame_place(&c->frame, place)->node, KEYWORDS};
	struct slice near = keyword_nearest(tree_key(m), draft);
	char message[512];

	if (near.data != NULL)
		snprintf(message, sizeof message, "is no keyword (did you mean `%.*s`?)",
			 SLICE_ARGS(near));
	else
		snprintf(message, sizeof message,
			 "is no keyword of draft %s; extensions begin with x-",
			 draft == IN_7 ? "7" : "2020-12");
	return compile_refuse(c, &at, &m->value, tree_key(m), message);
}

static bool is_old_word(struct slice name)
{
	return slice_is_text(name, "$recursiveRef") || slice_is_text(name, "$recursiveAnchor");
}

static enum result check_keywords(struct compiler *c)
{
	uint32_t places = c->frame.places.count;
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < places; i++) {
		const struct place *p = frame_place(&c->frame, i);
		enum draft_bit draft = frame_dialect(&c->frame, i)->draft;

		if (p->document != 0 || p->node->kind != TREE_OBJECT)
			continue;
		for (uint32_t k = 0; rc == OK && k < p->node->count; k++) {
			const struct tree_member *m = &p->node->of.members[k];

			if (keyword_find(tree_key(m), draft) == KEYWORDS &&
			    !is_extension(tree_key(m)) && !is_old_word(tree_key(m)))
				rc = refuse_unknown(c, i, m, draft);
		}
	}
	return rc;
}

/* A schema that is nothing but a reference to the metaschema. */
static enum result compile_metaschema(struct compiler *c, const struct tree_node *root,
				      struct schema **ret, struct error *err)
{
	const struct tree_node *named = TREE_GET(root, "$schema");
	struct schema_options options = *c->options;
	struct tree_member member = {.key = "$ref", .key_len = 4};
	struct tree_node wrapper;
	struct arena arena = ARENA_NULL;
	enum result rc;

	tree_set_string(&member.value,
			options.draft == SCHEMA_DRAFT_7
				? SLICE_LITERAL("http://json-schema.org/draft-07/schema")
				: SLICE_LITERAL("https://json-schema.org/draft/2020-12/schema"));
	if (named != NULL && named->kind == TREE_STRING)
		member.value = *named;
	rc = tree_set_object(&wrapper, &arena, &member, 1, err);
	options.is_strict = options.is_format_asserted = false;
	options.draft = SCHEMA_DRAFT_2020_12;
	if (rc == OK)
		rc = schema_compile(ret, &wrapper, &options, NULL, err);
	arena_clear(&arena);
	return rc;
}

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
	rc = schema_validate(metaschema, root, &report, err);
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

enum result compile_check_strictly(struct compiler *c, const struct tree_node *root,
				   struct error *err)
{
	enum result rc = check_metaschema(c, root, err);

	if (rc != OK)
		return rc;
	rc = check_keywords(c);
	return rc == OK ? OK : fail(err, rc, "out of memory");
}
