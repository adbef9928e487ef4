#include "cli/schema_options.h"

#include <getopt.h>
#include <stdio.h>

static bool parse_draft(struct schema_arguments *ret, const char *name)
{
	if (strcmp(name, "7") == 0 || strcmp(name, "draft7") == 0)
		ret->options.draft = SCHEMA_DRAFT_7;
	else if (strcmp(name, "2020-12") == 0 || strcmp(name, "draft2020-12") == 0)
		ret->options.draft = SCHEMA_DRAFT_2020_12;
	else
		return false;
	return true;
}

static bool parse_output(struct schema_arguments *ret, const char *name)
{
	static const char *const names[] = {"flag", "basic", "detailed"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		ret->has_output = true;
		ret->output = (enum schema_output)i;
		return true;
	}
	return false;
}

static const struct option options[] = {
	{"schema", required_argument, NULL, 's'},
	{"schemas", required_argument, NULL, 'S'},
	{"remotes", required_argument, NULL, 'r'},
	{"instances", required_argument, NULL, 'i'},
	{"draft", required_argument, NULL, 'd'},
	{"output", required_argument, NULL, 'o'},
	{"format-assertion", no_argument, NULL, 'f'},
	{"no-format-assertion", no_argument, NULL, 'F'},
	{"strict", no_argument, NULL, 'x'},
	{"batch", no_argument, NULL, 'b'},
	{NULL, 0, NULL, 0},
};

static bool take(struct schema_arguments *ret, int option, const char *value)
{
	switch (option) {
	case 's':
		ret->schema = value;
		return true;
	case 'S':
		ret->library.schemas = value;
		return true;
	case 'r':
		ret->library.remotes = value;
		return true;
	case 'i':
		ret->instances = value;
		return true;
	case 'd':
		return parse_draft(ret, value);
	case 'o':
		return parse_output(ret, value);
	case 'f':
	case 'F':
		ret->options.is_format_asserted = option == 'f';
		return true;
	case 'x':
		ret->options.is_strict = true;
		return true;
	case 'b':
		ret->is_batch = true;
		return true;
	default:
		return false;
	}
}

bool schema_arguments_parse(struct schema_arguments *ret, int argc, char **argv)
{
	int option, index = 0;

	optind = 0; /* the command line before the subcommand may have been read already */
	while ((option = getopt_long(argc, argv, ":", options, &index)) != -1) {
		if (option == '?' || option == ':') {
			fprintf(stderr, "reeve schema %s: %s: %s\n", argv[0], argv[optind - 1],
				option == ':' ? "needs a value" : "there is no such option");
			return false;
		}
		if (!take(ret, option, optarg)) {
			fprintf(stderr, "reeve schema %s: --%s does not know \"%s\"\n", argv[0],
				options[index].name, optarg);
			return false;
		}
	}
	ret->files = argv + optind;
	ret->files_count = argc - optind;
	ret->options.load = schema_library_load;
	ret->options.load_ctx = &ret->library;
	return true;
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
	a->options.base_uri = buf_slice(&base);
	rc = schema_compile(ret, &source.root, &a->options, &report, &err);
	a->options.base_uri = SLICE_NULL;
	if (rc != OK && report.problems_count != 0)
		schema_print_problems(stderr, a->schema, &report);
	else if (rc != OK)
		fprintf(stderr, "%s: %s\n", a->schema, err.text);
	return rc;
}
