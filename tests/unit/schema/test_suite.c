/* The official JSON Schema test suite, read where REEVE_SUITES says. */
#include "../skip.h"
#include "base/file.h"
#include "doc/read.h"
#include "support.h"

#include <criterion/criterion.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REMOTE	   "http://localhost:1234/"
#define LOADED_MAX 64

struct suite {
	const char *folder; /* that holds tests/ and remotes/ */
	enum schema_draft draft;
	bool is_format_asserted;
	struct tree loaded[LOADED_MAX];
	size_t loaded_count;
	unsigned passed, failed;
};

static enum result read_json(struct tree *ret, const char *path, struct error *err)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	enum result rc = file_read(&text, path, 16 << 20, err);
	struct doc_limits limits = {16 << 20, 64, 1000000, NULL};

	return rc == OK ? doc_read(ret, DOC_JSON, buf_slice(&text), &limits, NULL, err) : rc;
}

static enum result load(void *ctx, struct slice uri, const struct tree_node **ret,
			struct error *err)
{
	struct suite *s = ctx;
	char path[1024];
	struct tree *tree = &s->loaded[s->loaded_count];
	enum result rc;

	if (!slice_starts_with(uri, SLICE_LITERAL(REMOTE)) || s->loaded_count == LOADED_MAX)
		return E_NOT_FOUND;
	snprintf(path, sizeof path, "%s/remotes/%.*s", s->folder,
		 SLICE_ARGS(slice_from(uri, strlen(REMOTE))));
	*tree = (struct tree)TREE_INIT(0, false);
	rc = read_json(tree, path, err);
	if (rc != OK)
		return rc;
	s->loaded_count++;
	*ret = &tree->root;
	return OK;
}

static void run_tests(struct suite *s, const char *file, const struct tree_node *group,
		      const struct schema *schema)
{
	const struct tree_node *tests = TREE_GET(group, "tests");

	for (uint32_t i = 0; i < tests->count; i++) {
		const struct tree_node *test = &tests->of.items[i];
		struct schema_report report = {.arena = ARENA_NULL};
		bool is_valid = TREE_GET(test, "valid")->of.truth;
		enum result quick = E_INTERNAL, rc = E_INTERNAL;
		enum verdict verdict;
		bool agree = false;

		if (schema != NULL) {
			agree = passes_agree(schema, TREE_GET(test, "data"), &verdict);
			quick = schema_validate(schema, TREE_GET(test, "data"), NULL, NULL, NULL);
			rc = schema_validate(schema, TREE_GET(test, "data"), NULL, &report, NULL);
		}
		if (rc == (is_valid ? OK : E_INVALID) && quick == rc && agree &&
		    (report.problems_count != 0) == !is_valid) {
			s->passed++;
		} else {
			s->failed++;
			fprintf(stderr, "%s: %s: %s: %s (without reasons: %s)\n", file,
				TREE_GET(group, "description")->of.text,
				TREE_GET(test, "description")->of.text, result_name(rc),
				result_name(quick));
		}
		schema_report_clear(&report);
	}
}

static void run_group(struct suite *s, const char *file, const struct tree_node *group)
{
	struct schema_options options = {.draft = s->draft,
					 .is_format_asserted = s->is_format_asserted,
					 .load = load,
					 .load_ctx = s,
					 .limits = SCHEMA_LIMITS_DEFAULT};
	struct error err = ERROR_NULL;
	struct schema *schema = NULL;

	s->loaded_count = 0;
	if (schema_compile(&schema, TREE_GET(group, "schema"), &options, NULL, &err) != OK)
		fprintf(stderr, "%s: %s: %s\n", file, TREE_GET(group, "description")->of.text,
			err.text);
	run_tests(s, file, group, schema);
	schema_unref(schema);
	for (size_t i = 0; i < s->loaded_count; i++)
		tree_clear(&s->loaded[i]);
}

static void run_folder(struct suite *s, const char *folder)
{
	char path[1024];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof path, "%s/tests/%s", s->folder, folder);
	dir = opendir(path);
	cr_assert(dir != NULL, "%s", path);
	while ((entry = readdir(dir)) != NULL) {
		struct tree tree = TREE_INIT(0, false);
		struct error err = ERROR_NULL;
		char file[2048];

		if (strstr(entry->d_name, ".json") == NULL)
			continue;
		snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
		cr_assert_eq(read_json(&tree, file, &err), OK, "%s: %s", file, err.text);
		for (uint32_t i = 0; i < tree.root.count; i++)
			run_group(s, entry->d_name, &tree.root.of.items[i]);
		tree_clear(&tree);
	}
	closedir(dir);
}

/* Runs the tests of `folder`; the suite grows, so the numbers are those of the oldest one that is
 * known to do. */
static void run_suite(struct suite *s, const char *folder, unsigned tests_min, unsigned failed)
{
	static char path[512];

	find_suite_or_skip("json-schema", path, sizeof path);
	s->folder = path;
	run_folder(s, folder);
	cr_expect_eq(s->failed, failed, "%u failed", s->failed);
	cr_expect_geq(s->passed + s->failed, tests_min, "only %u tests", s->passed + s->failed);
}

Test(suite, every_required_test_of_draft_2020_12_passes)
{
	static struct suite s = {.draft = SCHEMA_DRAFT_2020_12};

	run_suite(&s, "draft2020-12", 1257, 0);
}

Test(suite, every_required_test_of_draft_7_passes)
{
	static struct suite s = {.draft = SCHEMA_DRAFT_7};

	run_suite(&s, "draft7", 913, 0);
}

/* The one that fails refers to draft 2019-09 (docs/json-schema.md). */
Test(suite, optional_tests_of_draft_2020_12_pass_but_for_one)
{
	static struct suite s = {.draft = SCHEMA_DRAFT_2020_12};

	run_suite(&s, "draft2020-12/optional", 158, 1);
}

Test(suite, formats_of_draft_2020_12_pass)
{
	static struct suite s = {.draft = SCHEMA_DRAFT_2020_12, .is_format_asserted = true};

	run_suite(&s, "draft2020-12/optional/format", 491, 0);
}
