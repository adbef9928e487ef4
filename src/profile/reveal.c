/*
 * Revealing: copies an effective configuration and replaces references to secrets by their values.
 *
 * Invariants: a value of a secret is copied only into the target's arena and into buffers, which
 * are all wiped; it is never parsed or compared. Each secret is looked up once for each path, key
 * and version (struct secret_lookup), so that several references to it get the same value.
 * `next_use` walks effective.uses in the document order in which they were listed; `at` is the next
 * entry of effective.secrets. One reveal runs on one thread.
 */
#include "profile/secret_text.h"

#include "profile/special_key.h"
#include "profile/problem.h"

#include <stdio.h>

/* The result of the lookup of one path, key and version. */
struct secret_lookup {
	uint32_t ref; /* index of the first reference, plus 1; 0: free slot */
	enum result rc;
	const struct tree_node *value;
};

struct reveal {
	struct arena *arena;
	const struct profile_reveal_input *in;
	struct secret_lookup *lookups; /* hash table, at most half full */
	uint32_t lookups_mask;
	struct problem_sink sink;
	struct error *err;
	uint32_t next_use;
	uint32_t nodes;
	size_t bytes;
	bool has_problems;
	bool has_failed; /* a lookup failed, with a result that may be E_INVALID too */
};

/* The budget steps of a value that is copied, with its place in an index of keys. */
#define REVEAL_STEPS 20

/* The bounds hold for the result with the values in it: a secret that is a large map may be
 * referred to many times. `depth` 0: not a container. */
static enum result charge(struct reveal *r, const struct tree_node *n, unsigned depth)
{
	bool is_text = n->kind == TREE_STRING || n->kind == TREE_NUMBER;

	if (!budget_spend(r->in->budget, REVEAL_STEPS + (is_text ? n->count / 8 : 0)))
		return budget_result(r->in->budget, r->err);
	r->nodes++;
	if (is_text)
		r->bytes += n->count;
	if (r->nodes > DOC_NODES_MAX || r->bytes > PROFILE_EFFECTIVE_BYTES_MAX)
		return fail(r->err, E_LIMIT, "reveals to more than %d bytes or %d values",
			    PROFILE_EFFECTIVE_BYTES_MAX, DOC_NODES_MAX);
	if (depth > DOC_DEPTH_MAX)
		return fail(r->err, E_LIMIT, "reveals to maps and lists nested deeper than %d",
			    DOC_DEPTH_MAX);
	return OK;
}

/* The message has the path, the version and the key of the secret, and never a value. */
static enum result refuse(struct reveal *r, const struct secret_ref *ref, const char *why)
{
	char version[32] = "";

	r->has_problems = true;
	if (ref->version != 0)
		snprintf(version, sizeof version, "?version=%llu",
			 (unsigned long long)ref->version);
	return profile_problem_add(&r->sink, ref->pointer, ref->node, "secret %.*s%s%s%.*s %s",
				   PROBLEM_NAME(ref->path), version, ref->key.len != 0 ? "#" : "",
				   PROBLEM_NAME(ref->key), why);
}

/* How the place and the flags of copied values are set. */
struct copy_mode {
	const struct tree_node *place; /* NULL: each keeps its own */
	uint8_t flags;		       /* added to each */
};

static enum result copy_node(struct reveal *r, struct tree_node *ret, const struct tree_node *n,
			     const struct copy_mode *mode, unsigned depth);

/* Replaces a string with references to secrets. */
static enum result reveal_string(struct reveal *r, struct tree_node *ret, const struct tree_node *n,
				 unsigned depth);

static enum result copy_child(struct reveal *r, struct tree_node *ret, const struct tree_node *n,
			      const struct copy_mode *mode, unsigned depth)
{
	enum result rc;

	/* With a place, the node is inside a value of a secret: its strings are data, whatever they
	 * look like, and are never replaced. */
	if (mode->place != NULL || n->kind != TREE_STRING || (n->flags & TREE_IS_SECRET) == 0)
		return copy_node(r, ret, n, mode, depth);
	rc = reveal_string(r, ret, n, depth);
	return rc == E_INVALID && !r->has_failed ? OK
						 : rc; /* the problem was added: look for others */
}

static enum result copy_array(struct reveal *r, struct tree_node *ret, const struct tree_node *n,
			      const struct copy_mode *mode, unsigned depth)
{
	struct tree_node *items = arena_alloc_array(r->arena, n->count, sizeof *items);
	enum result rc = OK;

	if (items == NULL)
		return arena_failure(r->arena, r->err);
	for (uint32_t i = 0; i < n->count && rc == OK; i++)
		rc = copy_child(r, &items[i], &n->of.items[i], mode, depth + 1);
	if (rc == OK)
		tree_set_array(ret, items, n->count);
	return rc;
}

static enum result copy_object(struct reveal *r, struct tree_node *ret, const struct tree_node *n,
			       const struct copy_mode *mode, unsigned depth)
{
	struct tree_member *members = arena_alloc_array(r->arena, n->count, sizeof *members);
	enum result rc = OK;

	if (members == NULL)
		return arena_failure(r->arena, r->err);
	for (uint32_t i = 0; i < n->count && rc == OK; i++) {
		const struct tree_member *m = &n->of.members[i];

		members[i] = *m;
		members[i].key = arena_text(r->arena, tree_key(m));
		if (members[i].key == NULL)
			return arena_failure(r->arena, r->err);
		if (mode->place != NULL) {
			members[i].line = mode->place->line;
			members[i].column = mode->place->column;
		}
		r->bytes += m->key_len;
		rc = copy_child(r, &members[i].value, &m->value, mode, depth + 1);
	}
	if (rc == OK)
		rc = tree_set_object(ret, r->arena, members, n->count, r->err);
	return rc;
}

static enum result copy_node(struct reveal *r, struct tree_node *ret, const struct tree_node *n,
			     const struct copy_mode *mode, unsigned depth)
{
	const struct tree_node *place = mode->place != NULL ? mode->place : n;
	enum result rc = charge(r, n, n->kind >= TREE_ARRAY ? depth : 0);

	if (rc != OK)
		return rc;
	*ret = *n;
	if (n->kind == TREE_ARRAY) {
		rc = copy_array(r, ret, n, mode, depth);
	} else if (n->kind == TREE_OBJECT) {
		rc = copy_object(r, ret, n, mode, depth);
	} else if (n->kind == TREE_STRING || n->kind == TREE_NUMBER) {
		ret->of.text = arena_text(r->arena, tree_text(n));
		if (ret->of.text == NULL)
			return arena_failure(r->arena, r->err);
	}
	ret->flags = n->flags | mode->flags;
	ret->source = place->source;
	ret->line = place->line;
	ret->column = place->column;
	return rc;
}

/* A string that is being put together. */
struct interpolation {
	struct buf text;
	uint8_t flags;
};

static void interpolation_clear(struct interpolation *m)
{
	buf_clear(&m->text);
}

/* Collisions cost time only: a lookup compares path, key and version, and PROBES_MAX bounds it. */
static uint64_t hash_ref(const struct secret_ref *ref)
{
	return hash_fold(slice_hash(ref->path) ^ ref->version,
			 slice_hash(ref->key) ^ UINT64_C(0x9e3779b97f4a7c15));
}

static bool is_same_secret(const struct secret_ref *a, const struct secret_ref *b)
{
	return a->version == b->version && slice_is_equal(a->path, b->path) &&
	       slice_is_equal(a->key, b->key);
}

/* The slot of a lookup, or the free slot for it; NULL when too many have the same hash. */
static struct secret_lookup *find_lookup(struct reveal *r, const struct secret_ref *ref)
{
	uint32_t slot = (uint32_t)hash_ref(ref) & r->lookups_mask;

	for (uint32_t i = 0; i < PROBES_MAX; i++, slot = (slot + 1) & r->lookups_mask) {
		struct secret_lookup *at = &r->lookups[slot];

		budget_spend(r->in->budget, REVEAL_STEPS / 2);
		if (at->ref == 0 || is_same_secret(&r->in->from->secrets[at->ref - 1], ref))
			return at;
	}
	return NULL;
}

/* Without a slot the secret is looked up again: slower, with the same result. Only success and
 * E_NOT_FOUND are kept; any other failure ends the reveal. */
static enum result look_up(struct reveal *r, const struct tree_node **ret, uint32_t at,
			   struct error *err)
{
	const struct secret_ref *ref = &r->in->from->secrets[at];
	struct secret_lookup *lookup = find_lookup(r, ref);
	enum result rc;

	if (budget_result(r->in->budget, NULL) != OK)
		return budget_result(r->in->budget, err);
	if (lookup != NULL && lookup->ref != 0) {
		*ret = lookup->value;
		return lookup->rc;
	}
	rc = r->in->value(r->in->ctx, ref, ret, err);
	if (lookup != NULL && (rc == OK || rc == E_NOT_FOUND))
		*lookup = (struct secret_lookup){at + 1, rc, rc == OK ? *ret : NULL};
	return rc;
}

static enum result make_lookups(struct reveal *r)
{
	uint32_t size = 4;

	while (size < 2 * r->in->from->secrets_count)
		size *= 2;
	r->lookups = alloc_zero_array(size, sizeof *r->lookups);
	r->lookups_mask = size - 1;
	return r->lookups != NULL ? OK : fail(r->err, E_MEMORY, "out of memory");
}

/* Looks up the secret of one part. `*ret` stays NULL when it is missing and has a default. `*at`
 * moves past the secret, and past those in its default when that is not needed. */
static enum result fetch_secret(struct reveal *r, const struct tree_node **ret,
				const struct secret_part *part, uint32_t *at)
{
	const struct secret_ref *ref = &r->in->from->secrets[*at];
	struct error why = ERROR_NULL;
	enum result rc = look_up(r, ret, (*at)++, &why);

	if (rc == OK && part->fallback_text != NULL)
		*at += part->fallback_text->refs_count;
	if (rc == OK)
		return OK;
	*ret = NULL;
	if (rc != E_NOT_FOUND) {
		r->has_failed = true;
		return fail(r->err, rc, "%s", why.text);
	}
	if (part->has_default)
		return OK;
	return refuse(r, ref, "is not there and has no default");
}

static enum result interpolate_text(struct reveal *r, struct interpolation *m,
				    const struct secret_text *t, uint32_t *at);

/* A missing secret is replaced by its default, which does not make the string a secret. A value
 * that is null, a list or a map cannot stand in a text. An opaque one adds no text and makes the
 * whole string opaque. */
static enum result interpolate_secret(struct reveal *r, struct interpolation *m,
				      const struct secret_part *part, uint32_t *at)
{
	const struct secret_ref *ref = &r->in->from->secrets[*at];
	const struct tree_node *value = NULL;
	enum result rc = fetch_secret(r, &value, part, at);

	if (rc != OK)
		return rc;
	if (value == NULL && part->fallback_text != NULL)
		return interpolate_text(r, m, part->fallback_text, at);
	if (value != NULL)
		m->flags |= TREE_IS_SECRET | (value->flags & TREE_IS_OPAQUE);
	else
		value = &part->fallback;
	if (value->kind == TREE_NULL || value->kind >= TREE_ARRAY)
		return refuse(r, ref,
			      "is no string, number or boolean and cannot stand inside "
			      "other text");
	if ((value->flags & TREE_IS_OPAQUE) == 0)
		scalar_append(&m->text, value);
	return OK;
}

static enum result interpolate_text(struct reveal *r, struct interpolation *m,
				    const struct secret_text *t, uint32_t *at)
{
	enum result first = OK;

	for (uint32_t i = 0; i < t->count; i++) {
		size_t before = m->text.len;
		enum result rc = OK;

		if (t->parts[i].is_secret)
			rc = interpolate_secret(r, m, &t->parts[i], at);
		else
			buf_append_slice(&m->text, t->parts[i].literal);
		if (rc == OK)
			rc = budget_take(r->in->budget, (m->text.len - before) / 8 + 1, r->err);
		if (rc == OK && m->text.len > PROFILE_EFFECTIVE_BYTES_MAX)
			rc = fail(r->err, E_LIMIT, "reveals to more than %d bytes",
				  PROFILE_EFFECTIVE_BYTES_MAX);
		if (rc == E_INVALID && !r->has_failed)
			first = rc;
		else if (rc != OK)
			return rc;
	}
	return first;
}

/* Secrets inside other text: the result is a string. */
static enum result reveal_inside_text(struct reveal *r, struct tree_node *ret,
				      const struct tree_node *n, const struct secret_text *t,
				      uint32_t at, unsigned depth)
{
	CLEANUP(interpolation_clear) struct interpolation m = {BUF_NULL, 0};
	struct copy_mode mode = {n, 0};
	struct tree_node string;
	enum result rc = interpolate_text(r, &m, t, &at);

	if (rc == OK)
		rc = buf_check(&m.text, r->err);
	if (rc != OK)
		return rc;
	if ((m.flags & TREE_IS_OPAQUE) != 0)
		buf_reset(&m.text); /* the rest alone would look like the value */
	tree_set_string(&string, buf_slice(&m.text));
	mode.flags = m.flags;
	return copy_node(r, ret, &string, &mode, depth);
}

/* Only one secret: the result takes its type. A default that is again a secret is treated in the
 * same way. */
static enum result reveal_whole(struct reveal *r, struct tree_node *ret, const struct tree_node *n,
				const struct secret_text *t, uint32_t at, unsigned depth)
{
	struct copy_mode mode = {n, TREE_IS_SECRET};

	while (secret_text_is_whole(t)) {
		const struct tree_node *value = NULL;
		enum result rc = fetch_secret(r, &value, &t->parts[0], &at);

		if (rc != OK)
			return rc;
		if (value != NULL)
			return copy_node(r, ret, value, &mode, depth);
		if (t->parts[0].fallback_text == NULL) {
			mode.flags = 0;
			return copy_node(r, ret, &t->parts[0].fallback, &mode, depth);
		}
		t = t->parts[0].fallback_text;
	}
	return reveal_inside_text(r, ret, n, t, at, depth);
}

static enum result reveal_string(struct reveal *r, struct tree_node *ret, const struct tree_node *n,
				 unsigned depth)
{
	const struct secret_use *use;

	if (r->next_use == r->in->from->uses_count)
		return fail(r->err, E_INTERNAL, "a string with secrets lost its parts");
	/* The copy visits the strings in the same order in which effective.c listed them. */
	use = &r->in->from->uses[r->next_use++];
	if (secret_text_is_whole(use->text))
		return reveal_whole(r, ret, n, use->text, use->first, depth);
	return reveal_inside_text(r, ret, n, use->text, use->first, depth);
}

enum result profile_reveal(struct tree *ret, const struct profile_reveal_input *in,
			   struct profile_problems *problems, struct arena *a, struct error *err)
{
	static const struct copy_mode as_it_is = {NULL, 0};
	struct reveal r = {
		.arena = &ret->arena,
		.in = in,
		.sink = {problems, a, err},
		.err = err,
	};
	struct tree_node root;
	enum result rc = make_lookups(&r);

	if (rc == OK)
		rc = copy_node(&r, &root, &in->from->tree.root, &as_it_is, 1);
	/* Not wiped: the table holds pointers to values and no values. */
	alloc_free(r.lookups);
	if (rc == OK && r.has_problems)
		rc = E_INVALID;
	if (rc == OK)
		rc = budget_result(in->budget, err);
	if (rc == OK)
		ret->root = root;
	return rc;
}
