/*
 * The schema compiler and the interpreter. An input is JSON: {"schema": …, "instance": …}, or a
 * schema alone, which is then its own instance. A boolean pass and a pass that collects reasons
 * must agree.
 */
#include "doc/read.h"
#include "schema/schema.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void validate(const struct schema *s, const struct tree_node *instance)
{
	CLEANUP(schema_report_clear) struct schema_report report = {.arena = ARENA_NULL};
	struct error err = ERROR_NULL;
	enum result rc = schema_validate(s, instance, NULL, NULL, &err);
	enum result rc_again = schema_validate(s, instance, NULL, &report, &err);

	if (rc != E_LIMIT && rc_again != E_LIMIT && rc != rc_again)
		abort();
	if (rc_again == E_INVALID && report.problems_count == 0 && report.problems_dropped == 0)
		abort();
	for (uint32_t i = 0; i < report.problems_count; i++)
		if (report.problems[i].message == NULL || report.problems[i].message[0] == '\0')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	const struct doc_limits limits = {65536, DOC_DEPTH_MAX, 5000, NULL};
	struct schema_options options = {.is_format_asserted = true,
					 .is_strict = size % 2 == 0,
					 .limits = {200000, 128, 5000, 20}};
	const struct tree_node *source, *instance;
	CLEANUP(schema_unrefp) struct schema *schema = NULL;
	CLEANUP(schema_report_clear) struct schema_report report = {.arena = ARENA_NULL};
	struct error err = ERROR_NULL;

	if (doc_read(&tree, DOC_JSON, slice_make((const char *)data, size), &limits, NULL, &err) !=
	    OK)
		return 0;
	source = TREE_GET(&tree.root, "schema");
	instance = TREE_GET(&tree.root, "instance");
	if (source == NULL || instance == NULL)
		source = instance = &tree.root;
	if (schema_compile(&schema, source, &options, &report, &err) != OK) {
		if (err.text[0] == '\0')
			abort();
		return 0;
	}
	validate(schema, instance);
	return 0;
}
