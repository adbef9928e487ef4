#include "cli/audit_rows.h"

#include "audit/entry.h"
#include "client/url.h"

void audit_pages_clear(struct audit_pages *p)
{
	buf_clear(&p->lines);
	buf_clear(&p->leaves);
}

static enum result turn_page(struct audit_pages *p, struct error *err)
{
	enum result rc;

	buf_reset(&p->lines);
	buf_reset(&p->leaves);
	p->line_at = 0;
	p->leaf_at = 0;
	rc = p->fetch(p->ctx, p->index, &p->lines, &p->leaves, err);
	if (rc != OK)
		return rc;
	if (buf_is_failed(&p->lines) || buf_is_failed(&p->leaves))
		return fail(err, E_MEMORY, "out of memory");
	p->is_last_page = p->lines.len == 0;
	return OK;
}

/* The index is the entry's own where it can be read, so that a gap shows; what cannot be read stands where it was found. */
static void fill_row(struct audit_pages *p, struct audit_verify_row *ret)
{
	struct audit_head head;
	struct error ignored;

	ret->index = p->index;
	if (audit_head_read(&head, ret->line, &ignored) == OK)
		p->index = head.index;
	ret->leaf = SLICE_NULL;
	if (p->leaf_at < p->leaves.len) {
		ret->leaf = slice_make(p->leaves.data + p->leaf_at, HASH_BYTES);
		p->leaf_at += HASH_BYTES;
	}
	p->index++;
}

enum result audit_pages_next(void *pages, struct audit_verify_row *ret, bool *ret_is_end,
			     struct error *err)
{
	struct audit_pages *p = pages;
	struct slice rest;

	*ret_is_end = false;
	if (p->line_at >= p->lines.len && !p->is_last_page) {
		enum result rc = turn_page(p, err);

		if (rc != OK)
			return rc;
	}
	if (p->is_last_page) {
		*ret_is_end = true;
		return OK;
	}
	rest = slice_from(buf_slice(&p->lines), p->line_at);
	if (!slice_next_part(&rest, '\n', &ret->line))
		return fail(err, E_CORRUPT, "a page of entries is not whole");
	p->line_at += ret->line.len + 1;
	fill_row(p, ret);
	return OK;
}

struct page_of_store {
	struct buf *lines, *leaves;
};

static enum result take_row(void *ctx, const struct audit_row *row, struct error *err)
{
	struct page_of_store *page = ctx;

	if (row->leaf.len != HASH_BYTES || memchr(row->entry.data, '\n', row->entry.len) != NULL)
		return fail(err, E_CORRUPT, "entry %llu is not what was written",
			    (unsigned long long)row->index);
	buf_append_slice(page->lines, row->entry);
	buf_append_char(page->lines, '\n');
	buf_append_slice(page->leaves, row->leaf);
	return OK;
}

enum result audit_fetch_store(void *session, uint64_t after, struct buf *lines, struct buf *leaves,
			      struct error *err)
{
	struct page_of_store page = {lines, leaves};
	struct audit_filter filter = {.after = after, .limit = AUDIT_PAGE};

	return store_each_audit(session, &filter, take_row, &page, err);
}

enum result audit_fetch_server(void *client, uint64_t after, struct buf *lines, struct buf *leaves,
			       struct error *err)
{
	CLEANUP(client_response_clear) struct client_response response = CLIENT_RESPONSE_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL;
	struct client_request request = {.method = "GET", .accept = "application/x-ndjson"};
	enum result rc;

	(void)leaves; /* a server's word for a leaf would prove nothing */
	buf_append_text(&target, "/v1/audit");
	url_append_query_u64(&target, "after", after);
	url_append_query_u64(&target, "limit", AUDIT_PAGE);
	request.target = buf_slice(&target);
	rc = client_call(client, &request, &response, err);
	if (rc != OK)
		return rc;
	buf_append_slice(lines, buf_slice(&response.body));
	if (lines->len != 0 && lines->data[lines->len - 1] != '\n')
		return fail(err, E_CORRUPT, "the server's page of entries is not whole");
	return OK;
}
