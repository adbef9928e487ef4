/*
 * The rule: a name in the log or the history is not taken by somebody else. A token is called as its maker, as what that has made, or
 * as no living token is. The first token's name and the server's own are taken from the start.
 */
#include "service/tokens.h"

#include "service/found.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static struct slice trim(struct slice s)
{
	while (s.len != 0 && s.data[0] == ' ')
		s = slice_from(s, 1);
	while (s.len != 0 && s.data[s.len - 1] == ' ')
		s.len--;
	return s;
}

/* As who reads a list would take them for the same. */
static bool is_alike(struct slice a, struct slice b)
{
	a = trim(a);
	b = trim(b);
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (lower(a.data[i]) != lower(b.data[i]))
			return false;
	}
	return true;
}

static bool is_reserved(struct slice name)
{
	return is_alike(name, SLICE_LITERAL(FOUNDER)) ||
	       is_alike(name, SLICE_LITERAL(FIRST_POLICY));
}

enum result token_name_check(const struct scene *scene, struct slice name, struct error *err)
{
	const struct snapshot *s = scene->snapshot;
	struct slice maker = scene->call->token->record.accessor;
	bool is_taken = false, is_own = false;
	struct pmap_walk walk;
	const struct token *t;

	pmap_walk_from(&walk, &s->tokens_by_accessor, SLICE_NULL);
	while ((t = pmap_walk_next(&walk)) != NULL) {
		if (!is_alike(t->record.name, name) || !token_is_in_force(s, t, scene->now_ms))
			continue;
		if (token_is_below(s, t, maker))
			is_own = true;
		else
			is_taken = true;
	}
	/* Of its own tree are the maker and what was made with it: what stands above the maker is somebody else. */
	if (is_own || (!is_taken && !is_reserved(name)))
		return OK;
	return fail(
		err, E_CONFLICT,
		"`name` is that of a token which you neither are nor have made; choose another");
}
