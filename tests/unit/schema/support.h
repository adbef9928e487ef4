/* Schemas and instances as JSON with ' for " so that they can be read in C. */
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

/* Compiles; ends the test where that fails. */
void made_compile(struct made *m, const char *schema);
enum result made_compile_with(struct made *m, const char *schema,
			      const struct schema_options *options);

/* Validates in both ways, ends the test where they differ. */
enum result made_validate(struct made *m, const char *instance);
/* As made_validate(), of a tree that is already there. */
enum result made_validate_tree(struct made *m, const struct tree_node *instance);

/* "/pointer keyword: message" of the n-th problem, or "" where there is none; valid until the next
 * call. */
const char *made_problem(struct made *m, uint32_t n);

/* The verdict of a schema on an instance, compiled and forgotten. */
bool is_valid(const char *schema, const char *instance);

/* Whether the fast pass and the explaining one say the same; what a bound ended agrees with all. */
bool passes_agree(const struct schema *s, const struct tree_node *instance, enum verdict *ret);
