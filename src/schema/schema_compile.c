/*
 * From a document to a schema, in four steps: index its places, check them strictly where it is
 * stored, compile them to rules, and lower the rules to instructions. Then everything is copied
 * into one block of memory that never changes.
 */
#include "schema/compile/compile.h"
#include "schema/compile/compiled.h"
#include "schema/fast/lower.h"
#include "schema/strict.h"

/* At least the alignment of every struct of a program, so that the arrays can follow one
 * another. */
#define ARRAY_ALIGNMENT 16

static size_t array_bytes(size_t count, size_t item_bytes)
{
	return (count * item_bytes + ARRAY_ALIGNMENT - 1) & ~(size_t)(ARRAY_ALIGNMENT - 1);
}

/* Lays the compiler's arrays one behind the other. */
static enum result make_image(struct schema *s, const struct compiler *c)
{
	size_t bytes = 0;
	char *at;

#define X(type, name) bytes += array_bytes(c->name.count, sizeof(type));
	PROGRAM_ARRAYS(X)
#undef X
	s->image = at = alloc_zero(bytes);
	if (at == NULL)
		return E_MEMORY;
#define X(type, name)                                                    \
	if (c->name.count != 0)                                          \
		memcpy(at, c->name.items, c->name.count * sizeof(type)); \
	s->program.name = (const type *)(const void *)at;                \
	s->program.name##_count = c->name.count;                         \
	at += array_bytes(c->name.count, sizeof(type));
	PROGRAM_ARRAYS(X)
#undef X
	s->program.root_block = c->root_block;
	s->program.has_dynamic_scope = c->dynamic_names.count != 0;
	return OK;
}

/* Formats are rows of a table, so the program has their names and the schema pointers to the
 * rows. */
static enum result find_formats(struct schema *s)
{
	s->formats = alloc_zero_array(s->program.formats_count, sizeof(*s->formats));
	if (s->formats == NULL)
		return E_MEMORY;
	for (uint32_t i = 0; i < s->program.formats_count; i++)
		s->formats[i] = format_find(program_text(&s->program, s->program.formats[i].name));
	return OK;
}

/* Makes the schema that is handed out. The compiler gives up its matchers, everything else is
 * copied. */
static enum result finish(struct schema **ret, struct compiler *c, struct error *err)
{
	CLEANUP(schema_unrefp) struct schema *s = alloc_zero(sizeof *s);

	if (s == NULL)
		return fail(err, E_MEMORY, "out of memory");
	atomic_init(&s->references, 1);
	s->limits = c->options->limits;
	if (make_image(s, c) != OK || find_formats(s) != OK)
		return fail(err, E_MEMORY, "out of memory");
	s->matchers = c->matchers.items;
	c->matchers = (struct vec)VEC_NULL;
	*ret = steal(&s);
	return OK;
}

enum result schema_compile(struct schema **ret, const struct tree_node *root,
			   const struct schema_options *options, struct schema_report *report,
			   struct error *err)
{
	CLEANUP(compiler_clear) struct compiler c;
	enum result rc;

	compiler_init(&c, options, report);
	rc = compile_index(&c, root, err);
	if (rc == OK && options->is_strict)
		rc = strict_check(&c, root, err);
	if (rc == OK)
		rc = compile_rules(&c, err);
	if (rc != OK)
		return rc;
	rc = lower_program(&c);
	if (rc == E_MEMORY)
		return fail(err, rc, "out of memory");
	return rc == OK ? finish(ret, &c, err) : budget_result(options->budget, err);
}
