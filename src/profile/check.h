/*
 * The check of one profile: what it inherits from, its references and its schema. A pure function
 * of the documents that the source loads, so that `reeve check` without a server and the server
 * before a commit give the same answer. Any thread may call.
 */
#pragma once

#include "profile/profile.h"
#include "schema/schema.h"

/* Loads the documents. Everything that it returns must live until the results of the check are no
 * longer used. The functions run in the thread of the check; a result that is not OK, E_NOT_FOUND,
 * E_INVALID or E_MALFORMED ends the check without a verdict. */
struct check_source {
	profile_load_fn *load_layer;
	/* The compiled schema at "schemas/…", borrowed; E_NOT_FOUND when it does not exist. */
	enum result (*load_schema)(void *ctx, struct slice path, const struct schema **ret,
				   struct error *err);
	/* The value of a secret's key; a node flagged TREE_IS_OPAQUE where it exists but may not be
	 * read or is not known. NULL for an older revision, whose secrets may be destroyed by now:
	 * a profile that refers to secrets was validated when it was written and is not validated
	 * again. */
	secret_value_fn *secret_value;
	void *ctx;
	struct budget *budget; /* of the request; may be NULL */
};

/* One entry of `errors`, `warnings` or `unchecked`. Texts live in the report's arena. */
struct check_problem {
	struct slice profile; /* "orders/production" */
	struct slice pointer;
	struct slice keyword; /* of the schema; "" when no keyword failed */
	/* The schema that the profile is validated against ("schemas/orders"). Empty: the problem
	 * is not about the schema. */
	struct slice schema;
	/* The document with the keyword that failed ("schemas/base"). Empty when that part of the
	 * schema has a name of its own ($id). */
	struct slice constraint;
	/* Every key of `pointer` also stands under `properties` on the way to the keyword, so a
	 * reader of the schema knows these keys already. */
	bool is_named_by_schema;
	const char *message;
	struct slice origin_path; /* "profiles/orders/base"; empty where unknown */
	uint64_t origin_version;
	uint32_t line, column;
};

/* Of each of the three lists: an author reads no more at once, and the report is bounded. */
#define CHECK_PROBLEMS_MAX 100

/* The three lists. One report may collect the problems of several profiles; check_report_clear()
 * frees all of it. Problems beyond CHECK_PROBLEMS_MAX are counted for errors (`errors_dropped`) and
 * forgotten for the other two. */
struct check_report {
	struct arena arena; /* ARENA_NULL by the caller */
	struct check_problem *errors;
	uint32_t errors_count, errors_dropped;
	struct check_problem *warnings;
	uint32_t warnings_count;
	struct check_problem *unchecked;
	uint32_t unchecked_count;
	/* The profile that was checked last could be resolved, so all of its secrets were looked
	 * up. If false, it may need secrets that the errors do not name. */
	bool has_checked_secrets;
};

/* Frees the entries and their texts. The report may then be used again. */
void check_report_clear(struct check_report *r);

/* Resolves the profile `path` ("profiles/app/name") and validates it with the values of its
 * secrets.
 *
 *   OK             the profile is valid; `ret` is its effective configuration
 *   E_INVALID      it is refused; the reasons are added to `report`, after those of other profiles
 *   E_UNSUPPORTED  it is abstract, so only its header was checked
 *   E_LIMIT        a bound was reached before the check ended; `err` names the profile, the report
 *                  has no entry for it
 *   other          the check could not be done */
MUST_USE enum result profile_check(struct effective *ret, struct slice path,
				   const struct check_source *source, struct check_report *report,
				   struct error *err);

/* Checks only that all documents which the profile inherits from exist and can be ordered. Results
 * as above; abstract profiles are checked too. */
MUST_USE enum result profile_check_chain(struct slice path, const struct check_source *source,
					 struct check_report *report, struct error *err);

/* The path of the document that a `schema_location` lies in; empty when the schema has a name of
 * its own. Borrows from `location`. */
struct slice schema_location_path(struct slice location);

/* Appends one problem as a JSON object, or several as an array: {"profile", "pointer", "keyword",
 * "message", "origin": {"path", "version", "line", "column"}}. "origin" is absent where it is
 * unknown. A failure stays in `ret`. */
void check_problem_write(struct buf *ret, const struct check_problem *p);
void check_problems_write(struct buf *ret, const struct check_problem *problems, uint32_t count);
