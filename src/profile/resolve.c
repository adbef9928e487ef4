/*
 * Resolving merged nodes to values.
 *
 * Invariants: each node is resolved once, when it is first needed, and its value is shared by all
 * references to it, not copied. The sizes count a shared value once for each reference, so that a
 * value that doubles by references to itself is refused by check_sizes() and not by a lack of
 * memory. `active` holds the nodes from the outermost to the current one; a node that is reached
 * while it is RESOLVE_ACTIVE closes a cycle. A node that is RESOLVE_FAILED has had its problem
 * added. The nodes of the result live in the arena of the effective configuration.
 */
#include "profile/resolve.h"

#include "profile/problem.h"

#include <stdio.h>

/* Each entry is a few frames of C recursion, so this is also the bound on the stack. References
 * inside one another and containers inside one another count alike. */
enum result resolver_enter(struct resolver *r, struct merged_node *d)
{
	if (r->depth == RESOLVE_DEPTH_MAX)
		return fail(r->report.err, E_LIMIT, "references lead deeper than %d",
			    RESOLVE_DEPTH_MAX);
	r->active[r->depth++] = d;
	return OK;
}

void resolver_leave(struct resolver *r)
{
	r->depth--;
}

/* The place is that of the string with the reference, also where it is a variable; the pointer is
 * that of the key in the configuration which needed it. A node must have been entered. */
enum result resolver_refuse(struct resolver *r, const char *fmt, ...)
{
	CLEANUP(buf_clear) struct buf pointer = BUF_NULL;
	char message[ERROR_TEXT_BYTES + 8]; /* profile_problem_add() cuts it between characters */
	const struct merged_node *in_hand = r->active[r->depth - 1];
	uint32_t i = r->depth;
	va_list args;

	if (r->report.problems->count == PROFILE_PROBLEMS_MAX) {
		r->report.problems
			->dropped++; /* the list is full: the place need not be spelled out */
		return E_INVALID;
	}
	va_start(args, fmt);
	vsnprintf(message, sizeof message, fmt, args);
	va_end(args);

	/* A variable is not part of the result: use the key that led to it. */
	while (--i > 0 && r->active[i]->is_var)
		;
	merged_append_name(&pointer, r->active[i]);
	if (buf_is_failed(&pointer))
		return buf_check(&pointer, r->report.err);
	return profile_problem_add(&(struct problem_sink){r->report.problems, r->report.arena,
							  r->report.err},
				   buf_slice(&pointer), &in_hand->from, "%s", message);
}

/* Spells the cycle out, /a → /b → /a; the middle of a long one is left out. */
enum result resolver_refuse_cycle(struct resolver *r, const struct merged_node *again)
{
	CLEANUP(buf_clear) struct buf way = BUF_NULL;
	uint32_t from = r->depth - 1;

	if (r->report.problems->count == PROFILE_PROBLEMS_MAX)
		return resolver_refuse(r, "refers to itself");
	while (from > 0 && r->active[from] != again)
		from--;
	for (uint32_t i = from; i < r->depth; i++) {
		if (i > from + 4 && i + 4 < r->depth) {
			buf_append_text(&way, i == from + 5 ? "… → " : "");
			continue;
		}
		merged_append_name(&way, r->active[i]);
		buf_append_text(&way, " → ");
	}
	merged_append_name(&way, again);
	if (buf_is_failed(&way))
		return buf_check(&way, r->report.err);
	return resolver_refuse(r, "refers to itself: %s", way.data);
}

/* A string may be parsed for its value or to be followed, whichever comes first. A plain string
 * keeps `text` NULL. The node is entered for the problem only, so that the problem gets its
 * place. */
enum result resolver_parse(struct resolver *r, struct merged_node *d)
{
	struct error why = ERROR_NULL;
	enum result rc;

	if (d->state == RESOLVE_FAILED)
		return E_INVALID;
	if (d->is_parsed)
		return OK;
	d->is_parsed = true;
	if (ref_text_is_plain(tree_text(&d->from)))
		return OK;
	rc = ref_text_parse(&d->text, r->scratch, tree_text(&d->from), r->report.budget, &why);
	if (rc == OK)
		return OK;
	if (rc != E_INVALID)
		return fail(r->report.err, rc, "%s", why.text);
	rc = resolver_enter(r, d);
	if (rc != OK)
		return rc;
	rc = resolver_refuse(r, "%s", why.text);
	resolver_leave(r);
	d->state = RESOLVE_FAILED;
	return rc;
}

/* The bounds of the result, checked at each node, so that nothing much larger is ever built. */
static enum result check_sizes(struct resolver *r, const struct resolved *v)
{
	if (v->bytes > PROFILE_EFFECTIVE_BYTES_MAX)
		return fail(r->report.err, E_LIMIT, "resolves to more than %d bytes",
			    PROFILE_EFFECTIVE_BYTES_MAX);
	if (v->nodes > DOC_NODES_MAX)
		return fail(r->report.err, E_LIMIT, "resolves to more than %d values",
			    DOC_NODES_MAX);
	if (v->depth > DOC_DEPTH_MAX)
		return fail(r->report.err, E_LIMIT,
			    "resolves to maps and lists nested deeper than %d", DOC_DEPTH_MAX);
	if (v->height > RESOLVE_DEPTH_MAX)
		return fail(r->report.err, E_LIMIT, "references lead deeper than %d",
			    RESOLVE_DEPTH_MAX);
	return OK;
}

/* Cannot overflow: both the sum and the part have passed check_sizes(). */
static enum result add_sizes(struct resolver *r, struct resolved *sum, const struct resolved *part)
{
	sum->bytes += part->bytes;
	sum->nodes += part->nodes;
	if (part->depth >= sum->depth)
		sum->depth = part->depth + 1;
	if (part->height >= sum->height)
		sum->height = part->height + 1;
	return check_sizes(r, sum);
}

/* Resolves all children, even when some fail, so that all problems are found. */
static enum result resolve_children(struct resolver *r, struct merged_node *d)
{
	enum result first = OK;

	d->value.nodes = 1;
	d->value.depth = 1;
	for (uint32_t i = 0; i < d->from.count; i++) {
		struct merged_node *child = &d->children[i];
		enum result rc = resolve_node(r, child);

		if (rc == OK) {
			if (d->from.kind == TREE_OBJECT)
				d->value.bytes += d->keys[i].len;
			rc = add_sizes(r, &d->value, &child->value);
		}
		if (rc == E_INVALID)
			first = rc;
		else if (rc != OK)
			return rc;
	}
	return first;
}

/* Copies the nodes of the items, not the values below them: these are shared. */
static enum result build_array(struct resolver *r, struct merged_node *d)
{
	struct tree_node *items = arena_alloc_array(r->out, d->from.count, sizeof *items);

	if (items == NULL)
		return arena_failure(r->out, r->report.err);
	for (uint32_t i = 0; i < d->from.count; i++)
		items[i] = d->children[i].value.node;
	tree_set_array(&d->value.node, items, d->from.count);
	return OK;
}

/* The budget steps of tree_set_object(): it sorts large maps, and compares each two keys of small
 * ones. */
static uint64_t object_steps(uint32_t count)
{
	uint64_t steps = count;

	for (uint32_t i = 1; i < count; i *= 2)
		steps += count;
	return steps;
}

static enum result build_object(struct resolver *r, struct merged_node *d)
{
	struct tree_member *members = arena_alloc_array(r->out, d->from.count, sizeof *members);

	if (!budget_spend(r->report.budget, object_steps(d->from.count)))
		return budget_result(r->report.budget, r->report.err);
	if (members == NULL)
		return arena_failure(r->out, r->report.err);
	for (uint32_t i = 0; i < d->from.count; i++) {
		const struct merged_key *k = &d->keys[i];

		members[i] = (struct tree_member){
			.key = arena_text(r->out, slice_make(k->text, k->len)),
			.hash = k->hash,
			.key_len = k->len,
			.line = k->line,
			.column = k->column,
			.value = d->children[i].value.node,
		};
		if (members[i].key == NULL)
			return arena_failure(r->out, r->report.err);
		if (!budget_spend(r->report.budget, k->len / 8))
			return budget_result(r->report.budget, r->report.err);
	}
	return tree_set_object(&d->value.node, r->out, members, d->from.count, r->report.err);
}

/* Copies the text: the result must not borrow from the layers, which end before it. */
static enum result resolve_scalar(struct resolver *r, struct merged_node *d)
{
	enum result rc = budget_take(r->report.budget, d->from.count / 8 + 1, r->report.err);

	if (rc == OK)
		rc = tree_copy(&d->value.node, r->out, &d->from, r->report.err);
	d->value.nodes = 1;
	if (d->from.kind == TREE_STRING || d->from.kind == TREE_NUMBER)
		d->value.bytes = d->from.count;
	return rc;
}

static enum result resolve_string(struct resolver *r, struct merged_node *d)
{
	enum result rc = resolver_parse(r, d);

	if (rc != OK)
		return rc;
	if (d->text == NULL)
		return resolve_scalar(r, d);
	return resolve_text(r, &d->value, d->text);
}

static enum result resolve_value(struct resolver *r, struct merged_node *d)
{
	enum result rc;

	switch (d->from.kind) {
	case TREE_STRING:
		return resolve_string(r, d);
	case TREE_ARRAY:
		rc = resolve_children(r, d);
		return rc == OK ? build_array(r, d) : rc;
	case TREE_OBJECT:
		rc = resolve_children(r, d);
		return rc == OK ? build_object(r, d) : rc;
	default:
		return resolve_scalar(r, d);
	}
}

enum result resolve_node(struct resolver *r, struct merged_node *d)
{
	enum result rc;

	if (d->state == RESOLVE_DONE)
		return OK;
	if (d->state == RESOLVE_FAILED)
		return E_INVALID;
	if (d->state == RESOLVE_ACTIVE)
		return resolver_refuse_cycle(r, d);
	rc = budget_take(r->report.budget, NODE_STEPS, r->report.err);
	if (rc == OK)
		rc = resolver_enter(r, d);
	if (rc != OK)
		return rc;
	d->state = RESOLVE_ACTIVE;
	rc = resolve_value(r, d);
	resolver_leave(r);
	if (rc == OK)
		rc = check_sizes(r, &d->value);
	d->state = rc == OK ? RESOLVE_DONE : RESOLVE_FAILED;
	/* The origin of a value is the place where the reference stands and not that of its target:
	 * there a reader would look for this key. */
	d->value.node.source = d->from.source;
	d->value.node.line = d->from.line;
	d->value.node.column = d->from.column;
	return rc;
}
