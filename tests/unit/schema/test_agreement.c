/* The fast and the explaining pass must agree, over random schemas and instances that are the same
 * in every run. */
#include "support.h"

#include <criterion/criterion.h>

static uint64_t state;
static unsigned yes, no;

static unsigned below(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 11) % n;
}

static const char *pick(const char *const *words, unsigned count)
{
	return words[below(count)];
}

#define PICK(...)                                \
	pick((const char *const[]){__VA_ARGS__}, \
	     sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

static void make_value(struct buf *b, int depth)
{
	unsigned count = below(4);

	switch (below(depth > 0 ? 9 : 6)) {
	case 6:
	case 7:
		buf_append_char(b, '{');
		for (unsigned i = 0, n = 0; i < 5; i++) {
			if (below(2) == 0)
				continue;
			buf_printf(b, "%s'%c%s':", n++ > 0 ? "," : "", (char)('a' + (int)i),
				   i == 4 ? "long-enough-key" : "");
			make_value(b, depth - 1);
		}
		buf_append_char(b, '}');
		break;
	case 8:
		buf_append_char(b, '[');
		for (unsigned i = 0; i < count; i++) {
			buf_append_text(b, i > 0 ? "," : "");
			make_value(b, depth - 1);
		}
		buf_append_char(b, ']');
		break;
	default:
		buf_append_text(b, PICK("null", "true", "false", "0", "1", "2", "3", "1.5", "-1",
					"2.0", "1e2", "''", "'a'", "'b'", "'ab'", "'abc'",
					"'\xc3\xa9'", "12345678901234567890"));
	}
}

static void make_schema(struct buf *b, int depth);

static void make_list(struct buf *b, int depth, unsigned count)
{
	buf_append_char(b, '[');
	for (unsigned i = 0; i < count; i++) {
		buf_append_text(b, i > 0 ? "," : "");
		make_schema(b, depth - 1);
	}
	buf_append_char(b, ']');
}

static void make_properties(struct buf *b, int depth, bool is_tagged)
{
	buf_append_char(b, '{');
	if (is_tagged)
		buf_printf(b, "'a':{'%s':%s}%s", "const",
			   PICK("'a'", "'b'", "1", "2", "true", "null", "2.0"), ",");
	for (unsigned i = 1; i < 5; i++) {
		buf_printf(b, "%s'%c%s':", i > 1 ? "," : "", (char)('a' + (int)i),
			   i == 4 ? "long-enough-key" : "");
		make_schema(b, depth - 1);
	}
	buf_append_char(b, '}');
}

static const char *const leaves[] = {
	"'type':'string'",
	"'type':['integer','object']",
	"'type':'number'",
	"'type':['array','string']",
	"'type':'object'",
	"'const':'a'",
	"'const':1",
	"'const':{'a':1}",
	"'enum':['a','b','ab']",
	"'enum':[1,'a',null]",
	"'enum':['a','b','c','d','e','f','g','ab']",
	"'minimum':1",
	"'maximum':1.5",
	"'exclusiveMinimum':0.5",
	"'exclusiveMaximum':2",
	"'multipleOf':1.5",
	"'multipleOf':2",
	"'minLength':1",
	"'maxLength':1",
	"'pattern':'^a'",
	"'pattern':'b$'",
	"'minItems':1",
	"'maxItems':1",
	"'minProperties':1",
	"'maxProperties':2",
	"'required':['a']",
	"'required':['b','a','c']",
	"'uniqueItems':true",
	"'dependentRequired':{'a':['b']}",
	"'required':['elong-enough-key']",
	"'$ref':'#'",
	"'$ref':'#/$defs/d'",
	"'additionalProperties':false",
	"'unevaluatedProperties':false",
	"'unevaluatedItems':false",
	"'minimum':12345678901234567889",
	"'x-secret':true",
};
static const char *const one[] = {"items",	     "contains", "additionalProperties",
				  "propertyNames",   "not",	 "unevaluatedProperties",
				  "unevaluatedItems"};
static const char *const many[] = {"allOf", "anyOf", "oneOf", "prefixItems"};

static void make_keyword(struct buf *b, int depth)
{
	switch (below(depth > 0 ? 9 : 4)) {
	case 4:
		buf_printf(b, "'%s':", one[below(ARRAY_SIZE(one))]);
		make_schema(b, depth - 1);
		break;
	case 5:
		buf_printf(b, "'%s':", many[below(ARRAY_SIZE(many))]);
		make_list(b, depth, 1 + below(3));
		break;
	case 6:
		buf_append_text(b, "'properties':");
		make_properties(b, depth, below(2) == 0);
		break;
	case 7:
		buf_append_text(b, "'if':");
		make_schema(b, depth - 1);
		buf_append_text(b, ",'then':");
		make_schema(b, depth - 1);
		buf_append_text(b, ",'else':");
		make_schema(b, depth - 1);
		break;
	case 8:
		buf_printf(b, "'%s':{'%s':", PICK("patternProperties", "dependentSchemas"),
			   PICK("a", "b"));
		make_schema(b, depth - 1);
		buf_append_char(b, '}');
		break;
	default:
		buf_append_text(b, leaves[below(ARRAY_SIZE(leaves))]);
	}
}

/* Whether the object already has the keyword at the end of the buffer. */
static bool is_repeated(const struct buf *b, size_t object, size_t keyword)
{
	struct slice text = slice_from(buf_slice(b), keyword);
	size_t end = 1;

	while (text.data[end] != '\'')
		end++;
	for (size_t i = object; i + end < keyword; i++) {
		if (memcmp(b->data + i, text.data, end + 1) == 0)
			return true;
	}
	return false;
}

static void make_schema(struct buf *b, int depth)
{
	size_t object = b->len;

	if (below(12) == 0) {
		buf_append_text(b, below(3) == 0 ? "false" : "true");
		return;
	}
	buf_append_char(b, '{');
	for (unsigned i = 0, n = 1 + below(3); i < n; i++) {
		size_t before = b->len, keyword;

		buf_append_text(b, before > object + 1 ? "," : "");
		keyword = b->len;
		make_keyword(b, depth);
		if (is_repeated(b, object, keyword))
			buf_cut(b, before);
	}
	buf_append_char(b, '}');
}

static void compare(const struct schema *s, const struct tree_node *instance, const char *schema,
		    const char *text)
{
	enum verdict verdict = VERDICT_MAYBE;

	cr_expect(passes_agree(s, instance, &verdict), "%s\n%s", schema, text);
	yes += verdict == VERDICT_YES;
	no += verdict == VERDICT_NO;
}

Test(agreement, both_passes_give_the_same_verdict)
{
	struct schema_options options = {.limits = SCHEMA_LIMITS_DEFAULT};
	unsigned compiled = 0;

	options.limits.steps_max = 100000;
	options.limits.depth_max = 100;
	for (unsigned seed = 1; seed <= 1500; seed++) {
		struct buf text = BUF_NULL, value = BUF_NULL;
		struct made m;

		state = seed * UINT64_C(0x9e3779b97f4a7c15);
		buf_append_text(&text, "{'$defs':{'d':");
		make_schema(&text, 3);
		buf_append_text(&text, "},'allOf':[");
		make_schema(&text, 4);
		buf_append_text(&text, "]}");
		if (made_compile_with(&m, text.data, &options) == OK)
			compiled++;
		for (int i = 0; m.schema != NULL && i < 12; i++) {
			buf_reset(&value);
			make_value(&value, 3);
			tree_clear(&m.instance);
			m.instance = text_tree(value.data);
			compare(m.schema, &m.instance.root, text.data, value.data);
		}
		made_clear(&m);
		buf_clear(&text);
		buf_clear(&value);
	}
	cr_expect_gt(compiled, 1400, "%u", compiled);
	cr_expect(yes > 3000 && no > 3000, "%u valid, %u not", yes, no);
}
