/*
 * Writing a tree. All append to a buffer; ask buf_check() afterwards. Once the buffer has failed nothing more is
 * looked at. What is written reads back equal.
 */
#pragma once

#include "base/buf.h"
#include "doc/tree.h"

/* One line without blanks; numbers as they were written, keys in their order. */
void json_write(struct buf *ret, const struct tree_node *n);
/* Indented by two, ends with a newline. */
void json_write_pretty(struct buf *ret, const struct tree_node *n);
/* Members sorted by key bytes, numbers as written: equal bytes for digests of equally written data. */
void json_write_sorted(struct buf *ret, const struct tree_node *n);

/* Block style; quotes what a YAML 1.1 reader would misread (`no`, `1:30`, `0755`, `1e3` …). */
void yaml_write(struct buf *ret, const struct tree_node *n);

/* Java properties (java.util.Properties.load): nested keys joined by '.', list items as key[0], in
 * ASCII with \uXXXX, separators and blanks escaped. Null is an empty value, an empty map or list gives
 * no line. Two places with one name ({"a.b": 1, "a": {"b": 2}}) are E_CONFLICT with both pointers; a
 * single value is E_INVALID; E_LIMIT when the names together are longer than 64 MiB. */
MUST_USE enum result properties_write(struct buf *ret, const struct tree_node *n,
				      struct error *err);

/* NAME=value lines for a POSIX shell: the pointer in capitals, other than [A-Z0-9_] as '_', joined by '_';
 * a '_' before a name that would be empty or begin with a digit; quoted where a shell would see anything
 * but itself. Null is empty, an empty map or list gives no line. Two pointers for one name: E_CONFLICT,
 * naming both. `prefix` (may be empty) stands before every name as it is. Errors as above. */
MUST_USE enum result env_write(struct buf *ret, const struct tree_node *n, struct slice prefix,
			       struct error *err);

/* Calls back for every leaf that env_write() would write, with NAME and unquoted value; for filling a
 * child's environment. Stops at the first result that is not OK. Values with NUL: E_INVALID. */
MUST_USE enum result env_each(const struct tree_node *n, struct slice prefix,
			      enum result (*each)(void *ctx, struct slice name, struct slice value,
						  struct error *err),
			      void *ctx, struct error *err);

/* A scalar's bare text (`null` is empty), containers as JSON; no newline behind it. */
void raw_write(struct buf *ret, const struct tree_node *n);
