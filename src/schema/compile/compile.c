/*
 * The state of a compiler, and the loop over subschemas.
 *
 * What must hold:
 * - A subschema gets its number when something first refers to it (compile_target()).
 *   `subschemas` and `places` grow together, so that both have the same numbers. Number 0 is the
 *   root.
 * - The rules of a subschema are neighbours in `rules`. So a subschema is compiled from start to
 *   end before the next one, and a function that compiles a keyword may number other subschemas but
 *   never compile one.
 * - Texts are pooled: two equal texts have the same position. Later passes compare names by
 *   position.
 * - Pointers into a vec are invalid after the next push to it.
 */
#include "schema/compile/compile.h"

#include "base/text.h"
#include "doc/pointer.h"
#include "schema/compile/report.h"
#include "schema/price.h"

#include <stdlib.h>

/* Prices in steps (price.h). The price of a pattern is besides that of its automaton: of parsing it
 * and of its tables. The error of a limit quotes at most PLACE_BYTES_MAX of a pointer, since keys
 * are as long as a client likes. */
#define STEPS_PATTERN	   1000
#define STEPS_LITERAL	   30
#define STEPS_PATTERN_BYTE 20
#define PLACE_BYTES_MAX	   200
#define STEPS_SUBSCHEMA	   30
#define STEPS_KEYWORD	   10

void compiler_init(struct compiler *c, const struct schema_options *options,
		   struct schema_report *report)
{
	*c = (struct compiler){.options = options,
			       .report = report,
			       .pattern_budget = PATTERN_BUDGET_DEFAULT};
	index_init(&c->resource_index, options);
}

/* Frees everything, also what a schema did not take over. */
void compiler_clear(struct compiler *c)
{
	for (uint32_t i = 0; i < c->matchers.count; i++)
		matcher_clear(&VEC_AT(&c->matchers, struct matcher, i));
#define X(type, name) vec_clear(&c->name);
	PROGRAM_ARRAYS(X)
#undef X
	lookup_clear(&c->texts_by_hash);
	lookup_clear(&c->patterns_by_text);
	lookup_clear(&c->names_by_text);
	vec_clear(&c->known_texts);
	vec_clear(&c->places);
	vec_clear(&c->matchers);
	vec_clear(&c->dynamic_names);
	index_clear(&c->resource_index);
}

enum result compile_charge(struct compiler *c, uint64_t steps)
{
	return budget_spend(c->options->budget, steps)
		       ? OK
		       : budget_result(c->options->budget, &c->first);
}

/* URI#/pointer/keyword/key */
static void append_place(const struct compiler *c, const struct compile_place *at, struct slice key,
			 bool is_in_resource, struct buf *ret)
{
	index_append_pointer(&c->resource_index, at->place, is_in_resource, ret);
	if (at->keyword != KEYWORDS)
		pointer_append_key(ret, slice_text(keywords[at->keyword].name));
	if (key.data != NULL)
		pointer_append_key(ret, key);
}

static uint32_t problems_max(const struct compiler *c)
{
	return c->options->limits.problems_max;
}

/* The first refusal is always kept, as `first` and where there is a report in it; when the report
 * is full further ones are only counted. */
enum result compile_refuse(struct compiler *c, const struct compile_place *at,
			   const struct tree_node *node, struct slice key, const char *message)
{
	CLEANUP(buf_clear) struct buf pointer = BUF_NULL;
	CLEANUP(buf_clear) struct buf location = BUF_NULL;
	const struct place *p = index_place(&c->resource_index, at->place);
	struct schema_problem problem = {.message = message, .node = node};

	if (c->refusals != 0 && (c->report == NULL || report_is_full(c->report, problems_max(c)))) {
		c->refusals++;
		if (c->report != NULL)
			c->report->problems_dropped++;
		return compile_charge(c, 1);
	}
	append_place(c, at, key, false, &pointer);
	buf_append_slice(&location, index_resource(&c->resource_index, p->resource)->uri);
	buf_append_char(&location, '#');
	append_place(c, at, key, true, &location);
	if (pointer.is_failed || location.is_failed)
		return E_MEMORY;
	problem.pointer = problem.evaluation_path = buf_slice(&pointer);
	problem.schema_location = buf_slice(&location);
	problem.keyword = at->keyword != KEYWORDS ? slice_text(keywords[at->keyword].name) : key;
	if (c->refusals++ == 0)
		(void)fail_at(&c->first, E_INVALID, node->line, node->column, "%s: %s",
			      pointer.len != 0 ? pointer.data : "the schema", message);
	if (c->report == NULL)
		return OK;
	return report_add(c->report, &problem, problems_max(c));
}

/* The rule belongs to the subschema that is being compiled, which is the last one with rules. */
enum result compile_rule(struct compiler *c, const struct compile_place *at, enum rule_op op,
			 uint32_t operand_a, uint32_t operand_b, uint32_t operand_c)
{
	struct rule *r = vec_push(&c->rules, sizeof *r);

	if (r == NULL)
		return E_MEMORY;
	*r = (struct rule){(uint8_t)op, (uint8_t)at->keyword, 0, operand_a, operand_b, operand_c};
	VEC_AT(&c->subschemas, struct subschema, at->subschema).rules++;
	return OK;
}

enum result compile_target(struct compiler *c, uint32_t place, uint32_t *ret)
{
	struct place *p = index_place(&c->resource_index, place);
	struct subschema *s;
	uint32_t *at;

	if (p->subschema != NONE) {
		*ret = p->subschema;
		return OK;
	}
	at = vec_push(&c->places, sizeof *at);
	if (at == NULL)
		return E_MEMORY;
	*at = place;
	s = vec_push(&c->subschemas, sizeof *s);
	if (s == NULL)
		return E_MEMORY;
	s->resource = p->resource;
	*ret = p->subschema = c->subschemas.count - 1;
	return OK;
}

enum result compile_child(struct compiler *c, const struct tree_node *node, uint32_t *ret)
{
	return compile_target(c, index_find_place(&c->resource_index, node), ret);
}

/* Appends a text and a NUL to the pool. */
static enum result push_bytes(struct compiler *c, struct slice s)
{
	char *to = vec_push_many(&c->texts, 1, s.len + 1);

	if (to == NULL)
		return c->texts.count + s.len >= VEC_ITEMS_MAX ? E_LIMIT : E_MEMORY;
	if (s.len != 0)
		memcpy(to, s.data, s.len);
	return OK;
}

/* Hashes find the equal text; the texts are compared, because hashes may have been chosen to
 * collide. */
enum result compile_text(struct compiler *c, struct slice s, struct text *ret)
{
	uint64_t hash = slice_hash(s);
	uint32_t at = 0, found;
	struct text *known;
	enum result rc = compile_charge(c, 1 + 2 * price_bytes(s.len));

	if (rc != OK)
		return rc;

	while ((found = lookup_next(&c->texts_by_hash, hash, &at)) != NONE) {
		struct text t = VEC_AT(&c->known_texts, struct text, found);

		if (slice_is_equal(slice_make((const char *)c->texts.items + t.at, t.len), s)) {
			*ret = t;
			return OK;
		}
	}
	rc = compile_charge(c, at); /* hashes may have been chosen to collide */
	if (rc != OK)
		return rc;
	*ret = (struct text){c->texts.count, (uint32_t)s.len};
	rc = push_bytes(c, s);
	if (rc != OK)
		return rc;
	known = vec_push(&c->known_texts, sizeof *known);
	if (known == NULL || !lookup_add(&c->texts_by_hash, hash, c->known_texts.count - 1))
		return E_MEMORY;
	*known = *ret;
	return OK;
}

enum result compile_name(struct compiler *c, struct slice s, struct name *ret)
{
	ret->hash = slice_hash(s);
	return compile_text(c, s, &ret->text);
}

/* The price of an automaton or of PCRE2's code is known only after it is made; `pattern_budget`
 * bounds it. */
static enum result make_matcher(struct compiler *c, struct matcher *m, struct slice source,
				struct error *why)
{
	struct pattern_budget before = c->pattern_budget;
	enum result rc = matcher_init(m, source, &c->pattern_budget, why), charged;
	uint64_t price = rc == OK && m->kind != MATCH_PATTERN
				 ? STEPS_LITERAL + source.len
				 : STEPS_PATTERN + source.len * STEPS_PATTERN_BYTE;

	charged = compile_charge(c, price + before.work - c->pattern_budget.work +
					    price_bytes(before.bytes - c->pattern_budget.bytes));
	return charged != OK ? charged : rc;
}

/* A pattern that exceeds a bound may be correct, so this is a limit and not an error in the
 * schema. */
static enum result limit_pattern(struct compiler *c, const struct compile_place *at,
				 const struct tree_node *node, struct slice source,
				 const struct error *why)
{
	CLEANUP(buf_clear) struct buf pointer = BUF_NULL;

	append_place(c, at, at->keyword == KEYWORD_PATTERN ? SLICE_NULL : source, false, &pointer);
	if (pointer.is_failed)
		return E_MEMORY;
	return fail_at(&c->first, E_LIMIT, node->line, node->column, "%.*s: %s",
		       SLICE_ARGS(slice_first(buf_slice(&pointer), PLACE_BYTES_MAX)), why->text);
}

/* Refusals and limits of a pattern name the keyword, or the key of patternProperties that the
 * pattern is. */
enum result compile_matcher(struct compiler *c, const struct compile_place *at,
			    const struct tree_node *node, struct slice source, uint32_t *ret)
{
	struct error why = ERROR_NULL;
	struct text text;
	struct pattern_entry *entry;
	struct matcher *m;
	uint32_t at_slot = 0, known;
	enum result rc = compile_text(c, source, &text);

	*ret = NONE;
	if (rc != OK)
		return rc;
	/* Texts are pooled: equal ones stand at one place. */
	known = lookup_next(&c->patterns_by_text, hash_mix(text.at, 0), &at_slot);
	if (known != NONE) {
		*ret = known;
		return OK;
	}
	m = vec_push(&c->matchers, sizeof *m);
	if (m == NULL)
		return E_MEMORY;
	rc = make_matcher(c, m, source, &why);
	if (rc != OK) {
		matcher_clear(m);
		c->matchers.count--;
		if (rc == E_LIMIT && budget_result(c->options->budget, NULL) == OK)
			return limit_pattern(c, at, node, source, &why);
		if (rc != E_INVALID)
			return rc;
		return compile_refuse(c, at, node,
				      at->keyword == KEYWORD_PATTERN ? SLICE_NULL : source,
				      why.text);
	}
	entry = vec_push(&c->patterns, sizeof *entry);
	if (entry == NULL ||
	    !lookup_add(&c->patterns_by_text, hash_mix(text.at, 0), c->patterns.count - 1))
		return E_MEMORY;
	entry->source = text;
	*ret = c->patterns.count - 1;
	return OK;
}

/* A wrong item refuses the whole list, because the rule needs all names. */
enum result compile_names(struct compiler *c, const struct compile_place *at,
			  const struct tree_node *list, uint32_t *ret_first, uint32_t *ret_count)
{
	*ret_first = c->names.count;
	*ret_count = UINT32_MAX;
	if (list->kind != TREE_ARRAY)
		return compile_refuse(c, at, list, SLICE_NULL, "must be a list of names");
	for (uint32_t i = 0; i < list->count; i++) {
		struct name *name;
		struct name made;
		enum result rc;

		if (list->of.items[i].kind != TREE_STRING)
			return compile_refuse(c, at, &list->of.items[i], SLICE_NULL,
					      "must be a list of names");
		rc = compile_name(c, tree_text(&list->of.items[i]), &made);
		if (rc != OK)
			return rc;
		name = vec_push(&c->names, sizeof *name);
		if (name == NULL)
			return E_MEMORY;
		*name = made;
	}
	*ret_count = list->count;
	return OK;
}

/* The absolute location of a subschema, for problems: URI#/pointer. */
static enum result set_location(struct compiler *c, const struct compile_place *at)
{
	CLEANUP(buf_clear) struct buf location = BUF_NULL;
	const struct place *p = index_place(&c->resource_index, at->place);
	struct text text;
	enum result rc;

	buf_append_slice(&location, index_resource(&c->resource_index, p->resource)->uri);
	buf_append_char(&location, '#');
	index_append_pointer(&c->resource_index, at->place, true, &location);
	if (location.is_failed)
		return E_MEMORY;
	rc = compile_charge(c, price_bytes(location.len));
	if (rc != OK)
		return rc;
	rc = compile_text(c, buf_slice(&location), &text);
	VEC_AT(&c->subschemas, struct subschema, at->subschema).location = text;
	return rc;
}

/* Appends the keyword's rules. */
typedef COMPILE_KEYWORD(compile_fn);

/* NULL where the keyword asserts nothing. */
static compile_fn *const compile_fns[KEYWORDS] = {
#define KEYWORD(id, name, drafts, vocabulary, shape, compile) compile,
#include "schema/compile/keyword.def"
#undef KEYWORD
};

struct pending {
	enum keyword_id keyword;
	const struct tree_node *value;
};

/* The keywords of a schema in the order of keyword.def, which rules keep: additionalProperties
 * looks for the rule of properties among those before it. In draft 7 `$ref` hides what stands
 * beside it. Insertion sort: a schema has few keywords, and never more than KEYWORDS, because keys
 * are unique. */
static uint32_t sort_keywords(const struct tree_node *schema, const struct dialect *dialect,
			      struct pending ret[static KEYWORDS])
{
	const struct tree_node *ref = TREE_GET(schema, "$ref");
	uint32_t count = 0;

	if (dialect->draft == IN_7 && ref != NULL) {
		ret[0] = (struct pending){KEYWORD_REF, ref};
		return 1;
	}
	for (uint32_t i = 0; i < schema->count; i++) {
		const struct tree_member *m = &schema->of.members[i];
		enum keyword_id id = keyword_find(tree_key(m), dialect->draft);
		uint32_t to = count;

		if (id == KEYWORDS || compile_fns[id] == NULL ||
		    (keywords[id].vocabulary & dialect->vocabularies) == 0)
			continue;
		for (; to > 0 && ret[to - 1].keyword > id; to--)
			ret[to] = ret[to - 1];
		ret[to] = (struct pending){id, &m->value};
		count++;
	}
	return count;
}

/* Compiles all keywords of one subschema. */
static enum result compile_one(struct compiler *c, uint32_t subschema)
{
	uint32_t place = VEC_AT(&c->places, uint32_t, subschema);
	const struct tree_node *schema = index_place(&c->resource_index, place)->node;
	struct compile_place at = {place, subschema, schema, KEYWORDS};
	struct pending pending[KEYWORDS];
	struct dialect dialect = *index_dialect(&c->resource_index, place);
	uint32_t count;
	enum result rc = compile_charge(c, STEPS_SUBSCHEMA);

	if (rc == OK)
		rc = set_location(c, &at);

	VEC_AT(&c->subschemas, struct subschema, subschema).first_rule = c->rules.count;
	if (rc != OK)
		return rc;
	if (schema->kind == TREE_BOOL)
		return schema->of.truth ? OK : compile_rule(c, &at, RULE_FALSE, 0, 0, 0);
	if (schema->kind != TREE_OBJECT)
		return compile_refuse(c, &at, schema, SLICE_NULL,
				      "must be a schema: an object, true or false");
	rc = compile_charge(c, (uint64_t)schema->count * STEPS_KEYWORD);
	count = sort_keywords(schema, &dialect, pending);
	for (uint32_t i = 0; rc == OK && i < count; i++) {
		at.keyword = pending[i].keyword;
		rc = compile_fns[at.keyword](c, &at, pending[i].value);
	}
	return rc;
}

/* The number of a name that some $dynamicRef looks for, or NONE. */
static uint32_t find_dynamic_name(const struct compiler *c, struct slice name)
{
	uint64_t hash = slice_hash(name);
	uint32_t at = 0, found;

	while ((found = lookup_next(&c->names_by_text, hash, &at)) != NONE) {
		struct text t = VEC_AT(&c->dynamic_names, struct text, found);

		if (slice_is_equal(slice_make((const char *)c->texts.items + t.at, t.len), name))
			return found;
	}
	return NONE;
}

enum result compile_dynamic_name(struct compiler *c, struct slice name, uint32_t *ret)
{
	struct text text, *made;
	enum result rc = compile_text(c, name, &text);

	*ret = find_dynamic_name(c, name);
	if (rc != OK || *ret != NONE)
		return rc;
	made = vec_push(&c->dynamic_names, sizeof *made);
	if (made == NULL ||
	    !lookup_add(&c->names_by_text, slice_hash(name), c->dynamic_names.count - 1))
		return E_MEMORY;
	*made = text;
	*ret = c->dynamic_names.count - 1;
	return OK;
}

/* Adds the subschemas of all dynamic anchors whose name a $dynamicRef uses: which of them a
 * validation takes is known only then, so all must be compiled. Compiling them may add further
 * references. */
static enum result compile_dynamic_anchors(struct compiler *c)
{
	uint32_t anchors = c->dynamic_names.count != 0 ? c->resource_index.anchors.count : 0;
	enum result rc = compile_charge(c, (uint64_t)anchors * 4);

	for (uint32_t i = 0; rc == OK && i < anchors; i++) {
		const struct anchor *a = &VEC_AT(&c->resource_index.anchors, struct anchor, i);
		uint32_t subschema;

		if (a->is_dynamic && find_dynamic_name(c, a->name) != NONE)
			rc = compile_target(c, a->place, &subschema);
	}
	return rc;
}

static int compare_anchors(const void *a, const void *b)
{
	return dynamic_anchor_compare(a, b);
}

/* Lists the dynamic anchors that references use, sorted for the explaining pass. */
static enum result list_dynamic_anchors(struct compiler *c)
{
	for (uint32_t i = 0; i < c->resource_index.anchors.count; i++) {
		struct anchor a = VEC_AT(&c->resource_index.anchors, struct anchor, i);
		uint32_t name = a.is_dynamic ? find_dynamic_name(c, a.name) : NONE;
		struct dynamic_anchor *made;

		if (name == NONE)
			continue;
		made = vec_push(&c->dynamic_anchors, sizeof *made);
		if (made == NULL)
			return E_MEMORY;
		*made = (struct dynamic_anchor){
			a.resource, name, index_place(&c->resource_index, a.place)->subschema};
	}
	if (c->dynamic_anchors.count != 0)
		qsort(c->dynamic_anchors.items, c->dynamic_anchors.count,
		      sizeof(struct dynamic_anchor), compare_anchors);
	return OK;
}

/* Compiling a subschema may add others, and so may their dynamic anchors: until nothing is
 * added. */
static enum result compile_all(struct compiler *c, uint32_t *done)
{
	enum result rc = OK;

	while (rc == OK && *done < c->subschemas.count) {
		while (rc == OK && *done < c->subschemas.count)
			rc = compile_one(c, (*done)++);
		if (rc == OK)
			rc = compile_dynamic_anchors(c);
	}
	return rc;
}

/* In a stored schema the parts that no reference reaches must be correct too. */
static enum result compile_unreached(struct compiler *c)
{
	uint32_t places = c->resource_index.places.count;
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < places; i++) {
		uint32_t ignored;

		if (index_place(&c->resource_index, i)->document == 0)
			rc = compile_target(c, i, &ignored);
	}
	return rc;
}

/* A reason in `first` comes before the budget's, because it names a place. */
enum result compile_outcome(const struct compiler *c, enum result rc, struct error *err)
{
	if (rc == E_MEMORY)
		return fail(err, rc, "out of memory");
	if (rc != OK && c->first.text[0] != '\0' && c->refusals == 0) {
		if (err != NULL)
			*err = c->first;
		return rc;
	}
	if (budget_result(c->options->budget, err) != OK)
		return rc;
	if (rc == E_LIMIT)
		return fail(err, rc, "the schema is too large to compile");
	if (rc == OK && c->refusals != 0) {
		if (err != NULL)
			*err = c->first;
		return E_INVALID;
	}
	return rc;
}

/* A document that cannot be indexed has no places yet, so its problem has the pointer of the
 * root. */
static enum result refuse_document(struct compiler *c, const struct tree_node *root,
				   const struct error *why)
{
	struct schema_problem problem = {.pointer = SLICE_LITERAL(""),
					 .keyword = SLICE_LITERAL("$schema"),
					 .schema_location = SLICE_LITERAL("#"),
					 .evaluation_path = SLICE_LITERAL(""),
					 .message = why->text,
					 .node = root};

	if (c->report == NULL)
		return OK;
	return report_add(c->report, &problem, c->options->limits.problems_max);
}

enum result compile_index(struct compiler *c, const struct tree_node *root, struct error *err)
{
	struct error why = ERROR_NULL;
	uint32_t place;
	enum result rc = index_add_document(&c->resource_index, root, c->options->base_uri, false,
					    &place, &why);

	if (rc == OK)
		return OK;
	if (err != NULL)
		*err = why;
	return rc == E_INVALID && refuse_document(c, root, &why) != OK ? E_MEMORY : rc;
}

enum result compile_rules(struct compiler *c, struct error *err)
{
	uint32_t root, done = 0;
	enum result rc = compile_target(c, 0, &root);

	if (rc == OK && c->options->is_strict)
		rc = compile_unreached(c);
	if (rc == OK)
		rc = compile_all(c, &done);
	if (rc == OK)
		rc = list_dynamic_anchors(c);
	return compile_outcome(c, rc, err);
}
