/*
 * Plain scalars by the core schema of YAML 1.2 (10.3.2), and their conversion to JSON's form of
 * numbers. The grammar is written out by hand: each function removes what it has matched from the
 * front of a slice.
 *
 * YAML 1.1 matters twice. Readers of it are common (PyYAML, SnakeYAML), so a text that they would
 * read differently gets a warning when it is read here, and quotes when it is written. The first
 * must be exact, or it would be noise; the second may be too wide.
 *
 * Copies of digits on the stack are wiped, as they may be a secret. Any thread.
 */
#include "doc/yaml_scalar.h"

#include "base/memory.h"

/* Room for 1,100 hexadecimal digits: 4,400 bits, 1,325 decimal digits, 148 limbs of nine. */
#define LIMBS_MAX 160
#define LIMB_BASE UINT32_C(1000000000)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_one_of(struct slice s, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_is_text(s, words[i]))
			return true;
	}
	return false;
}

/* Removes a sign from the front. */
static bool skip_sign(struct slice *s)
{
	if (s->len == 0 || (s->data[0] != '-' && s->data[0] != '+'))
		return false;
	*s = slice_from(*s, 1);
	return true;
}

/* Removes bytes of `set` from the front and returns their number. */
static size_t skip_set(struct slice *s, const char *set)
{
	size_t len = 0;

	while (len < s->len && s->data[len] != '\0' && strchr(set, s->data[len]) != NULL)
		len++;
	*s = slice_from(*s, len);
	return len;
}

#define DIGITS "0123456789"

/* [-+]? [0-9]+, 0o [0-7]+, 0x [0-9a-fA-F]+: only decimals have a sign. */
static bool is_integer(struct slice s)
{
	if (slice_starts_with(s, SLICE_LITERAL("0o"))) {
		s = slice_from(s, 2);
		return skip_set(&s, "01234567") != 0 && s.len == 0;
	}
	if (slice_starts_with(s, SLICE_LITERAL("0x"))) {
		s = slice_from(s, 2);
		return skip_set(&s, DIGITS "abcdefABCDEF") != 0 && s.len == 0;
	}
	skip_sign(&s);
	return skip_set(&s, DIGITS) != 0 && s.len == 0;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_real(struct slice s)
{
	size_t whole, fraction = 0;

	skip_sign(&s);
	whole = skip_set(&s, DIGITS);
	if (s.len != 0 && s.data[0] == '.') {
		s = slice_from(s, 1);
		fraction = skip_set(&s, DIGITS);
	}
	if (whole + fraction == 0)
		return false;
	if (s.len == 0)
		return true;
	if (s.data[0] != 'e' && s.data[0] != 'E')
		return false;
	s = slice_from(s, 1);
	skip_sign(&s);
	return skip_set(&s, DIGITS) != 0 && s.len == 0;
}

/* .nan has no sign, .inf may have one; each in three spellings. */
static bool is_not_finite(struct slice s)
{
	static const char *const nan[] = {".nan", ".NaN", ".NAN"};
	static const char *const inf[] = {".inf", ".Inf", ".INF"};

	if (is_one_of(s, nan, ARRAY_SIZE(nan)))
		return true;
	skip_sign(&s);
	return is_one_of(s, inf, ARRAY_SIZE(inf));
}

enum yaml_type yaml_classify(struct slice s)
{
	static const char *const null[] = {"", "~", "null", "Null", "NULL"};
	static const char *const yes[] = {"true", "True", "TRUE"};
	static const char *const no[] = {"false", "False", "FALSE"};

	if (s.len == 0)
		return YAML_NULL;
	/* Most texts are told apart by their first character. */
	if (strchr("~nNtTfF", s.data[0]) != NULL && s.data[0] != '\0' && s.len <= 5) {
		if (is_one_of(s, null, ARRAY_SIZE(null)))
			return YAML_NULL;
		if (is_one_of(s, yes, ARRAY_SIZE(yes)))
			return YAML_TRUE;
		return is_one_of(s, no, ARRAY_SIZE(no)) ? YAML_FALSE : YAML_TEXT;
	}
	if (!is_digit(s.data[0]) && s.data[0] != '-' && s.data[0] != '+' && s.data[0] != '.')
		return YAML_TEXT;
	if (is_integer(s))
		return YAML_INTEGER;
	if (is_real(s))
		return YAML_REAL;
	return is_not_finite(s) ? YAML_NOT_FINITE : YAML_TEXT;
}

/* Words that YAML 1.1 (type repository, bool) reads as true or false and 1.2 as text. */
static bool is_old_bool(struct slice s)
{
	static const char *const words[] = {
		"y",  "Y",  "yes", "Yes", "YES", "n",	"N",   "no",
		"No", "NO", "on",  "On",  "ON",	 "off", "Off", "OFF",
	};

	return s.len <= 3 && is_one_of(s, words, ARRAY_SIZE(words));
}

/* 12:30, 1:30:15.5: base 60. */
static bool is_sexagesimal(struct slice s)
{
	size_t groups = 0;

	skip_sign(&s);
	if (s.len == 0 || !is_digit(s.data[0]))
		return false;
	skip_set(&s, DIGITS "_");
	for (; s.len != 0 && s.data[0] == ':'; groups++) {
		size_t digits;

		s = slice_from(s, 1);
		digits = skip_set(&s, DIGITS);
		if (digits == 0 || digits > 2)
			return false;
	}
	if (groups != 0 && s.len != 0 && s.data[0] == '.') {
		s = slice_from(s, 1);
		skip_set(&s, DIGITS "_");
	}
	return groups != 0 && s.len == 0;
}

/* 0b101, -0x1F, and digits separated by '_': numbers in 1.1, text in 1.2. */
static bool is_old_number(struct slice s)
{
	bool has_underscore = memchr(s.data, '_', s.len) != NULL;
	bool is_signed = skip_sign(&s);

	if (slice_starts_with(s, SLICE_LITERAL("0b"))) {
		s = slice_from(s, 2);
		return skip_set(&s, "01_") != 0 && s.len == 0;
	}
	if (slice_starts_with(s, SLICE_LITERAL("0x"))) {
		s = slice_from(s, 2);
		return (is_signed || has_underscore) && skip_set(&s, DIGITS "abcdefABCDEF_") != 0 &&
		       s.len == 0;
	}
	if (!has_underscore || s.len == 0 || !is_digit(s.data[0]))
		return false;
	skip_set(&s, DIGITS "_.");
	return s.len == 0;
}

/* The functions named surprise return a warning, a constant, or NULL. */
static const char *surprise_of_integer(struct slice s)
{
	if (slice_starts_with(s, SLICE_LITERAL("0o")))
		return "YAML 1.1 reads 0o... as text; here it is an octal number";
	skip_sign(&s);
	if (s.len > 1 && s.data[0] == '0' && s.data[1] != 'x')
		return "YAML 1.1 reads a number with a leading zero as octal; here it is decimal";
	return NULL;
}

/* YAML 1.1 requires a point, and a sign after the 'e'. */
static const char *surprise_of_real(struct slice s)
{
	bool has_point = memchr(s.data, '.', s.len) != NULL;

	while (s.len != 0 && s.data[0] != 'e' && s.data[0] != 'E')
		s = slice_from(s, 1);
	if (s.len == 0 || (has_point && (s.data[1] == '-' || s.data[1] == '+')))
		return NULL;
	return "YAML 1.1 reads a number with an exponent as text unless it is written as in "
	       "1.0e+3; here it is a number";
}

const char *yaml_surprise(struct slice plain)
{
	switch (yaml_classify(plain)) {
	case YAML_INTEGER:
		return surprise_of_integer(plain);
	case YAML_REAL:
		return surprise_of_real(plain);
	case YAML_TEXT:
		break;
	default:
		return NULL;
	}
	if (is_old_bool(plain))
		return "YAML 1.1 reads this word as true or false; here it is text, which quotes "
		       "would make plain";
	if (is_sexagesimal(plain))
		return "YAML 1.1 reads digits with colons as a number to base 60; here it is text, "
		       "which quotes would make plain";
	if (is_old_number(plain))
		return "YAML 1.1 reads this as a number; here it is text, which quotes would make "
		       "plain";
	return NULL;
}

bool yaml_is_ambiguous(struct slice plain)
{
	struct slice rest = plain;

	if (yaml_classify(plain) != YAML_TEXT || is_old_bool(plain))
		return true;
	/* The value and merge types of 1.1. */
	if (slice_is_text(plain, "=") || slice_is_text(plain, "<<"))
		return true;
	/* Numbers and dates in any notation. Deliberately too wide: no list of notations is
	 * complete. */
	if (!is_digit(plain.data[0]) && strchr("+-.", plain.data[0]) == NULL)
		return false;
	skip_set(&rest, DIGITS "abcdefABCDEFoOxXtTzZ_.:+- ");
	return rest.len == 0;
}

/* Converts digits whose base is a power of two to decimal, up to 28 bits at a time, so that a limb
 * times 2^28 and the carry fit 64 bits. `ret` has room for the result. Returns its length. */
static size_t convert_digits(char *ret, struct slice s, unsigned bits)
{
	uint32_t limbs[LIMBS_MAX] = {0};
	size_t count = 1, len = 0;
	unsigned chunk = 28 / bits;

	for (size_t at = 0; at < s.len;) {
		uint64_t carry = 0;
		unsigned shift = 0;

		for (unsigned i = 0; i < chunk && at < s.len; i++, at++) {
			char c = s.data[at];
			unsigned digit = is_digit(c) ? (unsigned)(c - '0')
						     : (unsigned)((c | 0x20) - 'a' + 10);

			carry = carry << bits | digit;
			shift += bits;
		}
		for (size_t i = 0; i < count; i++) {
			carry += (uint64_t)limbs[i] << shift;
			limbs[i] = (uint32_t)(carry % LIMB_BASE);
			carry /= LIMB_BASE;
		}
		if (carry != 0)
			limbs[count++] = (uint32_t)carry;
	}
	for (size_t i = count; i > 0; i--) {
		for (uint32_t place = LIMB_BASE / 10; place != 0; place /= 10) {
			char digit = (char)('0' + limbs[i - 1] / place % 10);

			if (len != 0 || digit != '0')
				ret[len++] = digit;
		}
	}
	if (len == 0)
		ret[len++] = '0';
	mem_wipe(limbs, sizeof limbs);
	return len;
}

/* Writes a decimal as JSON requires: no '+', no leading zeros, a digit on both sides of the
 * point. */
static size_t normalize_decimal(char *ret, struct slice s)
{
	bool is_negative = s.data[0] == '-';
	size_t len = 0, digits;

	skip_sign(&s);
	if (is_negative)
		ret[len++] = '-';
	while (s.len > 1 && s.data[0] == '0' && is_digit(s.data[1]))
		s = slice_from(s, 1);
	if (!is_digit(s.data[0]))
		ret[len++] = '0';
	for (; s.len != 0 && is_digit(s.data[0]); s = slice_from(s, 1))
		ret[len++] = s.data[0];
	if (s.len != 0 && s.data[0] == '.') {
		ret[len++] = '.';
		s = slice_from(s, 1);
		for (digits = 0; digits < s.len && is_digit(s.data[digits]); digits++)
			ret[len++] = s.data[digits];
		if (digits == 0)
			ret[len++] = '0';
		s = slice_from(s, digits);
	}
	if (s.len != 0)
		memcpy(ret + len, s.data, s.len);
	return len + s.len;
}

/* The conversion of another base takes time in the square of the digits. */
uint64_t yaml_integer_steps(struct slice text)
{
	return text.len > NUMBER_BYTES_MAX ? 0 : text.len * text.len / 150;
}

static enum result set_number(struct tree_node *ret, struct arena *a, struct slice text,
			      struct error *err)
{
	/* 1,100 hexadecimal digits are 1,325 decimal ones. */
	char json[NUMBER_BYTES_MAX * 5 / 4];
	const char *kept;
	size_t len;
	bool is_good;

	if (text.len > NUMBER_BYTES_MAX)
		return fail(err, E_LIMIT, "the number has more than %d characters",
			    NUMBER_BYTES_MAX);
	if (slice_starts_with(text, SLICE_LITERAL("0x")))
		len = convert_digits(json, slice_from(text, 2), 4);
	else if (slice_starts_with(text, SLICE_LITERAL("0o")))
		len = convert_digits(json, slice_from(text, 2), 3);
	else
		len = normalize_decimal(json, text);
	kept = arena_text(a, slice_make(json, len));
	mem_wipe(json, len);
	if (kept == NULL)
		return fail(err, a->is_exhausted ? E_LIMIT : E_MEMORY, "out of memory");
	is_good = tree_set_number(ret, slice_make(kept, len));
	if (!is_good)
		return fail(err, E_LIMIT,
			    "the number has more than %d characters or too large an exponent",
			    NUMBER_BYTES_MAX);
	return OK;
}

enum result yaml_set_scalar(struct tree_node *ret, struct arena *a, enum yaml_type type,
			    struct slice text, struct error *err)
{
	switch (type) {
	case YAML_NULL:
		tree_set_null(ret);
		return OK;
	case YAML_TRUE:
	case YAML_FALSE:
		tree_set_bool(ret, type == YAML_TRUE);
		return OK;
	case YAML_INTEGER:
	case YAML_REAL:
		return set_number(ret, a, text, err);
	case YAML_NOT_FINITE:
		return fail(err, E_MALFORMED,
			    "JSON has no infinity and no NaN; quote it if it is meant as text");
	case YAML_TEXT:
		break;
	}
	if (!tree_copy_string(ret, a, text))
		return fail(err, a->is_exhausted ? E_LIMIT : E_MEMORY, "out of memory");
	return OK;
}
