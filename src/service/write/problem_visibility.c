/*
 * A problem tells of a profile's content only what the caller wrote or may read.
 *
 * A profile may have layers that the caller may not read: a parent that it may only use, or a
 * document that it patches without reading. Then there are three cases. A value that the caller's
 * own text sets alone is told in full. Where other layers take part in a value that the caller
 * wrote, only the place is told. All else is told as "lies in what you may not read".
 *
 * The functions here change a copy of a problem for one response and never the report. Walks over
 * layers are bounded (LAYERS_LOOKED_AT_MAX); beyond the bound a layer counts as hidden. Worker or
 * committer, one thread at a time.
 */

#include "service/write/problem_visibility.h"

#include "service/write/document_visibility.h"
#include "service/write/patch_without_read.h"
#include "service/write/write.h"

#include "doc/pointer.h"

#include <string.h>

#define LAYERS_LOOKED_AT_MAX 256

/* What may be told of a value: nothing, where it stands, or all of it. */
enum sight { SIGHT_NONE, SIGHT_PLACE, SIGHT_WHOLE };

/* Whether the caller may read the profile and all that it inherits from. `budget` bounds the
 * walk; beyond it the result is false. */
static bool may_see_layers(const struct write *w, struct slice path, uint32_t depth,
			   uint32_t *budget)
{
	const struct doc_edges *edges = edges_as_written(w, path);

	if (depth > PROFILE_DEPTH_MAX || *budget == 0 || !write_may_see(w, path))
		return false;
	--*budget;
	for (uint32_t i = 0; edges != NULL && i < edges->count; i++) {
		if (edges->items[i].kind == EDGE_EXTENDS &&
		    !may_see_layers(w, edges->items[i].target, depth + 1, budget))
			return false;
	}
	return true;
}

/* The path of a problem's profile, "profiles/app/name", in `text`; empty where it has none. */
static struct slice profile_path(const struct check_problem *p,
				 char text[static PATH_BYTES_MAX + 16])
{
	if (p->profile.len == 0 || p->profile.len > PATH_BYTES_MAX)
		return SLICE_NULL;
	memcpy(text, "profiles/", 9);
	memcpy(text + 9, p->profile.data, p->profile.len);
	return slice_make(text, 9 + p->profile.len);
}

/* A caller who may read the configuration sees the values of all layers in it. */
static bool may_see_config(const struct write *w, const struct check_problem *p)
{
	char text[PATH_BYTES_MAX + 16];

	if (p->profile.len == 0 || p->profile.len > PATH_BYTES_MAX)
		return false;
	memcpy(text, "config/", 7);
	memcpy(text + 7, p->profile.data, p->profile.len);
	return rights_may(w->view.reader, MAY_READ, slice_make(text, 7 + p->profile.len));
}

static bool may_see_all(const struct write *w, const struct check_problem *p)
{
	uint32_t budget = LAYERS_LOOKED_AT_MAX;
	char text[PATH_BYTES_MAX + 16];
	struct slice path = profile_path(p, text);

	if (path.len == 0)
		return p->origin_path.len == 0 || write_may_see(w, p->origin_path);
	return may_see_config(w, p) || may_see_layers(w, path, 0, &budget);
}

static bool has_text(struct slice s, struct slice part)
{
	if (part.len == 0 || s.len == 0)
		return part.len == 0;
	return memmem(s.data, s.len, part.data, part.len) != NULL;
}

static bool has_word(struct slice s, const char *word)
{
	return has_text(s, slice_text(word));
}

/* The next text between two backquotes, as messages quote keys and values. Without a second
 * backquote, all of the rest. */
static bool next_quoted(struct slice *rest, struct slice *ret)
{
	const char *from = rest->len != 0 ? memchr(rest->data, '`', rest->len) : NULL, *to;

	if (from == NULL)
		return false;
	*rest = slice_from(*rest, (size_t)(from + 1 - rest->data));
	to = rest->len != 0 ? memchr(rest->data, '`', rest->len) : NULL;
	*ret = to != NULL ? slice_first(*rest, (size_t)(to - rest->data)) : *rest;
	*rest = slice_from(*rest, to != NULL ? ret->len + 1 : rest->len);
	return true;
}

/* Whether a quoted word may be shown: the caller sent it, or it is a word of Reeve. */
static bool is_sent(struct slice body, struct slice quoted)
{
	static const struct slice ours = SLICE_INIT("$extends $schema $abstract $vars");

	return (quoted.len > 1 && has_text(ours, quoted)) || has_text(body, quoted);
}

/* A message quotes what it found in the layers; what the caller sent itself may be repeated. */
static bool quotes_only(struct slice message, struct slice body)
{
	struct slice quoted;

	while (next_quoted(&message, &quoted)) {
		if (!is_sent(body, quoted))
			return false;
	}
	return true;
}

/* Whether every document that a message names stands in the text as it is, and is not put
 * together from other layers. */
static bool names_only(struct slice message, struct slice text)
{
	struct slice path;

	while (path_next_in_text(&message, &path)) {
		path = slice_from(path, slice_starts_with(path, SLICE_LITERAL("secrets/")) ? 8 : 0);
		if (!has_text(text, path))
			return false;
	}
	return true;
}

/* The part of a document that the caller wrote or may read; NULL for none. */
static const struct tree_node *seen_root(const struct write *w, const struct change *c)
{
	if (c->op == CHANGE_OP_PATCH && change_is_blind(w, c))
		return &c->patch_tree.root;
	if (change_is_blind(w, c) || c->doc == NULL || !c->doc->is_parsed)
		return NULL;
	return &c->doc->tree.root;
}

/* How much the caller knows of the value that a problem is about; `*ret` becomes the string that
 * the caller wrote there, if any. */
static enum sight sight_of(const struct write *w, const struct check_problem *p, struct slice *ret)
{
	char text[PATH_BYTES_MAX + 16];
	struct slice path = p->origin_path.len != 0 ? p->origin_path : profile_path(p, text);
	const struct change *c = write_change(w, path);
	const struct tree_node *root = c != NULL ? seen_root(w, c) : NULL, *n;

	if (root == NULL)
		return p->origin_path.len != 0 && c == NULL && write_may_see(w, path) ? SIGHT_PLACE
										      : SIGHT_NONE;
	n = pointer_is_valid(p->pointer) ? pointer_get(root, p->pointer) : NULL;
	if (n == NULL)
		return SIGHT_NONE;
	if (n->kind == TREE_STRING)
		*ret = tree_text(n);
	return n->kind == TREE_OBJECT || n->kind == TREE_NULL ? SIGHT_PLACE : SIGHT_WHOLE;
}

/* The message about a reference that cannot be resolved. It does not name a missing key: a
 * suggestion may follow it, and also its absence tells something. It names a secret whose path
 * the caller wrote in full. */
static const char *reference_message(const struct check_problem *p, struct slice written)
{
	struct slice message = slice_text(p->message);
	bool is_secret = slice_starts_with(message, SLICE_LITERAL("secret "));

	if (is_secret && !has_word(written, "${var:") && names_only(message, written))
		return p->message;
	if (is_secret && has_word(message, "is not there"))
		return "refers to a secret that is not there and has no default";
	if (has_word(message, "which is not there"))
		return "refers to what is not there and has no default";
	return "has a reference that cannot be resolved";
}

/* A problem without a pointer: of a document as a whole. */
static void cut_sentence(const struct write *w, struct check_problem *p)
{
	struct slice message = slice_text(p->message);
	const struct change *c = p->origin_path.len != 0 ? write_change(w, p->origin_path) : NULL;

	if (has_word(message, "what it inherits from"))
		p->message = "edits a list, but what it inherits is not a list";
	else if (p->origin_path.len != 0 && write_may_see(w, p->origin_path))
		return;
	else if (!quotes_only(message, c != NULL ? c->body : SLICE_NULL))
		p->message = "is refused for what you may not read";
}

/* Without a place, or in a document whose content the caller does not know. */
static bool is_changed_blindly(const struct write *w, const struct check_problem *p)
{
	const struct change *c = write_change(w, p->origin_path);

	return p->origin_path.len == 0 || (c != NULL && change_is_blind(w, c));
}

/* From the most that may be shown down to the least: all; a sentence; the place by sight; nothing
 * but that there is a problem. */
void problem_cut_content(const struct write *w, struct check_problem *p)
{
	bool is_of_schema = p->schema.len != 0 || p->constraint.len != 0 || p->keyword.len != 0;
	struct slice written = SLICE_NULL;
	enum sight sight;

	if (may_see_all(w, p))
		return;
	if (p->pointer.len == 0 && p->schema.len == 0 && p->constraint.len == 0) {
		cut_sentence(w, p);
		return;
	}
	sight = sight_of(w, p, &written);
	if (sight == SIGHT_NONE && p->is_named_by_schema && !is_changed_blindly(w, p) &&
	    write_may_see_constraint(w, p))
		sight = SIGHT_PLACE; /* may use the layer, and the schema tells the keys */
	if (sight == SIGHT_NONE) {
		p->message = "lies in what you may not read";
		p->pointer = p->keyword = SLICE_NULL;
	} else if (!is_of_schema) {
		p->message = reference_message(p, written);
	} else if (sight == SIGHT_PLACE || has_word(written, "${")) {
		p->message = "does not fit, together with what you may not read";
	}
}

/* That a profile has no $schema tells of its whole chain. */
bool problem_is_left_out(const struct write *w, const struct check_problem *p)
{
	char text[PATH_BYTES_MAX + 16];
	struct slice path = profile_path(p, text);

	return path.len != 0 && has_word(slice_text(p->message), "has no $schema") &&
	       !write_may_see(w, path) && !may_see_config(w, p);
}

/* Whether a document took part that the caller may not read. */
static bool is_partly_hidden(const struct write *w)
{
	for (const struct view_doc *d = w->view.first; d != NULL; d = d->next) {
		if (d->exists && !write_may_see(w, d->path))
			return true;
	}
	return false;
}

static bool any_sent(const struct write *w, struct slice quoted)
{
	for (uint32_t i = 0; i < w->changes_count; i++) {
		if (is_sent(w->changes[i].body, quoted))
			return true;
	}
	return false;
}

bool problem_quotes_hidden(const struct write *w, struct slice text)
{
	/* The keyword at which a validation ran out of steps belongs to the schema, whatever the
	 * caller sent. */
	bool is_limit = has_word(text, "validation takes more");
	struct slice quoted;

	if (!is_partly_hidden(w))
		return false;
	while (next_quoted(&text, &quoted)) {
		if (is_limit || !any_sent(w, quoted))
			return true;
	}
	return false;
}
