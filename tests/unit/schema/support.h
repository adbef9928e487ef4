/* Schemas and instances for tests are JSON with ' for ", which is easier to read in C. */
#pragma once

#include "schema/compile/constant.h"
#include "schema/schema.h"

struct made {
	struct tree tree;
	struct schema *schema;
	struct tree instance;
	struct schema_report report;
	struct error err;
};

void made_clear(struct made *m);

struct tree text_tree(const char *json);

/* Compiles a schema; ends the test where that fails. Free with made_clear(). */
void made_compile(struct made *m, const char *schema);
enum result made_compile_with(struct made *m, const char *schema,
			      const struct schema_options *options);

/* Validates with and without a report; ends the test where the results differ. */
enum result made_validate(struct made *m, const char *instance);
/* As made_validate(), for an instance that is a tree. */
enum result made_validate_tree(struct made *m, const struct tree_node *instance);

/* "/pointer keyword: message" of the n-th problem, or "" where there is none; valid until the next
 * call. */
const char *made_problem(struct made *m, uint32_t n);

/* Compiles a schema, validates an instance, and frees both. */
bool is_valid(const char *schema, const char *instance);

/* Whether the fast and the explaining pass agree. A pass that a bound ended agrees with any
 * result. */
bool passes_agree(const struct schema *s, const struct tree_node *instance, enum verdict *ret);
