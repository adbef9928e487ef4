/* What both document fuzzers demand: a tree written in any way reads back equal. */
#pragma once

#include "doc/diff.h"
#include "doc/read.h"
#include "doc/write.h"

#include <stdio.h>
#include <stdlib.h>

#define DEMAND(condition)                                                               \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                       \
	} while (0)

static inline enum result demand_none(void *ctx, enum diff_op op, struct slice pointer,
				      const struct tree_node *from, const struct tree_node *to,
				      struct error *err)
{
	(void)ctx, (void)op, (void)pointer, (void)from, (void)to;
	return fail(err, E_INVALID, "equal trees differ");
}

static inline void demand_same(const struct tree_node *n, enum doc_format format, struct slice text)
{
	CLEANUP(tree_clear) struct tree again = TREE_INIT(0, false);
	/* Escapes and indentation make what is written longer than what was read. */
	struct doc_limits limits = {64 * 1024 * 1024, DOC_DEPTH_MAX, DOC_NODES_MAX, NULL};
	struct error err = ERROR_NULL;

	if (doc_read(&again, format, text, &limits, NULL, &err) != OK) {
		fprintf(stderr, "%u:%u: %s\n", err.line, err.column, err.text);
		abort();
	}
	DEMAND(tree_is_equal(n, &again.root));
	DEMAND(tree_hash(n) == tree_hash(&again.root));
	DEMAND(diff_trees(n, &again.root, demand_none, NULL, NULL, &err) == OK);
}

static inline void demand_roundtrip(const struct tree_node *n)
{
	void (*const json_writers[])(struct buf *, const struct tree_node *) = {
		json_write,
		json_write_pretty,
		json_write_sorted,
	};

	for (size_t i = 0; i < ARRAY_SIZE(json_writers); i++) {
		CLEANUP(buf_clear) struct buf out = BUF_NULL;

		json_writers[i](&out, n);
		DEMAND(!buf_is_failed(&out));
		demand_same(n, DOC_JSON, buf_slice(&out));
	}
	CLEANUP(buf_clear) struct buf yaml = BUF_NULL;

	yaml_write(&yaml, n);
	DEMAND(!buf_is_failed(&yaml));
	demand_same(n, DOC_YAML, buf_slice(&yaml));
}

static inline void fuzz_format(enum doc_format format, const uint8_t *data, size_t size)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf flat = BUF_NULL;
	struct doc_limits limits = DOC_LIMITS_DEFAULT;
	struct doc_warnings warnings;
	struct error err = ERROR_NULL;
	enum result rc;

	rc = doc_read(&t, format, slice_make((const char *)data, size), &limits, &warnings, &err);
	if (rc != OK) {
		DEMAND(rc == E_MALFORMED || rc == E_LIMIT);
		DEMAND(err.line != 0 && err.column != 0 && err.text[0] != '\0');
		return;
	}
	demand_roundtrip(&t.root);
	rc = properties_write(&flat, &t.root, &err);
	DEMAND(rc == OK || rc == E_CONFLICT || rc == E_INVALID || rc == E_LIMIT);
	rc = env_write(&flat, &t.root, SLICE_LITERAL("X_"), &err);
	DEMAND(rc == OK || rc == E_CONFLICT || rc == E_INVALID || rc == E_LIMIT);
}
