/*
 * schema test: runs files in the form of the official test suite
 * (json-schema-org/JSON-Schema-Test-Suite), which is an array of groups: {description, schema,
 * tests: [{description, data, valid}]}.
 *
 * Every test counts as passed or failed, also those of a schema that is refused, so the total does
 * not depend on failures. A file that has not this form ends with exit code 2, after the others
 * have run.
 */
#include "cli/schema_command.h"
#include "cli/schema_options.h"

/* Over all files. */
struct tally {
	unsigned passed;
	unsigned failed;
};

/* One group of a file; borrows from its tree. */
struct group {
	const char *file;
	const char *description;
	const struct tree_node *schema;
	const struct tree_node *tests;
};

static const char *description_of(const struct tree_node *n)
{
	const struct tree_node *text = TREE_GET(n, "description");

	return text != NULL && text->kind == TREE_STRING ? text->of.text : "(no description)";
}

static void print_test_failure(const struct group *g, const struct tree_node *test, const char *why)
{
	print_line(TO_STDOUT, "%s:%u:%u: %s: %s: %s", g->file, test->line, test->column,
		   g->description, description_of(test), why);
}

/* The errors of the instance. */
static void print_reasons(const struct schema_report *report)
{
	for (uint32_t i = 0; i < report->problems_count; i++)
		print_line(TO_STDOUT, "    %.*s%s%s", SLICE_ARGS(report->problems[i].pointer),
			   report->problems[i].pointer.len != 0 ? ": " : "",
			   report->problems[i].message);
}

/* Whether the test passed. Prints why it did not, in the form file:line:column. */
static bool run_test(const struct group *g, const struct schema *s, const struct tree_node *test)
{
	CLEANUP(schema_report_clear) struct schema_report report = {.arena = ARENA_NULL};
	const struct tree_node *data = TREE_GET(test, "data"), *valid = TREE_GET(test, "valid");
	struct error err = ERROR_NULL;
	enum result rc;

	if (data == NULL || valid == NULL || valid->kind != TREE_BOOL) {
		print_test_failure(g, test, "a test needs \"data\" and \"valid\"");
		return false;
	}
	rc = schema_validate(s, data, NULL, &report, &err);
	if (rc != OK && rc != E_INVALID) {
		print_test_failure(g, test, err.text);
		return false;
	}
	if ((rc == OK) == valid->of.truth)
		return true;
	print_test_failure(g, test,
			   valid->of.truth ? "the data should be valid, but is invalid"
					   : "the data should be invalid, but is valid");
	print_reasons(&report);
	return false;
}

static void run_group(const struct group *g, struct schema_arguments *a, struct tally *tally)
{
	CLEANUP(schema_unrefp) struct schema *schema = NULL;
	struct error err = ERROR_NULL;
	enum result rc = schema_compile(&schema, g->schema, &a->options, NULL, &err);

	if (rc != OK)
		print_line(TO_STDOUT, "%s:%u:%u: %s: the schema is refused: %s", g->file,
			   g->schema->line, g->schema->column, g->description, err.text);
	for (uint32_t i = 0; i < g->tests->count; i++) {
		if (rc == OK && run_test(g, schema, &g->tests->of.items[i]))
			tally->passed++;
		else
			tally->failed++;
	}
}

/* Errors of the file are printed here or by schema_file_read(). */
static enum result run_file(const char *path, struct schema_arguments *a, struct tally *tally)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct error err = ERROR_NULL;
	enum result rc = schema_file_read(&tree, path, NULL, &err);

	if (rc != OK)
		return rc;
	for (uint32_t i = 0; tree.root.kind == TREE_ARRAY && i < tree.root.count; i++) {
		const struct tree_node *n = &tree.root.of.items[i];
		struct group g = {path, description_of(n), TREE_GET(n, "schema"),
				  TREE_GET(n, "tests")};

		if (g.schema == NULL || g.tests == NULL || g.tests->kind != TREE_ARRAY) {
			print_line(TO_STDERR, "%s:%u:%u: a group needs \"schema\" and \"tests\"",
				   path, n->line, n->column);
			return E_MALFORMED;
		}
		run_group(&g, a, tally);
	}
	if (tree.root.kind == TREE_ARRAY)
		return OK;
	print_line(TO_STDERR, "%s: must be an array of groups of tests", path);
	return E_MALFORMED;
}

static int run_test_files(int argc, char **argv)
{
	struct schema_arguments a = {.options = {.limits = SCHEMA_LIMITS_DEFAULT}};
	struct tally tally = {0, 0};
	bool is_readable = true;
	int code;

	if (!schema_arguments_parse(&a, &schema_test_command, argc, argv, &code))
		return code;
	if (a.files.count == 0)
		return usage_error(&schema_test_command, "files are needed");
	for (int i = 0; i < a.files.count; i++)
		is_readable &= run_file(a.files.items[i], &a, &tally) == OK;
	print_line(TO_STDOUT, "%u passed, %u failed", tally.passed, tally.failed);
	schema_library_clear(&a.library);
	if (!is_readable)
		return EXIT_USAGE;
	return tally.failed != 0 ? EXIT_REFUSED : EXIT_DONE;
}

const struct command schema_test_command = {
	.name = "schema test",
	.summary = "Run files in the form of the official JSON Schema test suite",
	.help = "Usage: reeve schema test FILE…\n\n"
		"The last line is \"N passed, N failed\". Exits with 0 if no test failed, with 1\n"
		"if one failed, and with 2 if a file cannot be read.\n\n"
		"  --remotes DIR        the folder in which http://localhost:1234/ URIs are\n"
		"                       looked up\n"
		"  --draft 7|2020-12    the draft of schemas without $schema (2020-12)\n"
		"  --format-assertion   check `format`\n"
		"\nExample: reeve schema test my-tests.json\n",
	.operands_max = OPERANDS_ANY,
	.run = run_test_files};
