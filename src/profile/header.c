/*
 * The `$` keys of one profile document. A key that begins with one `$` is a header key, an
 * operator, or an error: a mistyped operator must not become data. `$$x` is the key `$x`.
 *
 * Each document is checked alone, before it is stored and again before it is merged, so that an
 * error has the line and column of the document that its author must edit. Code after this check
 * relies on it: map_form() looks at the first key of a map only, and a merge treats each key with
 * one `$` at the top as a header key.
 *
 * The first error ends the check. Recursion is bounded by DOC_DEPTH_MAX (check_depth()). The
 * functions keep no state; any thread may call.
 */
#include "profile/profile.h"

#include "base/text.h"
#include "profile/special_key.h"
#include "profile/problem.h"

/* Only at the top of a document. The lists are also the candidates for "did you mean". */
static const struct slice header_keys[] = {
	{"$schema", 7},
	{"$extends", 8},
	{"$abstract", 9},
	{"$vars", 5},
};

/* In any map below the top, beside no other kind of key. */
static const struct slice operator_keys[] = {
	{"$value", 6},
	{"$append", 7},
	{"$prepend", 8},
	{"$remove", 7},
};

static bool is_one_of(struct slice key, const struct slice *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_is_equal(key, keys[i]))
			return true;
	}
	return false;
}

#define IS_ONE_OF(key, keys) is_one_of((key), (keys), ARRAY_SIZE(keys))

/* An empty map is plain: it merges with the maps below it and adds nothing. */
enum map_form map_form(const struct tree_node *map)
{
	struct slice first;

	if (map->count == 0)
		return MAP_PLAIN;
	first = tree_key(&map->of.members[0]);
	if (slice_is_text(first, "$value"))
		return MAP_VALUE;
	return IS_ONE_OF(first, operator_keys) ? MAP_LIST_EDIT : MAP_PLAIN;
}

static enum result refuse_key(const struct tree_member *m, struct error *err, const char *why)
{
	return fail_at(err, E_INVALID, m->line, m->column, "`%.*s` %s", PROBLEM_NAME(tree_key(m)),
		       why);
}

/* `known` are the keys that may stand at this place, so that the suggestion is one that helps. */
static enum result refuse_unknown(const struct tree_member *m, const struct slice *known,
				  size_t count, struct error *err)
{
	struct slice near = text_nearest(tree_key(m), known, count);

	if (near.len != 0)
		return fail_at(err, E_INVALID, m->line, m->column,
			       "unknown key `%.*s` (did you mean `%.*s`?)",
			       PROBLEM_NAME(tree_key(m)), SLICE_ARGS(near));
	return fail_at(err, E_INVALID, m->line, m->column,
		       "unknown key `%.*s`; a key that itself begins with `$` is written with `$$`",
		       PROBLEM_NAME(tree_key(m)));
}

/* A key with one `$` that must not stand where it does. The sentence depends on the place, because
 * the remedy does: move the key, or write `$$`. */
static enum result refuse_special(const struct tree_member *m, bool is_literal, struct error *err)
{
	struct slice key = tree_key(m);

	if (IS_ONE_OF(key, header_keys))
		return refuse_key(m, err,
				  "may stand only at the top of a profile; a key of that name "
				  "is written with `$$`");
	if (IS_ONE_OF(key, operator_keys))
		return refuse_key(m, err,
				  is_literal ? "has no meaning inside a list or a `$value`; a key "
					       "of that name is written with `$$`"
					     : "cannot stand beside other keys");
	return refuse_unknown(m, operator_keys, ARRAY_SIZE(operator_keys), err);
}

/* Counts like the readers: maps and lists inside one another. */
static enum result check_depth(unsigned depth, const struct tree_node *n, struct error *err)
{
	if (depth > DOC_DEPTH_MAX && (n->kind == TREE_ARRAY || n->kind == TREE_OBJECT))
		return fail_at(err, E_LIMIT, n->line, n->column, "nested deeper than %d",
			       DOC_DEPTH_MAX);
	return OK;
}

/* Items of lists and values below `$value` are literal: no operator may stand in them, only
 * `$$`. */
static enum result check_literal(const struct tree_node *n, unsigned depth, struct error *err)
{
	enum result rc = check_depth(depth, n, err);

	if (rc != OK)
		return rc;
	if (n->kind == TREE_ARRAY) {
		for (uint32_t i = 0; i < n->count && rc == OK; i++)
			rc = check_literal(&n->of.items[i], depth + 1, err);
	} else if (n->kind == TREE_OBJECT) {
		for (uint32_t i = 0; i < n->count && rc == OK; i++) {
			const struct tree_member *m = &n->of.members[i];

			if (key_is_special(tree_key(m)))
				return refuse_special(m, true, err);
			rc = check_literal(&m->value, depth + 1, err);
		}
	}
	return rc;
}

/* A map of operators: `{$value: …}` alone, or some of `$append`, `$prepend` and `$remove`, each
 * with a list. A plain key beside them is refused, since it could mean either to merge or to
 * edit. */
static enum result check_operators(const struct tree_node *map, unsigned depth, struct error *err)
{
	bool is_value = map_form(map) == MAP_VALUE;
	enum result rc = OK;

	for (uint32_t i = 0; i < map->count && rc == OK; i++) {
		const struct tree_member *m = &map->of.members[i];
		struct slice key = tree_key(m);

		if (is_value && i != 0)
			return refuse_key(m, err, "cannot stand beside `$value`");
		if (slice_is_text(key, "$value") && i != 0)
			return refuse_key(m, err, "cannot stand beside other operators");
		if (key_is_special(key) && !IS_ONE_OF(key, operator_keys))
			return refuse_special(m, false, err);
		if (!key_is_special(key))
			return refuse_key(m, err, "cannot stand beside operators");
		if (!is_value && m->value.kind != TREE_ARRAY)
			return fail_at(err, E_INVALID, m->value.line, m->value.column,
				       "`%.*s` must be a list", SLICE_ARGS(key));
		rc = check_literal(&m->value, depth + 1, err);
	}
	return rc;
}

static enum result check_map(const struct tree_node *map, bool is_top, unsigned depth,
			     struct error *err);

static enum result check_value(const struct tree_node *n, unsigned depth, struct error *err)
{
	if (n->kind != TREE_OBJECT)
		return check_literal(n, depth, err);
	if (map_form(n) != MAP_PLAIN)
		return check_operators(n, depth, err);
	return check_map(n, false, depth, err);
}

/* Header keys are skipped at the top: their values are read by the functions below, and `$vars` is
 * checked as a map of its own. */
static enum result check_map(const struct tree_node *map, bool is_top, unsigned depth,
			     struct error *err)
{
	enum result rc = check_depth(depth, map, err);

	for (uint32_t i = 0; i < map->count && rc == OK; i++) {
		const struct tree_member *m = &map->of.members[i];
		struct slice key = tree_key(m);

		if (is_top && IS_ONE_OF(key, header_keys))
			continue;
		if (is_top && IS_ONE_OF(key, operator_keys))
			return refuse_key(m, err, "cannot stand at the top of a profile");
		if (is_top && key_is_special(key))
			return refuse_unknown(m, header_keys, ARRAY_SIZE(header_keys), err);
		if (key_is_special(key))
			return refuse_special(m, false, err);
		rc = check_value(&m->value, depth + 1, err);
	}
	return rc;
}

/* Variables merge like the body, so the same rules hold for them, but they have no header keys. */
static enum result check_vars(const struct tree_node *vars, struct error *err)
{
	if (vars == NULL)
		return OK;
	if (vars->kind != TREE_OBJECT || map_form(vars) != MAP_PLAIN)
		return fail_at(err, E_INVALID, vars->line, vars->column,
			       "`$vars` must be a map of names to values");
	return check_map(vars, false, 1, err);
}

/* The path that a header's key names. */
struct named_path {
	const char *key; /* "`$schema`", for messages */
	const struct tree_node *place;
	struct slice parts[3]; /* joined without separators */
};

/* A name that gives no valid path is E_INVALID and not E_MALFORMED: the content of the document is
 * wrong, not the path of the request. Whether a document has that path is not looked up here. */
static enum result make_path(struct slice *ret, struct arena *a, const struct named_path *from,
			     struct error *err)
{
	const struct tree_node *place = from->place;
	CLEANUP(buf_clear) struct buf path = BUF_NULL;
	enum doc_kind kind;
	enum result rc;
	char *copy;

	for (size_t i = 0; i < ARRAY_SIZE(from->parts); i++)
		buf_append_slice(&path, from->parts[i]);
	rc = buf_check(&path, err);
	if (rc != OK)
		return rc;
	if (path.len > PATH_BYTES_MAX)
		return fail_at(err, E_INVALID, place->line, place->column,
			       "%s: the path is too long", from->key);
	rc = path_check(buf_slice(&path), &kind, err);
	if (rc != OK) {
		wrap(err, rc, "%s", from->key);
		if (err != NULL && rc != E_MEMORY) {
			err->line = place->line;
			err->column = place->column;
		}
		return rc == E_MALFORMED ? E_INVALID : rc;
	}
	copy = arena_text(a, buf_slice(&path));
	if (copy == NULL)
		return arena_failure(a, err);
	*ret = slice_make(copy, path.len);
	return OK;
}

static enum result read_schema(struct profile_header *h, struct arena *a,
			       const struct tree_node *schema, struct error *err)
{
	if (schema == NULL)
		return OK;
	if (schema->kind != TREE_STRING)
		return fail_at(err, E_INVALID, schema->line, schema->column,
			       "`$schema` must be the name of a schema");
	h->has_schema = true;
	return make_path(&h->schema, a,
			 &(struct named_path){"`$schema`",
					      schema,
					      {SLICE_LITERAL("schemas/"), tree_text(schema)}},
			 err);
}

/* The app of "profiles/<app>/<name>" with its slash behind: "orders/". */
static struct slice path_app(struct slice path)
{
	struct slice app = slice_from(path, strlen("profiles/"));
	const char *slash = memchr(app.data, '/', app.len);

	return slash != NULL ? slice_first(app, (size_t)(slash - app.data) + 1) : app;
}

/* "base" in profiles/orders/production → profiles/orders/base; "/shared/logging" →
 * profiles/shared/logging. "shared/logging" is refused: it could be meant as either. */
static enum result read_parent(struct slice *ret, struct arena *a, struct slice path,
			       const struct tree_node *parent, struct error *err)
{
	struct named_path from = {.key = "`$extends`", .place = parent};
	struct slice name = tree_text(parent);

	if (parent->kind != TREE_STRING)
		return fail_at(err, E_INVALID, parent->line, parent->column,
			       "`$extends` must be the name of a profile or a list of names");
	if (name.len != 0 && name.data[0] == '/') {
		from.parts[0] = SLICE_LITERAL("profiles");
		from.parts[1] = name;
		return make_path(ret, a, &from, err);
	}
	if (memchr(name.data, '/', name.len) != NULL)
		return fail_at(err, E_INVALID, parent->line, parent->column,
			       "`$extends`: a profile of another app is written `/app/name`");
	from.parts[0] = SLICE_LITERAL("profiles/");
	from.parts[1] = path_app(path);
	from.parts[2] = name;
	return make_path(ret, a, &from, err);
}

/* One name or a list of names. A parent that is named twice is refused: the order of the layers
 * would not say which of the two places counts. */
static enum result read_extends(struct profile_header *h, struct arena *a, struct slice path,
				const struct tree_node *extends, struct error *err)
{
	const struct tree_node *names = extends;
	struct slice *parents;
	uint32_t count = 1;

	if (extends == NULL)
		return OK;
	if (extends->kind == TREE_ARRAY) {
		names = extends->of.items;
		count = extends->count;
	}
	if (count > PROFILE_LAYERS_MAX)
		return fail_at(err, E_LIMIT, extends->line, extends->column,
			       "`$extends` names more than %d profiles", PROFILE_LAYERS_MAX);
	parents = arena_alloc_array(a, count, sizeof *parents);
	if (parents == NULL)
		return arena_failure(a, err);
	for (uint32_t i = 0; i < count; i++) {
		enum result rc = read_parent(&parents[i], a, path, &names[i], err);

		if (rc != OK)
			return rc;
		if (is_one_of(parents[i], parents, i))
			return fail_at(err, E_INVALID, names[i].line, names[i].column,
				       "`$extends` names %.*s twice", SLICE_ARGS(parents[i]));
	}
	h->parents = parents;
	h->parents_count = count;
	return OK;
}

static enum result read_abstract(struct profile_header *h, const struct tree_node *abstract,
				 struct error *err)
{
	if (abstract == NULL)
		return OK;
	if (abstract->kind != TREE_BOOL)
		return fail_at(err, E_INVALID, abstract->line, abstract->column,
			       "`$abstract` must be true or false");
	h->is_abstract = abstract->of.truth;
	return OK;
}

enum result profile_read_header(struct profile_header *ret, struct arena *a, struct slice path,
				const struct tree_node *root, struct error *err)
{
	struct profile_header h = {0};
	enum doc_kind kind;
	enum result rc;

	rc = path_check(path, &kind, err);
	if (rc != OK)
		return rc;
	if (kind != KIND_PROFILES)
		return fail(err, E_MALFORMED, "not the path of a profile");
	if (root->kind != TREE_OBJECT)
		return fail_at(err, E_INVALID, root->line, root->column,
			       "a profile must be a map of keys to values");
	/* First, because all functions after it use map_form(), which relies on it. */
	rc = check_map(root, true, 1, err);
	if (rc == OK)
		rc = check_vars(TREE_GET(root, "$vars"), err);
	if (rc == OK)
		rc = read_schema(&h, a, TREE_GET(root, "$schema"), err);
	if (rc == OK)
		rc = read_extends(&h, a, path, TREE_GET(root, "$extends"), err);
	if (rc == OK)
		rc = read_abstract(&h, TREE_GET(root, "$abstract"), err);
	if (rc != OK)
		return rc;
	*ret = h;
	return OK;
}
