/* The rule: a key that we do not know is refused, since what its sender wanted would else be passed over in silence. */
#include "service/engine/request_body.h"

#include "base/text.h"

static bool is_known(struct slice key, const struct slice *keys, size_t count)
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

enum result body_read(const struct call *c, struct tree *ret, const struct slice *keys,
		      size_t keys_count, struct error *err)
{
	const struct doc_limits limits = DOC_LIMITS_DEFAULT;
	struct slice body = c->in.body;
	enum doc_format format = c->in.body_format;
	enum result rc;

	if (body.len == 0) {
		body = SLICE_LITERAL("{}");
		format = DOC_JSON;
	}
	rc = doc_read(ret, format, body, &limits, NULL, err);
	if (rc != OK)
		return rc;
	if (ret->root.kind != TREE_OBJECT)
		return fail(err, E_MALFORMED, "the body must be an object");
	for (uint32_t i = 0; i < ret->root.count; i++) {
		const struct tree_member *m = &ret->root.of.members[i];

		if (!is_known(tree_key(m), keys, keys_count))
			return refuse_key(m, keys, keys_count, err);
	}
	return OK;
}

static bool is_steering(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x61c || cp == 0x200e ||
	       cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

bool body_is_plain(struct slice text, bool may_have_lines)
{
	size_t at = 0;

	if (utf8_check(text) != SIZE_MAX)
		return false;
	while (at < text.len) {
		uint32_t cp = utf8_next(text, &at);

		if (is_steering(cp) &&
		    !(may_have_lines && (cp == '\t' || cp == '\n' || cp == '\r')))
			return false;
	}
	return true;
}

enum result body_text(const struct tree *body, struct slice key, size_t max, struct slice *ret,
		      struct error *err)
{
	const struct tree_node *n = tree_get(&body->root, key);

	if (n == NULL)
		return E_NOT_FOUND;
	if (n->kind != TREE_STRING || n->count == 0 || n->count > max ||
	    !body_is_plain(tree_text(n), false))
		return fail_at(err, E_MALFORMED, n->line, n->column,
			       "`%.*s` must be a text of 1 to %zu bytes without control or "
			       "bidirectional characters",
			       SLICE_ARGS(key), max);
	*ret = tree_text(n);
	return OK;
}

enum result body_duration(const struct tree *body, struct slice key, int64_t max_ms, int64_t *ret,
			  struct error *err)
{
	const struct tree_node *n = tree_get(&body->root, key);
	bool is_text = n != NULL && (n->kind == TREE_STRING || n->kind == TREE_NUMBER);
	int64_t ms;

	if (n == NULL)
		return E_NOT_FOUND;
	if (!is_text || !duration_parse(tree_text(n), max_ms, &ms) || ms < 1000)
		return fail_at(
			err, E_MALFORMED, n->line, n->column,
			"`%.*s` must be a duration such as 90s, 12h or 30d, from 1 second to "
			"%lld days",
			SLICE_ARGS(key), (long long)(max_ms / 86400000));
	*ret = ms;
	return OK;
}
