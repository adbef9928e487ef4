/*
 * Finding the node that a reference refers to.
 *
 * The path leads through the merged layers. Where it reaches a string that is only a reference, it
 * continues in the target of that reference: a key is found whether its map was written in place or
 * referred to. With `db: ${shared.db}`, `${db.host}` is the host in shared.db.
 *
 * To step through a map, its value is not needed, so `${a.x}` may stand inside `a`. Following
 * closes a cycle only where a string must be followed to follow itself; `followed` is a state of
 * its own for that reason. Each string is followed once; its target is kept in the node. The depth
 * is bounded by RESOLVE_DEPTH_MAX, because following enters the node like resolving.
 */
#include "profile/resolve.h"

#include "base/text.h"
#include "doc/pointer.h"
#include "profile/problem.h"

#define CANDIDATES_MAX 1000 /* keys that are compared for "did you mean" */

/* As in a JSON pointer: no leading zero (RFC 6901 section 4). */
static bool read_index(struct slice token, uint32_t *ret)
{
	uint64_t index;

	if ((token.len > 1 && token.data[0] == '0') || !slice_to_u64(token, UINT32_MAX, &index))
		return false;
	*ret = (uint32_t)index;
	return true;
}

static enum result follow_string(struct resolver *r, struct merged_node **ret,
				 struct merged_node *d);

/* One step of a path. `*d` becomes NULL when there is no such key or item. */
static enum result step_into(struct resolver *r, struct merged_node **d, struct slice token)
{
	uint32_t index;
	enum result rc = budget_take(r->report.budget, 2, r->report.err);

	if (rc != OK)
		return rc;
	if ((*d)->from.kind == TREE_STRING) {
		rc = follow_string(r, d, *d);
		if (rc != OK || *d == NULL)
			return rc;
	}
	if ((*d)->from.kind == TREE_OBJECT) {
		*d = merged_get(*d, token, r->report.budget);
		return OK;
	}
	if ((*d)->from.kind == TREE_ARRAY && read_index(token, &index) && index < (*d)->from.count)
		*d = &(*d)->children[index];
	else
		*d = NULL;
	return OK;
}

/* "/a.b/0": keys with dots and items of lists. The tokens are unescaped in one buffer. */
static enum result walk_pointer(struct resolver *r, struct merged_node **d, struct slice pointer)
{
	CLEANUP(buf_clear) struct buf token = BUF_NULL;
	enum result rc = OK;

	while (rc == OK && *d != NULL && pointer_next_token(&pointer, &token)) {
		rc = buf_check(&token, r->report.err);
		if (rc == OK)
			rc = step_into(r, d, buf_slice(&token));
	}
	return rc;
}

/* "a.b.0": an item of a list is reached by its index here too. */
static enum result walk_keys(struct resolver *r, struct merged_node **d, struct slice keys)
{
	struct slice key;
	enum result rc = OK;

	while (rc == OK && *d != NULL && slice_next_part(&keys, '.', &key))
		rc = step_into(r, d, key);
	return rc;
}

enum result reference_target(struct resolver *r, struct merged_node **ret,
			     const struct ref_part *part)
{
	struct merged_node *d = part->kind == PART_VAR ? &r->vars : &r->config;
	enum result rc;

	if (part->kind == PART_POINTER)
		rc = walk_pointer(r, &d, part->body);
	else
		rc = walk_keys(r, &d, part->body);
	if (rc == OK)
		*ret = d;
	return rc;
}

/* The target of a string that is only one reference; NULL when that has no keys or items. Uses
 * defaults. */
static enum result follow_text(struct resolver *r, struct merged_node **ret,
			       const struct ref_text *text)
{
	*ret = NULL;
	while (text != NULL && ref_text_is_whole(text)) {
		const struct ref_part *part = &text->parts[0];
		enum result rc;

		/* A string, in which there are no keys. */
		if (part->kind == PART_REEVE)
			return OK;
		if (part->kind == PART_SECRET)
			return resolver_refuse(r, "a reference cannot step into a secret; refer to "
						  "its key with `${secret:…#key}`");
		rc = reference_target(r, ret, part);
		if (rc != OK)
			return rc;
		if (*ret != NULL && (*ret)->from.kind == TREE_STRING)
			return follow_string(r, ret, *ret);
		if (*ret != NULL)
			return OK;
		text = part->fallback;
	}
	return OK;
}

/* Each string is followed once, so that many ways through the same strings stay cheap. */
static enum result follow_string(struct resolver *r, struct merged_node **ret,
				 struct merged_node *d)
{
	enum result rc;

	if (d->followed == RESOLVE_DONE) {
		*ret = d->target;
		return OK;
	}
	if (d->followed == RESOLVE_FAILED)
		return E_INVALID;
	if (d->followed == RESOLVE_ACTIVE)
		return resolver_refuse_cycle(r, d);
	rc = resolver_parse(r, d);
	if (rc != OK)
		return rc;
	rc = resolver_enter(r, d);
	if (rc != OK)
		return rc;
	d->followed = RESOLVE_ACTIVE;
	rc = follow_text(r, &d->target, d->text);
	resolver_leave(r);
	d->followed = rc == OK ? RESOLVE_DONE : RESOLVE_FAILED;
	if (rc == E_INVALID && d->state == RESOLVE_NEW)
		d->state = RESOLVE_FAILED; /* so that the problem is not added again */
	*ret = d->target;
	return rc;
}

/* The most similar key in the map where `keys` does not continue. Does not follow references: a
 * suggestion is worth no recursion. Without budget there is no suggestion. */
static struct slice find_near(const struct merged_node *root, struct slice keys,
			      struct budget *budget)
{
	struct slice candidates[CANDIDATES_MAX];
	const struct merged_node *d = root;
	struct slice key = SLICE_NULL;
	uint32_t count = 0;

	while (d->from.kind == TREE_OBJECT && slice_next_part(&keys, '.', &key)) {
		const struct merged_node *next = merged_get(d, key, budget);

		if (next == NULL)
			break;
		d = next;
	}
	if (d->from.kind != TREE_OBJECT)
		return SLICE_NULL;
	for (; count < d->from.count && count < CANDIDATES_MAX; count++)
		candidates[count] = slice_make(d->keys[count].text, d->keys[count].len);
	if (!budget_spend(budget, count * (slice_first(key, 64).len * 8 + 1)))
		return SLICE_NULL;
	return text_nearest(key, candidates, count);
}

/* No suggestion when the list of problems is full: the text would not be kept. */
enum result refuse_missing(struct resolver *r, const struct ref_part *part)
{
	struct slice near = SLICE_NULL;
	bool is_var = part->kind == PART_VAR;

	if (part->kind != PART_POINTER && r->report.problems->count < PROFILE_PROBLEMS_MAX)
		near = find_near(is_var ? &r->vars : &r->config, part->body, r->report.budget);
	return resolver_refuse(r,
			       "refers to `%s%.*s`, which is not there and has no default%s%.*s%s",
			       is_var ? "var:" : "", PROBLEM_NAME(part->body),
			       near.len != 0 ? " (did you mean `" : "", SLICE_ARGS(near),
			       near.len != 0 ? "`?)" : "");
}
