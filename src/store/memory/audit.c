/*
 * Queries of the audit log in a memory store: a walk over the whole span that looks at every entry.
 *
 * It gives the same entries in the same order as sqlite/audit.c and the same errors, in the
 * simplest way, so that one suite tests both. Only the count of steps until E_LIMIT
 * differs. Runs on the reader's thread, without a lock: the state that it walks over is its own
 * copy.
 */
#include "base/memory.h"
#include "store/memory/internal.h"

#define STEPS_PER_ENTRY 20

struct query {
	const struct memory_session *session;
	const struct memory_state *state;
	const struct audit_filter *filter;
	uint64_t first;	   /* index of the first entry of the span */
	uint32_t from, to; /* rows of the span */
	bool has_conditions;
	uint64_t left, scan_left;
};

static bool ends_in(struct slice s, const char *end)
{
	size_t len = strlen(end);

	return s.len >= len && slice_is_text(slice_from(s, s.len - len), end);
}

/* An action such as "token.*" stands for all that begin with "token."; an empty one for all. */
static bool fits(struct slice wanted, struct slice value)
{
	if (ends_in(wanted, "*"))
		return slice_starts_with(value, slice_first(wanted, wanted.len - 1));
	return wanted.len == 0 || slice_is_equal(wanted, value);
}

/* "secrets/a" is one path; "secrets/a/", with or without two stars behind it, stands for all paths
 * that begin with it. */
static bool fits_path(struct slice wanted, struct slice path)
{
	if (ends_in(wanted, "**"))
		return slice_starts_with(path, slice_first(wanted, wanted.len - 2));
	if (ends_in(wanted, "/"))
		return slice_starts_with(path, wanted);
	return slice_is_equal(wanted, path);
}

/* The paths of one entry lie together in the table, from the first with its index on. */
static bool has_path(const struct query *q, uint64_t index)
{
	const struct audit_path key = {.index = index};

	for (uint32_t i = state_lower(q->state, TABLE_AUDIT_PATHS, &key);
	     i < state_count(q->state, TABLE_AUDIT_PATHS); i++) {
		const struct audit_path *p = state_row(q->state, TABLE_AUDIT_PATHS, i);

		if (p->index != index)
			return false;
		if (fits_path(q->filter->path, p->path))
			return true;
	}
	return false;
}

static bool is_wanted(const struct query *q, const struct audit_row *row)
{
	const struct audit_filter *f = q->filter;
	/* "**" alone asks for nothing in particular: entries without a path fulfil it too. */
	bool is_any_path = f->path.len == 0 || slice_is_text(f->path, "**");

	return (f->from_ms == 0 || row->time_ms >= f->from_ms) &&
	       (f->to_ms == 0 || row->time_ms < f->to_ms) &&
	       (f->actor.len == 0 || slice_is_equal(f->actor, row->actor)) &&
	       (f->outcome.len == 0 || slice_is_equal(f->outcome, row->outcome)) &&
	       fits(f->action, row->action) && (is_any_path || has_path(q, row->index));
}

/* `after` is the first index when read forward and an exclusive end when read backward. Times are
 * compared row by row in is_wanted(), not turned into a span as sqlite/audit.c does. */
static void set_span(struct query *q)
{
	const struct audit_filter *f = q->filter;
	uint64_t last = f->is_newest_first && f->after != 0 ? f->after : UINT64_MAX;

	q->first = f->is_newest_first ? 0 : f->after;
	q->from = state_lower(q->state, TABLE_AUDIT, &(struct audit_row){.index = q->first});
	q->to = state_lower(q->state, TABLE_AUDIT, &(struct audit_row){.index = last});
}

/* Called for each row of the span before it is compared. Without conditions every row is wanted, so
 * the limit of rows bounds the walk and `scan_max` does not count. The index in the text is where
 * the next call goes on, in either direction. */
static enum result look(struct query *q, const struct audit_row *row, uint64_t expected,
			struct error *err)
{
	if (row->index != expected)
		return fail(err, E_CORRUPT, "the audit log lacks entry %llu",
			    (unsigned long long)expected);
	if (q->has_conditions && q->scan_left-- == 0)
		return fail(err, E_LIMIT,
			    "the filter finds too little: narrow it, or go on with after=%llu",
			    (unsigned long long)(q->filter->is_newest_first ? row->index + 1
									    : row->index));
	return budget_take(q->session->budget, STEPS_PER_ENTRY, err);
}

enum result memory_each_audit(struct store_session *ss, const struct audit_filter *filter,
			      audit_fn *each, void *ctx, struct error *err)
{
	const struct memory_session *s = (const struct memory_session *)ss;
	CLEANUP(state_clear) struct memory_state now = memory_state_now(s);
	struct query q = {.session = s,
			  .state = &now,
			  .filter = filter,
			  .has_conditions = filter->actor.len + filter->action.len +
						    filter->outcome.len + filter->path.len !=
					    0,
			  .left = filter->limit != 0 ? filter->limit : UINT64_MAX,
			  .scan_left = filter->scan_max != 0 ? filter->scan_max : AUDIT_SCAN_MAX};
	enum result rc = OK;

	set_span(&q);
	for (uint32_t i = 0; rc == OK && q.from + i < q.to && q.left != 0; i++) {
		uint32_t at = filter->is_newest_first ? q.to - 1 - i : q.from + i;
		const struct audit_row *row = state_row(&now, TABLE_AUDIT, at);

		rc = look(&q, row, q.first + (at - q.from), err);
		if (rc == OK && is_wanted(&q, row)) {
			q.left--;
			rc = each(ctx, row, err);
		}
	}
	return rc;
}
