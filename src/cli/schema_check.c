/*
 * schema check: validates files against one schema, or pairs of a schema and an instance. With
 * several files the exit code is the worst one: 2 (not readable) above 1 (invalid) above 0. Every
 * file is checked, also after a failure.
 */
#include "base/file.h"
#include "cli/schema_command.h"
#include "cli/schema_options.h"

#include <unistd.h>

/* One of the output formats of JSON Schema 2020-12 core, section 12.4. */
static int print_output(enum schema_output output, bool is_valid,
			const struct schema_report *report)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct error err = ERROR_NULL;

	if (schema_write_output(&text, output, is_valid, report, &err) != OK) {
		print_line(TO_STDERR, "reeve: %s", err.text);
		return EXIT_USAGE;
	}
	if (print_content_line(buf_slice(&text)) != EXIT_DONE)
		return EXIT_REFUSED;
	return is_valid ? EXIT_DONE : EXIT_REFUSED;
}

static void print_warnings(const char *path, const struct doc_warnings *warnings)
{
	for (uint32_t i = 0; i < warnings->count; i++)
		print_line(TO_STDERR, "%s:%u:%u: warning: %s", path, warnings->items[i].line,
			   warnings->items[i].column, warnings->items[i].text);
}

/* schema_file_read() has printed why a file cannot be read. */
static int check_file(const char *path, const struct schema *s, const struct schema_arguments *a)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	CLEANUP(schema_report_clear) struct schema_report report = {.arena = ARENA_NULL};
	struct doc_warnings warnings = {.count = 0};
	struct error err = ERROR_NULL;
	enum result rc = schema_file_read(&tree, path, &warnings, &err);

	if (rc != OK)
		return EXIT_USAGE;
	print_warnings(path, &warnings);
	rc = schema_validate(s, &tree.root, NULL, &report, &err);
	if (rc != OK && rc != E_INVALID) {
		print_line(TO_STDERR, "%s: %s", path, err.text);
		return EXIT_REFUSED;
	}
	if (a->has_output)
		return print_output(a->output, rc == OK, &report);
	schema_print_problems(TO_STDOUT, path, &report);
	return rc == OK ? EXIT_DONE : EXIT_REFUSED;
}

/* The verdict of --batch on one line: "valid", "invalid", "refused" (the schema), "limit" or
 * "malformed". */
static const char *check_pair(const struct tree_node *pair, const struct schema_arguments *a)
{
	CLEANUP(schema_unrefp) struct schema *schema = NULL;
	const struct tree_node *source = TREE_GET(pair, "schema");
	const struct tree_node *instance = TREE_GET(pair, "instance");
	struct error err = ERROR_NULL;

	if (source == NULL || instance == NULL)
		return "malformed";
	if (schema_compile(&schema, source, &a->options, NULL, &err) != OK)
		return "refused";
	switch (schema_validate(schema, instance, NULL, NULL, &err)) {
	case OK:
		return "valid";
	case E_INVALID:
		return "invalid";
	default:
		return "limit";
	}
}

static enum result read_lines(struct buf *ret, const char *path, struct error *err)
{
	if (strcmp(path, "-") == 0)
		return file_read_fd(ret, STDIN_FILENO, "standard input", FILE_BYTES_MAX, err);
	return file_read(ret, path, FILE_BYTES_MAX, err);
}

/* One verdict for each line that is not empty, in order, so that a script can pair them with its
 * input. A line that is no JSON is a verdict too, and does not end the batch. */
static int check_batch(const char *path, const struct schema_arguments *a)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct error err = ERROR_NULL;
	struct slice rest, line;
	int ret = EXIT_DONE;

	if (read_lines(&text, path, &err) != OK) {
		print_line(TO_STDERR, "reeve: %s", err.text);
		return EXIT_USAGE;
	}
	rest = buf_slice(&text);
	while (slice_next_part(&rest, '\n', &line)) {
		CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
		const char *verdict = "malformed";

		if (line.len == 0)
			continue;
		if (doc_read(&tree, DOC_JSON, line, &FILE_LIMITS, NULL, &err) == OK)
			verdict = check_pair(&tree.root, a);
		print_line(TO_STDOUT, "%s", verdict);
		if (strcmp(verdict, "valid") != 0)
			ret = EXIT_REFUSED;
	}
	return ret;
}

static int run_check(int argc, char **argv)
{
	CLEANUP(schema_unrefp) struct schema *schema = NULL;
	struct schema_arguments a = {
		.options = {.limits = SCHEMA_LIMITS_DEFAULT, .is_format_asserted = true}};
	int ret = EXIT_DONE;

	if (!schema_arguments_parse(&a, &schema_check_command, argc, argv, &ret))
		return ret;
	if (a.files.count == 0 || (a.schema == NULL) != a.is_batch)
		return usage_error(&schema_check_command,
				   "--schema and files are needed, or --batch and files");
	if (!a.is_batch && schema_arguments_compile(&schema, &a) != OK)
		ret = EXIT_USAGE;
	for (int i = 0; i < a.files.count && (a.is_batch || schema != NULL); i++) {
		int one = a.is_batch ? check_batch(a.files.items[i], &a)
				     : check_file(a.files.items[i], schema, &a);

		ret = one > ret ? one : ret;
	}
	schema_library_clear(&a.library);
	return ret;
}

const struct command schema_check_command = {
	.name = "schema check",
	.summary = "Check YAML or JSON files against a schema",
	.help = "Usage: reeve schema check --schema SCHEMA FILE…\n"
		"       reeve schema check --batch FILE…\n\n"
		"Prints a line for each error: file:line:column: pointer: message. Exits with 0\n"
		"if all files are valid, with 1 if one is not, and with 2 if the schema is\n"
		"refused or a file cannot be read.\n\n"
		"  --schemas DIR            the folder in which reeve:///schemas/ URIs are\n"
		"                           looked up\n"
		"  --draft 7|2020-12        the draft of a schema without $schema (2020-12)\n"
		"  --strict                 refuse unknown keywords, as the server does\n"
		"  --no-format-assertion    do not check `format`\n"
		"  -o, --output flag|basic|detailed\n"
		"                           print an output format of the JSON Schema\n"
		"                           specification\n"
		"  --batch                  a line of FILE is {\"schema\": …, \"instance\": …};\n"
		"                           print valid, invalid, refused (the schema), limit\n"
		"                           or malformed for each\n"
		"\nExample: reeve schema check --schema pipeline.json orders/production.yaml\n",
	.operands_max = OPERANDS_ANY,
	.run = run_check};
