/*
 * Patches by callers who may write a document and not read it.
 *
 * Such a caller learns nothing of the content: no size, no equality, no failure that depends on
 * what is stored. So the patch is checked by itself: its own size, and the encoding of the keys
 * that it sets. A key that the patch sets has the encoding that the patch gives, or none where it
 * gives none, whatever the key had before. Otherwise a patch could probe: whether "value" is
 * accepted would tell if the stored encoding is base64.
 *
 * In a worker, called by prepare_patch() before and after the merge.
 */
#include "service/write/patch_without_read.h"

#include "service/write/write.h"

#include "base/text.h"
#include "doc/diff.h"
#include "doc/read.h"

/* A put brings the whole content, so its writer knows it. All other operations start from what is
 * stored. */
bool change_is_blind(const struct write *w, const struct change *c)
{
	return c->op != CHANGE_OP_PUT && !rights_may(w->view.reader, MAY_READ, c->path);
}

static enum result check_encoding(const struct tree_node *encoding, const struct tree_node *data,
				  struct error *err)
{
	for (uint32_t i = 0;
	     encoding != NULL && encoding->kind == TREE_OBJECT && i < encoding->count; i++) {
		const struct tree_member *m = &encoding->of.members[i];

		if (m->value.kind == TREE_NULL || (data != NULL && data->kind == TREE_OBJECT &&
						   tree_get(data, tree_key(m)) != NULL))
			continue;
		return fail_at(err, E_INVALID, m->line, m->column,
			       "without the right to read, a patch gives the encoding of keys that "
			       "it sets, and of no others");
	}
	return OK;
}

enum result blind_patch_check(const struct change *c, size_t bytes_max, struct error *err)
{
	const struct tree_node *root = &c->patch_tree.root;
	const struct tree_node *data = TREE_GET(root, "data"),
			       *metadata = TREE_GET(root, "metadata");
	enum result rc;

	if (c->body.len > bytes_max)
		return fail(err, E_TOO_LARGE, "%.*s: at most %zu bytes", SLICE_ARGS(c->path),
			    bytes_max);
	if (c->kind != KIND_SECRETS)
		return OK;
	rc = check_encoding(TREE_GET(root, "encoding"), data, err);
	return rc == OK && metadata != NULL
		       ? check_encoding(TREE_GET(metadata, "encoding"), data, err)
		       : rc;
}

static bool is_given(const struct tree_node *patch, struct slice key)
{
	const struct tree_node *encoding = TREE_GET(patch, "encoding");
	const struct tree_node *metadata = TREE_GET(patch, "metadata");

	if (encoding != NULL && encoding->kind == TREE_OBJECT && tree_get(encoding, key) != NULL)
		return true;
	encoding = metadata != NULL ? TREE_GET(metadata, "encoding") : NULL;
	return encoding != NULL && encoding->kind == TREE_OBJECT && tree_get(encoding, key) != NULL;
}

/* {"key":null,…} for each key that the patch sets without an encoding. */
static void append_nulls(struct buf *b, const struct tree_node *patch)
{
	const struct tree_node *data = TREE_GET(patch, "data");
	bool is_first = true;

	buf_append_char(b, '{');
	for (uint32_t i = 0; data != NULL && data->kind == TREE_OBJECT && i < data->count; i++) {
		struct slice key = tree_key(&data->of.members[i]);

		if (is_given(patch, key))
			continue;
		if (!is_first)
			buf_append_char(b, ',');
		is_first = false;
		json_append_string(b, key);
		buf_append_text(b, ":null");
	}
	buf_append_char(b, '}');
}

static bool is_object(const struct tree_node *n)
{
	return n != NULL && n->kind == TREE_OBJECT;
}

/* It merges a second patch, of nulls, into the result: RFC 7396 removes a member that is null. */
enum result blind_patch_finish(struct write *w, const struct change *c, struct tree *scratch,
			       struct tree_node *merged, struct error *err)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	const struct doc_limits limits = DOC_LIMITS_DEFAULT;
	const struct tree_node *metadata = TREE_GET(merged, "metadata");
	bool has_own = is_object(TREE_GET(merged, "encoding"));
	bool has_other = is_object(metadata) && is_object(TREE_GET(metadata, "encoding"));
	struct tree_node finished;
	enum result rc;

	if (c->kind != KIND_SECRETS || (!has_own && !has_other))
		return OK;
	buf_append_text(&text, has_own ? "{\"encoding\":" : "{\"metadata\":{\"encoding\":");
	append_nulls(&text, &c->patch_tree.root);
	if (has_own && has_other) {
		buf_append_text(&text, ",\"metadata\":{\"encoding\":");
		append_nulls(&text, &c->patch_tree.root);
	}
	buf_append_text(&text, has_other ? "}}" : "}");
	rc = buf_check(&text, err);
	if (rc == OK)
		rc = doc_read(scratch, DOC_JSON, buf_slice(&text), &limits, NULL, err);
	if (rc == OK)
		rc = merge_patch(&finished, &w->arena, merged, &scratch->root, err);
	if (rc == OK)
		*merged = finished;
	return rc;
}
