#include "access/token.h"

#include "base/clock.h"
#include "base/text.h"
#include "doc/read.h"

#include <arpa/inet.h>
#include <stdio.h>

#define RECORD_BYTES_MAX (64 * 1024)

static void write_text(struct buf *ret, const char *name, struct slice value)
{
	buf_printf(ret, ",\"%s\":", name);
	json_append_string(ret, value);
}

static void write_time(struct buf *ret, const char *name, int64_t ms)
{
	buf_printf(ret, ",\"%s\":%lld", name, (long long)ms);
}

static void write_address(struct buf *ret, const struct address_range *range)
{
	char text[INET6_ADDRSTRLEN];

	/* Always as IPv6: the mapped form reads back to the same bytes. */
	inet_ntop(AF_INET6, range->bytes, text, sizeof text);
	buf_printf(ret, "\"%s/%u\"", text, (unsigned)range->bits);
}

void token_record_write(struct buf *ret, const struct token_record *r)
{
	buf_append_text(ret, "{\"accessor\":");
	json_append_string(ret, r->accessor);
	write_text(ret, "name", r->name);
	write_text(ret, "parent", r->parent);
	write_text(ret, "created_by", r->created_by);
	write_time(ret, "created_ms", r->created_ms);
	write_time(ret, "expires_ms", r->expires_ms);
	write_time(ret, "ttl_ms", r->ttl_ms);
	write_time(ret, "max_expires_ms", r->max_expires_ms);
	buf_append_text(ret, ",\"policies\":[");
	for (uint32_t i = 0; i < r->policies_count; i++) {
		if (i != 0)
			buf_append_char(ret, ',');
		json_append_string(ret, r->policies[i]);
	}
	buf_append_text(ret, "],\"addresses\":[");
	for (uint32_t i = 0; i < r->addresses_count; i++) {
		if (i != 0)
			buf_append_char(ret, ',');
		write_address(ret, &r->addresses[i]);
	}
	buf_append_text(ret, "]}");
}

static bool read_text(struct slice *ret, struct arena *a, const struct tree_node *n)
{
	if (n == NULL || n->kind != TREE_STRING)
		return false;
	*ret = slice_make(arena_text(a, tree_text(n)), n->count);
	return ret->data != NULL;
}

static bool read_time(int64_t *ret, const struct tree_node *n)
{
	if (n == NULL || n->kind != TREE_NUMBER || (n->flags & TREE_FITS_INT64) == 0)
		return false;
	*ret = n->as.integer;
	return true;
}

static bool read_policies(struct token_record *r, struct arena *a, const struct tree_node *n)
{
	if (n == NULL || n->kind != TREE_ARRAY || n->count > TOKEN_POLICIES_MAX)
		return false;
	r->policies = arena_alloc_array(a, n->count, sizeof *r->policies);
	if (r->policies == NULL)
		return false;
	for (; r->policies_count < n->count; r->policies_count++) {
		if (!read_text(&r->policies[r->policies_count], a, &n->of.items[r->policies_count]))
			return false;
	}
	return true;
}

static bool read_addresses(struct token_record *r, struct arena *a, const struct tree_node *n)
{
	if (n == NULL || n->kind != TREE_ARRAY || n->count > TOKEN_ADDRESSES_MAX)
		return false;
	r->addresses = arena_alloc_array(a, n->count, sizeof *r->addresses);
	if (r->addresses == NULL)
		return false;
	for (; r->addresses_count < n->count; r->addresses_count++) {
		const struct tree_node *item = &n->of.items[r->addresses_count];

		if (item->kind != TREE_STRING ||
		    !address_range_parse(tree_text(item), &r->addresses[r->addresses_count]))
			return false;
	}
	return true;
}

static void tree_clearp(struct tree *t)
{
	tree_clear(t);
}

enum result token_record_read(struct token_record *ret, struct arena *a, struct slice json,
			      struct error *err)
{
	CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, false);
	struct token_record r = {0};
	const struct doc_limits limits = {RECORD_BYTES_MAX, 4, 1000};
	enum result rc = doc_read(&tree, DOC_JSON, json, &limits, NULL, err);
	const struct tree_node *root = &tree.root;

	if (rc != OK)
		return wrap(err, rc == E_MEMORY ? rc : E_CORRUPT, "a token's record");
	if (!read_text(&r.accessor, a, TREE_GET(root, "accessor")) ||
	    !read_text(&r.name, a, TREE_GET(root, "name")) ||
	    !read_text(&r.parent, a, TREE_GET(root, "parent")) ||
	    !read_text(&r.created_by, a, TREE_GET(root, "created_by")) ||
	    !read_time(&r.created_ms, TREE_GET(root, "created_ms")) ||
	    !read_time(&r.expires_ms, TREE_GET(root, "expires_ms")) ||
	    !read_time(&r.ttl_ms, TREE_GET(root, "ttl_ms")) ||
	    !read_time(&r.max_expires_ms, TREE_GET(root, "max_expires_ms")) ||
	    !read_policies(&r, a, TREE_GET(root, "policies")) ||
	    !read_addresses(&r, a, TREE_GET(root, "addresses")))
		return fail(err, E_CORRUPT, "a token's record is not what was written");
	*ret = r;
	return OK;
}
