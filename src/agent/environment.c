/*
 * Builds the environment of a child from three sources: REEVE_CONFIG_FILE, the variables that the
 * user of the command picked (--env) or asked for in bulk (--env-all), and this process's own
 * environment.
 *
 * The rule: the author of a configuration and the user who runs the command need not trust each
 * other. A name that the user typed is used if it does not steer programs, or if --env-unsafe says
 * so. A name that the configuration chose must match a pattern of --env-allow, or without patterns
 * begin with the prefix, and no flag lets it steer programs. No name is set twice. The variables by
 * which the agent authenticates (REEVE_TOKEN, REEVE_TOKEN_FILE) do not reach the child.
 *
 * Everything that is made lives in the caller's arena, which wipes; texts that are inherited are
 * borrowed from `environ`. The main thread builds environments, before it forks, so the child only
 * passes a pointer to exec. No lock is taken, and nothing may change `environ` meanwhile.
 */
#include "agent/environment.h"

#include "agent/variable.h"
#include "doc/pointer.h"
#include "doc/write.h"

#include <unistd.h>

/* Of variables from the configuration. It bounds the list and the quadratic search for duplicates
 * in it; more is E_LIMIT, and the run does not start or the change is refused. */
#define VARIABLES_MAX 4096

struct list {
	struct arena *arena;
	const struct environment_request *request;
	char **items; /* those that the configuration sets; at the end the inherited ones follow */
	size_t count;
};

static bool has_name(const char *variable, struct slice name)
{
	return strncmp(variable, name.data, name.len) == 0 && variable[name.len] == '=';
}

/* A linear search: at most VARIABLES_MAX names, once for each variable at a child's start. */
static bool is_set(const struct list *l, struct slice name)
{
	for (size_t i = 0; i < l->count; i++) {
		if (has_name(l->items[i], name))
			return true;
	}
	return false;
}

/* Two values for one name are refused, because programs differ in which of them they read. */
static enum result add(struct list *l, struct slice name, struct slice value, struct error *err)
{
	char *text;

	if (l->count >= VARIABLES_MAX)
		return fail(err, E_LIMIT,
			    "the configuration may set at most %d environment variables",
			    VARIABLES_MAX);
	if (is_set(l, name))
		return fail(err, E_INVALID,
			    "%.*s would be set twice: give one of the two values another name",
			    SLICE_ARGS(name));
	text = arena_alloc(l->arena, name.len + value.len + 2);
	if (text == NULL)
		return fail(err, E_MEMORY, "out of memory");
	memcpy(text, name.data, name.len);
	text[name.len] = '=';
	memcpy(text + name.len + 1, value.data, value.len);
	l->items[l->count++] = text;
	return OK;
}

/* Only for names of --env-all. "DB_*" of --env-allow fits DB_URL, and not MYDB_URL. */
static bool is_allowed(const struct environment_request *request, struct slice name)
{
	for (size_t i = 0; i < request->allowed_count; i++) {
		if (variable_matches(request->allowed[i], name))
			return true;
	}
	return request->allowed_count ==
	       0; /* the prefix alone decides, and every name begins with it */
}

/* For one line in the log, so that the user learns why a variable is missing. A failure to allocate
 * loses the line only. */
static void note_omitted(const struct environment_request *request, struct slice name)
{
	if (request->omitted == NULL)
		return;
	if (request->omitted->len != 0)
		buf_append_char(request->omitted, ' ');
	buf_append_slice(request->omitted, name);
}

/* The configuration's author chose this name. The variable is given only if the user of the command
 * allowed it, and never if it steers programs. */
static enum result add_from_all(void *ctx, struct slice name, struct slice value, struct error *err)
{
	struct list *l = ctx;

	if (!variable_is_name(name))
		return fail(err, E_INVALID,
			    "%.*s is not a valid name of a variable: use --env NAME=/pointer",
			    SLICE_ARGS(name));
	if (!is_allowed(l->request, name)) {
		if (l->request->not_allowed != NULL)
			++*l->request->not_allowed;
		return OK;
	}
	if (variable_steers(name) != NULL) {
		note_omitted(l->request, name);
		return OK;
	}
	return add(l, name, value, err);
}

/* The names follow from the pointers, as env_write() forms them: with the prefix "APP_" the value
 * at /db/url becomes APP_DB_URL. An empty prefix without patterns would let the configuration set
 * every name. */
static enum result add_all(struct list *l, const struct tree_node *config, struct error *err)
{
	const struct environment_request *request = l->request;

	if (request->all_prefix[0] == '\0' && request->allowed_count == 0)
		return fail(
			err, E_INVALID,
			"--env-all with an empty prefix lets the configuration choose every name: "
			"allow some by --env-allow, such as --env-allow 'DB_*'");
	return env_each(config, slice_text(request->all_prefix), add_from_all, l, err);
}

/* The user typed this name, so a wrong one is an error here, while add_from_all() only leaves out
 * what it may not set. */
static enum result check_picked_name(const struct environment_request *request, struct slice name,
				     struct error *err)
{
	const char *what = variable_steers(name);

	if (!variable_is_name(name))
		return fail(err, E_INVALID,
			    "--env must be NAME=/pointer; a name has letters, digits and _, and "
			    "does not begin with a digit");
	if (what == NULL || request->is_unsafe)
		return OK;
	return fail(err, E_INVALID,
		    "%.*s may not be set from a configuration: it steers %s; use another name, or "
		    "add --env-unsafe if you mean it",
		    SLICE_ARGS(name), what);
}

/* "DB_URL=/warehouse/url": a name, the first '=', a JSON pointer (RFC 6901). A missing value is an
 * error, not an empty variable: a child would otherwise start with a default of its own. */
static enum result add_pick(struct list *l, const char *pick, const struct tree_node *config,
			    struct error *err)
{
	CLEANUP(buf_clear) struct buf value = BUF_NULL;
	const char *equals = strchr(pick, '=');
	const struct tree_node *n;
	struct slice pointer, name;
	enum result rc;

	if (equals == NULL || !pointer_is_valid(slice_text(equals + 1)))
		return fail(err, E_MALFORMED,
			    "--env must be NAME=/pointer, such as DB_URL=/warehouse/url");
	pointer = slice_text(equals + 1);
	name = slice_make(pick, (size_t)(equals - pick));
	rc = check_picked_name(l->request, name, err);
	if (rc != OK)
		return rc;
	n = pointer_get(config, pointer);
	if (n == NULL)
		return fail(err, E_INVALID, "the configuration has no value at %.*s",
			    SLICE_ARGS(pointer));
	if (n->kind == TREE_ARRAY || n->kind == TREE_OBJECT)
		return fail(err, E_INVALID, "%.*s is a map or a list, not a single value",
			    SLICE_ARGS(pointer));
	raw_write(&value, n);
	if (buf_is_failed(&value))
		return fail(err, E_MEMORY, "out of memory");
	/* execve() takes texts that end at a NUL: the child would see a part of the value. */
	if (memchr(buf_slice(&value).data, '\0', value.len) != NULL)
		return fail(err, E_INVALID,
			    "the value at %.*s contains a NUL, which a variable cannot contain",
			    SLICE_ARGS(pointer));
	return add(l, name, buf_slice(&value), err);
}

/* `environ` is NULL after clearenv(). */
static size_t count_inherited(void)
{
	size_t count = 0;

	while (environ != NULL && environ[count] != NULL)
		count++;
	return count;
}

/* Appends our own environment without our credentials, and without the variables that the
 * configuration sets: of two with one name some programs read the second. */
static void append_inherited(struct list *l, size_t inherited)
{
	size_t own = l->count;

	for (size_t i = 0; i < inherited; i++) {
		const char *equals = strchr(environ[i], '=');
		struct slice name = slice_text(environ[i]);
		const struct list ours = {.items = l->items, .count = own};

		if (equals != NULL)
			name = slice_first(name, (size_t)(equals - environ[i]));
		if (!slice_is_text(name, "REEVE_TOKEN") &&
		    !slice_is_text(name, "REEVE_TOKEN_FILE") && !is_set(&ours, name))
			l->items[l->count++] = environ[i];
	}
	l->items[l->count] = NULL;
}

enum result environment_build(char ***ret, struct arena *a,
			      const struct environment_request *request,
			      const struct tree_node *config, struct error *err)
{
	struct list l = {.arena = a, .request = request};
	size_t inherited = count_inherited();
	enum result rc;

	l.items = arena_alloc_array(a, VARIABLES_MAX + inherited + 1, sizeof *l.items);
	if (l.items == NULL)
		return fail(err, E_MEMORY, "out of memory");
	/* First, so that a configuration that would set this name is refused as a duplicate. The
	 * inherited variables come last: they yield to all that are set by then. */
	rc = add(&l, SLICE_LITERAL("REEVE_CONFIG_FILE"), slice_text(request->config_file), err);
	for (size_t i = 0; rc == OK && i < request->picks_count; i++)
		rc = add_pick(&l, request->picks[i], config, err);
	if (rc == OK && request->all_prefix != NULL)
		rc = add_all(&l, config, err);
	if (rc != OK)
		return rc;
	append_inherited(&l, inherited);
	*ret = l.items;
	return OK;
}
