/* check: the validation of a write, without a server. All that is known of secrets here is that they are referred to. */
#include "access/policy.h"
#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/session.h"
#include "schema/profile_check.h"

#include <stdio.h>

struct checked {
	const struct folder_document *document;
	struct tree tree;
	bool is_read;
	struct profile_header header;
	struct profile_layer layer;
	struct schema *schema;
};

struct checking {
	struct folder folder;
	struct checked *items; /* one for each of the folder's documents */
	struct arena arena;
	struct check_report report;
	uint32_t errors;
};

static void checking_clear(struct checking *c)
{
	for (size_t i = 0; c->items != NULL && i < c->folder.count; i++) {
		schema_unref(c->items[i].schema);
		tree_clear(&c->items[i].tree);
	}
	alloc_free(c->items);
	check_report_clear(&c->report);
	arena_clear(&c->arena);
	folder_clear(&c->folder);
}

static void say(struct checking *c, const struct checked *item, const struct error *err)
{
	c->errors++;
	if (err->line != 0)
		printf("%s:%u:%u: %s\n", item->document->file, err->line, err->column, err->text);
	else
		printf("%s: %s\n", item->document->file, err->text);
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
		struct error err = ERROR_NULL;

		item->document = &c->folder.documents[i];
		item->tree = (struct tree)TREE_INIT(0, false);
		if (doc_read(&item->tree, item->document->format,
			     buf_slice(&item->document->source), &DOC_LIMITS_DEFAULT, NULL,
			     &err) == OK)
			item->is_read = true;
		else
			say(c, item, &err);
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
	const struct check_source source = {load_layer, load_schema, unknown_secret, c};
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

static void print_problem(const struct checking *c, const struct check_problem *p, const char *what)
{
	const struct folder_document *d = folder_get(&c->folder, p->origin_path);

	if (d != NULL)
		printf("%s:%u:%u: ", d->file, p->line, p->column);
	printf("%s%.*s%s%.*s: %s\n", what, SLICE_ARGS(p->profile), p->pointer.len != 0 ? " " : "",
	       SLICE_ARGS(p->pointer), p->message);
}

static int print_report(const struct checking *c)
{
	uint32_t errors = c->errors + c->report.errors_count + c->report.errors_dropped;

	for (uint32_t i = 0; i < c->report.errors_count; i++)
		print_problem(c, &c->report.errors[i], "");
	for (uint32_t i = 0; i < c->report.warnings_count; i++)
		print_problem(c, &c->report.warnings[i], "warning: ");
	printf("%zu documents, %u errors", c->folder.count, errors);
	if (c->report.unchecked_count != 0)
		printf(", %u checks that need the value of a secret were left out",
		       c->report.unchecked_count);
	putchar('\n');
	return errors == 0 ? EXIT_DONE : EXIT_REFUSED;
}

static int print_json(const struct checking *c)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;

	buf_append_text(&text, "{\"errors\":");
	check_problems_write(&text, c->report.errors, c->report.errors_count);
	buf_append_text(&text, ",\"warnings\":");
	check_problems_write(&text, c->report.warnings, c->report.warnings_count);
	buf_append_text(&text, ",\"unchecked\":");
	check_problems_write(&text, c->report.unchecked, c->report.unchecked_count);
	buf_append_text(&text, "}");
	if (print_line(buf_slice(&text)) != EXIT_DONE)
		return EXIT_REFUSED;
	return c->errors + c->report.errors_count == 0 ? EXIT_DONE : EXIT_REFUSED;
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
	return strcmp(output, "json") == 0 ? print_json(&c) : print_report(&c);
}

const struct command check_command = {
	"check", "Validate a directory of documents without a server",
	"Usage: reeve check -f DIR\n\n"
	"Checks schemas/, policies/ and profiles/ under DIR as storing them would: for a pre-commit\n"
	"hook. Secrets are taken to exist and to be strings; what looks at their values is left out.\n\n"
	"  -f, --file DIR\n"
	"  -o text|json\n"
	"\nExample: reeve check -f examples/orders\n",
	run_check};
