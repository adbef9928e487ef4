/*
 * The bodies about tokens and access: a new token, a renewal, a question about access. The readers
 * check form and type. Whether the caller may give such a token, and whether the policies exist, is
 * the service's question (service/token/).
 */
#include "http/native/native_body.h"

#include "doc/path.h"

/* More than any permission's name and any accessor has; a longer text could only be a mistake. */
#define PERMISSION_BYTES_MAX 32
#define ACCESSOR_BYTES_MAX   64

/* Names only: a token has its policies by name, so a policy that changes later changes what the
 * token may do. */
static enum result read_policies(struct token_request *t, const struct tree_node *root,
				 struct arena *a, struct error *err)
{
	const struct tree_node *n = TREE_GET(root, "policies");
	enum result rc = OK;

	if (n == NULL || n->kind != TREE_ARRAY || n->count == 0 || n->count > TOKEN_POLICIES_MAX)
		return fail(err, E_MALFORMED, "`policies` must be a list of 1 to %d names",
			    TOKEN_POLICIES_MAX);
	t->policies = arena_alloc_array(a, n->count, sizeof *t->policies);
	if (t->policies == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; rc == OK && i < n->count; i++) {
		const struct tree_node *item = &n->of.items[i];

		if (item->kind != TREE_STRING)
			return fail_at(err, E_MALFORMED, item->line, item->column,
				       "a policy's name must be a text");
		rc = native_keep_text(&t->policies[i], tree_text(item), a, err);
		if (rc == OK)
			t->policies_count++;
	}
	return rc;
}

/* Without the member the token is valid from everywhere. An empty list is refused, because it could
 * be meant either way. */
static enum result read_addresses(struct token_request *t, const struct tree_node *root,
				  struct arena *a, struct error *err)
{
	const struct tree_node *n = TREE_GET(root, "addresses");

	if (n == NULL)
		return OK;
	if (n->kind != TREE_ARRAY || n->count == 0 || n->count > TOKEN_ADDRESSES_MAX)
		return fail_at(err, E_MALFORMED, n->line, n->column,
			       "`addresses` must be a list of 1 to %d ranges", TOKEN_ADDRESSES_MAX);
	t->addresses = arena_alloc_array(a, n->count, sizeof *t->addresses);
	if (t->addresses == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; i < n->count; i++) {
		const struct tree_node *item = &n->of.items[i];

		if (item->kind != TREE_STRING ||
		    !address_range_parse(tree_text(item), &t->addresses[t->addresses_count++]))
			return fail_at(err, E_MALFORMED, item->line, item->column,
				       "an address must be such as 10.0.0.0/8, 192.0.2.7 or ::1");
	}
	return OK;
}

static enum result read_uses(struct token_request *t, const struct tree_node *root,
			     struct error *err)
{
	const struct tree_node *n = TREE_GET(root, "uses");

	/* Not sent: the token may be used without a limit. 0 would be a token that is never valid,
	 * so the least is 1. */
	t->uses = -1;
	if (n == NULL)
		return OK;
	if (n->kind != TREE_NUMBER || (n->flags & TREE_FITS_INT64) == 0 || n->as.integer < 1)
		return fail_at(err, E_MALFORMED, n->line, n->column,
			       "`uses` must be a number of at least 1");
	t->uses = n->as.integer;
	return OK;
}

enum result native_read_token(struct token_request *ret, const struct body_input *body,
			      struct arena *a, struct error *err)
{
	static const struct slice keys[] = {
		SLICE_INIT("name"),    SLICE_INIT("policies"),	SLICE_INIT("ttl"),
		SLICE_INIT("max_ttl"), SLICE_INIT("addresses"), SLICE_INIT("uses"),
	};
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	enum result rc = native_read_object(&tree, body, keys, ARRAY_SIZE(keys), err);

	if (rc != OK)
		return rc;
	ret->read = TOKEN_READ_OBJECT;
	rc = native_read_text(&ret->name, &tree.root, keys[0], TOKEN_NAME_BYTES_MAX, a, err);
	if (rc == E_NOT_FOUND)
		rc = fail(err, E_MALFORMED, "`name` is missing: whom the token stands for");
	if (rc != OK)
		return rc;
	ret->read = TOKEN_READ_NAME;
	rc = read_policies(ret, &tree.root, a, err);
	if (rc != OK)
		return rc;
	ret->read = TOKEN_READ_POLICIES;
	rc = native_read_duration(&ret->ttl_ms, &tree.root, keys[2], err);
	if (rc == OK)
		rc = native_read_duration(&ret->max_ttl_ms, &tree.root, keys[3], err);
	if (rc == OK)
		rc = read_addresses(ret, &tree.root, a, err);
	return rc == OK ? read_uses(ret, &tree.root, err) : rc;
}

enum result native_read_ttl(int64_t *ret, const struct body_input *body, struct error *err)
{
	static const struct slice keys[] = {SLICE_INIT("ttl")};
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	enum result rc = native_read_object(&tree, body, keys, ARRAY_SIZE(keys), err);

	return rc == OK ? native_read_duration(ret, &tree.root, keys[0], err) : rc;
}

enum result native_read_access(struct access_request *ret, const struct body_input *body,
			       struct arena *a, struct error *err)
{
	static const struct slice keys[] = {SLICE_INIT("permission"), SLICE_INIT("path"),
					    SLICE_INIT("accessor")};
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct slice permission;
	enum result rc = native_read_object(&tree, body, keys, ARRAY_SIZE(keys), err);

	if (rc == OK)
		rc = native_read_text(&permission, &tree.root, keys[0], PERMISSION_BYTES_MAX, a,
				      err);
	if (rc == OK && !permission_parse(permission, &ret->permission))
		rc = fail(err, E_MALFORMED,
			  "`permission` must be read, use, list, write, check, delete, rollback, "
			  "destroy, audit, grant or admin");
	if (rc == OK)
		rc = native_read_text(&ret->path, &tree.root, keys[1], PATH_BYTES_MAX, a, err);
	if (rc == E_NOT_FOUND)
		rc = fail(err, E_MALFORMED, "`permission` and `path` are needed");
	if (rc != OK)
		return rc;
	/* Optional: without it the question is about the token that asks. */
	rc = native_read_text(&ret->accessor, &tree.root, keys[2], ACCESSOR_BYTES_MAX, a, err);
	return rc == E_NOT_FOUND ? OK : rc;
}
