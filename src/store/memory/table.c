/*
 * Tables of rows that are shared by counting references, and copied before they change.
 *
 * A table is a sorted list of pointers to rows. A row is one block: the struct, then the bytes of
 * all its slices. Must hold: a row never changes once it is in a table; a table changes only while
 * exactly one state has it (own_table()); every slice of a stored row points into its own block.
 *
 * Threads: reference counters are atomic, since states on different threads share tables. All else
 * needs no lock: a table with one reference belongs to one state, and a state to one thread.
 *
 * Insertions move the rest of the list, and each table is searched by bisection. That is enough for
 * tests, where tables have thousands of rows.
 */
#include "store/memory/table.h"

#include "base/memory.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

struct memory_row {
	atomic_uint refs;
	max_align_t data[]; /* the struct, then the bytes of its slices */
};

/* `size` is the number of places in `rows`, `count` of those in use. */
struct table {
	atomic_uint refs;
	uint32_t count, size;
	struct memory_row **rows;
};

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* The orders of the tables. They are the orders in which store.h promises rows, and those of the
 * primary keys in sqlite/schema.c. A search may give a struct in which only the compared members
 * are set. */
static int compare_meta(const void *a, const void *b)
{
	const struct meta_entry *x = a, *y = b;

	return slice_compare(x->name, y->name);
}

static int compare_versions(const void *a, const void *b)
{
	const struct version_row *x = a, *y = b;
	int order = slice_compare(x->path, y->path);

	return order != 0 ? order : compare_u64(x->version, y->version);
}

static int compare_revisions(const void *a, const void *b)
{
	const struct revision_row *x = a, *y = b;

	return compare_u64(x->revision, y->revision);
}

static int compare_changes(const void *a, const void *b)
{
	const struct change_row *x = a, *y = b;
	int order = compare_u64(x->revision, y->revision);

	if (order == 0)
		order = slice_compare(x->path, y->path);
	return order != 0 ? order : compare_u64(x->version, y->version);
}

static int compare_effectives(const void *a, const void *b)
{
	const struct effective_row *x = a, *y = b;
	int order = slice_compare(x->config, y->config);

	return order != 0 ? order : compare_u64(x->revision, y->revision);
}

static int compare_edges(const void *a, const void *b)
{
	const struct edge_row *x = a, *y = b;
	int order = slice_compare(x->source, y->source);

	if (order == 0)
		order = compare_u64(x->kind, y->kind);
	return order != 0 ? order : slice_compare(x->target, y->target);
}

static int compare_tokens(const void *a, const void *b)
{
	const struct token_row *x = a, *y = b;

	return slice_compare(x->accessor, y->accessor);
}

static int compare_keys(const void *a, const void *b)
{
	const struct wrap_key_row *x = a, *y = b;

	return compare_u64(x->generation, y->generation);
}

static int compare_audit(const void *a, const void *b)
{
	const struct audit_row *x = a, *y = b;

	return compare_u64(x->index, y->index);
}

static int compare_audit_paths(const void *a, const void *b)
{
	const struct audit_path *x = a, *y = b;
	int order = compare_u64(x->index, y->index);

	return order != 0 ? order : slice_compare(x->path, y->path);
}

/* There is one row. */
static int compare_logs(const void *a, const void *b)
{
	(void)a;
	(void)b;
	return 0;
}

static int compare_idempotent(const void *a, const void *b)
{
	const struct idempotent_row *x = a, *y = b;

	return slice_compare(x->key, y->key);
}

enum { SLICES_MAX = 8, NUMBERS_MAX = 3 };

/* Where a struct has its slices, which are copied with it, and its numbers, which are checked. 0
 * ends a list: so what stands first in a struct is entered as FIRST. */
struct kind {
	size_t size;
	int (*compare)(const void *a, const void *b);
	size_t slices[SLICES_MAX];
	size_t numbers[NUMBERS_MAX];
};

/* offsetof() of a first member is 0, which would end the list. */
#define FIRST		 SIZE_MAX
#define AT(type, member) offsetof(struct type, member)

static const struct kind kinds[TABLES_COUNT] = {
	[TABLE_META] = {sizeof(struct meta_entry),
			compare_meta,
			{FIRST, AT(meta_entry, value)},
			{0}},
	[TABLE_VERSIONS] = {sizeof(struct version_row),
			    compare_versions,
			    {FIRST, AT(version_row, created_by), AT(version_row, message),
			     AT(version_row, content_type), AT(version_row, digest),
			     AT(version_row, wrapped_key), AT(version_row, sealed)},
			    {AT(version_row, version), AT(version_row, revision),
			     AT(version_row, state_revision)}},
	[TABLE_REVISIONS] = {sizeof(struct revision_row),
			     compare_revisions,
			     {AT(revision_row, author), AT(revision_row, accessor),
			      AT(revision_row, message), AT(revision_row, source),
			      AT(revision_row, request_id)},
			     {FIRST}},
	[TABLE_CHANGES] = {sizeof(struct change_row),
			   compare_changes,
			   {AT(change_row, path), AT(change_row, origin)},
			   {FIRST, AT(change_row, version)}},
	[TABLE_EFFECTIVES] = {sizeof(struct effective_row),
			      compare_effectives,
			      {FIRST, AT(effective_row, digest)},
			      {AT(effective_row, revision)}},
	[TABLE_EDGES] = {sizeof(struct edge_row),
			 compare_edges,
			 {FIRST, AT(edge_row, target)},
			 {0}},
	[TABLE_TOKENS] = {sizeof(struct token_row),
			  compare_tokens,
			  {FIRST, AT(token_row, accessor), AT(token_row, record)},
			  {AT(token_row, changed_revision)}},
	[TABLE_KEYS] = {sizeof(struct wrap_key_row),
			compare_keys,
			{AT(wrap_key_row, wrapped)},
			{0}},
	[TABLE_AUDIT] = {sizeof(struct audit_row),
			 compare_audit,
			 {AT(audit_row, actor), AT(audit_row, action), AT(audit_row, outcome),
			  AT(audit_row, entry), AT(audit_row, leaf)},
			 {FIRST}},
	[TABLE_AUDIT_PATHS] = {sizeof(struct audit_path),
			       compare_audit_paths,
			       {AT(audit_path, path)},
			       {FIRST}},
	[TABLE_LOG] = {sizeof(struct log_row),
		       compare_logs,
		       {AT(log_row, peaks), AT(log_row, checkpoint), AT(log_row, tables)},
		       {FIRST}},
	[TABLE_IDEMPOTENT] = {sizeof(struct idempotent_row),
			      compare_idempotent,
			      {FIRST, AT(idempotent_row, fingerprint),
			       AT(idempotent_row, response)},
			      {0}},
};

static size_t offset_of(size_t entry)
{
	return entry == FIRST ? 0 : entry;
}

static struct slice *slice_in(void *data, size_t entry)
{
	return (struct slice *)((char *)data + offset_of(entry));
}

/* SQLite has signed numbers only. Checked here too, so that no test passes on memory alone. */
static bool has_large_number(const struct kind *k, const void *row)
{
	for (size_t i = 0; i < NUMBERS_MAX && k->numbers[i] != 0; i++) {
		uint64_t number;

		memcpy(&number, (const char *)row + offset_of(k->numbers[i]), sizeof number);
		if (number > INT64_MAX)
			return true;
	}
	return false;
}

/* One block for the struct and its bytes, so that one alloc_free() frees all. The slices are
 * redirected in a copy: `row` is the caller's and const. */
static struct memory_row *row_new(const struct kind *k, const void *row)
{
	char copy[sizeof(struct version_row)] __attribute__((aligned(_Alignof(max_align_t))));
	size_t len = k->size;
	struct memory_row *r;
	char *bytes;

	memcpy(copy, row, k->size);
	for (size_t i = 0; i < SLICES_MAX && k->slices[i] != 0; i++)
		len += slice_in(copy, k->slices[i])->len;
	r = alloc_zero(sizeof *r + len);
	if (r == NULL)
		return NULL;
	atomic_init(&r->refs, 1);
	bytes = (char *)r->data + k->size;
	for (size_t i = 0; i < SLICES_MAX && k->slices[i] != 0; i++) {
		struct slice *s = slice_in(copy, k->slices[i]);

		if (s->len != 0)
			memcpy(bytes, s->data, s->len);
		s->data = bytes;
		bytes += s->len;
	}
	memcpy(r->data, copy, k->size);
	return r;
}

_Static_assert(sizeof(struct version_row) >= sizeof(struct audit_row),
	       "the largest row fits the copy in row_new()");

/* The last reference may be given back on any thread. */
static void row_unref(struct memory_row *r)
{
	if (atomic_fetch_sub(&r->refs, 1) == 1)
		alloc_free(r);
}

static void table_unref(struct table *t)
{
	if (t == NULL || atomic_fetch_sub(&t->refs, 1) != 1)
		return;
	for (uint32_t i = 0; i < t->count; i++)
		row_unref(t->rows[i]);
	alloc_free(t->rows);
	alloc_free(t);
}

/* The state's own table, which may be changed and has a place for one more row; NULL: no memory,
 * and the state is unchanged. A shared table is copied as a list: its rows stay shared. A count of
 * 1 cannot rise meanwhile, because only this state could copy it. */
static struct table *own_table(struct memory_state *s, enum table_id id)
{
	struct table *old = s->tables[id], *t = old;
	uint32_t count = old != NULL ? old->count : 0;

	if (old == NULL || atomic_load(&old->refs) != 1) {
		t = alloc_zero(sizeof *t);
		if (t == NULL)
			return NULL;
		atomic_init(&t->refs, 1);
	}
	if (t->size <= count) {
		/* Doubling, so that n insertions copy the list a few times only. */
		uint32_t size = count * 2 + 8;
		struct memory_row **rows =
			alloc_resize(t->rows, size * sizeof(struct memory_row *));

		if (rows == NULL) {
			if (t != old)
				table_unref(t);
			return NULL;
		}
		t->rows = rows;
		t->size = size;
	}
	if (t != old) {
		for (; t->count < count; t->count++) {
			t->rows[t->count] = old->rows[t->count];
			atomic_fetch_add(&t->rows[t->count]->refs, 1);
		}
		table_unref(old);
		s->tables[id] = t;
	}
	return t;
}

void state_copy(struct memory_state *ret, const struct memory_state *from)
{
	*ret = *from;
	for (size_t i = 0; i < TABLES_COUNT; i++) {
		if (ret->tables[i] != NULL)
			atomic_fetch_add(&ret->tables[i]->refs, 1);
	}
}

void state_clear(struct memory_state *s)
{
	for (size_t i = 0; i < TABLES_COUNT; i++)
		table_unref(s->tables[i]);
	*s = (struct memory_state){{NULL}};
}

uint32_t state_count(const struct memory_state *s, enum table_id id)
{
	return s->tables[id] != NULL ? s->tables[id]->count : 0;
}

const void *state_row(const struct memory_state *s, enum table_id id, uint32_t at)
{
	return s->tables[id]->rows[at]->data;
}

/* A binary search; the order of a table is that of its compare function. */
uint32_t state_lower(const struct memory_state *s, enum table_id id, const void *key)
{
	uint32_t low = 0, high = state_count(s, id);

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (kinds[id].compare(state_row(s, id, middle), key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct memory_state *s, enum table_id id, const void *key, uint32_t at)
{
	return at < state_count(s, id) && kinds[id].compare(state_row(s, id, at), key) == 0;
}

const void *state_find(const struct memory_state *s, enum table_id id, const void *key)
{
	uint32_t at = state_lower(s, id, key);

	return is_at(s, id, key, at) ? state_row(s, id, at) : NULL;
}

/* The checks come first, then what may lack memory, then the change: so a failure leaves the state
 * as it was. */
static enum result put(struct memory_state *s, enum table_id id, const void *row, bool is_replacing,
		       struct error *err)
{
	uint32_t at = state_lower(s, id, row);
	bool is_there = is_at(s, id, row, at);
	struct memory_row *r;
	struct table *t;

	if (has_large_number(&kinds[id], row))
		return fail(err, E_LIMIT, "a number is above 2^63 - 1");
	if (is_there && !is_replacing)
		return fail(err, E_CONFLICT, "a row of this key exists already");
	/* The new row is made before the old one is given back: `row` may point into the old
	 * one. */
	r = row_new(&kinds[id], row);
	t = r != NULL ? own_table(s, id) : NULL;
	if (t == NULL) {
		alloc_free(r);
		return fail(err, E_MEMORY, "out of memory");
	}
	if (is_there) {
		row_unref(t->rows[at]);
	} else {
		memmove(&t->rows[at + 1], &t->rows[at], (t->count - at) * sizeof *t->rows);
		t->count++;
	}
	t->rows[at] = r;
	return OK;
}

enum result state_add(struct memory_state *s, enum table_id id, const void *row, struct error *err)
{
	return put(s, id, row, false, err);
}

enum result state_replace(struct memory_state *s, enum table_id id, const void *row,
			  struct error *err)
{
	return put(s, id, row, true, err);
}

/* A removal needs memory where the table is shared: own_table() copies the list. */
enum result state_remove(struct memory_state *s, enum table_id id, uint32_t at, struct error *err)
{
	struct table *t = own_table(s, id);

	if (t == NULL)
		return fail(err, E_MEMORY, "out of memory");
	row_unref(t->rows[at]);
	t->count--;
	memmove(&t->rows[at], &t->rows[at + 1], (t->count - at) * sizeof *t->rows);
	return OK;
}
