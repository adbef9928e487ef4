/* Parses the options that the schema commands share. A command ignores those that it does not use;
 * its help text lists the ones that it does. */
#include "cli/schema_options.h"

/* "draft7" and "draft2020-12" are the names of the test suite's folders. */
static bool set_draft(struct schema_arguments *ret, const char *name)
{
	if (name == NULL)
		return true;
	if (strcmp(name, "7") == 0 || strcmp(name, "draft7") == 0)
		ret->options.draft = SCHEMA_DRAFT_7;
	else if (strcmp(name, "2020-12") == 0 || strcmp(name, "draft2020-12") == 0)
		ret->options.draft = SCHEMA_DRAFT_2020_12;
	else
		return false;
	return true;
}

/* The order of the names is that of enum schema_output. */
static bool set_output(struct schema_arguments *ret, const char *name)
{
	static const char *const names[] = {"flag", "basic", "detailed"};

	for (size_t i = 0; name != NULL && i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		ret->has_output = true;
		ret->output = (enum schema_output)i;
	}
	return name == NULL || ret->has_output;
}

bool schema_arguments_parse(struct schema_arguments *ret, const struct command *command, int argc,
			    char **argv, int *ret_exit)
{
	const char *draft = NULL, *output = NULL;
	bool is_asserted = false, is_annotation = false;
	const struct option_row rows[] = {
		{"schema", 0, OPTION_TEXT, &ret->schema},
		{"schemas", 0, OPTION_TEXT, &ret->library.schemas},
		{"remotes", 0, OPTION_TEXT, &ret->library.remotes},
		{"instances", 0, OPTION_TEXT, &ret->instances},
		{"draft", 0, OPTION_TEXT, &draft},
		{"output", 'o', OPTION_TEXT, &output},
		{"format-assertion", 0, OPTION_FLAG, &is_asserted},
		{"no-format-assertion", 0, OPTION_FLAG, &is_annotation},
		{"strict", 0, OPTION_FLAG, &ret->options.is_strict},
		{"batch", 0, OPTION_FLAG, &ret->is_batch},
	};

	if (!options_parse(&ret->files, command, argc, argv, OPTION_SET(rows), ret_exit))
		return false;
	*ret_exit = EXIT_USAGE;
	if (!set_draft(ret, draft))
		usage_error(command, "--draft must be 7 or 2020-12");
	else if (!set_output(ret, output))
		usage_error(command, "--output must be flag, basic or detailed");
	else if (is_asserted && is_annotation)
		usage_error(command,
			    "--format-assertion and --no-format-assertion exclude each other");
	else
		*ret_exit = EXIT_DONE;
	if (is_asserted || is_annotation)
		ret->options.is_format_asserted = is_asserted;
	ret->options.load = schema_library_load;
	ret->options.load_ctx = &ret->library;
	return *ret_exit == EXIT_DONE;
}

enum result schema_arguments_compile(struct schema **ret, struct schema_arguments *a)
{
	CLEANUP(tree_clear) struct tree source = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf base = BUF_NULL;
	CLEANUP(schema_report_clear) struct schema_report report = {.arena = ARENA_NULL};
	struct error err = ERROR_NULL;
	enum result rc = schema_file_read(&source, a->schema, NULL, &err);

	if (rc != OK)
		return rc;
	schema_library_base(&base, &a->library, a->schema);
	/* Borrowed for the compilation only; `base` is freed below. */
	a->options.base_uri = buf_slice(&base);
	rc = schema_compile(ret, &source.root, &a->options, &report, &err);
	a->options.base_uri = SLICE_NULL;
	if (rc != OK && report.problems_count != 0)
		schema_print_problems(TO_STDERR, a->schema, &report);
	else if (rc != OK)
		print_line(TO_STDERR, "%s: %s", a->schema, err.text);
	return rc;
}
