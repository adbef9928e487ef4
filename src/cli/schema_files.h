/* Schemas and instances from files, for commands that need no server. */
#pragma once

#include "base/buf.h"
#include "cli/output.h"
#include "doc/read.h"
#include "schema/schema.h"

/* Larger than what a server takes: these are the user's own files. */
#define FILE_BYTES_MAX (256 * 1024 * 1024)
#define FILE_NODES_MAX 20000000
#define FILE_LIMITS    ((struct doc_limits){FILE_BYTES_MAX, DOC_DEPTH_MAX, FILE_NODES_MAX, NULL})

/* Reads `path` as JSON or YAML, by its name or else by how it begins. `warnings` may be NULL. `ret` is TREE_INIT by the caller, who
 * clears it. On failure prints "path:line:column: why" to stderr. */
MUST_USE enum result schema_file_read(struct tree *ret, const char *path,
				      struct doc_warnings *warnings, struct error *err);

/* Documents that schemas refer to, found in folders and kept until schema_library_clear(). */
struct schema_library {
	const char *remotes; /* what stands for http://localhost:1234/; NULL: nothing */
	const char *schemas; /* what stands for reeve:///schemas/; NULL: nothing */
	struct schema_document *first;
};

void schema_library_clear(struct schema_library *l);

/* A schema_load_fn; `ctx` is a struct schema_library. */
MUST_USE enum result schema_library_load(void *ctx, struct slice uri, const struct tree_node **ret,
					 struct error *err);

/* Appends the URI that the schema at `path` has among the library's schemas; nothing where there is no such folder. */
void schema_library_base(struct buf *ret, const struct schema_library *l, const char *path);

/* Prints "path:line:column: pointer: message" for each problem; the pointer is left out where it is the whole document. */
void schema_print_problems(enum print_to to, const char *path, const struct schema_report *report);
