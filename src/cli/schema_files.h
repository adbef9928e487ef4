/* Reads schemas and instances from files, for the commands that need no server. One thread. */
#pragma once

#include "base/buf.h"
#include "cli/output.h"
#include "doc/read.h"
#include "schema/schema.h"

/* Larger than a server's bounds, because these are the user's own files. */
#define FILE_BYTES_MAX (256 * 1024 * 1024)
#define FILE_NODES_MAX 20000000
#define FILE_LIMITS    ((struct doc_limits){FILE_BYTES_MAX, DOC_DEPTH_MAX, FILE_NODES_MAX, NULL})

/* Reads `path` as JSON or YAML, by its ending or else by its first character. `warnings` may be
 * NULL. The caller initializes `ret` with TREE_INIT and clears it. On failure prints
 * "path:line:column: reason" to standard error. */
MUST_USE enum result schema_file_read(struct tree *ret, const char *path,
				      struct doc_warnings *warnings, struct error *err);

/* The documents that schemas refer to. They are read on first use and kept until
 * schema_library_clear(). */
struct schema_library {
	const char *remotes; /* folder of http://localhost:1234/ URIs; NULL: there is none */
	const char *schemas; /* folder of reeve:///schemas/ URIs; NULL: there is none */
	/* A list, newest first; the library is small, and is searched once for each reference. */
	struct schema_document *first;
};

void schema_library_clear(struct schema_library *l);

/* A schema_load_fn; `ctx` is a struct schema_library. E_NOT_FOUND for URIs outside of its
 * folders. */
MUST_USE enum result schema_library_load(void *ctx, struct slice uri, const struct tree_node **ret,
					 struct error *err);

/* Appends the reeve:///schemas/ URI of the schema at `path`, so that its relative references work
 * as on the server; nothing where the library has no folder of schemas. With --schemas conf,
 * conf/orders/base.yaml is reeve:///schemas/orders/base. A file outside of the folder has only its
 * own name: /tmp/x.yaml is reeve:///schemas/x. */
void schema_library_base(struct buf *ret, const struct schema_library *l, const char *path);

/* Prints "path:line:column: pointer: message" for each problem, without the pointer where the
 * problem is in the document as a whole. */
void schema_print_problems(enum print_to to, const char *path, const struct schema_report *report);
