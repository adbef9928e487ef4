/*
 * The stored form of a token's record, in JSON. The store keeps it as bytes and does not look into
 * it.
 *
 * Reading is strict where a mistake would widen a right: a member that is missing or of another
 * kind makes the record E_CORRUPT, and the token is then refused. Members that are not known are
 * ignored, so an older server can read what a newer one wrote. No text of a record is quoted in an
 * error. Any thread may call; the texts live in the arena of the caller.
 */
#include "access/token.h"

#include "base/clock.h"
#include "base/text.h"
#include "doc/json_member.h"
#include "doc/read.h"

#include <arpa/inet.h>
#include <stdio.h>

#define RECORD_BYTES_MAX (64 * 1024)

static void write_address(struct buf *ret, const struct address_range *range)
{
	char text[INET6_ADDRSTRLEN];

	/* Always written as IPv6: the mapped form reads back to the same bytes. */
	inet_ntop(AF_INET6, range->bytes, text, sizeof text);
	buf_printf(ret, "\"%s/%u\"", text, (unsigned)range->bits);
}

void token_record_write(struct buf *ret, const struct token_record *r)
{
	buf_append_char(ret, '{');
	json_member_text(ret, "accessor", r->accessor);
	json_member_text(ret, "name", r->name);
	json_member_text(ret, "parent", r->parent);
	json_member_text(ret, "created_by", r->created_by);
	json_member_i64(ret, "created_ms", r->created_ms);
	json_member_i64(ret, "expires_ms", r->expires_ms);
	json_member_i64(ret, "ttl_ms", r->ttl_ms);
	json_member_i64(ret, "max_expires_ms", r->max_expires_ms);
	json_member(ret, "policies");
	buf_append_char(ret, '[');
	for (uint32_t i = 0; i < r->policies_count; i++) {
		json_comma(ret);
		json_append_string(ret, r->policies[i]);
	}
	buf_append_char(ret, ']');
	json_member(ret, "addresses");
	buf_append_char(ret, '[');
	for (uint32_t i = 0; i < r->addresses_count; i++) {
		json_comma(ret);
		write_address(ret, &r->addresses[i]);
	}
	buf_append_text(ret, "]}");
}

static enum result fail_record(struct error *err)
{
	return fail(err, E_CORRUPT, "the stored record of a token is malformed");
}

static enum result fail_memory(struct error *err)
{
	return fail(err, E_MEMORY, "the record of a token: out of memory");
}

static enum result read_text(struct slice *ret, struct arena *a, const struct tree_node *n,
			     struct error *err)
{
	if (n == NULL || n->kind != TREE_STRING)
		return fail_record(err);
	*ret = slice_make(arena_text(a, tree_text(n)), n->count);
	return ret->data != NULL ? OK : fail_memory(err);
}

/* Milliseconds: an integer, since a fraction or a number beyond an int64 is not what we write. */
static enum result read_time(int64_t *ret, const struct tree_node *n, struct error *err)
{
	if (n == NULL || n->kind != TREE_NUMBER || (n->flags & TREE_FITS_INT64) == 0)
		return fail_record(err);
	*ret = n->as.integer;
	return OK;
}

static enum result read_policies(struct token_record *r, struct arena *a, const struct tree_node *n,
				 struct error *err)
{
	enum result rc = OK;

	if (n == NULL || n->kind != TREE_ARRAY || n->count > TOKEN_POLICIES_MAX)
		return fail_record(err);
	r->policies = arena_alloc_array(a, n->count, sizeof *r->policies);
	if (r->policies == NULL)
		return fail_memory(err);
	r->policies_count = n->count;
	for (uint32_t i = 0; rc == OK && i < n->count; i++)
		rc = read_text(&r->policies[i], a, &n->of.items[i], err);
	return rc;
}

static enum result read_addresses(struct token_record *r, struct arena *a,
				  const struct tree_node *n, struct error *err)
{
	if (n == NULL || n->kind != TREE_ARRAY || n->count > TOKEN_ADDRESSES_MAX)
		return fail_record(err);
	r->addresses = arena_alloc_array(a, n->count, sizeof *r->addresses);
	if (r->addresses == NULL)
		return fail_memory(err);
	r->addresses_count = n->count;
	for (uint32_t i = 0; i < n->count; i++) {
		const struct tree_node *item = &n->of.items[i];

		if (item->kind != TREE_STRING ||
		    !address_range_parse(tree_text(item), &r->addresses[i]))
			return fail_record(err);
	}
	return OK;
}

/* The members that have one value, as a table: a text or a time for each. */
static enum result read_fields(struct token_record *r, struct arena *a,
			       const struct tree_node *root, struct error *err)
{
	const struct {
		struct slice name, *text;
		int64_t *time;
	} fields[] = {
		{SLICE_LITERAL("accessor"), &r->accessor, NULL},
		{SLICE_LITERAL("name"), &r->name, NULL},
		{SLICE_LITERAL("parent"), &r->parent, NULL},
		{SLICE_LITERAL("created_by"), &r->created_by, NULL},
		{SLICE_LITERAL("created_ms"), NULL, &r->created_ms},
		{SLICE_LITERAL("expires_ms"), NULL, &r->expires_ms},
		{SLICE_LITERAL("ttl_ms"), NULL, &r->ttl_ms},
		{SLICE_LITERAL("max_expires_ms"), NULL, &r->max_expires_ms},
	};
	enum result rc = OK;

	for (size_t i = 0; rc == OK && i < ARRAY_SIZE(fields); i++) {
		const struct tree_node *n = tree_get(root, fields[i].name);

		rc = fields[i].text != NULL ? read_text(fields[i].text, a, n, err)
					    : read_time(fields[i].time, n, err);
	}
	return rc;
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
	/* Bytes, depth and nodes: an object with two lists needs a depth of 2. */
	const struct doc_limits limits = {RECORD_BYTES_MAX, 4, 1000, NULL};
	enum result rc = doc_read(&tree, DOC_JSON, json, &limits, NULL, err);
	const struct tree_node *root = &tree.root;

	if (rc != OK)
		return wrap(err, rc == E_MEMORY ? rc : E_CORRUPT, "the record of a token");
	rc = read_fields(&r, a, root, err);
	if (rc == OK)
		rc = read_policies(&r, a, TREE_GET(root, "policies"), err);
	if (rc == OK)
		rc = read_addresses(&r, a, TREE_GET(root, "addresses"), err);
	if (rc == OK)
		*ret = r;
	return rc;
}
