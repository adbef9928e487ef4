/*
 * The bodies of writes: batches of changes, and the versions of rollback, undelete and destroy.
 *
 * A change is an object with `op` and `path`; which other members it has follows from the op, and a
 * member that the op does not take is refused. The document itself comes as `content` (a value) or
 * as `source` (the text of a file, so that comments and order are kept). Content is written as JSON
 * again, for the service takes every document as text.
 *
 * Bounds: the batch's bytes, its number of changes (body->changes_max), the depth and number of its
 * values, and the call's budget, because a batch is read by a worker for long.
 */
#include "http/native/native_body.h"

#include "doc/write.h"

/* `content_type` of a change's source. */
#define TYPE_YAML "application/yaml"
#define TYPE_JSON "application/json"

/* The members of a change. */
static const struct slice change_keys[] = {
	SLICE_INIT("op"),      SLICE_INIT("path"),	   SLICE_INIT("content"),
	SLICE_INIT("source"),  SLICE_INIT("content_type"), SLICE_INIT("if_version"),
	SLICE_INIT("version"), SLICE_INIT("versions"),
};

/* The key is cut at 64 bytes in the message: an error text has a bound, and the key is the
 * client's. */
static enum result refuse_unknown(const struct tree_node *object, const struct slice *keys,
				  size_t count, struct error *err)
{
	if (object->kind != TREE_OBJECT)
		return fail_at(err, E_MALFORMED, object->line, object->column, "must be an object");
	for (uint32_t i = 0; i < object->count; i++) {
		const struct tree_member *m = &object->of.members[i];

		if (!native_is_known(tree_key(m), keys, count))
			return fail_at(err, E_MALFORMED, m->line, m->column, "unknown key `%.*s`",
				       (int)(m->key_len < 64 ? m->key_len : 64), m->key);
	}
	return OK;
}

static enum result read_number(const struct tree_node *n, const char *name, uint64_t min,
			       uint64_t *ret, struct error *err)
{
	if (n->kind != TREE_NUMBER || (n->flags & TREE_FITS_INT64) == 0 || n->as.integer < 0 ||
	    (uint64_t)n->as.integer < min)
		return fail_at(err, E_MALFORMED, n->line, n->column,
			       "`%s` must be a version's number", name);
	*ret = (uint64_t)n->as.integer;
	return OK;
}

static enum result read_version_list(struct version_list *ret, const struct tree_node *n,
				     uint32_t max, struct arena *a, struct error *err)
{
	enum result rc = OK;

	if (n->kind != TREE_ARRAY || n->count == 0 || n->count > max)
		return fail_at(err, E_MALFORMED, n->line, n->column,
			       "`versions` must be a list of 1 to %u numbers", max);
	ret->items = arena_alloc_array(a, n->count, sizeof *ret->items);
	if (ret->items == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; rc == OK && i < n->count; i++) {
		uint64_t version;
		/* Quadratic in the list, which has at most `max` numbers. A number that is there
		 * twice is taken once. */
		bool is_there = false;

		rc = read_number(&n->of.items[i], "versions", 1, &version, err);
		for (uint32_t j = 0; rc == OK && j < ret->count; j++)
			is_there |= ret->items[j] == version;
		if (rc == OK && !is_there)
			ret->items[ret->count++] = version;
	}
	return rc;
}

/* {"version": 3} or {"versions": [1, 2]}; the tree is the caller's to clear. */
static enum result read_only_member(struct tree *tree, const struct body_input *body,
				    struct slice name, const struct tree_node **ret,
				    struct error *err)
{
	const struct doc_limits limits = DOC_LIMITS_DEFAULT;
	enum result rc = doc_read(tree, body->format, body->text, &limits, NULL, err);

	if (rc == OK)
		rc = refuse_unknown(&tree->root, &name, 1, err);
	if (rc != OK)
		return rc;
	*ret = tree_get(&tree->root, name);
	return *ret != NULL ? OK : fail(err, E_MALFORMED, "`%.*s` is missing", SLICE_ARGS(name));
}

enum result native_read_version(uint64_t *ret, const struct body_input *body, struct error *err)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	const struct tree_node *n;
	enum result rc = read_only_member(&tree, body, SLICE_LITERAL("version"), &n, err);

	return rc == OK ? read_number(n, "version", 1, ret, err) : rc;
}

enum result native_read_versions(struct version_list *ret, const struct body_input *body,
				 struct arena *a, struct error *err)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	const struct tree_node *n;
	enum result rc = read_only_member(&tree, body, SLICE_LITERAL("versions"), &n, err);

	return rc == OK ? read_version_list(ret, n, body->changes_max, a, err) : rc;
}

static enum result read_content(struct change_request *c, const struct tree_node *content,
				struct arena *a, struct error *err)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;

	json_write_pretty(&text, content);
	c->body_format = DOC_JSON;
	if (buf_is_failed(&text))
		return fail(err, E_MEMORY, "out of memory");
	return native_keep_text(&c->body, buf_slice(&text), a, err);
}

/* Most files of documents are YAML, so without `content_type` the text is read as YAML. */
static enum result read_source(struct change_request *c, const struct tree_node *n,
			       const struct tree_node *source, struct arena *a, struct error *err)
{
	const struct tree_node *type = TREE_GET(n, "content_type");

	if (source->kind != TREE_STRING)
		return fail_at(err, E_MALFORMED, source->line, source->column,
			       "`source` must be a string");
	if (type != NULL && !tree_is_text(type, TYPE_YAML) && !tree_is_text(type, TYPE_JSON))
		return fail_at(err, E_UNSUPPORTED, type->line, type->column,
			       "`content_type` must be " TYPE_YAML " or " TYPE_JSON);
	c->body_format = type == NULL || tree_is_text(type, TYPE_YAML) ? DOC_YAML : DOC_JSON;
	return native_keep_text(&c->body, tree_text(source), a, err);
}

static enum result read_op(struct change_request *c, const struct tree_node *n, struct error *err)
{
	const struct tree_node *op = TREE_GET(n, "op");

	for (int i = 0; op != NULL && i < CHANGE_OP_COUNT; i++) {
		c->op = (enum change_op)i;
		/* A destruction cannot be undone, so no batch has it: it has an endpoint of its
		 * own. */
		if (i != CHANGE_OP_DESTROY && tree_is_text(op, change_op_name(c->op)))
			return OK;
	}
	return fail_at(err, E_MALFORMED, n->line, n->column,
		       "`op` must be put, patch, delete, undelete or rollback");
}

/* The members that the op takes, and no others: exactly one of `content` and `source` for put and
 * patch, `version` for rollback, `versions` for undelete, none of them for delete. */
static enum result read_op_members(struct change_request *c, const struct tree_node *n,
				   uint32_t versions_max, struct arena *a, struct error *err)
{
	const struct tree_node *content = TREE_GET(n, "content"), *source = TREE_GET(n, "source");
	const struct tree_node *version = TREE_GET(n, "version"),
			       *versions = TREE_GET(n, "versions");
	bool has_body = c->op == CHANGE_OP_PUT || c->op == CHANGE_OP_PATCH;

	if (has_body != ((content != NULL) != (source != NULL)) ||
	    (c->op == CHANGE_OP_ROLLBACK) != (version != NULL) ||
	    (c->op == CHANGE_OP_UNDELETE) != (versions != NULL) ||
	    (content != NULL && source != NULL) ||
	    (!has_body && (content != NULL || source != NULL)))
		return fail_at(err, E_MALFORMED, n->line, n->column,
			       "a put or patch has `content` or `source`, a rollback `version`, an "
			       "undelete `versions`, and no other any of them");
	if (content != NULL)
		return read_content(c, content, a, err);
	if (source != NULL)
		return read_source(c, n, source, a, err);
	if (version != NULL)
		return read_number(version, "version", 1, &c->version, err);
	return versions != NULL ? read_version_list(&c->versions, versions, versions_max, a, err)
				: OK;
}

static enum result read_change(struct change_request *c, const struct tree_node *n,
			       uint32_t versions_max, struct arena *a, struct error *err)
{
	const struct tree_node *path, *if_version;
	enum result rc = refuse_unknown(n, change_keys, ARRAY_SIZE(change_keys), err);

	if (rc != OK)
		return rc;
	path = TREE_GET(n, "path");
	if_version = TREE_GET(n, "if_version");
	if (path == NULL || path->kind != TREE_STRING)
		return fail_at(err, E_MALFORMED, n->line, n->column, "`path` is missing");
	rc = native_keep_text(&c->path, tree_text(path), a, err);
	if (rc == OK)
		rc = read_op(c, n, err);
	if (rc == OK && if_version != NULL) {
		c->has_if_version = true;
		rc = read_number(if_version, "if_version", 0, &c->if_version, err);
	}
	return rc == OK ? read_op_members(c, n, versions_max, a, err) : rc;
}

/* An error names its change, counted from 1, before the place in the body. */
static enum result read_changes(struct batch_request *ret, const struct tree_node *changes,
				uint32_t max, struct arena *a, struct error *err)
{
	enum result rc = OK;

	ret->changes = arena_alloc_array(a, changes->count, sizeof *ret->changes);
	if (ret->changes == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; rc == OK && i < changes->count; i++) {
		ret->changes_count = i + 1;
		rc = read_change(&ret->changes[i], &changes->of.items[i], max, a, err);
		if (rc != OK)
			return wrap(err, rc, "change %u", i + 1);
	}
	return rc;
}

static enum result read_texts(struct batch_request *ret, const struct tree_node *root,
			      struct arena *a, struct error *err)
{
	const struct tree_node *message = TREE_GET(root, "message");
	const struct tree_node *source = TREE_GET(root, "source");
	enum result rc = OK;

	ret->has_message = message != NULL;
	ret->has_source = source != NULL;
	if ((ret->has_message && message->kind != TREE_STRING) ||
	    (ret->has_source && source->kind != TREE_STRING))
		return fail(err, E_MALFORMED, "`message` and `source` must be strings");
	if (ret->has_message)
		rc = native_keep_text(&ret->message, tree_text(message), a, err);
	if (rc == OK && ret->has_source)
		rc = native_keep_text(&ret->source, tree_text(source), a, err);
	return rc;
}

enum result native_read_batch(struct batch_request *ret, const struct body_input *body,
			      struct arena *a, struct error *err)
{
	static const struct slice keys[] = {SLICE_INIT("message"), SLICE_INIT("changes"),
					    SLICE_INIT("source")};
	/* The tree is wiped: a change may be of a secret. It may have as many values as eight
	 * documents of the largest number; the call's budget bounds its memory. */
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, true);
	const struct doc_limits limits = {body->batch_bytes_max, DOC_DEPTH_MAX, DOC_NODES_MAX * 8,
					  body->budget};
	const struct tree_node *changes;
	enum result rc = doc_read(&tree, body->format, body->text, &limits, NULL, err);

	if (rc != OK)
		return rc;
	changes = TREE_GET(&tree.root, "changes");
	if (changes == NULL || changes->kind != TREE_ARRAY || changes->count == 0)
		return fail(err, E_MALFORMED, "`changes` must be a list of at least one");
	if (changes->count > body->changes_max)
		return fail(err, E_TOO_LARGE, "a batch has at most %u changes", body->changes_max);
	rc = refuse_unknown(&tree.root, keys, ARRAY_SIZE(keys), err);
	if (rc == OK)
		rc = read_texts(ret, &tree.root, a, err);
	return rc == OK ? read_changes(ret, changes, body->changes_max, a, err) : rc;
}
