/*
 * References to secrets stay references: only their paths and defaults are resolved here. A reader
 * of the effective configuration sees which secrets it needs and none of their values.
 *
 * No secret is looked up, so the result does not depend on the rights of a reader or on the time.
 * profile_reveal() gets a full path, a key, a version and a default that is a scalar or again such
 * a list of parts.
 *
 * "${secret:${reeve:app}/db#password}" in an app "orders" becomes "${secret:orders/db#password}".
 */
#include "profile/resolve.h"

#include "doc/path.h"
#include "profile/problem.h"

#define SECRET_STEPS 120 /* budget steps of the path, the key and the parts of a reference */

/* A reference inside the path gives one segment or a part of one, and never a slash: a value that a
 * lower layer sets must not lead the path into another folder. A secret must not either: the path
 * would show its value. */
static enum result append_segment(struct resolver *r, struct buf *path, const struct ref_part *part)
{
	CLEANUP(buf_clear) struct buf segment = BUF_NULL;
	struct resolved v = {0};
	enum result rc = resolve_part(r, &v, part, false);

	if (rc != OK)
		return rc;
	if (v.secret != NULL)
		return resolver_refuse(r, "a secret cannot be part of a secret's path");
	if (!scalar_append(&segment, &v.node) ||
	    (!buf_is_failed(&segment) && !path_segment_is_valid(buf_slice(&segment))))
		return resolver_refuse(r,
				       "`%s%.*s` in a secret's path does not give one valid "
				       "segment",
				       part->kind == PART_VAR ? "var:" : "reeve:",
				       PROBLEM_NAME(part->body));
	rc = resolver_charge(r, segment.len);
	buf_append_slice(path, buf_slice(&segment));
	return rc;
}

/* The path as a whole is checked again: segments that are valid alone may be too long together. */
static enum result make_secret_path(struct resolver *r, struct slice *ret,
				    const struct ref_text *text)
{
	CLEANUP(buf_clear) struct buf path = BUF_NULL;
	struct error why = ERROR_NULL;
	enum doc_kind kind;
	enum result rc = OK;
	char *copy;

	buf_append_text(&path, "secrets/");
	for (uint32_t i = 0; i < text->count && rc == OK; i++) {
		if (text->parts[i].kind == PART_TEXT)
			buf_append_slice(&path, text->parts[i].body);
		else
			rc = append_segment(r, &path, &text->parts[i]);
	}
	if (rc == OK)
		rc = buf_check(&path, r->report.err);
	if (rc != OK)
		return rc;
	rc = path_check(buf_slice(&path), &kind, &why);
	if (rc != OK)
		return resolver_refuse(r, "a secret's path: %s", why.text);
	copy = arena_text(r->out, buf_slice(&path));
	if (copy == NULL)
		return arena_failure(r->out, r->report.err);
	*ret = slice_make(copy, path.len);
	return OK;
}

/* Resolves the default now: a reveal has nothing left to resolve it with. */
static enum result make_fallback(struct resolver *r, struct secret_part *secret,
				 const struct ref_text *text, bool is_whole, uint32_t *ret_height)
{
	struct resolved v = {0};
	enum result rc;

	if (text == NULL)
		return OK;
	rc = resolve_fallback(r, &v, text, is_whole);
	if (rc != OK)
		return rc;
	if (v.node.kind == TREE_ARRAY || v.node.kind == TREE_OBJECT)
		return resolver_refuse(r, "a secret's default must be a scalar");
	secret->has_default = true;
	secret->fallback = v.node;
	secret->fallback_text = v.secret;
	*ret_height = v.height;
	return OK;
}

/* The text that readers see: "${secret:orders/warehouse?version=3#password:-none}". A default
 * without references is shown as written, any other one as it was resolved. */
static void write_secret(struct buf *ret, const struct secret_part *secret,
			 const struct ref_text *fallback)
{
	buf_append_text(ret, "${secret:");
	buf_append_slice(ret, slice_from(secret->path, strlen("secrets/")));
	if (secret->version != 0) {
		buf_append_text(ret, "?version=");
		buf_append_u64(ret, secret->version);
	}
	if (secret->key.len != 0) {
		buf_append_char(ret, '#');
		buf_append_slice(ret, secret->key);
	}
	if (fallback != NULL) {
		buf_append_text(ret, ":-");
		if (ref_text_is_literal(fallback))
			buf_append_slice(ret, fallback->raw);
		else
			scalar_append(ret, &secret->fallback);
	}
	buf_append_char(ret, '}');
}

enum result resolve_secret(struct resolver *r, struct resolved *ret, const struct ref_part *part,
			   bool is_whole)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct secret_part secret = {.is_secret = true, .version = part->version};
	char *key = arena_text(r->out, part->body);
	uint32_t height = 0;
	enum result rc = budget_take(r->report.budget, SECRET_STEPS, r->report.err);

	if (rc != OK)
		return rc;
	if (key == NULL)
		return arena_failure(r->out, r->report.err);
	secret.key = slice_make(key, part->body.len);
	rc = make_secret_path(r, &secret.path, part->path);
	if (rc == OK)
		rc = make_fallback(r, &secret, part->fallback, is_whole, &height);
	if (rc != OK)
		return rc;
	/* After the default, because the text shows it. */
	write_secret(&text, &secret, part->fallback);
	rc = resolver_charge(r, text.len);
	if (rc == OK)
		rc = resolver_take_string(r, ret, &text);
	if (rc == OK)
		rc = resolver_take_secret(r, ret, &secret, 1);
	ret->height = height + 1;
	return rc;
}
