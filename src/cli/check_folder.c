/*
 * Checks a folder of documents in three passes: parse all, check each, gather the problems.
 *
 * All documents are parsed before the first is checked, because they refer to each other. A
 * document that cannot be parsed counts as missing for the others. Schemas are compiled and the
 * headers of profiles are read on first use, once each, however many profiles need them.
 *
 * Layers borrow from the trees, and problems from trees, schemas and the arena: everything lives
 * until folder_check_clear(). A failure for lack of memory while a problem is added is counted, so
 * that a check never passes for that reason. One thread.
 */
#include "cli/check_folder.h"

#include "access/policy.h"

struct checked_document {
	const struct folder_document *document;
	struct tree tree;
	bool is_read; /* the tree holds the document */
	struct profile_header header;
	struct profile_layer layer; /* without a header until load_layer() */
	struct schema *schema;	    /* NULL until compile() */
};

void folder_check_clear(struct folder_check *c)
{
	for (size_t i = 0; c->documents != NULL && i < c->folder.count; i++) {
		schema_unref(c->documents[i].schema);
		tree_clear(&c->documents[i].tree);
	}
	alloc_free(c->documents);
	alloc_free(c->errors.items);
	alloc_free(c->warnings.items);
	check_report_clear(&c->report);
	arena_clear(&c->arena);
	folder_clear(&c->folder);
}

/* Room for `more` problems; NULL, with the lost ones counted, where memory is short. */
static struct check_problem *grow(struct problem_list *list, uint32_t more)
{
	if (list->room - list->count < more) {
		uint32_t room = list->count + more + 32;
		struct check_problem *items = alloc_resize(list->items, room * sizeof *list->items);

		if (items == NULL) {
			list->dropped += more;
			return NULL;
		}
		list->items = items;
		list->room = room;
	}
	list->count += more;
	return &list->items[list->count - more];
}

/* Copies `text`, which may be in an error struct of the caller. */
static void add_problem(struct folder_check *c, struct problem_list *list,
			const struct checked_document *item, const char *text, uint32_t line,
			uint32_t column)
{
	char *message = arena_text(&c->arena, slice_text(text));
	struct check_problem *p = message != NULL ? grow(list, 1) : NULL;

	if (message == NULL)
		list->dropped++;
	if (p != NULL)
		*p = (struct check_problem){.message = message,
					    .origin_path = slice_text(item->document->path),
					    .line = line,
					    .column = column};
}

static void add_error(struct folder_check *c, const struct checked_document *item,
		      const struct error *err)
{
	add_problem(c, &c->errors, item, err->text, err->line, err->column);
}

/* NULL also for a document that could not be parsed: its own error is reported already. */
static struct checked_document *find(struct folder_check *c, struct slice path)
{
	const struct folder_document *d = folder_get(&c->folder, path);
	struct checked_document *item = d != NULL ? &c->documents[d - c->folder.documents] : NULL;

	return item != NULL && item->is_read ? item : NULL;
}

/* For profile_check(), as load_schema() and unknown_secret(): the documents of the folder take the
 * place of the server's. */
static enum result load_layer(void *ctx, struct slice path, const struct profile_layer **ret,
			      struct error *err)
{
	struct folder_check *c = ctx;
	struct checked_document *item = find(c, path);
	enum result rc;

	if (item == NULL || item->document->kind != KIND_PROFILES)
		return fail(err, E_NOT_FOUND, "there is no %.*s", SLICE_ARGS(path));
	if (item->layer.header == NULL) {
		rc = profile_read_header(&item->header, &c->arena, slice_text(item->document->path),
					 &item->tree.root, err);
		if (rc != OK)
			return rc;
		item->layer = (struct profile_layer){.path = slice_text(item->document->path),
						     .version = 0,
						     .root = &item->tree.root,
						     .header = &item->header};
	}
	*ret = &item->layer;
	return OK;
}

/* A $ref to reeve:///schemas/x is the document schemas/x of the folder; nothing is fetched from a
 * network. */
static enum result load_schema_source(void *ctx, struct slice uri, const struct tree_node **ret,
				      struct error *err)
{
	static const struct slice prefix = SLICE_INIT("reeve:///");
	struct checked_document *item =
		slice_starts_with(uri, prefix) ? find(ctx, slice_from(uri, prefix.len)) : NULL;

	if (item == NULL || item->document->kind != KIND_SCHEMAS)
		return fail(err, E_NOT_FOUND, "there is no %.*s", SLICE_ARGS(uri));
	*ret = &item->tree.root;
	return OK;
}

/* Compiles with the options of a server that stores the schema (`formats` has its default), so that
 * both refuse the same ones. The base URI is the one that relative references have there. */
static enum result compile(struct folder_check *c, struct checked_document *item, struct error *err)
{
	CLEANUP(buf_clear) struct buf base = BUF_NULL;
	struct schema_options options = {.draft = SCHEMA_DRAFT_2020_12,
					 .is_format_asserted = true,
					 .is_strict = true,
					 .is_listed_only = true,
					 .load = load_schema_source,
					 .load_ctx = c,
					 .limits = SCHEMA_LIMITS_DEFAULT};
	enum result rc;

	if (item->schema != NULL)
		return OK;
	buf_printf(&base, "reeve:///%s", item->document->path);
	rc = buf_check(&base, err);
	options.base_uri = buf_slice(&base);
	return rc == OK ? schema_compile(&item->schema, &item->tree.root, &options, NULL, err) : rc;
}

/* A schema that cannot be compiled fails each profile that names it, beside its own error. */
static enum result load_schema(void *ctx, struct slice path, const struct schema **ret,
			       struct error *err)
{
	struct folder_check *c = ctx;
	struct checked_document *item = find(c, path);
	enum result rc;

	if (item == NULL || item->document->kind != KIND_SCHEMAS)
		return fail(err, E_NOT_FOUND, "there is no %.*s", SLICE_ARGS(path));
	rc = compile(c, item, err);
	if (rc == OK)
		*ret = item->schema;
	return rc;
}

/* Every secret exists here. A reference to a key gives a string, one to a whole secret an object;
 * both are opaque, so that keywords which need the value are counted as unchecked. */
static enum result unknown_secret(void *ctx, const struct secret_ref *ref,
				  const struct tree_node **ret, struct error *err)
{
	static const struct tree_node text = {.kind = TREE_STRING,
					      .flags = TREE_IS_SECRET | TREE_IS_OPAQUE,
					      .of.text = ""};
	static const struct tree_node object = {.kind = TREE_OBJECT,
						.flags = TREE_IS_SECRET | TREE_IS_OPAQUE};

	(void)ctx;
	(void)err;
	*ret = ref->key.len != 0 ? &text : &object;
	return OK;
}

static void read_all(struct folder_check *c)
{
	for (size_t i = 0; i < c->folder.count; i++) {
		struct checked_document *item = &c->documents[i];
		struct doc_warnings warnings = {.count = 0};
		struct error err = ERROR_NULL;

		item->document = &c->folder.documents[i];
		item->tree = (struct tree)TREE_INIT(0, false);
		if (doc_read(&item->tree, item->document->format,
			     buf_slice(&item->document->source), &DOC_LIMITS_DEFAULT, &warnings,
			     &err) == OK)
			item->is_read = true;
		else
			add_error(c, item, &err);
		/* YAML 1.1 reads the key `on` as true, of which a warning tells. A policy must use
		 * that key, and Reeve reads it as a text. */
		if (item->document->kind == KIND_POLICIES)
			continue;
		for (uint32_t w = 0; w < warnings.count; w++)
			add_problem(c, &c->warnings, item, warnings.items[w].text,
				    warnings.items[w].line, warnings.items[w].column);
	}
}

/* The path has its kind, checked by folder_read(). Policies do not refer to other documents. */
static void check_policy(struct folder_check *c, struct checked_document *item)
{
	struct policy *policy = NULL;
	struct error err = ERROR_NULL;
	struct slice name = slice_from(slice_text(item->document->path), strlen("policies/"));

	if (policy_compile(&policy, name, &item->tree.root, &err) != OK)
		add_error(c, item, &err);
	policy_unref(policy);
}

static void check_profile(struct folder_check *c, struct checked_document *item)
{
	const struct check_source source = {load_layer, load_schema, unknown_secret, c, NULL};
	struct effective effective = {.tree = TREE_INIT(0, false)};
	struct error err = ERROR_NULL;
	uint32_t before = c->report.errors_count;
	enum result rc = profile_check(&effective, slice_text(item->document->path), &source,
				       &c->report, &err);

	effective_clear(&effective);
	/* E_UNSUPPORTED: an abstract profile, of which only the header is checked. */
	if (rc == OK || rc == E_UNSUPPORTED)
		return;
	/* E_INVALID adds its reasons to the report; other failures, such as E_LIMIT, do not. */
	if (c->report.errors_count == before)
		add_error(c, item, &err);
}

static void check_all(struct folder_check *c)
{
	for (size_t i = 0; i < c->folder.count; i++) {
		struct checked_document *item = &c->documents[i];
		struct error err = ERROR_NULL;

		if (!item->is_read)
			continue;
		if (item->document->kind == KIND_SCHEMAS && compile(c, item, &err) != OK)
			add_error(c, item, &err);
		else if (item->document->kind == KIND_POLICIES)
			check_policy(c, item);
		else if (item->document->kind == KIND_PROFILES)
			check_profile(c, item);
	}
}

/* Adds what profile_check() found, so that there is one list of errors and one of warnings, as in a
 * server's response. */
static void gather_problems(struct folder_check *c)
{
	struct check_problem *more = grow(&c->errors, c->report.errors_count);

	for (uint32_t i = 0; more != NULL && i < c->report.errors_count; i++)
		more[i] = c->report.errors[i];
	c->errors.dropped += c->report.errors_dropped;
	more = grow(&c->warnings, c->report.warnings_count);
	for (uint32_t i = 0; more != NULL && i < c->report.warnings_count; i++)
		more[i] = c->report.warnings[i];
}

uint32_t folder_check_count_errors(const struct folder_check *c)
{
	return c->errors.count + c->errors.dropped;
}

enum result folder_check_run(struct folder_check *ret, const char *directory, struct error *err)
{
	enum result rc = folder_read(&ret->folder, directory, err);

	if (rc != OK)
		return rc;
	ret->documents = alloc_zero_array(ret->folder.count, sizeof *ret->documents);
	if (ret->documents == NULL)
		return fail(err, E_MEMORY, "out of memory");
	read_all(ret);
	check_all(ret);
	gather_problems(ret);
	return OK;
}
