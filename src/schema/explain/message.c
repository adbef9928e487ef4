/*
 * The sentence for each kind of failure. Sentences are made from the schema and from names of keys
 * only: none may contain a value of the instance, which may be secret. Lists and texts from the
 * schema are bounded.
 */
#include "schema/explain/explain.h"

#include "base/text.h"

#include <inttypes.h>

/* A message is for a person, so lists end after a few items. The bounds of names limit the search
 * for a similar key in a schema that a client wrote; where one runs out the sentence has no
 * suggestion or one among fewer keys. */
#define VALUES_SHOWN_MAX   20
#define NAMES_MAX	   128
#define NAMES_DEPTH_MAX	   3
#define NAMES_BRANCHES_MAX 32
#define NAMES_RULES_MAX	   4096
#define TEXT_BYTES_MAX	   200	/* of one name or constant */
#define MESSAGE_BYTES_MAX  2000 /* a list ends after this length */
#define PROPERTIES_MAX	   1024

static const struct {
	uint32_t type;
	const char *name;
} type_names[] = {
	{TYPE_NULL, "null"},	    {TYPE_BOOLEAN, "true or false"}, {TYPE_INTEGER, "an integer"},
	{TYPE_NUMBER, "a number"},  {TYPE_STRING, "a string"},	     {TYPE_ARRAY, "an array"},
	{TYPE_OBJECT, "an object"},
};

/* "null, an integer or a string". `an integer` is left out where any number is allowed. */
static void append_types(uint32_t types, struct buf *ret)
{
	const char *names[ARRAY_SIZE(type_names)];
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(type_names); i++) {
		bool is_within = type_names[i].type == TYPE_INTEGER && (types & TYPE_NUMBER) != 0;

		if ((types & type_names[i].type) != 0 && !is_within)
			names[count++] = type_names[i].name;
	}
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_append_text(ret, i + 1 == count ? " or " : ", ");
		buf_append_text(ret, names[i]);
	}
}

/* A text of the schema may be as long as the schema, so it is cut. */
static void append_part(struct slice text, struct buf *ret)
{
	size_t len = text.len;

	if (len > TEXT_BYTES_MAX) {
		len = TEXT_BYTES_MAX;
		while (len > 0 && ((unsigned char)text.data[len] & 0xc0) == 0x80)
			len--;
	}
	buf_append_slice(ret, slice_first(text, len));
	if (len != text.len)
		buf_append_text(ret, "…");
}

/* Arrays and objects are not written out, since they may be as long as the schema. */
static void append_constant(const struct program *p, const struct constant *k, struct buf *ret)
{
	switch ((enum tree_kind)k->kind) {
	case TREE_NULL:
		buf_append_text(ret, "null");
		break;
	case TREE_BOOL:
		buf_append_text(ret, k->as.truth ? "true" : "false");
		break;
	case TREE_NUMBER:
		append_part(program_text(p, k->text), ret);
		break;
	case TREE_STRING:
		if (k->text.len == 0)
			buf_append_text(ret, "\"\"");
		append_part(program_text(p, k->text), ret);
		break;
	case TREE_ARRAY:
		buf_append_text(ret, k->count == 0 ? "[]" : "a given array");
		break;
	case TREE_OBJECT:
		buf_append_text(ret, k->count == 0 ? "{}" : "a given object");
		break;
	}
}

static void append_constants(const struct program *p, uint32_t first, uint32_t count,
			     struct buf *ret)
{
	for (uint32_t i = 0; i < count && i < VALUES_SHOWN_MAX; i++) {
		if (i > 0)
			buf_append_text(ret, ", ");
		append_constant(p, &p->constants[first + i], ret);
	}
	if (count > VALUES_SHOWN_MAX)
		buf_printf(ret, " and %" PRIu32 " more", count - VALUES_SHOWN_MAX);
}

static void append_enum(const struct program *p, const struct rule *rule, struct buf *ret)
{
	if (rule->b == 0) {
		buf_append_text(ret, "is not allowed: the list of allowed values is empty");
		return;
	}
	buf_append_text(ret, rule->b == 1 ? "must be " : "must be one of: ");
	append_constants(p, rule->a, rule->b, ret);
}

static void append_quoted(struct slice name, struct buf *ret)
{
	buf_append_char(ret, '`');
	append_part(name, ret);
	buf_append_char(ret, '`');
}

static void append_name(const struct program *p, uint32_t name, struct buf *ret)
{
	append_quoted(program_text(p, p->names[name].text), ret);
}

/* The keys among which append_near() searches. They are borrowed from the program. */
struct names {
	struct slice list[NAMES_MAX];
	size_t count;
	uint32_t rules; /* read so far */
};

static void gather_names(const struct program *p, const struct rule *rule, struct names *ret,
			 int depth);

static void gather_names_of(const struct program *p, uint32_t subschema, struct names *ret,
			    int depth)
{
	const struct subschema *s = &p->subschemas[subschema];

	for (uint32_t i = 0;
	     depth > 0 && i < s->rules && ret->count < NAMES_MAX && ret->rules++ < NAMES_RULES_MAX;
	     i++)
		gather_names(p, &p->rules[s->first_rule + i], ret, depth - 1);
}

/* The keys in `properties` of the rule, or of subschemas that it applies to the same value. */
static void gather_names(const struct program *p, const struct rule *rule, struct names *ret,
			 int depth)
{
	if (rule->op == RULE_REF)
		gather_names_of(p, rule->a, ret, depth);
	if (rule->op == RULE_PROPERTIES) {
		for (uint32_t i = 0; i < rule->b && ret->count < NAMES_MAX; i++)
			ret->list[ret->count++] =
				program_text(p, p->properties[rule->a + i].name.text);
	}
	if (rule->op == RULE_ALL_OF || rule->op == RULE_ANY_OF || rule->op == RULE_ONE_OF) {
		for (uint32_t i = 0; i < rule->b && i < NAMES_BRANCHES_MAX; i++)
			gather_names_of(p, p->links[rule->a + i], ret, depth);
	}
}

/* Suggests the known key that is the most similar to an unknown one. */
static void append_near(const struct program *p, const struct rule *rule, struct slice key,
			struct buf *ret)
{
	struct names names = {.count = 0, .rules = 0};
	struct slice near;

	if (rule->op == RULE_UNEVALUATED_PROPERTIES)
		gather_names_of(p, explain_find_subschema(p, (uint32_t)(rule - p->rules)), &names,
				NAMES_DEPTH_MAX);
	else if (rule->b != NONE)
		gather_names(p, &p->rules[rule->b], &names, 0);
	near = text_nearest(key, names.list, names.count);
	if (near.data == NULL)
		return;
	buf_append_text(ret, " (did you mean ");
	append_quoted(near, ret);
	buf_append_text(ret, "?)");
}

static void append_extra(const struct explain_pass *pass, const struct finding *f,
			 const struct rule *rule, struct buf *ret)
{
	struct slice key = tree_key(&f->node->of.members[f->detail]);

	buf_append_text(ret, "has a key that is not allowed: ");
	append_quoted(key, ret);
	append_near(pass->program, rule, key, ret);
}

static void append_counted(const char *before, uint32_t count, const char *one, const char *many,
			   struct buf *ret)
{
	buf_printf(ret, "%s%" PRIu32 " %s", before, count, count == 1 ? one : many);
}

static void append_number(const struct explain_pass *pass, const char *before, uint32_t constant,
			  struct buf *ret)
{
	buf_append_text(ret, before);
	append_constant(pass->program, &pass->program->constants[constant], ret);
}

static void append_contains(const struct rule *rule, const struct finding *f, struct buf *ret)
{
	if (f->other != 0)
		append_counted("must have at most ", rule->c, "item that matches `contains`",
			       "items that match `contains`", ret);
	else
		append_counted("must have at least ", rule->b, "item that matches `contains`",
			       "items that match `contains`", ret);
}

/* Follows at most eight references, because they may be circular. */
const struct rule *message_find_rule(const struct program *p, uint32_t subschema, enum rule_op op)
{
	uint32_t left = RULES_READ_MAX;

	for (int hops = 0; hops < 8; hops++) {
		const struct subschema *s = &p->subschemas[subschema];
		uint32_t next = NONE;

		for (uint32_t i = 0; i < s->rules && left > 0; i++, left--) {
			const struct rule *rule = &p->rules[s->first_rule + i];

			if (rule->op == op)
				return rule;
			if (rule->op == RULE_REF)
				next = rule->a;
		}
		if (next == NONE)
			return NULL;
		subschema = next;
	}
	return NULL;
}

static const struct rule *find_constants(const struct program *p, uint32_t subschema)
{
	const struct rule *found = message_find_rule(p, subschema, RULE_CONST);

	return found != NULL ? found : message_find_rule(p, subschema, RULE_ENUM);
}

/* Lists the types of all branches; false where a branch has none. */
static bool append_branch_types(const struct program *p, const struct rule *rule, struct buf *ret)
{
	uint32_t types = 0;

	for (uint32_t i = 0; i < rule->b; i++) {
		const struct rule *type = message_find_rule(p, p->links[rule->a + i], RULE_TYPE);

		if (type == NULL)
			return false;
		types |= type->a;
	}
	buf_append_text(ret, "must be ");
	append_types(types, ret);
	return true;
}

/* Lists the constants of all branches; false where a branch has none. */
static bool append_branch_constants(const struct program *p, const struct rule *rule,
				    struct buf *ret)
{
	for (uint32_t i = 0; i < rule->b; i++) {
		if (find_constants(p, p->links[rule->a + i]) == NULL)
			return false;
	}
	buf_append_text(ret, "must be one of: ");
	for (uint32_t i = 0; i < rule->b && ret->len < MESSAGE_BYTES_MAX; i++) {
		const struct rule *found = find_constants(p, p->links[rule->a + i]);

		if (i > 0)
			buf_append_text(ret, ", ");
		append_constants(p, found->a, found->b, ret);
	}
	return true;
}

/* anyOf or oneOf, whose branches all failed, or of which two matched. */
static void append_branches(const struct explain_pass *pass, const struct rule *rule,
			    const struct finding *f, struct buf *ret)
{
	if (rule->op == RULE_ONE_OF && f->detail != 0) {
		buf_printf(ret,
			   "must match exactly one of the %" PRIu32
			   " forms, but matches numbers %" PRIu32 " and %" PRIu32,
			   rule->b, f->detail, f->other);
		return;
	}
	if (rule->b <= BRANCHES_LISTED_MAX && (append_branch_constants(pass->program, rule, ret) ||
					       append_branch_types(pass->program, rule, ret)))
		return;
	buf_printf(ret, "matches none of the %" PRIu32 " forms that are allowed", rule->b);
}

/* The constants that a branch allows for a key; NULL where it lists none. */
static const struct rule *find_tag(const struct program *p, uint32_t branch, struct text key)
{
	const struct rule *properties = message_find_rule(p, branch, RULE_PROPERTIES);

	for (uint32_t i = 0; properties != NULL && i < properties->b && i < PROPERTIES_MAX; i++) {
		const struct property *property = &p->properties[properties->a + i];

		if (property->name.text.at == key.at)
			return find_constants(p, property->subschema);
	}
	return NULL;
}

/* Lists the constants that the branches of anyOf or oneOf allow for the key. */
static bool append_tags(const struct explain_pass *pass, const struct finding *f, struct buf *ret)
{
	const struct program *p = pass->program;
	const struct rule *branches = &p->rules[f->other - 1];
	uint32_t count = 0;
	struct text key = {NONE, 0};

	for (uint32_t i = 0; i < f->trail_len; i++) {
		const struct step *step = &VEC_AT(&pass->saved_trail, struct step, f->trail + i);

		if (p->rules[step->rule].op == RULE_PROPERTIES)
			key = p->properties[p->rules[step->rule].a + step->index].name.text;
	}
	for (uint32_t i = 0; i < branches->b && i < BRANCHES_LISTED_MAX && count < VALUES_SHOWN_MAX;
	     i++) {
		const struct rule *tag = find_tag(p, p->links[branches->a + i], key);

		if (tag == NULL)
			continue;
		buf_append_text(ret, count == 0 ? "must be one of: " : ", ");
		append_constants(p, tag->a, tag->b, ret);
		count += tag->b;
	}
	return count != 0;
}

/* Names the forbidden types, constants or key where the schema under `not` has one such rule
 * only. */
static void append_not(const struct program *p, const struct rule *rule, struct buf *ret)
{
	const struct subschema *s = &p->subschemas[rule->a];
	const struct rule *only = &p->rules[s->first_rule];

	if (s->rules == 1 && only->op == RULE_TYPE) {
		buf_append_text(ret, "must not be ");
		append_types(only->a, ret);
	} else if (s->rules == 1 && (only->op == RULE_CONST || only->op == RULE_ENUM) &&
		   only->b > 0) {
		buf_append_text(ret, only->b == 1 ? "must not be " : "must not be any of: ");
		append_constants(p, only->a, only->b, ret);
	} else if (s->rules == 1 && only->op == RULE_REQUIRED && only->b == 1) {
		buf_append_text(ret, "must not have the key ");
		append_name(p, only->a, ret);
	} else {
		buf_append_text(ret, "must not match the schema under `not`");
	}
}

/* The sentence for the schema `false` depends on the keyword whose value it is. */
static void append_never(const struct explain_pass *pass, const struct finding *f, struct buf *ret)
{
	const struct step *step = f->trail_len != 0 ? &VEC_AT(&pass->saved_trail, struct step,
							      f->trail + f->trail_len - 1)
						    : NULL;
	const struct rule *rule = step != NULL ? &pass->program->rules[step->rule] : NULL;

	if (rule != NULL && (rule->op == RULE_PROPERTIES || rule->op == RULE_PATTERN_PROPERTIES))
		buf_append_text(ret, "must not be set");
	else if (rule != NULL && rule->op == RULE_ITEMS && rule->b != 0)
		append_counted("is one item too many: at most ", rule->b, "is allowed",
			       "are allowed", ret);
	else if (rule != NULL && (rule->op == RULE_ITEMS || rule->op == RULE_UNEVALUATED_ITEMS))
		buf_append_text(ret, "is an item that is not allowed");
	else if (rule != NULL && rule->op == RULE_PROPERTY_NAMES)
		buf_append_text(ret, "is a key that is not allowed");
	else
		buf_append_text(ret, "is not allowed: the schema here is `false`");
}

static void append_pattern(const struct explain_pass *pass, const struct rule *rule,
			   struct buf *ret)
{
	buf_append_text(ret, "must match the pattern ");
	buf_append_slice(ret, program_text(pass->program, pass->program->patterns[rule->a].source));
}

/* Sentences that need one operand of the rule only. */
static void append_simple(const struct explain_pass *pass, const struct rule *rule,
			  const struct finding *f, struct buf *ret)
{
	switch ((enum rule_op)rule->op) {
	case RULE_MAXIMUM:
		append_number(pass, "must be at most ", rule->a, ret);
		break;
	case RULE_EXCLUSIVE_MAXIMUM:
		append_number(pass, "must be less than ", rule->a, ret);
		break;
	case RULE_MINIMUM:
		append_number(pass, "must be at least ", rule->a, ret);
		break;
	case RULE_EXCLUSIVE_MINIMUM:
		append_number(pass, "must be greater than ", rule->a, ret);
		break;
	case RULE_MULTIPLE_OF:
		append_number(pass, "must be a multiple of ", rule->a, ret);
		break;
	case RULE_MAX_LENGTH:
		append_counted("must have at most ", rule->a, "character", "characters", ret);
		break;
	case RULE_MIN_LENGTH:
		append_counted("must have at least ", rule->a, "character", "characters", ret);
		break;
	case RULE_MAX_ITEMS:
		append_counted("must have at most ", rule->a, "item", "items", ret);
		break;
	case RULE_MIN_ITEMS:
		append_counted("must have at least ", rule->a, "item", "items", ret);
		break;
	case RULE_MAX_PROPERTIES:
		append_counted("must have at most ", rule->a, "key", "keys", ret);
		break;
	case RULE_MIN_PROPERTIES:
		append_counted("must have at least ", rule->a, "key", "keys", ret);
		break;
	default:
		buf_printf(ret,
			   "must not contain equal items, but items %" PRIu32 " and %" PRIu32
			   " are equal",
			   f->detail, f->other);
		break;
	}
}

void message_append(const struct explain_pass *pass, const struct finding *f, struct buf *ret)
{
	const struct rule *rule = &pass->program->rules[f->rule];

	switch ((enum rule_op)rule->op) {
	case RULE_FALSE:
		append_never(pass, f, ret);
		break;
	case RULE_SECRET:
		buf_append_text(ret, "must be a reference to a secret, such as ${secret:path#key}");
		break;
	case RULE_TYPE:
		buf_append_text(ret, "must be ");
		append_types(rule->a, ret);
		break;
	case RULE_CONST:
	case RULE_ENUM:
		if (f->other == 0 || !append_tags(pass, f, ret))
			append_enum(pass->program, rule, ret);
		break;
	case RULE_PATTERN:
		append_pattern(pass, rule, ret);
		break;
	case RULE_FORMAT:
		buf_append_text(ret, format_sentence(pass->schema->formats[rule->a]));
		break;
	case RULE_REQUIRED:
		buf_append_text(ret, "must have the key ");
		append_name(pass->program, f->detail, ret);
		break;
	case RULE_DEPENDENT_REQUIRED:
		buf_append_text(ret, "must have the key ");
		append_name(pass->program, f->detail, ret);
		buf_append_text(ret, " because it has ");
		append_name(pass->program, rule->c, ret);
		break;
	case RULE_ADDITIONAL_PROPERTIES:
	case RULE_UNEVALUATED_PROPERTIES:
		append_extra(pass, f, rule, ret);
		break;
	case RULE_CONTAINS:
		append_contains(rule, f, ret);
		break;
	case RULE_ANY_OF:
	case RULE_ONE_OF:
		append_branches(pass, rule, f, ret);
		break;
	case RULE_NOT:
		append_not(pass->program, rule, ret);
		break;
	case RULE_IF:
		buf_append_text(ret, "satisfies neither `then` nor `else`");
		break;
	default:
		append_simple(pass, rule, f, ret);
		break;
	}
}
