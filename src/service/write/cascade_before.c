/*
 * Which problems a document had before the write.
 *
 * A write is refused only for problems that it adds. A document may be invalid before the write,
 * for example because a document that it needs was deleted by force: problems that it had already
 * become warnings. Where the write only adds secrets, all its problems become warnings: it must be
 * possible to rotate a secret while some profiles that need it are broken.
 *
 * All problems count of a document that was served before the write, and so does each problem that
 * cannot be told from a new one. Two problems are the same if profile, pointer, keyword and message
 * are equal; places are not compared, since an edit moves lines.
 *
 * The state before is a second view over the same snapshot without the changes. It is made only
 * where the write leaves a problem, because this is rare and costs a second check. In a worker,
 * with the rights and the budget of the write.
 */
#include "service/write/cascade_before.h"

#include "service/write/problems.h"
#include "service/write/write.h"

#include <string.h>

/* An abstract profile is not resolved: its references and values are checked with its descendants,
 * which may still complete it. */
enum result cascade_check_abstract(struct view *v, struct slice path, struct check_report *report,
				   struct error *err)
{
	struct check_source source = view_source(v);
	struct check_problem place = {.profile = slice_from(path, strlen("profiles/")),
				      .keyword = SLICE_LITERAL("$schema"),
				      .origin_path = path};
	const struct profile_layer *layer;
	const struct tree_node *at;
	struct view_doc *schema;
	enum result rc = source.load_layer(source.ctx, path, &layer, err);

	if (rc == OK)
		rc = profile_check_chain(path, &source, report, err);
	if (rc != OK || !layer->header->has_schema)
		return rc;
	rc = view_find(v, layer->header->schema, &schema, err);
	if (rc != OK || schema->exists)
		return rc;
	at = TREE_GET(layer->root, "$schema");
	place.origin_version = layer->version;
	place.line = at != NULL ? at->line : 0;
	place.column = at != NULL ? at->column : 0;
	report_add_error(report, &place, "its schema does not exist");
	return fail(err, E_INVALID, "its schema %.*s does not exist",
		    SLICE_ARGS(layer->header->schema));
}

void before_clear(struct before *b)
{
	if (b->has_view)
		view_clear(&b->view);
	b->has_view = false;
}

/* It has the same reader as the view of the write, so that both checks see and hide the same. */
static struct view *view_of(struct before *b)
{
	if (!b->has_view) {
		verb_view_init(&b->view, b->ctx, 0, b->write->view.reader);
		b->view.for_whom = b->write->view.for_whom;
		b->has_view = true;
	}
	view_trim(&b->view);
	return &b->view;
}

/* Destroying an old version adds nothing, although the secret exists afterwards. */
static bool adds(const struct change *c)
{
	static const bool ops[CHANGE_OP_COUNT] = {[CHANGE_OP_PUT] = true,
						  [CHANGE_OP_PATCH] = true,
						  [CHANGE_OP_UNDELETE] = true,
						  [CHANGE_OP_ROLLBACK] = true};

	return ops[c->op] && c->exists;
}

static bool only_adds_secrets(const struct write *w)
{
	for (uint32_t i = 0; i < w->changes_count; i++) {
		if (w->changes[i].kind != KIND_SECRETS || !adds(&w->changes[i]))
			return false;
	}
	return true;
}

static bool has_problem(const struct check_report *r, const struct check_problem *p)
{
	for (uint32_t i = 0; i < r->errors_count; i++) {
		const struct check_problem *q = &r->errors[i];

		if (slice_is_equal(q->profile, p->profile) &&
		    slice_is_equal(q->pointer, p->pointer) &&
		    slice_is_equal(q->keyword, p->keyword) && strcmp(q->message, p->message) == 0)
			return true;
	}
	return false;
}

/* E_INVALID: it had the problems in `report`. OK: it had none. */
static enum result check_profile_before(struct before *b, const struct affected *f,
					struct check_report *report, struct error *err)
{
	struct view *v = view_of(b);
	struct effective_entry *e = NULL;
	enum result rc = effective_entry_new(&e, v, f->path, report, err);

	effective_entry_unref(e);
	return rc == E_UNSUPPORTED ? cascade_check_abstract(v, f->path, report, err) : rc;
}

static enum result check_schema_before(struct before *b, const struct affected *f,
				       struct error *err)
{
	const struct schema *ignored;

	return view_schema(view_of(b), f->path, &ignored, NULL, err);
}

/* From `first` on, turns errors that `old` has into warnings; all where it is NULL. */
static void downgrade(struct write *w, uint32_t first, const struct check_report *old)
{
	struct check_report *r = &w->report;
	uint32_t kept = first;

	for (uint32_t i = first; i < r->errors_count; i++) {
		if (old == NULL || has_problem(old, &r->errors[i]))
			report_add_warning(r, &r->errors[i], r->errors[i].message);
		else
			r->errors[kept++] = r->errors[i];
	}
	r->errors_count = kept;
}

/* Problems that did not fit into the report may be new: one error stands for them. */
static void add_omitted(struct check_report *r, const struct affected *f)
{
	struct check_problem place = {.profile = slice_from(f->path, strlen("profiles/")),
				      .origin_path = f->path};

	report_add_error(
		r, &place,
		"has more problems than can be told, of which some may be new: correct some of "
		"them first");
}

static enum result downgrade_profile(struct before *b, const struct affected *f,
				     const struct errors_mark *mark, struct error *err)
{
	struct check_report old = {.arena = ARENA_NULL};
	struct check_report *now = &b->write->report;
	enum result rc = check_profile_before(b, f, &old, err);

	if (old.arena.is_short) {
		rc = fail(err, E_MEMORY, "out of memory");
	} else if (rc == E_INVALID) {
		downgrade(b->write, mark->count, only_adds_secrets(b->write) ? NULL : &old);
		if (!only_adds_secrets(b->write) && now->errors_dropped > mark->dropped)
			add_omitted(now, f);
		now->errors_dropped = mark->dropped;
	}
	check_report_clear(&old);
	/* Where the problems from before are not known, all count as new. */
	return rc == E_INVALID || rc == E_NOT_FOUND || rc == E_LIMIT ? OK : rc;
}

enum result before_downgrade(struct before *b, const struct affected *f, bool was_served,
			     const struct errors_mark *mark, struct error *err)
{
	struct error ignored = ERROR_NULL;
	enum result rc = OK;

	if (was_served || !snap_doc_is_live(f->before))
		return OK;
	if (f->kind == KIND_PROFILES) {
		rc = downgrade_profile(b, f, mark, &ignored);
	} else {
		rc = check_schema_before(b, f, &ignored);
		if (rc == E_INVALID || rc == E_NOT_FOUND) {
			downgrade(b->write, mark->count, NULL);
			b->write->report.errors_dropped = mark->dropped;
		}
		rc = rc == E_INVALID || rc == E_NOT_FOUND || rc == E_MALFORMED || rc == E_LIMIT
			     ? OK
			     : rc;
	}
	if (rc != OK)
		*err = ignored;
	return rc;
}
