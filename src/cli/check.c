/* check: the validation of a write, without a server. All that is known of secrets here is that they are referred to. */
#include "access/policy.h"
#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/session.h"
#include "profile/check.h"

struct checked {
	const struct folder_document *document;
	struct tree tree;
	bool is_read;
	struct profile_header header;
	struct profile_layer layer;
	struct schema *schema;
};

/* What was found outside of profile_check(); texts live in the arena of the checking. */
struct problem_list {
	struct check_problem *items;
	uint32_t count, room;
	uint32_t dropped; /* for want of memory */
};

struct checking {
	struct folder folder;
	struct checked *items; /* one for each of the folder's documents */
	struct arena arena;
	struct check_report report;
	struct problem_list errors, warnings;
};

static void checking_clear(struct checking *c)
{
	for (size_t i = 0; c->items != NULL && i < c->folder.count; i++) {
		schema_unref(c->items[i].schema);
		tree_clear(&c->items[i].tree);
	}
	alloc_free(c->items);
	alloc_free(c->errors.items);
	alloc_free(c->warnings.items);
	check_report_clear(&c->report);
	arena_clear(&c->arena);
	folder_clear(&c->folder);
}

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

static void note(struct checking *c, struct problem_list *list, const struct checked *item,
		 const char *text, uint32_t line, uint32_t column)
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

static void say(struct checking *c, const struct checked *item, const struct error *err)
{
	note(c, &c->errors, item, err->text, err->line, err->column);
}

static struct checked *find(struct checking *c, struct slice path)
{
	const struct folder_document *d = folder_get(&c->folder, path);
	struct checked *item = d != NULL ? &c->items[d - c->folder.documents] : NULL;

	return item != NULL && item->is_read ? item : NULL;
}

static enum result load_layer(void *ctx, struct slice path, const struct profile_layer **ret,
			      struct error *err)
{
	struct checking *c = ctx;
	struct checked *item = find(c, path);
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

static enum result load_schema_source(void *ctx, struct slice uri, const struct tree_node **ret,
				      struct error *err)
{
	static const struct slice prefix = SLICE_INIT("reeve:///");
	struct checked *item =
		slice_starts_with(uri, prefix) ? find(ctx, slice_from(uri, prefix.len)) : NULL;

	if (item == NULL || item->document->kind != KIND_SCHEMAS)
		return fail(err, E_NOT_FOUND, "there is no %.*s", SLICE_ARGS(uri));
	*ret = &item->tree.root;
	return OK;
}

static enum result compile(struct checking *c, struct checked *item, struct error *err)
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

static enum result load_schema(void *ctx, struct slice path, const struct schema **ret,
			       struct error *err)
{
	struct checking *c = ctx;
	struct checked *item = find(c, path);
	enum result rc;

	if (item == NULL || item->document->kind != KIND_SCHEMAS)
		return fail(err, E_NOT_FOUND, "there is no %.*s", SLICE_ARGS(path));
	rc = compile(c, item, err);
	if (rc == OK)
		*ret = item->schema;
	return rc;
}

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

static void read_all(struct checking *c)
{
	for (size_t i = 0; i < c->folder.count; i++) {
		struct checked *item = &c->items[i];
		struct doc_warnings warnings = {.count = 0};
		struct error err = ERROR_NULL;

		item->document = &c->folder.documents[i];
		item->tree = (struct tree)TREE_INIT(0, false);
		if (doc_read(&item->tree, item->document->format,
			     buf_slice(&item->document->source), &DOC_LIMITS_DEFAULT, &warnings,
			     &err) == OK)
			item->is_read = true;
		else
			say(c, item, &err);
		/* A policy's `on` is our own word for a key, and read as one everywhere. */
		if (item->document->kind == KIND_POLICIES)
			continue;
		for (uint32_t w = 0; w < warnings.count; w++)
			note(c, &c->warnings, item, warnings.items[w].text, warnings.items[w].line,
			     warnings.items[w].column);
	}
}

static void check_policy(struct checking *c, struct checked *item)
{
	struct policy *policy = NULL;
	struct error err = ERROR_NULL;
	struct slice name = slice_from(slice_text(item->document->path), strlen("policies/"));

	if (policy_compile(&policy, name, &item->tree.root, &err) != OK)
		say(c, item, &err);
	policy_unref(policy);
}

static void check_profile(struct checking *c, struct checked *item)
{
	const struct check_source source = {load_layer, load_schema, unknown_secret, c, NULL};
	struct effective effective = {.tree = TREE_INIT(0, false)};
	struct error err = ERROR_NULL;
	uint32_t before = c->report.errors_count;
	enum result rc = profile_check(&effective, slice_text(item->document->path), &source,
				       &c->report, &err);

	effective_clear(&effective);
	if (rc == OK || rc == E_UNSUPPORTED)
		return;
	if (c->report.errors_count == before)
		say(c, item, &err);
}

static void check_all(struct checking *c)
{
	for (size_t i = 0; i < c->folder.count; i++) {
		struct checked *item = &c->items[i];
		struct error err = ERROR_NULL;

		if (!item->is_read)
			continue;
		if (item->document->kind == KIND_SCHEMAS && compile(c, item, &err) != OK)
			say(c, item, &err);
		else if (item->document->kind == KIND_POLICIES)
			check_policy(c, item);
		else if (item->document->kind == KIND_PROFILES)
			check_profile(c, item);
	}
}

/* All that was found in one list each, as one answer of a server has them. */
static void gather(struct checking *c)
{
	struct check_problem *more = grow(&c->errors, c->report.errors_count);

	for (uint32_t i = 0; more != NULL && i < c->report.errors_count; i++)
		more[i] = c->report.errors[i];
	c->errors.dropped += c->report.errors_dropped;
	more = grow(&c->warnings, c->report.warnings_count);
	for (uint32_t i = 0; more != NULL && i < c->report.warnings_count; i++)
		more[i] = c->report.warnings[i];
}

static uint32_t count_errors(const struct checking *c)
{
	return c->errors.count + c->errors.dropped;
}

static void print_problem(const struct checking *c, const struct check_problem *p, const char *what)
{
	const struct folder_document *d = folder_get(&c->folder, p->origin_path);
	CLEANUP(buf_clear) struct buf place = BUF_NULL;

	if (d != NULL)
		buf_append_text(&place, d->file);
	if (d != NULL && p->line != 0)
		buf_printf(&place, ":%u:%u", p->line, p->column);
	print_line(TO_STDOUT, "%.*s%s%s%.*s%s%.*s%s%s", SLICE_ARGS(buf_slice(&place)),
		   place.len != 0 ? ": " : "", what, SLICE_ARGS(p->profile),
		   p->profile.len != 0 && p->pointer.len != 0 ? " " : "", SLICE_ARGS(p->pointer),
		   p->profile.len + p->pointer.len != 0 ? ": " : "", p->message);
}

static int print_report(const struct checking *c)
{
	CLEANUP(buf_clear) struct buf total = BUF_NULL;
	uint32_t errors = count_errors(c);

	for (uint32_t i = 0; i < c->errors.count; i++)
		print_problem(c, &c->errors.items[i], "");
	for (uint32_t i = 0; i < c->warnings.count; i++)
		print_problem(c, &c->warnings.items[i], "warning: ");
	buf_printf(&total, "%zu documents, %u error%s", c->folder.count, errors,
		   errors == 1 ? "" : "s");
	if (c->report.unchecked_count != 0)
		buf_printf(&total, ", %u checks that need the value of a secret were left out",
			   c->report.unchecked_count);
	print_line(TO_STDOUT, "%.*s", SLICE_ARGS(buf_slice(&total)));
	return errors == 0 ? EXIT_DONE : EXIT_REFUSED;
}

static int print_json(const struct checking *c)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;

	buf_append_text(&text, "{\"errors\":");
	check_problems_write(&text, c->errors.items, c->errors.count);
	buf_append_text(&text, ",\"warnings\":");
	check_problems_write(&text, c->warnings.items, c->warnings.count);
	buf_append_text(&text, ",\"unchecked\":");
	check_problems_write(&text, c->report.unchecked, c->report.unchecked_count);
	buf_append_text(&text, "}");
	if (print_content_line(buf_slice(&text)) != EXIT_DONE)
		return EXIT_REFUSED;
	return count_errors(c) == 0 ? EXIT_DONE : EXIT_REFUSED;
}

static int run_check(int argc, char **argv)
{
	CLEANUP(checking_clear)
	struct checking c = {.folder = FOLDER_NULL, .arena = ARENA_NULL};
	const char *directory = NULL, *output = "text";
	const struct option_row rows[] = {{"file", 'f', OPTION_TEXT, &directory},
					  {"output", 'o', OPTION_TEXT, &output}};
	struct operands operands;
	struct error err = ERROR_NULL;
	enum result rc;
	int code;

	if (!options_parse(&operands, &check_command, argc, argv, rows, ARRAY_SIZE(rows), 0, 0,
			   &code))
		return code;
	if (directory == NULL)
		return usage_error(&check_command, "-f DIR is missing");
	if (strcmp(output, "text") != 0 && strcmp(output, "json") != 0)
		return usage_error(&check_command, "no such output: %s", output);
	rc = folder_read(&c.folder, directory, &err);
	if (rc == OK) {
		c.items = alloc_zero_array(c.folder.count, sizeof *c.items);
		if (c.items == NULL)
			rc = fail(&err, E_MEMORY, "out of memory");
	}
	if (rc != OK) {
		say_failure(&check_command, rc, &err);
		return EXIT_USAGE;
	}
	read_all(&c);
	check_all(&c);
	gather(&c);
	return strcmp(output, "json") == 0 ? print_json(&c) : print_report(&c);
}

const struct command check_command = {
	.name = "check",
	.summary = "Validate a directory of documents without a server",
	.help = "Usage: reeve check -f DIR\n\n"
		"Checks schemas/, policies/ and profiles/ under DIR as storing them would: for a pre-commit\n"
		"hook. Secrets are taken to exist and to be strings; what looks at their values is left out.\n\n"
		"  -f, --file DIR\n"
		"  -o text|json\n"
		"\nExample: reeve check -f examples/orders\n",
	.run = run_check};
