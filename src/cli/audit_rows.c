/*
 * Pages of audit entries for the verification. audit_pages_next() cuts a page into rows; the two
 * fetch functions fill a page from a store or from a server. The end of the log is a page without
 * lines.
 *
 * Nothing in a page is trusted. Lines, leaf hashes and index rows are three parallel lists that
 * must stay in step, so an entry that would put them out of step (a newline in it, a leaf of
 * another length) is E_CORRUPT at once. Everything else is left to audit/verify.c.
 *
 * One thread. A page owns its buffers and its arena, and they are reset before the next page is
 * fetched: rows are valid until then.
 */
#include "cli/audit_rows.h"

#include "audit/entry.h"
#include "net/url.h"

#include <stdlib.h>

/* Keeps the memory of the buffers for the next page. */
static void reset_page(struct audit_page *page)
{
	buf_reset(&page->lines);
	buf_reset(&page->leaves);
	arena_clear(&page->texts);
	page->index_rows = NULL;
	page->index_rows_count = 0;
}

void audit_pages_clear(struct audit_pages *p)
{
	reset_page(&p->page);
	buf_clear(&p->page.lines);
	buf_clear(&p->page.leaves);
}

/* Goes on behind the last entry that was given out: `index` is the next one that is expected. */
static enum result fetch_page(struct audit_pages *p, struct error *err)
{
	enum result rc;

	reset_page(&p->page);
	p->line_at = 0;
	p->row_at = 0;
	rc = p->fetch(p->ctx, p->index, &p->page, err);
	if (rc != OK)
		return rc;
	if (buf_is_failed(&p->page.lines) || buf_is_failed(&p->page.leaves))
		return fail(err, E_MEMORY, "out of memory");
	p->is_last_page = p->page.lines.len == 0;
	return OK;
}

/* Takes the index from the entry itself where it can be read, so that a gap is seen; else the index
 * that the position gives. It only rises: an entry that claims an earlier index must not make us
 * read the same pages for ever. */
static void fill_row(struct audit_pages *p, struct audit_verify_row *ret)
{
	const struct audit_page *page = &p->page;
	size_t leaf_at = (size_t)p->row_at * HASH_BYTES;
	struct audit_head head;
	struct error ignored;

	ret->index = p->index;
	if (audit_head_read(&head, ret->line, &ignored) == OK && head.index > p->index &&
	    head.index < UINT64_MAX)
		p->index = head.index;
	ret->leaf = leaf_at < page->leaves.len ? slice_make(page->leaves.data + leaf_at, HASH_BYTES)
					       : SLICE_NULL;
	ret->index_row = p->row_at < page->index_rows_count ? &page->index_rows[p->row_at] : NULL;
	p->row_at++;
	p->index++;
}

enum result audit_pages_next(void *pages, struct audit_verify_row *ret, bool *ret_is_end,
			     struct error *err)
{
	struct audit_pages *p = pages;
	struct slice rest;

	*ret_is_end = false;
	if (p->line_at >= p->page.lines.len && !p->is_last_page) {
		enum result rc = fetch_page(p, err);

		if (rc != OK)
			return rc;
	}
	if (p->is_last_page) {
		*ret_is_end = true;
		return OK;
	}
	rest = slice_from(buf_slice(&p->page.lines), p->line_at);
	if (!slice_next_part(&rest, '\n', &ret->line))
		return fail(err, E_CORRUPT, "a page of entries ends in the middle of a line");
	p->line_at += ret->line.len + 1;
	fill_row(p, ret);
	return OK;
}

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

enum result audit_fetch_server(void *client, uint64_t after, struct audit_page *ret,
			       struct error *err)
{
	CLEANUP(client_response_clear) struct client_response response = CLIENT_RESPONSE_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL;
	struct client_request request = {.method = "GET", .accept = "application/x-ndjson"};
	enum result rc;

	buf_append_text(&target, "/v1/audit");
	url_append_query_u64(&target, "after", after);
	url_append_query_u64(&target, "limit", AUDIT_PAGE);
	request.target = buf_slice(&target);
	rc = client_call(client, &request, &response, err);
	if (rc != OK)
		return rc;
	/* Leaf hashes are computed here: those that a server claims would prove nothing. */
	buf_append_slice(&ret->lines, buf_slice(&response.body));
	if (ret->lines.len != 0 && ret->lines.data[ret->lines.len - 1] != '\n')
		return fail(err, E_CORRUPT,
			    "the server's page of entries ends in the middle of a line");
	return OK;
}
