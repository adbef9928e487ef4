/*
 * The check of one profile: load, order the layers, resolve, reveal, validate. Each step needs the
 * result of the one before it, so the first that fails ends the check. Merging, resolving,
 * revealing and validating collect all problems that they find.
 *
 * Invariants of a report:
 *
 * - Each problem has the place that must be edited (document, version, line and column) where it is
 *   known, and never a value.
 * - Constraints that could not be checked, because a secret may not be read, are listed as
 *   unchecked: a report without entries means that everything was checked.
 * - Only results that the documents themselves cause are problems (is_verdict()). All other
 *   failures, a bound that was reached among them, end the check without a verdict.
 *
 * A secret is checked by its value. It is revealed into a tree that is wiped when the check ends.
 * The report's arena is the caller's and may collect the problems of many profiles.
 */
#include "profile/check.h"

#include "base/memory.h"
#include "doc/json_member.h"

#include <string.h>

#define CHECK_MESSAGE_BYTES_MAX 1024

/* One check under way. */
struct check {
	const struct check_source *source;
	struct check_report *report;
	struct slice profile;	     /* "orders/production" */
	struct effective *effective; /* NULL before it is resolved */
	const struct profile_layer *const *layers;
	uint32_t layers_count;
};

/* Errors refuse the profile; warnings do not; an unchecked constraint may or may not hold. */
enum list { LIST_ERRORS, LIST_WARNINGS, LIST_UNCHECKED };

void check_report_clear(struct check_report *r)
{
	arena_clear(&r->arena);
	*r = (struct check_report){.arena = ARENA_NULL};
}

static struct slice keep_text(struct check_report *r, struct slice s)
{
	const char *copy = arena_text(&r->arena, s);

	return copy != NULL ? slice_make(copy, s.len) : SLICE_NULL;
}

/* A new entry, or NULL when the list is full; errors are then counted as dropped. */
static struct check_problem *add(struct check_report *r, enum list list)
{
	struct check_problem **items = list == LIST_ERRORS     ? &r->errors
				       : list == LIST_WARNINGS ? &r->warnings
							       : &r->unchecked;
	uint32_t *count = list == LIST_ERRORS	  ? &r->errors_count
			  : list == LIST_WARNINGS ? &r->warnings_count
						  : &r->unchecked_count;

	if (*items == NULL)
		*items = arena_alloc_array(&r->arena, CHECK_PROBLEMS_MAX, sizeof **items);
	if (*items == NULL || *count == CHECK_PROBLEMS_MAX) {
		r->errors_dropped += list == LIST_ERRORS;
		return NULL;
	}
	return &(*items)[(*count)++];
}

/* Layers and sources have the same indices. Problems of merging and resolving come before there are
 * sources. */
static void set_origin(struct check *c, struct check_problem *p, uint32_t source, uint32_t line,
		       uint32_t column)
{
	if (line == 0)
		return;
	if (c->effective != NULL && source < c->effective->sources_count) {
		p->origin_path = keep_text(c->report, c->effective->sources[source].path);
		p->origin_version = c->effective->sources[source].version;
	} else if (source < c->layers_count) {
		p->origin_path = keep_text(c->report, c->layers[source]->path);
		p->origin_version = c->layers[source]->version;
	} else {
		return;
	}
	p->line = line;
	p->column = column;
}

/* Copies the texts, because `message` may be in an error or an arena that ends before the report.
 * Without memory the problem stays, with an empty text: the verdict must not depend on that. */
static struct check_problem *add_text(struct check *c, enum list list, const char *message)
{
	struct check_problem *p = add(c->report, list);

	if (p == NULL)
		return NULL;
	p->profile = keep_text(c->report, c->profile);
	p->message = arena_text(&c->report->arena,
				slice_first(slice_text(message), CHECK_MESSAGE_BYTES_MAX));
	if (p->message == NULL)
		p->message = "";
	return p;
}

static void add_profile_problems(struct check *c, const struct profile_problems *problems)
{
	for (uint32_t i = 0; i < problems->count; i++) {
		const struct profile_problem *from = &problems->items[i];
		struct check_problem *p = add_text(c, LIST_ERRORS, from->message);

		if (p == NULL)
			continue;
		p->pointer = keep_text(c->report, from->pointer);
		if (from->node != NULL)
			set_origin(c, p, from->node->source, from->node->line, from->node->column);
	}
	c->report->errors_dropped += problems->dropped;
}

/* "reeve:///schemas/base#/properties/port" → "schemas/base". */
struct slice schema_location_path(struct slice location)
{
	static const struct slice base = SLICE_INIT("reeve:///");
	struct slice path;

	if (!slice_starts_with(location, SLICE_LITERAL("reeve:///schemas/")))
		return SLICE_NULL;
	path = slice_from(location, base.len);
	for (size_t i = 0; i < path.len; i++) {
		if (path.data[i] == '#')
			return slice_first(path, i);
	}
	return path;
}

/* Both are JSON pointers, "/conn/port" and "/properties/conn/$ref/properties/port/maximum". The
 * keys must be found in this order; other steps between them, such as `$ref` and `allOf`, are
 * passed over. */
static bool is_named(struct slice pointer, struct slice way)
{
	struct slice key, step;

	if (pointer.len == 0 || way.len == 0)
		return false;
	pointer = slice_from(pointer, 1);
	way = slice_from(way, 1);
	while (slice_next_part(&pointer, '/', &key)) {
		bool is_found = false;

		while (!is_found && slice_next_part(&way, '/', &step)) {
			if (slice_is_text(step, "properties"))
				is_found = slice_next_part(&way, '/', &step) &&
					   slice_is_equal(step, key);
		}
		if (!is_found)
			return false;
	}
	return true;
}

static void add_schema_problems(struct check *c, enum list list,
				const struct schema_problem *problems, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct check_problem *p = add_text(c, list, problems[i].message);

		if (p == NULL)
			continue;
		p->pointer = keep_text(c->report, problems[i].pointer);
		p->keyword = keep_text(c->report, problems[i].keyword);
		p->is_named_by_schema = is_named(problems[i].pointer, problems[i].evaluation_path);
		p->schema = keep_text(c->report, c->effective->schema);
		p->constraint =
			keep_text(c->report, schema_location_path(problems[i].schema_location));
		if (problems[i].node != NULL)
			set_origin(c, p, problems[i].node->source, problems[i].node->line,
				   problems[i].node->column);
	}
}

static void add_warnings(struct check *c)
{
	const struct doc_warnings *w = &c->effective->warnings;

	for (uint32_t i = 0; i < w->count; i++)
		add_text(c, LIST_WARNINGS, w->items[i].text);
}

/* Whether the documents cause the result. With any other failure the check has no verdict. */
static bool is_verdict(enum result rc)
{
	return rc == E_INVALID || rc == E_MALFORMED || rc == E_NOT_FOUND;
}

/* Sets the place of a header key, and the key as the keyword: this is what must be edited. */
static void set_header_origin(struct check *c, struct check_problem *p,
			      const struct profile_layer *layer, struct slice key)
{
	const struct tree_member *m = tree_get_member(layer->root, key);

	p->keyword = key;
	if (m == NULL)
		return;
	p->origin_path = keep_text(c->report, layer->path);
	p->origin_version = layer->version;
	p->line = m->value.line;
	p->column = m->value.column;
}

/* The nearest layer, from `layer` upwards, that extends a profile which cannot be loaded; NULL when
 * all can be loaded. profile_linearize() gives a sentence and not the document that must be edited,
 * so this looks for it again. `budget` bounds the walk: parents that are shared are visited
 * again. */
static const struct profile_layer *find_missing_parent(struct check *c,
						       const struct profile_layer *layer,
						       uint32_t depth, uint32_t *budget)
{
	const struct profile_header *h = layer->header;
	const struct profile_layer *parent, *found = NULL;

	for (uint32_t i = 0; i < h->parents_count; i++) {
		if (c->source->load_layer(c->source->ctx, h->parents[i], &parent, NULL) != OK)
			return layer;
	}
	for (uint32_t i = 0;
	     found == NULL && depth < PROFILE_DEPTH_MAX && i < h->parents_count && *budget != 0;
	     i++) {
		--*budget;
		if (c->source->load_layer(c->source->ctx, h->parents[i], &parent, NULL) == OK)
			found = find_missing_parent(c, parent, depth + 1, budget);
	}
	return found;
}

static void add_chain_problem(struct check *c, struct slice path, const char *message)
{
	struct check_problem *p = add_text(c, LIST_ERRORS, message);
	const struct profile_layer *own, *broken;
	uint32_t budget = PROFILE_LAYERS_MAX;

	if (p == NULL || c->source->load_layer(c->source->ctx, path, &own, NULL) != OK)
		return;
	broken = find_missing_parent(c, own, 0, &budget);
	set_header_origin(c, p, broken != NULL ? broken : own, SLICE_LITERAL("$extends"));
}

static enum result linearize(struct check *c, const struct profile_layer ***ret, struct slice path,
			     struct arena *a, struct error *err)
{
	const struct profile_chain_input in = {path, c->source->load_layer, c->source->ctx,
					       c->source->budget};
	enum result rc = profile_linearize(ret, &c->layers_count, a, &in, err);

	if (rc == OK || !is_verdict(rc))
		return rc;
	add_chain_problem(c, path, err->text);
	return E_INVALID;
}

/* E_LIMIT adds no problem to the report, so its text must name the profile. It has the full path,
 * because the service hides texts with paths from callers that may not read them. */
static enum result place_limit(const struct check *c, enum result rc, struct error *err)
{
	return rc == E_LIMIT ? wrap(err, rc, "profiles/%.*s", SLICE_ARGS(c->profile)) : rc;
}

enum result profile_check_chain(struct slice path, const struct check_source *source,
				struct check_report *report, struct error *err)
{
	CLEANUP(arena_clear) struct arena a = ARENA_NULL;
	struct check c = {.source = source,
			  .report = report,
			  .profile = slice_from(path, strlen("profiles/"))};
	const struct profile_layer **layers;

	return place_limit(&c, linearize(&c, &layers, path, &a, err), err);
}

/* The list of problems is large and so not on the stack. */
static enum result resolve(struct check *c, struct effective *ret, struct slice path,
			   struct arena *a, struct error *err)
{
	CLEANUP(alloc_freep) struct profile_problems *problems = alloc_zero(sizeof *problems);
	const struct profile_layer **layers;
	struct slice app, name = c->profile;
	struct profile_resolve_input in;
	enum result rc;

	if (problems == NULL)
		return fail(err, E_MEMORY, "out of memory");
	rc = linearize(c, &layers, path, a, err);
	if (rc != OK)
		return rc;
	c->layers = layers;
	if (!slice_next_part(&name, '/', &app))
		return fail(err, E_INTERNAL, "a profile has two segments");
	in = (struct profile_resolve_input){layers, c->layers_count, app, name, c->source->budget};
	rc = profile_resolve(ret, &in, problems, a, err);
	if (rc == E_INVALID)
		add_profile_problems(c, problems);
	return rc;
}

/* The `$schema` of the last layer that has one is used. */
static void set_schema_origin(struct check *c, struct check_problem *p)
{
	for (uint32_t i = c->layers_count; i > 0; i--) {
		if (c->layers[i - 1]->header->has_schema) {
			set_header_origin(c, p, c->layers[i - 1], SLICE_LITERAL("$schema"));
			return;
		}
	}
}

/* A schema that is missing or does not compile refuses the profile, since nothing could be checked;
 * the place is the `$schema` that names it. */
static enum result validate(struct check *c, const struct tree_node *root, struct error *err)
{
	struct schema_report report = {.arena = ARENA_INIT(0, true)};
	const struct schema *schema;
	struct check_problem *p;
	enum result rc;

	rc = c->source->load_schema(c->source->ctx, c->effective->schema, &schema, err);
	if (rc != OK) {
		if (!is_verdict(rc))
			return rc;
		p = add_text(c, LIST_ERRORS,
			     rc == E_NOT_FOUND ? "its schema does not exist" : err->text);
		if (p != NULL)
			set_schema_origin(c, p);
		return fail(err, E_INVALID, "profiles/%.*s: its schema cannot be used",
			    SLICE_ARGS(c->profile));
	}
	rc = schema_validate(schema, root, c->source->budget, &report, err);
	if (rc == OK || rc == E_INVALID) {
		add_schema_problems(c, LIST_ERRORS, report.problems, report.problems_count);
		c->report->errors_dropped += report.problems_dropped;
		add_schema_problems(c, LIST_UNCHECKED, report.unchecked, report.unchecked_count);
	}
	if (rc == E_INVALID && report.problems_count == 0)
		add_text(c, LIST_ERRORS, err->text);
	schema_report_clear(&report);
	return rc;
}

/* Reveals the secrets for the time of the check, because the schema is about their values. */
static enum result check_revealed(struct check *c, struct arena *a, struct error *err)
{
	CLEANUP(tree_clear) struct tree revealed = TREE_INIT(0, true);
	CLEANUP(alloc_freep) struct profile_problems *problems = alloc_zero(sizeof *problems);
	const struct profile_reveal_input in = {c->effective, c->source->secret_value,
						c->source->ctx, c->source->budget};
	enum result rc;

	if (problems == NULL)
		return fail(err, E_MEMORY, "out of memory");
	rc = profile_reveal(&revealed, &in, problems, a, err);
	if (rc == E_INVALID)
		add_profile_problems(c, problems);
	if (rc != OK || c->effective->schema.len == 0)
		return rc;
	return validate(c, &revealed.root, err);
}

/* The own document comes first: an abstract profile need not resolve, because only profiles that
 * extend it are served. */
static enum result check_profile(struct check *c, struct effective *ret, struct slice path,
				 struct arena *a, struct error *err)
{
	const struct check_source *source = c->source;
	const struct profile_layer *own;
	enum result rc = source->load_layer(source->ctx, path, &own, err);

	if (rc == E_INVALID || rc == E_MALFORMED) {
		struct check_problem *p = add_text(c, LIST_ERRORS, err->text);

		if (p != NULL && err->line != 0) {
			p->origin_path = keep_text(c->report, path);
			p->line = err->line;
			p->column = err->column;
		}
		return E_INVALID;
	}
	if (rc != OK)
		return rc;
	if (own->header->is_abstract)
		return fail(err, E_UNSUPPORTED, "%.*s is abstract", SLICE_ARGS(path));
	rc = resolve(c, ret, path, a, err);
	if (rc != OK)
		return rc;
	c->effective = ret;
	add_warnings(c);
	/* Without secrets the effective configuration is validated itself. With secrets a revealed
	 * copy is, because a reference would fail a constraint that its value meets. */
	if (ret->secrets_count != 0)
		rc = source->secret_value != NULL ? check_revealed(c, a, err) : OK;
	else if (ret->schema.len != 0)
		rc = validate(c, &ret->tree.root, err);
	if (rc != OK)
		effective_clear(ret);
	return rc;
}

enum result profile_check(struct effective *ret, struct slice path,
			  const struct check_source *source, struct check_report *report,
			  struct error *err)
{
	CLEANUP(arena_clear) struct arena a = ARENA_INIT(0, true);
	struct check c = {.source = source,
			  .report = report,
			  .profile = slice_from(path, strlen("profiles/"))};

	enum result rc;

	report->has_checked_secrets = false;
	rc = check_profile(&c, ret, path, &a, err);
	report->has_checked_secrets = c.effective != NULL && (rc == OK || is_verdict(rc));
	return place_limit(&c, rc, err);
}

void check_problem_write(struct buf *ret, const struct check_problem *p)
{
	buf_append_char(ret, '{');
	json_member_text(ret, "profile", p->profile);
	json_member_text(ret, "pointer", p->pointer);
	json_member_text(ret, "keyword", p->keyword);
	json_member_text(ret, "message", slice_text(p->message));
	if (p->origin_path.len != 0) {
		json_member(ret, "origin");
		buf_append_char(ret, '{');
		json_member_text(ret, "path", p->origin_path);
		json_member_u64(ret, "version", p->origin_version);
		json_member_u64(ret, "line", p->line);
		json_member_u64(ret, "column", p->column);
		buf_append_char(ret, '}');
	}
	buf_append_char(ret, '}');
}

void check_problems_write(struct buf *ret, const struct check_problem *problems, uint32_t count)
{
	buf_append_char(ret, '[');
	for (uint32_t i = 0; i < count; i++) {
		json_comma(ret);
		check_problem_write(ret, &problems[i]);
	}
	buf_append_char(ret, ']');
}
