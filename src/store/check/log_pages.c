/*
 * Reads entries with their leaf hashes and index rows from a store. These are three parallel lists
 * that must stay in step, so an entry that would put them out of step (a newline in it, a leaf of
 * another length) is E_CORRUPT at once. Everything else is left to audit/verify.c.
 */
#include "store/check/log_pages.h"

#include "audit/pages.h"

#include <stdlib.h>

/* A page that is being read from a store. */
struct store_page {
	struct audit_page *page;
	uint64_t first;
	struct buf paths; /* struct indexed_path */
};

/* An entry's path in the index; the text is in the page's arena. */
struct indexed_path {
	uint64_t index;
	struct slice path;
};

static void store_page_clear(struct store_page *p)
{
	buf_clear(&p->paths);
}

/* A row of the store is valid during the call only; its texts are kept for the page. */
static bool copy_text(struct arena *a, struct slice *ret, struct slice text)
{
	*ret = slice_make(arena_text(a, text), text.len);
	return ret->data != NULL;
}

/* Called for each entry of the store. `index_rows` has room for AUDIT_PAGE rows, which the limit of
 * the filter keeps to. */
static enum result add_row(void *ctx, const struct audit_row *row, struct error *err)
{
	struct store_page *p = ctx;
	struct audit_page *page = p->page;
	struct audit_index_row *index_row = &page->index_rows[page->index_rows_count];

	/* The writer of the log cannot produce either, so another program changed the row. */
	if (row->leaf.len != HASH_BYTES || memchr(row->entry.data, '\n', row->entry.len) != NULL)
		return fail(err, E_CORRUPT, "entry %llu was changed after it was written",
			    (unsigned long long)row->index);
	buf_append_slice(&page->lines, row->entry);
	buf_append_char(&page->lines, '\n');
	buf_append_slice(&page->leaves, row->leaf);
	index_row->time_ms = row->time_ms;
	if (!copy_text(&page->texts, &index_row->actor, row->actor) ||
	    !copy_text(&page->texts, &index_row->action, row->action) ||
	    !copy_text(&page->texts, &index_row->outcome, row->outcome))
		return fail(err, E_MEMORY, "out of memory");
	page->index_rows_count++;
	return OK;
}

/* Called for each path of those entries, in no order. */
static enum result add_path(void *ctx, uint64_t index, struct slice path, struct error *err)
{
	struct store_page *p = ctx;
	struct indexed_path item = {.index = index};

	if (!copy_text(&p->page->texts, &item.path, path))
		return fail(err, E_MEMORY, "out of memory");
	buf_append(&p->paths, &item, sizeof item);
	return buf_check(&p->paths, err);
}

static int compare_indexed_paths(const void *x, const void *y)
{
	const struct indexed_path *a = x, *b = y;

	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	return slice_compare(a->path, b->path);
}

/* Gives each entry its paths, which are next to each other once all are sorted, in the order that
 * audit_index_check() needs. The store gives only paths of the entries that were read, so each has
 * a row. */
static enum result set_paths(struct store_page *p, struct error *err)
{
	struct indexed_path *indexed = (struct indexed_path *)(void *)p->paths.data;
	size_t count = p->paths.len / sizeof *indexed;
	struct slice *paths = arena_alloc_array(&p->page->texts, count, sizeof *paths);

	if (paths == NULL)
		return fail(err, E_MEMORY, "out of memory");
	if (count != 0)
		qsort(indexed, count, sizeof *indexed, compare_indexed_paths);
	for (size_t i = 0; i < count; i++) {
		struct audit_index_row *index_row =
			&p->page->index_rows[indexed[i].index - p->first];

		paths[i] = indexed[i].path;
		if (index_row->paths_count++ == 0)
			index_row->paths = &paths[i];
	}
	return OK;
}

enum result audit_fetch_store(void *session, uint64_t after, struct audit_page *ret,
			      struct error *err)
{
	CLEANUP(store_page_clear)
	struct store_page p = {.page = ret, .first = after, .paths = BUF_NULL};
	struct audit_filter filter = {.after = after, .limit = AUDIT_PAGE};
	enum result rc;

	ret->index_rows = arena_alloc_array(&ret->texts, AUDIT_PAGE, sizeof *ret->index_rows);
	if (ret->index_rows == NULL)
		return fail(err, E_MEMORY, "out of memory");
	rc = store_each_audit(session, &filter, add_row, &p, err);
	if (rc == OK)
		rc = store_each_audit_path(session, after, after + ret->index_rows_count, add_path,
					   &p, err);
	return rc == OK ? set_paths(&p, err) : rc;
}
