/*
 * The check of one document's new content, by its kind.
 *
 * A document is checked as its kind will be read later, before it is stored: so each stored
 * document can be used. A policy is compiled, a schema is compiled with all that it refers to, of a
 * profile the header is read (the cascade resolves it), and a secret must have the form of one.
 *
 * Problems go into the write's report with their line and column, so that one response names all of
 * them. Content that the caller may not read (change_is_blind) gets no places and no warnings. In a
 * worker, with the write's view.
 */

#include "service/write/change_check.h"

#include "service/write/patch_without_read.h"
#include "service/write/problems.h"
#include "service/write/write.h"

#include "crypto/base64.h"

#include <string.h>

static enum result check_duration(const struct tree_node *value, struct error *err)
{
	int64_t ms;

	if (value->kind == TREE_STRING && duration_parse(tree_text(value), INT64_MAX / 2, &ms))
		return OK;
	return fail_at(err, E_INVALID, value->line, value->column,
		       "`rotate_every` must be a duration such as \"30d\"");
}

static enum result check_time(const struct tree_node *value, struct error *err)
{
	int64_t ms;

	if (value->kind == TREE_STRING && timestamp_parse(tree_text(value), &ms))
		return OK;
	return fail_at(err, E_INVALID, value->line, value->column,
		       "`expires_at` must be a time such as \"2027-01-31T00:00:00Z\"");
}

static enum result check_texts(const struct tree_node *value, const char *name, struct error *err)
{
	if (value->kind != TREE_OBJECT)
		return fail_at(err, E_INVALID, value->line, value->column, "`%s` must be an object",
			       name);
	for (uint32_t i = 0; i < value->count; i++) {
		const struct tree_member *m = &value->of.members[i];

		if (m->value.kind != TREE_STRING)
			return fail_at(err, E_INVALID, m->line, m->column,
				       "every value in `%s` must be a string", name);
	}
	return OK;
}

/* The value must be base64 now, because a reader who asks for bytes later could only be told that
 * it is not. Names of keys are cut at 100 bytes in the text. */
static enum result check_encoding(const struct tree_node *encoding, const struct tree_node *data,
				  struct error *err)
{
	enum result rc = check_texts(encoding, "encoding", err);

	for (uint32_t i = 0; rc == OK && i < encoding->count; i++) {
		const struct tree_member *m = &encoding->of.members[i];
		const struct tree_node *value = tree_get(data, tree_key(m));
		CLEANUP(buf_clear) struct buf bytes = BUF_NULL;

		if (!tree_is_text(&m->value, "base64"))
			return fail_at(err, E_INVALID, m->line, m->column,
				       "the only encoding is \"base64\"");
		if (value != NULL && value->kind == TREE_STRING &&
		    base64_decode(BASE64_STANDARD, tree_text(value), &bytes))
			continue;
		rc = buf_check(&bytes, err);
		if (rc == OK)
			return fail_at(err, E_INVALID, m->line, m->column,
				       "the key `%.*s` is not there or not base64",
				       (int)(m->key_len < 100 ? m->key_len : 100), m->key);
	}
	return rc;
}

/* Unknown names are refused, so that a mistyped `expires_at` is not silently kept. */
static enum result check_metadata(const struct tree_node *metadata, const struct tree_node *data,
				  struct error *err)
{
	enum result rc = OK;

	if (metadata->kind != TREE_OBJECT)
		return fail_at(err, E_INVALID, metadata->line, metadata->column,
			       "`metadata` must be an object");
	for (uint32_t i = 0; rc == OK && i < metadata->count; i++) {
		const struct tree_member *m = &metadata->of.members[i];
		struct slice key = tree_key(m);

		if (slice_is_text(key, "created_at") || slice_is_text(key, "created_by"))
			continue; /* set by the server; a client may send back what it read */
		if (slice_is_text(key, "expires_at"))
			rc = check_time(&m->value, err);
		else if (slice_is_text(key, "rotate_every"))
			rc = check_duration(&m->value, err);
		else if (slice_is_text(key, "labels"))
			rc = check_texts(&m->value, "labels", err);
		else if (slice_is_text(key, "encoding"))
			rc = check_encoding(&m->value, data, err);
		else
			rc = fail_at(err, E_INVALID, m->line, m->column,
				     "`metadata` knows expires_at, rotate_every, labels and "
				     "encoding; put other things under `labels`");
	}
	return rc;
}

enum result secret_check(const struct tree_node *root, struct error *err)
{
	const struct tree_node *data = TREE_GET(root, "data");
	const struct tree_node *metadata = TREE_GET(root, "metadata");
	const struct tree_node *encoding = TREE_GET(root, "encoding");
	uint32_t known = 1U + (metadata != NULL ? 1U : 0U) + (encoding != NULL ? 1U : 0U);
	enum result rc = OK;

	if (root->kind != TREE_OBJECT || data == NULL || data->kind != TREE_OBJECT)
		return fail_at(err, E_INVALID, root->line, root->column,
			       "a secret is {\"data\": {…}, \"metadata\": {…}}: `data` must be an "
			       "object of its keys");
	if (root->count != known)
		return fail_at(err, E_INVALID, root->line, root->column,
			       "a secret has `data`, `metadata` and `encoding`, nothing beside");
	if (metadata != NULL)
		rc = check_metadata(metadata, data, err);
	if (rc == OK && encoding != NULL)
		rc = check_encoding(encoding, data, err);
	return rc;
}

/* What YAML 1.1 would read otherwise, and the like: found while parsing. */
static void add_doc_warnings(struct write *w, const struct change *c)
{
	const struct doc_warnings *from = c->doc->warnings;

	for (uint32_t i = 0; from != NULL && i < from->count; i++) {
		struct check_problem place = {.origin_path = c->path,
					      .origin_version = c->version,
					      .line = from->items[i].line,
					      .column = from->items[i].column};

		report_add_warning(&w->report, &place, from->items[i].text);
	}
}

/* The compiled policy is kept: the commit puts it in force without compiling again. */
static enum result check_policy(struct write *w, struct change *c, struct error *err)
{
	(void)w;
	return policy_compile(&c->policy, slice_from(c->path, strlen("policies/")),
			      &c->doc->tree.root, err);
}

void schema_problems_add(struct write *w, const struct view_doc *d,
			 const struct schema_report *report)
{
	for (uint32_t i = 0; i < report->problems_count; i++) {
		const struct schema_problem *p = &report->problems[i];
		struct check_problem place = {.pointer = p->pointer,
					      .keyword = p->keyword,
					      .constraint =
						      schema_location_path(p->schema_location),
					      .origin_path = d->path,
					      .origin_version = d->version};

		if (p->node != NULL) {
			place.line = p->node->line;
			place.column = p->node->column;
		}
		report_add_error(&w->report, &place, p->message);
	}
}

static enum result check_schema(struct write *w, struct change *c, struct error *err)
{
	struct schema_report report = {.arena = ARENA_NULL};
	const struct schema *schema;
	enum result rc = view_schema(&w->view, c->path, &schema, &report, err);

	if (rc == E_INVALID)
		schema_problems_add(w, c->doc, &report);
	schema_report_clear(&report);
	return rc;
}

/* Reads the header; the cascade checks the rest. */
static enum result check_profile(struct write *w, struct change *c, struct error *err)
{
	struct check_source source = view_source(&w->view);
	const struct profile_layer *layer;

	return source.load_layer(&w->view, c->path, &layer, err);
}

static enum result check_kind(struct write *w, struct change *c, struct error *err)
{
	switch (c->kind) {
	case KIND_POLICIES:
		return check_policy(w, c, err);
	case KIND_SCHEMAS:
		return check_schema(w, c, err);
	case KIND_PROFILES:
		return check_profile(w, c, err);
	case KIND_SECRETS:
		return secret_check(&c->doc->tree.root, err);
	case KIND_COUNT:
		break;
	}
	return fail(err, E_INTERNAL, "no such kind");
}

enum result change_check(struct write *w, struct change *c, struct error *err)
{
	uint32_t errors = w->report.errors_count;
	struct check_problem place = {.origin_path = c->path, .origin_version = c->version};
	enum result rc = view_find(&w->view, c->path, &c->doc, err);

	if (rc != OK || !c->is_changed || !c->exists)
		return rc;
	rc = view_parse(&w->view, c->doc, err);
	if (rc == OK) {
		/* YAML 1.1 reads the policies' own key `on` as a boolean, but no other program
		 * reads policies. Content that the caller may not read gets no warnings either. */
		if (c->kind != KIND_POLICIES && !change_is_blind(w, c))
			add_doc_warnings(w, c);
		rc = check_kind(w, c, err);
	}
	if (rc == E_LIMIT) /* the check could not be finished; the document may be valid */
		return wrap(err, rc, "%.*s", SLICE_ARGS(c->path));
	if (rc != E_INVALID && rc != E_MALFORMED)
		return rc;
	if (change_is_blind(w, c))
		err->line = err->column = 0; /* of content that the caller may not read */
	place.line = err->line;
	place.column = err->column;
	if (c->kind == KIND_PROFILES)
		place.profile = slice_from(c->path, strlen("profiles/"));
	if (w->report.errors_count == errors)
		report_add_error(&w->report, &place, err->text);
	return wrap(err, rc, "%.*s", SLICE_ARGS(c->path));
}
