/*
 * To refer to a document is to read it. The content of a profile's parents and of its schema
 * shows in the results of validation and in the configurations that are made from it. Therefore a
 * write may add a reference only to a document that the caller may `read` or `use`, or writes in
 * the same call.
 *
 * References that the stored version has already are not checked again where the caller may read
 * that version: they were checked when they were added. A caller who may not read it could
 * otherwise find out what it refers to.
 */
#include "service/write/reference_permission.h"

#include "service/engine/audit_draft.h"
#include "service/engine/engine.h"
#include "service/write/patch_without_read.h"
#include "service/write/write.h"

#include <string.h>

#define SCHEMA_URI	    "reeve:///"
#define REFERENCES_KEPT_MAX 1000

/* The references of one change that the caller has no right to, until they are found in the live
 * version. */
struct referring {
	struct write *write;
	/* A patch by a caller who may not read the document: no reference may be added, since the
	 * hidden content would be validated by it. */
	bool is_blind;
	struct slice kept[REFERENCES_KEPT_MAX];
	uint32_t count;
};

typedef enum result reference_fn(struct referring *r, struct slice path, struct error *err);

struct schema_walk {
	struct referring *referring;
	reference_fn *each;
};

/* Other URIs than those of stored schemas are not looked up by anyone (view.c), so nothing is read
 * through them. */
static enum result tell_schema(void *ctx, struct slice uri, struct error *err)
{
	struct schema_walk *w = ctx;

	if (!slice_starts_with(uri, SLICE_LITERAL(SCHEMA_URI "schemas/")))
		return OK;
	return w->each(w->referring, slice_from(uri, strlen(SCHEMA_URI)), err);
}

static enum result walk_schema(struct referring *r, struct slice path, const struct tree_node *root,
			       reference_fn *each, struct error *err)
{
	CLEANUP(buf_clear) struct buf base = BUF_NULL;
	struct schema_walk walk = {r, each};
	enum result rc;

	buf_append_text(&base, SCHEMA_URI);
	buf_append_slice(&base, path);
	rc = buf_check(&base, err);
	return rc == OK ? schema_each_reference(root, buf_slice(&base), tell_schema, &walk,
						r->write->view.budget, err)
			: rc;
}

static enum result walk_profile(struct referring *r, struct slice path,
				const struct tree_node *root, reference_fn *each, struct error *err)
{
	CLEANUP(arena_clear) struct arena a = ARENA_NULL;
	struct profile_header header;
	enum result rc = profile_read_header(&header, &a, path, root, err);

	for (uint32_t i = 0; rc == OK && i < header.parents_count; i++)
		rc = each(r, header.parents[i], err);
	if (rc == OK && header.has_schema)
		rc = each(r, header.schema, err);
	return rc;
}

static enum result walk(struct referring *r, enum doc_kind kind, struct slice path,
			const struct tree_node *root, reference_fn *each, struct error *err)
{
	return kind == KIND_PROFILES ? walk_profile(r, path, root, each, err)
				     : walk_schema(r, path, root, each, err);
}

/* A document that the same call puts is known to the caller whole. */
static bool may_refer(const struct write *w, struct slice path)
{
	const struct change *c = write_change(w, path);

	if (c != NULL && c->op == CHANGE_OP_PUT)
		return true;
	return rights_may(w->view.reader, MAY_READ, path) ||
	       rights_may(w->view.reader, MAY_USE, path);
}

/* First all references without a right are kept; then those that the live version has already are
 * dropped. */
static enum result keep_foreign(struct referring *r, struct slice path, struct error *err)
{
	const char *copy;

	if (!r->is_blind && may_refer(r->write, path))
		return OK;
	for (uint32_t i = 0; i < r->count; i++) {
		if (slice_is_equal(r->kept[i], path))
			return OK;
	}
	if (r->count == REFERENCES_KEPT_MAX)
		return fail(err, E_LIMIT,
			    "it refers to more than %d documents that you may not read",
			    REFERENCES_KEPT_MAX);
	copy = arena_text(&r->write->arena, path);
	if (copy == NULL)
		return fail(err, E_MEMORY, "out of memory");
	r->kept[r->count++] = slice_make(copy, path.len);
	return OK;
}

static enum result drop_known(struct referring *r, struct slice path, struct error *err)
{
	uint32_t left = 0;

	(void)err;
	for (uint32_t i = 0; i < r->count; i++) {
		if (!slice_is_equal(r->kept[i], path))
			r->kept[left++] = r->kept[i];
	}
	r->count = left;
	return OK;
}

/* Whether the result says that the document is wrong; its own check reports that. */
static bool is_verdict(enum result rc)
{
	return rc == E_INVALID || rc == E_MALFORMED || rc == E_NOT_FOUND;
}

/* Not for a put by a caller who may not read the live version: which references pass would tell
 * what it has. */
static enum result drop_live_ones(struct referring *r, const struct change *c, struct error *err)
{
	CLEANUP(tree_clear) struct tree live = TREE_INIT(0, false);
	enum result rc;

	if (r->count == 0 || !snap_doc_is_live(c->before))
		return OK;
	if (c->op == CHANGE_OP_PUT && !rights_may(r->write->view.reader, MAY_READ, c->path))
		return OK;
	rc = tree_of_row(&r->write->service->state, snap_doc_row(c->before), r->write->view.budget,
			 &live, err);
	if (rc == OK)
		rc = walk(r, c->kind, c->path, &live.root, drop_known, err);
	return is_verdict(rc) ? OK : rc;
}

/* A caller who sends the content knows which documents it names; a caller who restores an old
 * version may not, so that the message names none. */
static enum result refuse(struct referring *r, const struct change *c, struct error *err)
{
	struct call *call = r->write->call;

	atomic_fetch_add(&r->write->service->counters.refused, 1);
	if (!audit_draft_touch(call, c->path, 0, NULL))
		return fail(err, E_UNAVAILABLE, "cannot record the refusal");
	if (r->is_blind)
		return fail(err, E_FORBIDDEN,
			    "to add a reference to %.*s needs the permission read on it",
			    SLICE_ARGS(c->path));
	if (c->op != CHANGE_OP_PUT)
		return fail(err, E_FORBIDDEN,
			    "%.*s would refer to a document that you may neither read nor use",
			    SLICE_ARGS(c->path));
	return fail(err, E_FORBIDDEN,
		    "%.*s would refer to %.*s, which needs the permission read or use on that",
		    SLICE_ARGS(c->path), SLICE_ARGS(r->kept[0]));
}

static bool is_named(struct slice key, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (slice_is_text(key, *names))
			return true;
	}
	return false;
}

/* Whether a patch of a schema sets a reference, or a member that decides how references are
 * resolved. */
static bool sets_reference(const struct tree_node *patch)
{
	static const char *const references[] = {"$ref", "$dynamicRef", NULL};
	static const char *const bases[] = {"$id", "$schema", NULL};

	for (uint32_t i = 0; patch->kind == TREE_ARRAY && i < patch->count; i++) {
		if (sets_reference(&patch->of.items[i]))
			return true;
	}
	for (uint32_t i = 0; patch->kind == TREE_OBJECT && i < patch->count; i++) {
		const struct tree_member *m = &patch->of.members[i];
		enum tree_kind kind = m->value.kind;

		if ((kind == TREE_STRING && is_named(tree_key(m), references)) ||
		    ((kind == TREE_STRING || kind == TREE_NULL) && is_named(tree_key(m), bases)) ||
		    sets_reference(&m->value))
			return true;
	}
	return false;
}

static bool is_set(const struct tree_node *patch, const char *key)
{
	const struct tree_node *value = tree_get(patch, slice_text(key));

	return value != NULL && value->kind != TREE_NULL;
}

/* A patch by a caller who may not read the document is checked by itself: whether the live version
 * has the same reference must not show. */
static bool patch_refers(const struct change *c)
{
	const struct tree_node *patch = &c->patch_tree.root;

	if (c->kind == KIND_SCHEMAS)
		return sets_reference(patch);
	return patch->kind == TREE_OBJECT &&
	       (is_set(patch, "$extends") || is_set(patch, "$schema"));
}

/* Whether the change makes content live that was not live before. */
static bool brings_content(const struct change *c)
{
	if ((c->kind != KIND_PROFILES && c->kind != KIND_SCHEMAS) || !c->is_changed || !c->exists)
		return false;
	return c->action == CHANGE_PUT || !snap_doc_is_live(c->before);
}

static enum result check_one(struct write *w, const struct change *c, struct error *err)
{
	CLEANUP(alloc_freep) struct referring *r = alloc_zero(sizeof *r);
	struct view_doc *d;
	enum result rc = view_find(&w->view, c->path, &d, err);

	if (r == NULL)
		return fail(err, E_MEMORY, "out of memory");
	r->write = w;
	r->is_blind = c->op == CHANGE_OP_PATCH && change_is_blind(w, c);
	if (r->is_blind && patch_refers(c))
		return refuse(r, c, err);
	if (rc == OK)
		rc = view_parse(&w->view, d, err);
	if (rc == OK)
		rc = walk(r, c->kind, c->path, &d->tree.root, keep_foreign, err);
	if (is_verdict(rc) || (rc == E_LIMIT && !d->is_parsed))
		return OK;
	if (rc == OK)
		rc = drop_live_ones(r, c, err);
	return rc == OK && r->count != 0 ? refuse(r, c, err) : rc;
}

/* Only content that comes to life can refer: a delete or a destroy adds no reference. */
enum result referral_check(struct write *w, struct error *err)
{
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < w->changes_count; i++) {
		struct error one = ERROR_NULL;

		if (!brings_content(&w->changes[i]))
			continue;
		rc = check_one(w, &w->changes[i], &one);
		if (rc != OK)
			*err = one;
	}
	return rc;
}
