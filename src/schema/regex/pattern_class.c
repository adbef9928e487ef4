/*
 * Every class becomes explicit ranges, so that PCRE2's own meaning of \d, \s and \w does not
 * matter: in ECMA-262 \d is 0 to 9 only, and \s includes U+FEFF. Surrogates are left out of all
 * ranges, because valid UTF-8 has none and PCRE2 refuses them. Ranges live in the arena of the
 * parser.
 */
#include "schema/regex/pattern_class.h"

#include <stdio.h>
#include <stdlib.h>

#define SURROGATE_FIRST 0xd800u
#define SURROGATE_LAST	0xdfffu

static const struct code_range digits[] = {{'0', '9'}};
static const struct code_range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
/* WhiteSpace and LineTerminator, sections 12.2 and 12.3 */
static const struct code_range spaces[] = {
	{0x9, 0xd},	  {0x20, 0x20},	    {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a},
	{0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff},
};

/* The array doubles in the arena. */
static bool push_range(struct pattern_class *set, struct arena *a, uint32_t first, uint32_t last)
{
	if (first > last)
		return true;
	if (set->count == set->size) {
		uint32_t size = set->size == 0 ? 4 : set->size * 2;
		struct code_range *ranges = arena_alloc_array(a, size, sizeof *ranges);

		if (ranges == NULL)
			return false;
		if (set->count != 0)
			memcpy(ranges, set->ranges, set->count * sizeof *ranges);
		set->ranges = ranges;
		set->size = size;
	}
	set->ranges[set->count++] = (struct code_range){first, last};
	return true;
}

bool class_add(struct pattern_class *set, struct arena *a, uint32_t first, uint32_t last)
{
	if (last < SURROGATE_FIRST || first > SURROGATE_LAST)
		return push_range(set, a, first, last);
	if (first < SURROGATE_FIRST && !push_range(set, a, first, SURROGATE_FIRST - 1))
		return false;
	return last <= SURROGATE_LAST || push_range(set, a, SURROGATE_LAST + 1, last);
}

static bool add_all(struct pattern_class *set, struct arena *a, const struct code_range *ranges,
		    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!class_add(set, a, ranges[i].first, ranges[i].last))
			return false;
	return true;
}

static bool add_others(struct pattern_class *set, struct arena *a, const struct code_range *ranges,
		       size_t count)
{
	uint32_t next = 0;

	for (size_t i = 0; i < count; i++) {
		if (ranges[i].first > next && !class_add(set, a, next, ranges[i].first - 1))
			return false;
		next = ranges[i].last + 1;
	}
	return next > CODE_POINT_MAX || class_add(set, a, next, CODE_POINT_MAX);
}

bool class_add_escape(struct pattern_class *set, struct arena *a, char letter)
{
	switch (letter) {
	case 'd':
		return add_all(set, a, digits, ARRAY_SIZE(digits));
	case 'D':
		return add_others(set, a, digits, ARRAY_SIZE(digits));
	case 's':
		return add_all(set, a, spaces, ARRAY_SIZE(spaces));
	case 'S':
		return add_others(set, a, spaces, ARRAY_SIZE(spaces));
	case 'w':
		return add_all(set, a, words, ARRAY_SIZE(words));
	default:
		return add_others(set, a, words, ARRAY_SIZE(words));
	}
}

static int compare_ranges(const void *a, const void *b)
{
	const struct code_range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* Sorts the ranges, and merges those that overlap or touch. */
void class_normalise(struct pattern_class *set)
{
	uint32_t kept = 0;

	if (set->count == 0)
		return;
	qsort(set->ranges, set->count, sizeof *set->ranges, compare_ranges);
	for (uint32_t i = 1; i < set->count; i++) {
		if (set->ranges[i].first > set->ranges[kept].last + 1)
			set->ranges[++kept] = set->ranges[i];
		else if (set->ranges[i].last > set->ranges[kept].last)
			set->ranges[kept].last = set->ranges[i].last;
	}
	set->count = kept + 1;
}

bool class_complement(struct pattern_class *set, struct arena *a)
{
	struct pattern_class others = {0};

	if (!add_others(&others, a, set->ranges, set->count))
		return false;
	*set = others;
	return true;
}

/* General categories by each of their names (PropertyValueAliases.txt), with their names in
 * PCRE2. */
static const struct {
	const char *name;
	const char *code;
} categories[] = {
	{"Cased_Letter", "L&"},
	{"LC", "L&"},
	{"Close_Punctuation", "Pe"},
	{"Combining_Mark", "M"},
	{"Connector_Punctuation", "Pc"},
	{"Control", "Cc"},
	{"cntrl", "Cc"},
	{"Currency_Symbol", "Sc"},
	{"Dash_Punctuation", "Pd"},
	{"Decimal_Number", "Nd"},
	{"digit", "Nd"},
	{"Enclosing_Mark", "Me"},
	{"Final_Punctuation", "Pf"},
	{"Format", "Cf"},
	{"Initial_Punctuation", "Pi"},
	{"Letter", "L"},
	{"Letter_Number", "Nl"},
	{"Line_Separator", "Zl"},
	{"Lowercase_Letter", "Ll"},
	{"Mark", "M"},
	{"Math_Symbol", "Sm"},
	{"Modifier_Letter", "Lm"},
	{"Modifier_Symbol", "Sk"},
	{"Nonspacing_Mark", "Mn"},
	{"Number", "N"},
	{"Open_Punctuation", "Ps"},
	{"Other", "C"},
	{"Other_Letter", "Lo"},
	{"Other_Number", "No"},
	{"Other_Punctuation", "Po"},
	{"Other_Symbol", "So"},
	{"Paragraph_Separator", "Zp"},
	{"Private_Use", "Co"},
	{"Punctuation", "P"},
	{"punct", "P"},
	{"Separator", "Z"},
	{"Space_Separator", "Zs"},
	{"Spacing_Mark", "Mc"},
	{"Surrogate", "Cs"},
	{"Symbol", "S"},
	{"Titlecase_Letter", "Lt"},
	{"Unassigned", "Cn"},
	{"Uppercase_Letter", "Lu"},
};

static const char category_codes[] =
	" C Cc Cf Cn Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps "
	"S Sc Sk Sm So Z Zl Zp Zs ";

/* Binary properties of ECMA-262 that PCRE2 10.42 knows under the same names. */
static const char binary_names[] =
	" ASCII ASCII_Hex_Digit AHex Alphabetic Alpha Bidi_Control Bidi_C Bidi_Mirrored Bidi_M "
	"Case_Ignorable CI Cased Changes_When_Casefolded CWCF Changes_When_Casemapped CWCM "
	"Changes_When_Lowercased CWL Changes_When_Titlecased CWT Changes_When_Uppercased CWU "
	"Dash Default_Ignorable_Code_Point DI Deprecated Dep Diacritic Dia Emoji "
	"Emoji_Component EComp Emoji_Modifier EMod Emoji_Modifier_Base EBase "
	"Emoji_Presentation EPres Extended_Pictographic ExtPict Extender Ext Grapheme_Base "
	"Gr_Base Grapheme_Extend Gr_Ext Hex_Digit Hex IDS_Binary_Operator IDSB "
	"IDS_Trinary_Operator IDST ID_Continue IDC ID_Start IDS Ideographic Ideo Join_Control "
	"Join_C Logical_Order_Exception LOE Lowercase Lower Math Noncharacter_Code_Point NChar "
	"Pattern_Syntax Pat_Syn Pattern_White_Space Pat_WS Quotation_Mark QMark Radical "
	"Regional_Indicator RI Sentence_Terminal STerm Soft_Dotted SD Terminal_Punctuation Term "
	"Unified_Ideograph UIdeo Uppercase Upper Variation_Selector VS White_Space space "
	"XID_Continue XIDC XID_Start XIDS ";

/* Whether `name` is one of the words of `list`, which are separated by blanks. */
static bool is_listed(const char *list, struct slice name)
{
	char word[48];

	if (name.len == 0 || name.len > sizeof word - 3 || memchr(name.data, ' ', name.len))
		return false;
	snprintf(word, sizeof word, " %.*s ", SLICE_ARGS(name));
	return strstr(list, word) != NULL;
}

static const char *find_category(struct slice name, char code[static 3])
{
	if (name.len <= 2 && is_listed(category_codes, name)) {
		snprintf(code, 3, "%.*s", SLICE_ARGS(name));
		return code;
	}
	for (size_t i = 0; i < ARRAY_SIZE(categories); i++)
		if (slice_is_text(name, categories[i].name))
			return categories[i].code;
	return NULL;
}

static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		      (c >= '0' && c <= '9')))
			return false;
	}
	return s.len != 0 && s.len <= 40;
}

/* Name, or Name=Value: general categories, scripts and binary properties. */
bool property_translate(char ret[static 80], struct slice name, bool is_negated)
{
	char letter = is_negated ? 'P' : 'p', code[3] = {0};
	struct slice rest = name, key;
	const char *category;

	if (memchr(name.data, '=', name.len) != NULL) {
		slice_next_part(&rest, '=', &key);
		if (!is_name(rest))
			return false;
		if (slice_is_text(key, "Script") || slice_is_text(key, "sc")) {
			snprintf(ret, 80, "\\%c{sc:%.*s}", letter, SLICE_ARGS(rest));
			return true;
		}
		if (slice_is_text(key, "Script_Extensions") || slice_is_text(key, "scx")) {
			snprintf(ret, 80, "\\%c{scx:%.*s}", letter, SLICE_ARGS(rest));
			return true;
		}
		if (!slice_is_text(key, "General_Category") && !slice_is_text(key, "gc"))
			return false;
	}
	category = find_category(rest, code);
	if (category != NULL)
		snprintf(ret, 80, "\\%c{%s}", letter, category);
	else if (rest.len != name.len)
		return false;
	else if (slice_is_text(name, "Any"))
		snprintf(ret, 80, "\\%c{Any}", letter);
	else if (slice_is_text(name, "Assigned"))
		snprintf(ret, 80, "\\%c{Cn}", is_negated ? 'p' : 'P');
	else if (is_listed(binary_names, name))
		snprintf(ret, 80, "\\%c{%.*s}", letter, SLICE_ARGS(name));
	else
		return false;
	return true;
}
