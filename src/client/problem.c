/*
 * Turns a response of status 400 and above into a result and a text, for the command's exit code
 * and its error message.
 *
 * The body may come from a proxy on the way, or from a server of another version, so nothing of it
 * is needed: without a readable problem the status alone decides. The result always follows from
 * the status, never from the body, so that a body cannot turn a refusal into another kind of
 * failure. The texts of a server are data: control characters in the list are replaced before a
 * terminal sees them.
 */
#include "client/problem.h"

#include "base/text.h"
#include "doc/read.h"

static void tree_clearp(struct tree *t)
{
	tree_clear(t);
}

/* The reverse of http/problem.c; a status that is not listed tells only whose fault it is. */
static enum result result_of(unsigned status)
{
	static const struct {
		unsigned status;
		enum result rc;
	} rows[] = {
		{400, E_MALFORMED}, {401, E_UNAUTHENTICATED}, {403, E_FORBIDDEN},
		{404, E_NOT_FOUND}, {409, E_CONFLICT},	      {412, E_PRECONDITION},
		{413, E_TOO_LARGE}, {415, E_UNSUPPORTED},     {422, E_INVALID},
		{429, E_BUSY},	    {503, E_UNAVAILABLE},     {507, E_FULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].status == status)
			return rows[i].rc;
	}
	return status >= 500 ? E_INTERNAL : E_MALFORMED;
}

/* False for any body that is not a JSON object: a proxy may have sent it. */
static bool read_problem(struct tree *ret, const struct client_response *r)
{
	const struct doc_limits limits = {CLIENT_BODY_BYTES_MAX, DOC_DEPTH_MAX, DOC_NODES_MAX,
					  NULL};
	struct error ignored;

	return doc_read(ret, DOC_JSON, buf_slice(&r->body), &limits, NULL, &ignored) == OK &&
	       ret->root.kind == TREE_OBJECT;
}

/* The member's text, or an empty slice for a missing member and for one of another type. `object`
 * may be NULL, so lookups can be nested. The text lives with the tree. */
static struct slice get_text(const struct tree_node *object, const char *key)
{
	const struct tree_node *n = object != NULL ? tree_get(object, slice_text(key)) : NULL;

	return n != NULL && n->kind == TREE_STRING ? tree_text(n) : SLICE_NULL;
}

/* A place in a file, counted from 1. 0 for a missing member and for anything but a natural
 * number. */
static uint64_t get_number(const struct tree_node *object, const char *key)
{
	const struct tree_node *n = object != NULL ? tree_get(object, slice_text(key)) : NULL;

	if (n == NULL || n->kind != TREE_NUMBER || (n->flags & TREE_FITS_INT64) == 0 ||
	    n->as.integer < 0)
		return 0;
	return (uint64_t)n->as.integer;
}

/* RFC 9457 section 3.1.4 makes `detail` the explanation of this occurrence; `title` only names the
 * kind of problem. */
enum result problem_explain(const struct client_response *r, struct error *err)
{
	CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, false);
	enum result rc = result_of(r->status);
	struct slice detail = SLICE_NULL;

	if (read_problem(&tree, r)) {
		detail = get_text(&tree.root, "detail");
		if (detail.len == 0)
			detail = get_text(&tree.root, "title");
	}
	if (detail.len == 0)
		return fail(err, rc, "the server responded with status %u", r->status);
	return fail(err, rc, "%.*s", SLICE_ARGS(detail));
}

static void append_text(struct buf *ret, const struct tree_node *object, const char *key)
{
	text_append_visible(ret, get_text(object, key), "");
}

/* Writes exactly one line, because line breaks in the server's texts are replaced. */
static void list_one(struct buf *ret, const struct tree_node *item)
{
	const struct tree_node *origin = TREE_GET(item, "origin");
	bool has_profile = get_text(item, "profile").len != 0;
	bool has_pointer = get_text(item, "pointer").len != 0;

	buf_append_text(ret, "  ");
	append_text(ret, item, "profile");
	buf_append_text(ret, has_profile && has_pointer ? " " : "");
	append_text(ret, item, "pointer");
	buf_append_text(ret, has_profile || has_pointer ? ": " : "");
	append_text(ret, item, "message");
	if (get_text(origin, "path").len != 0) {
		buf_append_text(ret, " (");
		append_text(ret, origin, "path");
		if (get_number(origin, "line") != 0)
			buf_printf(ret, ":%llu:%llu",
				   (unsigned long long)get_number(origin, "line"),
				   (unsigned long long)get_number(origin, "column"));
		buf_append_char(ret, ')');
	}
	buf_append_char(ret, '\n');
}

void problem_list(struct buf *ret, const struct client_response *r)
{
	CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, false);
	const struct tree_node *errors;

	if (!read_problem(&tree, r))
		return;
	errors = TREE_GET(&tree.root, "errors");
	if (errors == NULL || errors->kind != TREE_ARRAY)
		return;
	for (uint32_t i = 0; i < errors->count; i++)
		list_one(ret, &errors->of.items[i]);
}
