/*
 * Policies: documents under policies/ with rules about what a principal may do to which paths.
 * Nothing is allowed unless a rule allows it; a deny wins over every allow.
 *
 * A compiled policy is immutable and shared by reference count; any thread may use it.
 */
#pragma once

#include "access/permission.h"
#include "base/buf.h"
#include "doc/tree.h"

/* One decision looks at each rule of each policy of a principal once. */
#define POLICY_RULES_MAX	 1000
#define POLICY_PATTERN_BYTES_MAX 2200

struct policy;

/* Compiles the document `root`. `name` is the path without "policies/". E_INVALID with line and
 * column for unknown keys, unknown permissions ("did you mean") and malformed patterns; E_LIMIT,
 * E_MEMORY. */
MUST_USE enum result policy_compile(struct policy **ret, struct slice name,
				    const struct tree_node *root, struct error *err);
/* For one more owner; returns `p`, which must not be NULL. The last policy_unref() frees it, on any
 * thread. */
struct policy *policy_ref(struct policy *p);
void policy_unref(struct policy *p); /* takes NULL */

/* The rule that decided: "orders-runtime", 2. The name is empty when no rule matched, which means
 * refused. */
struct decision {
	bool is_allowed;
	struct slice policy; /* its name, borrowed from it */
	uint32_t rule;	     /* from 1, in the order written */
	uint32_t line;	     /* of the rule in its document */
};

/* The decision of several policies together, for a path such as "config/orders/production" or
 * "sys/audit". */
struct decision policies_decide(const struct policy *const *policies, uint32_t count,
				enum permission wanted, struct slice path);

/* Whether the policies may allow some path at or under `prefix` ("" or ending in '/').
 * Distinguishes an empty list from a refused one. */
bool policies_may_under(const struct policy *const *policies, uint32_t count,
			enum permission wanted, struct slice prefix);
