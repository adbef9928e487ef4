/*
 * Cuts pages of audit entries into rows. The end of the log is a page without lines.
 *
 * Nothing in a page is trusted. Lines, leaf hashes and index rows are three parallel lists that
 * must stay in step, so an entry that would put them out of step (a newline in it, a leaf of
 * another length) is E_CORRUPT at once. Everything else is left to audit/verify.c.
 *
 * One thread. A page owns its buffers and its arena, and they are reset before the next page is
 * fetched: rows are valid until then.
 */
#include "audit/pages.h"

#include "audit/line.h"

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
