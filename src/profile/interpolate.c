/*
 * Interpolation: the value of a string with references.
 *
 * The values of the references are put into the text: with host "db" and port 5432,
 * "${host}:${port}" gives "db:5432". If one of them holds references to secrets, the result keeps a
 * list of its parts (secret_text.h), so that a reveal can replace the secrets later without parsing
 * the text.
 *
 * Strings that refer to one another can double in length at each step. So all bytes that are put
 * together are counted in the resolver (resolver_charge()), also where they appear in the result
 * only as a part of others, as variables do. All memory comes from the arenas of the resolver.
 */
#include "profile/resolve.h"

#include "profile/problem.h"
#include "doc/yaml_scalar.h"

/* A number is appended as it was written: 1.50 stays "1.50". */
bool scalar_append(struct buf *ret, const struct tree_node *n)
{
	switch (n->kind) {
	case TREE_STRING:
	case TREE_NUMBER:
		buf_append_slice(ret, tree_text(n));
		return true;
	case TREE_BOOL:
		buf_append_text(ret, n->of.truth ? "true" : "false");
		return true;
	default:
		return false;
	}
}

enum result resolver_charge(struct resolver *r, size_t bytes)
{
	if (!budget_spend(r->report.budget, bytes / 4 + 1))
		return budget_result(r->report.budget, r->report.err);
	r->interpolated_bytes += bytes;
	if (r->interpolated_bytes > PROFILE_EFFECTIVE_BYTES_MAX)
		return fail(r->report.err, E_LIMIT, "resolves to more than %d bytes",
			    PROFILE_EFFECTIVE_BYTES_MAX);
	return OK;
}

enum result resolver_take_string(struct resolver *r, struct resolved *ret, const struct buf *text)
{
	enum result rc = buf_check(text, r->report.err);

	if (rc != OK)
		return rc;
	if (!tree_copy_string(&ret->node, r->out, buf_slice(text)))
		return arena_failure(r->out, r->report.err);
	ret->bytes = text->len;
	ret->nodes = 1;
	return OK;
}

/* `ret->node` is the string already: the address of its text identifies it when effective.c lists
 * the secrets. Parts from other strings are copied with it, since the same secret may become part
 * of many strings. */
enum result resolver_take_secret(struct resolver *r, struct resolved *ret,
				 const struct secret_part *parts, uint32_t count)
{
	struct secret_text *t = arena_alloc(r->out, sizeof *t);

	if (t == NULL)
		return arena_failure(r->out, r->report.err);
	t->parts = arena_copy(r->out, parts, count * sizeof *parts);
	if (t->parts == NULL)
		return arena_failure(r->out, r->report.err);
	t->count = count;
	t->text = ret->node.of.text;
	t->next = r->secrets;
	for (uint32_t i = 0; i < count; i++) {
		t->refs_count += parts[i].is_secret ? 1 : 0;
		if (parts[i].fallback_text != NULL)
			t->refs_count += parts[i].fallback_text->refs_count;
	}
	r->secrets = t;
	r->secrets_count++;
	ret->secret = t;
	ret->node.flags |= TREE_IS_SECRET;
	return OK;
}

/* A string that is being put together. */
struct interpolation {
	struct buf text;
	struct buf parts;    /* struct secret_part; literals get their bytes at the end */
	size_t literal_from; /* the start of the literal that is not yet a part */
	uint32_t height;
	uint32_t refs_count;
	bool has_secret;
};

static void interpolation_clear(struct interpolation *c)
{
	buf_clear(&c->text);
	buf_clear(&c->parts);
}

/* A literal is kept by its offset until the end: the buffer moves while it grows. */
static void end_literal(struct interpolation *c)
{
	struct secret_part part = {
		.literal = {NULL, c->text.len - c->literal_from},
		.at = c->literal_from,
	};

	if (part.literal.len != 0)
		buf_append(&c->parts, &part, sizeof part);
}

/* A string with secrets becomes part of this one: its parts are added to the parts. */
static void splice_secret(struct interpolation *c, const struct resolved *v)
{
	end_literal(c);
	buf_append(&c->parts, v->secret->parts, v->secret->count * sizeof *v->secret->parts);
	c->refs_count += v->secret->refs_count;
	buf_append_slice(&c->text, tree_text(&v->node));
	c->literal_from = c->text.len;
	c->has_secret = true;
}

/* null, lists and maps are refused inside other text: any notation for them would be a guess. */
static enum result interpolate_part(struct resolver *r, struct interpolation *c,
				    const struct ref_part *part)
{
	struct resolved v = {0};
	enum result rc;

	if (part->kind == PART_TEXT) {
		buf_append_slice(&c->text, part->body);
		return OK;
	}
	rc = resolve_part(r, &v, part, false);
	if (rc != OK)
		return rc;
	if (v.height > c->height)
		c->height = v.height;
	if (v.secret != NULL && v.secret->refs_count > DOC_NODES_MAX - c->refs_count)
		return fail(r->report.err, E_LIMIT, "holds more than %d references to secrets",
			    DOC_NODES_MAX);
	if (v.secret != NULL)
		splice_secret(c, &v);
	else if (!scalar_append(&c->text, &v.node))
		return resolver_refuse(r,
				       "refers to %s inside other text, where only a string, "
				       "a number or a boolean can stand",
				       v.node.kind == TREE_NULL	   ? "null"
				       : v.node.kind == TREE_ARRAY ? "a list"
								   : "a map");
	return OK;
}

/* Sets the bytes of the literals, now that the string no longer moves. Parts of other strings keep
 * theirs. */
static enum result finish_parts(struct resolver *r, struct interpolation *c, struct resolved *ret)
{
	struct secret_part *parts;
	uint32_t count;
	enum result rc;

	end_literal(c);
	rc = buf_check(&c->parts, r->report.err);
	if (rc != OK)
		return rc;
	parts = (struct secret_part *)(void *)c->parts.data;
	count = (uint32_t)(c->parts.len / sizeof *parts);
	for (uint32_t i = 0; i < count; i++) {
		if (!parts[i].is_secret && parts[i].literal.data == NULL)
			parts[i].literal.data = ret->node.of.text + parts[i].at;
	}
	return resolver_take_secret(r, ret, parts, count);
}

/* Charges after each part, so that a string is refused before it is much longer than the bound. */
static enum result interpolate(struct resolver *r, struct resolved *ret,
			       const struct ref_text *text)
{
	CLEANUP(interpolation_clear) struct interpolation c = {.text = BUF_NULL, .parts = BUF_NULL};
	enum result rc = OK;

	for (uint32_t i = 0; i < text->count && rc == OK; i++) {
		size_t before = c.text.len;

		rc = interpolate_part(r, &c, &text->parts[i]);
		if (rc == OK)
			rc = resolver_charge(r, c.text.len - before);
	}
	if (rc == OK)
		rc = resolver_take_string(r, ret, &c.text);
	if (rc == OK && c.has_secret)
		rc = finish_parts(r, &c, ret);
	ret->height = c.height + 1;
	return rc;
}

/* "${port}" is the number 5432; "${port} " is the string "5432 ". */
enum result resolve_text(struct resolver *r, struct resolved *ret, const struct ref_text *text)
{
	if (ref_text_is_whole(text))
		return resolve_part(r, ret, &text->parts[0], true);
	return interpolate(r, ret, text);
}

/* Reads a default without references as YAML reads a plain scalar: "${port:-5432}" gives a number,
 * "${on:-true}" a boolean. */
static enum result read_default(struct resolver *r, struct resolved *ret, struct slice plain)
{
	struct error why = ERROR_NULL;
	enum result rc =
		budget_take(r->report.budget, yaml_integer_steps(plain) + 1, r->report.err);

	if (rc != OK)
		return rc;
	rc = doc_read_scalar(&ret->node, r->out, plain, &why);

	ret->nodes = 1;
	ret->bytes = plain.len;
	if (rc == OK)
		return OK;
	if (rc == E_MEMORY || r->out->is_exhausted)
		return arena_failure(r->out, r->report.err);
	return resolver_refuse(r, "a default: %s", why.text);
}

/* Inside other text (not `is_whole`) the default becomes part of a string in any case, so it is not
 * read as a scalar: "0x10" stays "0x10". */
enum result resolve_fallback(struct resolver *r, struct resolved *ret, const struct ref_text *text,
			     bool is_whole)
{
	struct slice plain = SLICE_LITERAL("");

	if (!is_whole)
		return interpolate(r, ret, text);
	if (!ref_text_is_literal(text))
		return resolve_text(r, ret, text);
	if (text->count > 1) /* contains an escaped `${`: always a string */
		return interpolate(r, ret, text);
	if (text->count == 1)
		plain = text->parts[0].body;
	return read_default(r, ret, plain);
}

/* `${reeve:app}` or `${reeve:profile}`; the parser accepts no other name. They are those of the
 * requested profile and not of the layer that refers to them, so a shared parent can name its
 * user. */
static enum result resolve_reeve(struct resolver *r, struct resolved *ret,
				 const struct ref_part *part)
{
	struct slice text = slice_is_text(part->body, "app") ? r->app : r->name;

	if (!tree_copy_string(&ret->node, r->out, text))
		return arena_failure(r->out, r->report.err);
	ret->nodes = 1;
	ret->bytes = text.len;
	return OK;
}

enum result resolve_part(struct resolver *r, struct resolved *ret, const struct ref_part *part,
			 bool is_whole)
{
	struct merged_node *target = NULL;
	enum result rc;

	if (part->kind == PART_REEVE)
		return resolve_reeve(r, ret, part);
	if (part->kind == PART_SECRET)
		return resolve_secret(r, ret, part, is_whole);
	rc = reference_target(r, &target, part);
	if (rc != OK)
		return rc;
	if (target == NULL && part->fallback != NULL)
		return resolve_fallback(r, ret, part->fallback, is_whole);
	if (target == NULL)
		return refuse_missing(r, part);
	rc = resolve_node(r, target);
	if (rc != OK)
		return rc;
	/* Shared, not copied: the nodes of a resolved value do not change. The sizes go with it, so
	 * they count once for each reference. */
	*ret = target->value;
	ret->height++;
	return OK;
}
