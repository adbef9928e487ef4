/* Policies: documents under policies/ that say what a principal may do to which paths. Nothing is allowed unless a rule
 * allows it; a deny wins over every allow. */
#pragma once

#include "access/permission.h"
#include "base/buf.h"
#include "doc/tree.h"

#define POLICY_RULES_MAX	 1000
#define POLICY_PATTERN_BYTES_MAX 2200

struct policy; /* immutable, shared by reference count, any thread */

/* `name`: the part behind "policies/". E_INVALID with line and column: unknown keys, permissions ("did you mean"), bad patterns. */
MUST_USE enum result policy_compile(struct policy **ret, struct slice name,
				    const struct tree_node *root, struct error *err);
struct policy *policy_ref(struct policy *p);
void policy_unref(struct policy *p); /* takes NULL */

/* Which rule decided: "orders-runtime", 2 (from 1); name empty where none matched (refused). */
struct decision {
	bool is_allowed;
	struct slice policy; /* borrowed from it */
	uint32_t rule;
	uint32_t line; /* of the rule in its document */
};

/* The decision of several policies together. `path` such as "config/orders/production", "sys/audit". */
struct decision policies_decide(const struct policy *const *policies, uint32_t count,
				enum permission wanted, struct slice path);

/* Whether some path at or under `prefix` ("" or ending in '/') might be allowed: to tell an empty list from a 403. */
bool policies_may_under(const struct policy *const *policies, uint32_t count,
			enum permission wanted, struct slice prefix);
