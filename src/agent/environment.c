#include "agent/environment.h"

#include "base/buf.h"
#include "doc/pointer.h"
#include "doc/write.h"

#include <unistd.h>

#define VARIABLES_MAX 4096

struct list {
	struct arena *arena;
	char **items;
	size_t count;
	size_t own_from; /* what we added begins here */
};

static bool ends_a_prefix(const char *rule)
{
	return rule[strlen(rule) - 1] == '*';
}

bool environment_name_is_safe(struct slice name)
{
	/* Names by which loaders, shells and interpreters change what they run. */
	static const char *const unsafe[] = {
		"PATH",	      "LD_*",
		"PYTHON*",    "PERL*",
		"RUBY*",      "NODE_*",
		"BASH_*",     "ENV",
		"IFS",	      "SHELLOPTS",
		"GCONV_PATH", "JAVA_TOOL_OPTIONS",
		"_JAVA_*",    "JDK_JAVA_OPTIONS",
		"GLIBC_*",    "MALLOC_*",
		"REEVE_*",    "HOME",
		"LOCPATH",    "NLSPATH",
		"PS4",	      "PROMPT_COMMAND",
		"GIT_*",      "SHELL",
	};

	if (name.len == 0 || (name.data[0] >= '0' && name.data[0] <= '9'))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '_'))
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(unsafe); i++) {
		struct slice rule = slice_text(unsafe[i]);

		if (ends_a_prefix(unsafe[i])
			    ? slice_starts_with(name, slice_first(rule, rule.len - 1))
			    : slice_is_equal(name, rule))
			return false;
	}
	return true;
}

static bool has_name(const char *variable, struct slice name)
{
	return strncmp(variable, name.data, name.len) == 0 && variable[name.len] == '=';
}

static enum result add(struct list *l, struct slice name, struct slice value, struct error *err)
{
	char *text;

	if (l->count + 1 >= VARIABLES_MAX)
		return fail(err, E_LIMIT, "more than %d environment variables", VARIABLES_MAX);
	text = arena_alloc(l->arena, name.len + value.len + 2);
	if (text == NULL)
		return fail(err, E_MEMORY, "out of memory");
	memcpy(text, name.data, name.len);
	text[name.len] = '=';
	memcpy(text + name.len + 1, value.data, value.len);
	for (size_t i = 0; i < l->count; i++) {
		if (!has_name(l->items[i], name))
			continue;
		if (i >= l->own_from)
			return fail(err, E_INVALID, "%.*s would be set twice", SLICE_ARGS(name));
		l->items[i] = text; /* ours wins over what we were started with */
		return OK;
	}
	l->items[l->count++] = text;
	return OK;
}

static enum result add_from_config(void *ctx, struct slice name, struct slice value,
				   struct error *err)
{
	if (!environment_name_is_safe(name))
		return fail(err, E_INVALID,
			    "%.*s may not be set from a configuration: it changes how programs run",
			    SLICE_ARGS(name));
	return add(ctx, name, value, err);
}

static enum result add_pick(struct list *l, const char *pick, const struct tree_node *config,
			    struct error *err)
{
	CLEANUP(buf_clear) struct buf value = BUF_NULL;
	const char *equals = strchr(pick, '=');
	const struct tree_node *n;
	struct slice pointer;

	if (equals == NULL || !pointer_is_valid(slice_text(equals + 1)))
		return fail(err, E_MALFORMED,
			    "--env is NAME=/pointer, such as DB_URL=/warehouse/url");
	pointer = slice_text(equals + 1);
	n = pointer_get(config, pointer);
	if (n == NULL)
		return fail(err, E_INVALID, "the configuration has nothing at %.*s",
			    SLICE_ARGS(pointer));
	if (n->kind == TREE_ARRAY || n->kind == TREE_OBJECT)
		return fail(err, E_INVALID, "%.*s is no single value", SLICE_ARGS(pointer));
	raw_write(&value, n);
	if (buf_is_failed(&value))
		return fail(err, E_MEMORY, "out of memory");
	if (memchr(buf_slice(&value).data, '\0', value.len) != NULL)
		return fail(err, E_INVALID, "%.*s holds a NUL, which no environment can",
			    SLICE_ARGS(pointer));
	return add_from_config(l, slice_make(pick, (size_t)(equals - pick)), buf_slice(&value),
			       err);
}

static bool is_inherited(const char *variable)
{
	return !has_name(variable, SLICE_LITERAL("REEVE_TOKEN")) &&
	       !has_name(variable, SLICE_LITERAL("REEVE_TOKEN_FILE"));
}

enum result environment_build(char ***ret, struct arena *a, const struct environment_wish *wish,
			      const struct tree_node *config, struct error *err)
{
	struct list l = {.arena = a};
	enum result rc;

	l.items = arena_alloc_array(a, VARIABLES_MAX, sizeof *l.items);
	if (l.items == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (char **e = environ; *e != NULL && l.count + 1 < VARIABLES_MAX; e++) {
		if (is_inherited(*e))
			l.items[l.count++] = *e;
	}
	l.own_from = l.count;
	rc = add(&l, SLICE_LITERAL("REEVE_CONFIG_FILE"), slice_text(wish->config_file), err);
	for (size_t i = 0; rc == OK && i < wish->picks_count; i++)
		rc = add_pick(&l, wish->picks[i], config, err);
	if (rc == OK && wish->all_prefix != NULL)
		rc = env_each(config, slice_text(wish->all_prefix), add_from_config, &l, err);
	if (rc != OK)
		return rc;
	*ret = l.items;
	return OK;
}
