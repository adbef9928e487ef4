/*
 * What the readers of small bodies share. A body is JSON or YAML, by its Content-Type; both give
 * the same tree, so a reader knows nothing of formats. Unknown keys are refused with a suggestion:
 * a mistyped "max_tll" must not make a token that lives longer than it should.
 *
 * Texts that a reader keeps are copied into the arena of the call, because the tree is freed when
 * the reader returns. Runs in a worker, or in an event loop for a small question about access.
 * Errors name line and column, and quote keys but no values.
 */
#include "http/native/native_body.h"

#include "base/plain_text.h"
#include "base/text.h"
#include "base/visible.h"

bool native_is_known(struct slice key, const struct slice *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_is_equal(key, keys[i]))
			return true;
	}
	return false;
}

static enum result refuse_key(const struct tree_member *m, const struct slice *keys, size_t count,
			      struct error *err)
{
	struct slice near = text_nearest(tree_key(m), keys, count);
	char name[80];

	text_quote(name, sizeof name, tree_key(m));
	if (near.len == 0)
		return fail_at(err, E_MALFORMED, m->line, m->column, "unknown key %s", name);
	return fail_at(err, E_MALFORMED, m->line, m->column, "unknown key %s (did you mean %.*s?)",
		       name, SLICE_ARGS(near));
}

enum result native_read_object(struct tree *ret, const struct body_input *body,
			       const struct slice *keys, size_t keys_count, struct error *err)
{
	const struct doc_limits limits = DOC_LIMITS_DEFAULT;
	/* Every member may be optional (`ttl` of a renewal), so no body is the same as {}. */
	bool is_empty = body->text.len == 0;
	enum result rc = doc_read(ret, is_empty ? DOC_JSON : body->format,
				  is_empty ? SLICE_LITERAL("{}") : body->text, &limits, NULL, err);

	if (rc != OK)
		return rc;
	if (ret->root.kind != TREE_OBJECT)
		return fail(err, E_MALFORMED, "the body must be an object");
	for (uint32_t i = 0; i < ret->root.count; i++) {
		const struct tree_member *m = &ret->root.of.members[i];

		if (!native_is_known(tree_key(m), keys, keys_count))
			return refuse_key(m, keys, keys_count, err);
	}
	return OK;
}

enum result native_keep_text(struct slice *ret, struct slice text, struct arena *a,
			     struct error *err)
{
	const char *copy = arena_text(a, text);

	if (copy == NULL)
		return fail(err, E_MEMORY, "out of memory");
	*ret = slice_make(copy, text.len);
	return OK;
}

enum result native_read_text(struct slice *ret, const struct tree_node *object, struct slice key,
			     size_t max, struct arena *a, struct error *err)
{
	const struct tree_node *n = tree_get(object, key);

	if (n == NULL)
		return E_NOT_FOUND;
	if (n->kind != TREE_STRING || n->count == 0 || n->count > max ||
	    !text_is_plain(tree_text(n), false))
		return fail_at(err, E_MALFORMED, n->line, n->column,
			       "`%.*s` must be a text of 1 to %zu bytes without control or "
			       "bidirectional characters",
			       SLICE_ARGS(key), max);
	return native_keep_text(ret, tree_text(n), a, err);
}

enum result native_read_duration(int64_t *ret, const struct tree_node *object, struct slice key,
				 struct error *err)
{
	const struct tree_node *n = tree_get(object, key);
	/* A number's text is its digits, so 90 and "90" are read alike. */
	bool is_text = n != NULL && (n->kind == TREE_STRING || n->kind == TREE_NUMBER);
	int64_t ms;

	if (n == NULL)
		return OK;
	if (!is_text || !duration_parse(tree_text(n), TOKEN_TTL_MS_MAX, &ms) || ms < 1000)
		return fail_at(
			err, E_MALFORMED, n->line, n->column,
			"`%.*s` must be a duration such as 90s, 12h or 30d, from 1 second to "
			"%lld days",
			SLICE_ARGS(key), (long long)(TOKEN_TTL_MS_MAX / 86400000));
	*ret = ms;
	return OK;
}
