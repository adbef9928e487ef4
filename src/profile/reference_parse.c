/*
 * The parser of references. It only reads the syntax: reference_target.c finds the value. Messages
 * never quote a default, which is a value.
 *
 * "postgres://${db.host:-localhost}/orders" becomes three parts: a literal, a reference to the key
 * db.host with a default, and a literal. All parts borrow from the string; the arena holds only the
 * arrays.
 *
 * Recursion goes parse_text() - parse_reference() - parse_text(), for defaults and for the paths of
 * secrets, and is bounded by REFERENCE_NESTING_MAX. Each level reads its text again, which the
 * budget pays for, so a nested string costs at most a few times its length for each level. The
 * first error ends the parse; the caller adds the place.
 */
#include "profile/reference_parse.h"

#include "base/text.h"
#include "doc/pointer.h"
#include "profile/problem.h"

struct parser {
	struct arena *arena;
	struct budget *budget;
};

/* False beyond the end, so callers need not compare lengths. */
static bool is_at(struct slice text, size_t at, const char *what)
{
	return slice_starts_with(slice_from(text, at), slice_text(what));
}

bool ref_text_is_plain(struct slice text)
{
	return memmem(text.data, text.len, "${", 2) == NULL;
}

bool ref_text_is_literal(const struct ref_text *t)
{
	for (uint32_t i = 0; i < t->count; i++) {
		if (t->parts[i].kind != PART_TEXT)
			return false;
	}
	return true;
}

/* The first byte of `set` from `at` on that is not inside an inner reference; the length of the
 * text without one. "$${" is skipped as a whole: it opens nothing. A `}` inside an inner reference
 * closes the innermost one. */
static size_t find_outside(struct slice text, size_t at, const char *set)
{
	size_t level = 0;

	while (at < text.len) {
		if (is_at(text, at, "$${")) {
			at += 3;
			continue;
		}
		if (is_at(text, at, "${")) {
			level++;
			at += 2;
			continue;
		}
		if (level == 0 && strchr(set, text.data[at]) != NULL && text.data[at] != '\0')
			return at;
		if (level > 0 && text.data[at] == '}')
			level--;
		at++;
	}
	return text.len;
}

/* Where the ":-" of the default stands; the length without a default. A ':' alone belongs to a
 * prefix such as "var:" and is passed over. */
static size_t find_default(struct slice inside)
{
	size_t at = find_outside(inside, 0, ":");

	while (at < inside.len && !is_at(inside, at, ":-"))
		at = find_outside(inside, at + 1, ":");
	return at;
}

static enum result parse_text(const struct ref_text **ret, const struct parser *p,
			      struct slice text, unsigned depth, struct error *err);

static enum result refuse_inner(struct error *err)
{
	return fail(err, E_INVALID,
		    "a reference may stand inside another only in a secret's path or in a default");
}

/* "a.b": no part is empty. A pointer reaches an empty key: "/a/". */
static enum result check_key_path(struct slice body, struct error *err)
{
	struct slice rest = body, part;

	if (body.len == 0)
		return fail(err, E_INVALID, "a reference is empty");
	while (slice_next_part(&rest, '.', &part)) {
		if (part.len == 0)
			return fail(err, E_INVALID,
				    "the reference `%.*s` has an empty part; keys with dots are "
				    "reached by a pointer such as `${/a/b.c}`",
				    PROBLEM_NAME(body));
	}
	return OK;
}

/* Versions are stored as signed 64-bit numbers, from 1; 0 means the current one and cannot be
 * written. */
static enum result parse_version(struct ref_part *part, struct slice query, struct error *err)
{
	static const struct slice prefix = {"version=", 8};

	if (!slice_starts_with(query, prefix))
		return fail(err, E_INVALID, "a secret's path may be followed by `?version=` only");
	if (!slice_to_u64(slice_from(query, prefix.len), INT64_MAX, &part->version) ||
	    part->version == 0)
		return fail(err, E_INVALID, "a secret's version must be a number from 1 on");
	return OK;
}

/* path [ "?version=" n ] [ "#" key ]
 *
 * The key is split off first, because it may contain a '?'. "#key?version=3" is refused with a
 * sentence of its own: otherwise it would be taken for a part of the key. */
static enum result parse_secret(struct ref_part *part, const struct parser *p, struct slice body,
				unsigned depth, struct error *err)
{
	size_t hash = find_outside(body, 0, "#");
	struct slice path = slice_first(body, hash);
	size_t query = find_outside(path, 0, "?");
	enum result rc;

	part->kind = PART_SECRET;
	part->body = slice_from(body, hash + 1);
	if (hash < body.len && part->body.len == 0)
		return fail(err, E_INVALID, "a reference to a secret has `#` but no key behind it");
	if (memmem(part->body.data, part->body.len, "?version=", 9) != NULL)
		return fail(err, E_INVALID, "`?version=` stands before a secret's `#key`");
	if (!ref_text_is_plain(part->body))
		return refuse_inner(err);
	if (query < path.len) {
		rc = parse_version(part, slice_from(path, query + 1), err);
		if (rc != OK)
			return rc;
	}
	rc = parse_text(&part->path, p, slice_first(path, query), depth + 1, err);
	for (uint32_t i = 0; rc == OK && i < part->path->count; i++) {
		enum part_kind kind = part->path->parts[i].kind;

		if (kind != PART_TEXT && kind != PART_VAR && kind != PART_REEVE)
			rc = fail(err, E_INVALID,
				  "a secret's path may hold only `${var:…}` and `${reeve:…}`");
	}
	return rc;
}

static enum result parse_reeve(struct ref_part *part, struct slice name, struct error *err)
{
	static const struct slice names[] = {{"app", 3}, {"profile", 7}};
	struct slice near;

	part->kind = PART_REEVE;
	part->body = name;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (slice_is_equal(name, names[i]))
			return OK;
	}
	near = text_nearest(name, names, ARRAY_SIZE(names));
	return fail(err, E_INVALID, "`reeve:` gives `app` and `profile`, and no `%.*s`%s%.*s%s",
		    PROBLEM_NAME(name), near.len != 0 ? " (did you mean `" : "", SLICE_ARGS(near),
		    near.len != 0 ? "`?)" : "");
}

/* A typing error such as "${secrets:…}" must not become a reference to a key with a colon. */
static enum result refuse_scheme(struct slice scheme, struct error *err)
{
	static const struct slice schemes[] = {{"var", 3}, {"reeve", 5}, {"secret", 6}};
	struct slice near = text_nearest(scheme, schemes, ARRAY_SIZE(schemes));

	return fail(err, E_INVALID,
		    "unknown kind of reference `%.*s:`%s%.*s%s; keys with colons are reached by a "
		    "pointer such as `${/a:b}`",
		    PROBLEM_NAME(scheme), near.len != 0 ? " (did you mean `" : "", SLICE_ARGS(near),
		    near.len != 0 ? ":`?)" : "");
}

/* Secrets first: only their bodies may hold inner references, which all other forms refuse. */
static enum result parse_body(struct ref_part *part, const struct parser *p, struct slice body,
			      unsigned depth, struct error *err)
{
	size_t colon;

	if (slice_starts_with(body, SLICE_LITERAL("secret:")))
		return parse_secret(part, p, slice_from(body, 7), depth, err);
	if (!ref_text_is_plain(body))
		return refuse_inner(err);
	if (slice_starts_with(body, SLICE_LITERAL("reeve:")))
		return parse_reeve(part, slice_from(body, 6), err);

	part->body = body;
	if (body.len != 0 && body.data[0] == '/') {
		part->kind = PART_POINTER;
		if (!pointer_is_valid(body))
			return fail(err, E_INVALID, "the reference `%.*s` is no JSON pointer",
				    PROBLEM_NAME(body));
		return OK;
	}
	part->kind = PART_KEY;
	if (slice_starts_with(body, SLICE_LITERAL("var:"))) {
		part->kind = PART_VAR;
		part->body = slice_from(body, 4);
	}
	colon = find_outside(part->body, 0, ":");
	if (part->kind == PART_KEY && colon < body.len)
		return refuse_scheme(slice_first(body, colon), err);
	return check_key_path(part->body, err);
}

/* Parses the text between "${" and "}". */
static enum result parse_reference(struct ref_part *part, const struct parser *p,
				   struct slice inside, unsigned depth, struct error *err)
{
	size_t split = find_default(inside);
	enum result rc;

	if (depth >= REFERENCE_NESTING_MAX)
		return fail(err, E_INVALID, "references are nested deeper than %d",
			    REFERENCE_NESTING_MAX);
	rc = parse_body(part, p, slice_first(inside, split), depth, err);
	if (rc == OK && split < inside.len)
		rc = parse_text(&part->fallback, p, slice_from(inside, split + 2), depth + 1, err);
	return rc;
}

/* At most this many parts: two for each `${`, and one. */
static uint32_t parts_max(struct slice text)
{
	uint32_t count = 1;

	for (size_t i = 0; i + 1 < text.len; i++)
		count += text.data[i] == '$' && text.data[i + 1] == '{' ? 2 : 0;
	return count;
}

static void add_literal(struct ref_text *t, struct slice text)
{
	if (text.len != 0)
		t->parts[t->count++] = (struct ref_part){.kind = PART_TEXT, .body = text};
}

static enum result parse_text(const struct ref_text **ret, const struct parser *p,
			      struct slice text, unsigned depth, struct error *err)
{
	struct ref_text *t;
	size_t from = 0, at = 0;

	/* Each byte is read a few times for each reference that it is part of. */
	if (!budget_spend(p->budget, text.len * 2 + 5))
		return budget_result(p->budget, err);
	t = arena_alloc(p->arena, sizeof *t);
	if (t != NULL)
		t->parts = arena_alloc_array(p->arena, parts_max(text), sizeof *t->parts);
	if (t == NULL || t->parts == NULL)
		return arena_failure(p->arena, err);
	t->raw = text;
	while (at < text.len) {
		if (is_at(text, at,
			  "$${")) { /* the first `$` ends a literal, `${` begins the next */
			add_literal(t, slice_make(text.data + from, at - from));
			from = at + 1;
			at += 3;
		} else if (is_at(text, at, "${")) {
			size_t end = find_outside(text, at + 2, "}");
			enum result rc;

			if (end == text.len)
				return fail(err, E_INVALID,
					    "a reference `${` has no `}`; a literal `${` is "
					    "written `$${`");
			add_literal(t, slice_make(text.data + from, at - from));
			rc = parse_reference(&t->parts[t->count++], p,
					     slice_make(text.data + at + 2, end - at - 2), depth,
					     err);
			if (rc != OK)
				return rc;
			from = at = end + 1;
		} else {
			at++;
		}
	}
	add_literal(t, slice_make(text.data + from, text.len - from));
	*ret = t;
	return OK;
}

enum result ref_text_parse(const struct ref_text **ret, struct arena *a, struct slice text,
			   struct budget *budget, struct error *err)
{
	const struct parser p = {a, budget};

	return parse_text(ret, &p, text, 0, err);
}
