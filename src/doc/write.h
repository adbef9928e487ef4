/* Writing a tree in several formats. Each function appends to a buffer; call buf_check()
 * afterwards. A loop ends once the buffer has failed. Reading the output gives an equal tree. */
#pragma once

#include "base/buf.h"
#include "doc/tree.h"

/* JSON on one line without blanks; numbers as they were written, keys in their order. An opaque
 * value is null in all formats. */
void json_write(struct buf *ret, const struct tree_node *n);
/* JSON indented by two blanks, with a newline at the end. */
void json_write_pretty(struct buf *ret, const struct tree_node *n);
/* JSON with members sorted by the bytes of their keys and numbers as written: equal data that are
 * written alike give equal bytes, for digests. */
void json_write_sorted(struct buf *ret, const struct tree_node *n);

/* YAML in block style; quotes texts that a reader of YAML 1.1 would misread (`no`, `1:30`, `0755`,
 * `1e3` …). */
void yaml_write(struct buf *ret, const struct tree_node *n);

/* Java properties (java.util.Properties.load) in ASCII: nested keys are joined by '.', items of
 * lists are key[0]; other characters are \uXXXX, separators and blanks are escaped. Null is an
 * empty value; an empty map or list gives no line. E_CONFLICT with both pointers when two values
 * have one name ({"a.b": 1, "a": {"b": 2}}); E_INVALID for a single value; E_LIMIT when all names
 * together are longer than 64 MiB. */
MUST_USE enum result properties_write(struct buf *ret, const struct tree_node *n,
				      struct error *err);

/* NAME=value lines for a POSIX shell: the pointer in capitals, joined by '_'; other characters than
 * [A-Z0-9_] become '_'; a '_' stands before a name that would be empty or begin with a digit.
 * Values are quoted where a shell would change them. Null is empty; an empty map or list gives no
 * line. `prefix` (may be empty) stands unchanged before every name. Errors as above. */
MUST_USE enum result env_write(struct buf *ret, const struct tree_node *n, struct slice prefix,
			       struct error *err);

/* Calls `each` for every line that env_write() would write, with NAME and the unquoted value: for
 * the environment of a child process. Stops at the first result that is not OK. E_INVALID for
 * values with NUL. */
MUST_USE enum result env_each(const struct tree_node *n, struct slice prefix,
			      enum result (*each)(void *ctx, struct slice name, struct slice value,
						  struct error *err),
			      void *ctx, struct error *err);

/* The text of a scalar without quotes (`null` is empty); containers as JSON. No newline at the
 * end. */
void raw_write(struct buf *ret, const struct tree_node *n);
