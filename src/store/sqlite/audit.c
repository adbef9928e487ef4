/*
 * The audit log's rows and the queries of them.
 *
 * Every index of the log begins with the bucket, idx / AUDIT_BUCKET. So the entries of a commit go
 * to the few pages of the last bucket, however many actors and paths they name; with an index by
 * actor alone each commit would change a page for each actor. In return a query searches each
 * bucket: a thousand searches for a million entries. Within a bucket each condition fills a bitmap
 * from its index, and only entries that are in all bitmaps are read.
 *
 * The log has no gap, and times never decrease with the index. So a span of time is a span of the
 * index, found by binary search, and a missing entry was removed: E_CORRUPT.
 * A query counts the entries and index rows that it looks at, and ends with E_LIMIT at its bound.
 */
#include "store/sqlite/internal.h"

#include "base/buf.h"
#include "store/sqlite/schema.h"

#define BITMAP_WORDS (AUDIT_BUCKET / 64)

_Static_assert(AUDIT_BUCKET % 64 == 0, "a bucket is whole words");

struct bitmap {
	uint64_t words[BITMAP_WORDS];
};

/* One condition of a filter, with the two statements that find the entries of a bucket which fulfil
 * it. Equal to `value`; with `is_prefix`, at least `value` and less than `end`. */
struct condition {
	const char *exact_sql, *range_sql;
	struct slice value;
	bool is_prefix;
	struct buf end;
};

enum { CONDITIONS_MAX = 4 };

/* One call of sqlite_each_audit(). `left` counts the entries that may still be given, `budget` the
 * entries and index rows that may still be looked at (AUDIT_SCAN_MAX). */
struct scan {
	struct db *db;
	struct condition conditions[CONDITIONS_MAX];
	size_t conditions_count;
	uint64_t first, last; /* the span of the index: [first, last) */
	bool is_newest_first;
	uint64_t left, budget;
	audit_fn *each;
	void *ctx;
};

static void scan_clear(struct scan *scan)
{
	for (size_t i = 0; i < scan->conditions_count; i++)
		buf_clear(&scan->conditions[i].end);
}

/* An entry may name a path twice (two versions of one document): one row is enough to find it. */
static enum result put_paths(struct sqlite_store *s, const struct audit_row *row, uint64_t bucket,
			     struct error *err)
{
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < row->paths_count; i++) {
		const struct arg args[] = {arg_number(bucket), arg_text(row->paths[i]),
					   arg_number(row->index)};

		rc = db_run(&s->db,
			    "INSERT INTO audit_paths (bucket, path, idx) VALUES (?, ?, ?)"
			    " ON CONFLICT DO NOTHING",
			    "put the paths of an audit entry", ARGS(args), err);
	}
	return rc;
}

static enum result put_entry(struct sqlite_store *s, const struct audit_row *row, struct error *err)
{
	uint64_t bucket = row->index / AUDIT_BUCKET;
	const struct arg args[] = {
		arg_number(row->index), arg_number(bucket),    arg_signed(row->time_ms),
		arg_text(row->actor),	arg_text(row->action), arg_text(row->outcome),
		arg_bytes(row->leaf),	arg_bytes(row->entry),
	};
	enum result rc =
		db_run(&s->db,
		       "INSERT INTO audit (idx, bucket, time_ms, actor, action, outcome, leaf,"
		       " entry) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		       "put an audit entry", ARGS(args), err);

	return rc == OK ? put_paths(s, row, bucket, err) : rc;
}

enum result sqlite_put_audit(struct store *store, const struct audit_row *rows, uint32_t count,
			     struct error *err)
{
	struct sqlite_store *s = sqlite_of(store);
	enum result rc = sqlite_may_write(s, err);

	for (uint32_t i = 0; rc == OK && i < count; i++)
		rc = put_entry(s, &rows[i], err);
	return rc;
}

/* An entry's place in the log. */
struct position {
	bool is_there;
	uint64_t index;
	int64_t time_ms;
};

/* The first row of a statement that selects idx and time_ms and takes one bound. */
static enum result find_first(struct db *db, const char *sql, int64_t bound, struct position *ret,
			      struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct arg args[] = {arg_signed(bound)};
	enum result rc = query_open(&q, db, sql, "read the audit log", ARGS(args), err);

	*ret = (struct position){.is_there = false};
	if (rc == OK)
		rc = query_next(&q, &ret->is_there, err);
	if (rc != OK || !ret->is_there)
		return rc;
	ret->index = query_number(&q, 0);
	ret->time_ms = query_signed(&q, 1);
	return query_check(&q, err);
}

/* The last index plus 1: in a damaged file with a gap, entries behind the gap are still found. */
static enum result find_size(struct db *db, uint64_t *ret, struct error *err)
{
	struct position last;
	enum result rc = find_first(db,
				    "SELECT idx, time_ms FROM audit WHERE idx < ?"
				    " ORDER BY idx DESC LIMIT 1",
				    INT64_MAX, &last, err);

	if (rc == OK)
		*ret = last.is_there ? last.index + 1 : 0;
	return rc;
}

/* The first index in [first, last) whose time is at or after `bound_ms`, or `last`. A binary search
 * by the primary key: an index by time would be one more page to write in every commit. Each step
 * takes the next row that is there, so a gap in a damaged file does not end the search. */
static enum result find_time(struct db *db, uint64_t first, uint64_t last, int64_t bound_ms,
			     uint64_t *ret, struct error *err)
{
	while (first < last) {
		uint64_t middle = first + (last - first) / 2;
		struct position at;
		enum result rc = find_first(db,
					    "SELECT idx, time_ms FROM audit WHERE idx >= ?"
					    " ORDER BY idx LIMIT 1",
					    (int64_t)middle, &at, err);

		if (rc != OK)
			return rc;
		if (!at.is_there || at.index >= last || at.time_ms >= bound_ms)
			last = middle;
		else
			first = at.index + 1;
	}
	*ret = last;
	return OK;
}

/* `to_ms` before `from_ms`: the second search is then over the shorter span. */
static enum result set_span(struct scan *scan, const struct audit_filter *filter, struct error *err)
{
	enum result rc = find_size(scan->db, &scan->last, err);

	if (rc != OK)
		return rc;
	if (!filter->is_newest_first)
		scan->first = filter->after;
	else if (filter->after != 0 && filter->after < scan->last)
		scan->last = filter->after;
	if (filter->to_ms != 0)
		rc = find_time(scan->db, scan->first, scan->last, filter->to_ms, &scan->last, err);
	if (rc == OK && filter->from_ms != 0)
		rc = find_time(scan->db, scan->first, scan->last, filter->from_ms, &scan->first,
			       err);
	return rc;
}

/* `end` is the least text above all that begin with the prefix. No text has a byte 0xff, so the
 * last byte can be incremented. */
static enum result add_condition(struct scan *scan, const char *exact_sql, const char *range_sql,
				 struct slice value, bool is_prefix, struct error *err)
{
	struct condition *c = &scan->conditions[scan->conditions_count];

	if (value.len == 0)
		return OK;
	*c = (struct condition){exact_sql, range_sql, value, is_prefix, BUF_NULL};
	scan->conditions_count++;
	if (!is_prefix)
		return OK;
	buf_append_slice(&c->end, value);
	if (!buf_is_failed(&c->end))
		c->end.data[c->end.len - 1]++;
	return buf_check(&c->end, err);
}

static bool ends_in(struct slice s, const char *end)
{
	size_t len = strlen(end);

	return s.len >= len && slice_is_text(slice_from(s, s.len - len), end);
}

#define EXACT_SQL(table, column) "SELECT idx FROM " table " WHERE bucket = ? AND " column " = ?"
#define RANGE_SQL(table, column) \
	"SELECT idx FROM " table " WHERE bucket = ? AND " column " >= ? AND " column " < ?"

/* The most selective condition comes first: once a bucket has no entry left, the other indexes are
 * not read. "secrets/" and "token.*" are prefixes, also with one more star; stars alone leave an
 * empty prefix, which is no condition. */
static enum result set_conditions(struct scan *scan, const struct audit_filter *filter,
				  struct error *err)
{
	struct slice path = filter->path, action = filter->action;
	bool is_tree = ends_in(path, "/") || ends_in(path, "**");
	bool is_family = ends_in(action, "*");
	enum result rc;

	if (ends_in(path, "**"))
		path.len -= 2;
	if (is_family)
		action.len--;
	rc = add_condition(scan, EXACT_SQL("audit_paths", "path"), RANGE_SQL("audit_paths", "path"),
			   path, is_tree, err);
	if (rc == OK)
		rc = add_condition(scan, EXACT_SQL("audit", "actor"), NULL, filter->actor, false,
				   err);
	if (rc == OK)
		rc = add_condition(scan, EXACT_SQL("audit", "action"), RANGE_SQL("audit", "action"),
				   action, is_family, err);
	if (rc == OK)
		rc = add_condition(scan, EXACT_SQL("audit", "outcome"), NULL, filter->outcome,
				   false, err);
	return rc;
}

/* Counts one step before entries [at, at + count) are looked at. Out of steps, the text names the
 * `after` to go on from, so that the caller sees these entries again: the first of them when
 * reading forward, one past the last when reading backward. */
static enum result spend(struct scan *scan, uint64_t at, uint64_t count, struct error *err)
{
	if (scan->budget == 0)
		return fail(err, E_LIMIT,
			    "the filter finds too little: narrow it, or go on with after=%llu",
			    (unsigned long long)(scan->is_newest_first ? at + count : at));
	scan->budget--;
	return OK;
}

/* Sets in `ret` the bits of the bucket's entries that fulfil the condition. */
static enum result fill_bitmap(struct scan *scan, const struct condition *c, uint64_t bucket,
			       struct bitmap *ret, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct arg args[] = {arg_number(bucket), arg_text(c->value),
				   arg_text(buf_slice(&c->end))};
	bool has_row = true;
	enum result rc =
		query_open(&q, scan->db, c->is_prefix ? c->range_sql : c->exact_sql,
			   "search the audit log", (struct args){args, c->is_prefix ? 3 : 2}, err);

	*ret = (struct bitmap){{0}};
	while (rc == OK) {
		uint64_t bit;

		rc = query_next(&q, &has_row, err);
		if (rc != OK || !has_row)
			break;
		bit = query_number(&q, 0) - bucket * AUDIT_BUCKET;
		rc = query_check(&q, err);
		if (rc == OK)
			rc = spend(scan, bucket * AUDIT_BUCKET, AUDIT_BUCKET, err);
		if (rc == OK && bit < AUDIT_BUCKET)
			ret->words[bit / 64] |= UINT64_C(1) << (bit % 64);
	}
	return rc;
}

/* False: no entry is left. */
static bool intersect(struct bitmap *all, const struct bitmap *more)
{
	uint64_t any = 0;

	for (size_t i = 0; i < BITMAP_WORDS; i++) {
		all->words[i] &= more->words[i];
		any |= all->words[i];
	}
	return any != 0;
}

/* All entries of the bucket that lie within the span. */
static struct bitmap span_bitmap(const struct scan *scan, uint64_t bucket)
{
	struct bitmap bits = {{0}};
	uint64_t base = bucket * AUDIT_BUCKET;

	for (uint64_t i = 0; i < AUDIT_BUCKET; i++)
		if (base + i >= scan->first && base + i < scan->last)
			bits.words[i / 64] |= UINT64_C(1) << (i % 64);
	return bits;
}

/* The log has no gap: another index than `expected` means that a row was removed. A row with a
 * wrong bucket would be found by no query. */
static enum result give_row(struct scan *scan, struct query *q, uint64_t expected,
			    struct error *err)
{
	struct audit_row row = {
		.index = query_number(q, 0),
		.time_ms = query_signed(q, 1),
		.actor = query_text(q, 2),
		.action = query_text(q, 3),
		.outcome = query_text(q, 4),
		.leaf = query_bytes_exact(q, 5, DIGEST_BYTES),
		.entry = query_bytes(q, 6),
	};
	enum result rc = query_check(q, err);

	if (rc == OK && row.index != expected)
		rc = fail(err, E_CORRUPT, "the audit log lacks entry %llu",
			  (unsigned long long)expected);
	if (rc == OK && query_number(q, 7) != row.index / AUDIT_BUCKET)
		rc = fail(err, E_CORRUPT, "audit entry %llu is in the wrong bucket of the index",
			  (unsigned long long)row.index);
	return rc == OK ? scan->each(scan->ctx, &row, err) : rc;
}

#define AUDIT_COLUMNS "idx, time_ms, actor, action, outcome, leaf, entry, bucket"

static enum result give_entry(struct scan *scan, uint64_t index, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct arg args[] = {arg_number(index)};
	bool has_row = false;
	enum result rc = spend(scan, index, 1, err);

	if (rc == OK)
		rc = query_open(&q, scan->db, "SELECT " AUDIT_COLUMNS " FROM audit WHERE idx = ?",
				"read an audit entry", ARGS(args), err);
	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc != OK)
		return rc;
	if (!has_row)
		return fail(err, E_CORRUPT, "the audit log lacks entry %llu",
			    (unsigned long long)index);
	scan->left--;
	return give_row(scan, &q, index, err);
}

/* The bits are read in the order in which the caller wants the entries. */
static enum result give_bitmap(struct scan *scan, const struct bitmap *bits, uint64_t bucket,
			       struct error *err)
{
	enum result rc = OK;

	for (uint64_t i = 0; rc == OK && i < AUDIT_BUCKET && scan->left != 0; i++) {
		uint64_t at = scan->is_newest_first ? AUDIT_BUCKET - 1 - i : i;

		if ((bits->words[at / 64] >> (at % 64) & 1) != 0)
			rc = give_entry(scan, bucket * AUDIT_BUCKET + at, err);
	}
	return rc;
}

static enum result scan_bucket(struct scan *scan, uint64_t bucket, struct error *err)
{
	struct bitmap bits = span_bitmap(scan, bucket);

	for (size_t i = 0; i < scan->conditions_count; i++) {
		struct bitmap more;
		enum result rc = fill_bitmap(scan, &scan->conditions[i], bucket, &more, err);

		if (rc != OK)
			return rc;
		if (!intersect(&bits, &more))
			return OK;
	}
	return give_bitmap(scan, &bits, bucket, err);
}

/* Each bucket costs one step even if no entry fits, so a filter that finds nothing ends too. */
static enum result scan_buckets(struct scan *scan, struct error *err)
{
	enum result rc = OK;
	uint64_t from, to;

	if (scan->first >= scan->last)
		return OK;
	from = scan->first / AUDIT_BUCKET;
	to = (scan->last - 1) / AUDIT_BUCKET;
	for (uint64_t i = 0; rc == OK && i <= to - from && scan->left != 0; i++) {
		uint64_t bucket = scan->is_newest_first ? to - i : from + i;

		rc = spend(scan, bucket * AUDIT_BUCKET, AUDIT_BUCKET, err);
		if (rc == OK)
			rc = scan_bucket(scan, bucket, err);
	}
	return rc;
}

/* Without conditions every row is wanted, so `limit` is the only bound. */
static enum result scan_all(struct scan *scan, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct arg args[] = {arg_bound(scan->first), arg_bound(scan->last),
				   arg_bound(scan->left)};
	enum result rc = query_open(&q, scan->db,
				    scan->is_newest_first ? "SELECT " AUDIT_COLUMNS
							    " FROM audit WHERE idx >= ? AND idx < ?"
							    " ORDER BY idx DESC LIMIT ?"
							  : "SELECT " AUDIT_COLUMNS
							    " FROM audit WHERE idx >= ? AND idx < ?"
							    " ORDER BY idx LIMIT ?",
				    "read the audit log", ARGS(args), err);
	uint64_t expected = scan->is_newest_first ? scan->last - 1 : scan->first;
	bool has_row = rc == OK;

	while (rc == OK && has_row) {
		rc = query_next(&q, &has_row, err);
		if (rc == OK && has_row)
			rc = give_row(scan, &q, expected, err);
		/* Adding UINT64_MAX subtracts 1. */
		expected += scan->is_newest_first ? UINT64_MAX : 1;
	}
	return rc;
}

/* One transaction for all statements, so that they see one state of the log. */
enum result sqlite_each_audit(struct store_session *ss, const struct audit_filter *filter,
			      audit_fn *each, void *ctx, struct error *err)
{
	CLEANUP(scan_clear)
	struct scan scan = {
		.db = &session_of(ss)->db,
		.is_newest_first = filter->is_newest_first,
		.left = filter->limit != 0 ? filter->limit : UINT64_MAX,
		.budget = filter->scan_max != 0 ? filter->scan_max : AUDIT_SCAN_MAX,
		.each = each,
		.ctx = ctx,
	};
	bool has_begun = false;
	enum result rc = set_conditions(&scan, filter, err);

	if (rc == OK)
		rc = db_scope_begin(scan.db, &has_begun, err);
	if (rc == OK)
		rc = set_span(&scan, filter, err);
	if (rc == OK)
		rc = scan.conditions_count == 0 ? scan_all(&scan, err) : scan_buckets(&scan, err);
	db_scope_end(scan.db, has_begun);
	return rc;
}

/* A span of entries whose paths are asked for: [first, last). */
struct path_walk {
	struct db *db;
	uint64_t first, last;
	audit_path_fn *each;
	void *ctx;
};

/* Without an order: the primary key is (bucket, path, idx), and sorting by index would need memory
 * for all rows. */
static enum result give_paths(const struct path_walk *w, uint64_t bucket, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	const struct arg args[] = {arg_bound(bucket), arg_bound(w->first), arg_bound(w->last)};
	enum result rc = query_open(&q, w->db,
				    "SELECT idx, path FROM audit_paths WHERE bucket = ?"
				    " AND idx >= ? AND idx < ?",
				    "read the paths of audit entries", ARGS(args), err);
	bool has_row = rc == OK;

	while (rc == OK && has_row) {
		rc = query_next(&q, &has_row, err);
		if (rc == OK && has_row) {
			uint64_t index = query_number(&q, 0);
			struct slice path = query_text(&q, 1);

			rc = query_check(&q, err);
			if (rc == OK)
				rc = w->each(w->ctx, index, path, err);
		}
	}
	return rc;
}

enum result sqlite_each_audit_path(struct store_session *ss, uint64_t first, uint64_t last,
				   audit_path_fn *each, void *ctx, struct error *err)
{
	const struct path_walk w = {&session_of(ss)->db, first, last, each, ctx};
	enum result rc = OK;

	if (first >= last)
		return OK;
	for (uint64_t b = first / AUDIT_BUCKET; rc == OK && b <= (last - 1) / AUDIT_BUCKET; b++)
		rc = give_paths(&w, b, err);
	return rc;
}
