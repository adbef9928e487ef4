/* Every allocation fails once: the answer is a clean E_MEMORY, and nothing leaks (the address
 * sanitizer's build says so). libyaml allocates by itself; what is ours is let fail here. */
#include "doc/diff.h"

#include "helpers.h"

static const char json[] = "{\"a\":[1,2.5,\"text\",null,true],\"b\":{\"c\":{},\"d\":\"\\u00fc\"},"
			   "\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8,"
			   "\"9\":9,\"10\":10,\"11\":11,\"12\":12,\"13\":13,\"14\":14,\"15\":15}";
static const char yaml[] =
	"a: &a [1, 2.5, text, ~, true, 0x1F]\nb: {c: {}, d: \"\\xfc\"}\ne: *a\n"
	"1: &b x\n2: *b\n3: |\n  lines\n  of text\n4: 1\n5: 2\n6: 3\n7: 4\n8: 5\n"
	"9: 6\n10: 7\n11: 8\n12: 9\n13: 10\n14: 11\n15: 12\n16: 13\n17: no\n";

static bool count_down(void *ctx)
{
	int *left = ctx;

	return (*left)-- != 0;
}

enum step { READ_JSON, READ_YAML, COPY, WRITE, FLATTEN, PATCH, STEPS };

static enum result write_all(const struct tree_node *n, struct error *err)
{
	CLEANUP(buf_clear) struct buf out = BUF_NULL;

	json_write_pretty(&out, n);
	json_write_sorted(&out, n);
	yaml_write(&out, n);
	return buf_check(&out, err);
}

static enum result flatten(const struct tree_node *n, struct error *err)
{
	CLEANUP(buf_clear) struct buf out = BUF_NULL;
	enum result rc = properties_write(&out, n, err);

	if (rc == OK)
		rc = env_write(&out, n, SLICE_LITERAL("X_"), err);
	return rc == OK ? buf_check(&out, err) : rc;
}

static enum result run_step(enum step step, const struct tree_node *n, struct error *err)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, step % 2 == 0);
	struct doc_limits limits = DOC_LIMITS_DEFAULT;
	struct doc_warnings warnings;

	switch (step) {
	case READ_JSON:
		return doc_read(&t, DOC_JSON, slice_text(json), &limits, NULL, err);
	case READ_YAML:
		return doc_read(&t, DOC_YAML, slice_text(yaml), &limits, &warnings, err);
	case COPY:
		return tree_copy(&t.root, &t.arena, n, err);
	case WRITE:
		return write_all(n, err);
	case FLATTEN:
		return flatten(n, err);
	default:
		return merge_patch(&t.root, &t.arena, n, n, err);
	}
}

Test(fault, every_allocation_may_fail)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);

	must_read(&t, json);
	for (int step = 0; step < STEPS; step++) {
		enum result rc = E_MEMORY;
		int failing;

		for (failing = 0; rc != OK; failing++) {
			struct error err = ERROR_NULL;
			int left = failing;

			cr_assert(failing < 1000);
			alloc_hook_set(count_down, &left);
			rc = run_step((enum step)step, &t.root, &err);
			alloc_hook_set(NULL, NULL);
			cr_expect(rc == OK || rc == E_MEMORY, "step %d, allocation %d: %s", step,
				  failing, err.text);
			if (rc != OK)
				cr_expect(strstr(err.text, "memory") != NULL);
		}
		cr_expect(failing > 1, "step %d allocates nothing", step);
	}
}
