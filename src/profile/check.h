/*
 * Whether one profile is right: its chain, its references, its schema. A pure function of the documents that a loader gives, so
 * that the service before a commit and the command before a server say the same.
 */
#pragma once

#include "profile/profile.h"
#include "schema/schema.h"

/* Where documents come from. Everything given must live until the check's results are no longer used. */
struct check_source {
	profile_load_fn *load_layer;
	/* The compiled schema at "schemas/…"; E_NOT_FOUND where there is none. Borrowed. */
	enum result (*load_schema)(void *ctx, struct slice path, const struct schema **ret,
				   struct error *err);
	/* The value of a secret's key; a node flagged TREE_IS_OPAQUE where it exists but may not be looked at or is not known. NULL: of a time gone by, whose
	 * secrets may be destroyed since: what refers to some was judged then and is not validated again. */
	secret_value_fn *secret_value;
	void *ctx;
	struct budget *budget; /* of the request; may be NULL */
};

/* One entry of an answer's `errors` (DESIGN 7). Texts live in the report's arena. */
struct check_problem {
	struct slice profile; /* "orders/production" */
	struct slice pointer;
	struct slice keyword; /* of the schema, "" for none */
	struct slice
		schema; /* "schemas/orders", which the profile is validated against; empty: the problem is no constraint's */
	struct slice
		constraint; /* "schemas/base", in which the constraint stands; empty: under a name of its own ($id) */
	bool is_named_by_schema; /* each key on the way to it stands under `properties` on the constraint's way */
	const char *message;
	struct slice origin_path; /* "profiles/orders/base"; empty where unknown */
	uint64_t origin_version;
	uint32_t line, column;
};

#define CHECK_PROBLEMS_MAX 100

struct check_report {
	struct arena arena; /* ARENA_NULL by the caller */
	struct check_problem *errors;
	uint32_t errors_count, errors_dropped;
	struct check_problem *warnings;
	uint32_t warnings_count;
	struct check_problem *unchecked;
	uint32_t unchecked_count;
	/* Of the profile that was checked last: it could be resolved, so that each secret which it needs was
	 * looked for. Else it may need more than the errors say. */
	bool has_checked_secrets;
};

void check_report_clear(struct check_report *r);

/* Resolves `path` ("profiles/app/name") into `ret` and validates it, secrets included. OK: right; `ret` is the effective configuration. E_INVALID: refused, reasons
 * added to `report` (which may hold other profiles' already). An abstract profile is E_UNSUPPORTED, checked only for its header. E_LIMIT: a
 * bound ran out, so that it cannot be told; `err` says where, the report holds nothing of it. Other results: it could not be told either. */
MUST_USE enum result profile_check(struct effective *ret, struct slice path,
				   const struct check_source *source, struct check_report *report,
				   struct error *err);

/* Only whether all that it inherits from is there and in order; as above, also of an abstract profile. */
MUST_USE enum result profile_check_chain(struct slice path, const struct check_source *source,
					 struct check_report *report, struct error *err);

/* The document that a problem's `schema_location` lies in; empty where it is under a name of its own. */
struct slice schema_location_path(struct slice location);

/* Appends the problems as a JSON array of {"profile", "pointer", "keyword", "message", "origin": {…}}. */
void check_problem_write(struct buf *ret, const struct check_problem *p);
void check_problems_write(struct buf *ret, const struct check_problem *problems, uint32_t count);
