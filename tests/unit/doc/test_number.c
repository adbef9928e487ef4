#include "doc/tree.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

static struct tree_node number(const char *text)
{
	struct tree_node n = {0};

	cr_assert(tree_set_number(&n, slice_text(text)), "%s", text);
	return n;
}

Test(number, what_has_no_fraction_is_an_integer_however_it_is_written)
{
	static const struct {
		const char *text;
		bool is_integer, fits;
		int64_t value;
	} cases[] = {
		{"0", true, true, 0},
		{"-0", true, true, 0},
		{"-0.0e5", true, true, 0},
		{"1.0", true, true, 1},
		{"1e3", true, true, 1000},
		{"1.50e1", true, true, 15},
		{"-7.000", true, true, -7},
		{"1234567890123456.00", true, true, 1234567890123456},
		{"-999999999999999999", true, true, -999999999999999999},
		{"0.000", true, true, 0},
		{"-12.5e1", true, true, -125},
		{"10e-1", true, true, 1},
		{"123456789012345678", true, true, 123456789012345678},
		{"9223372036854775807", true, true, INT64_MAX},
		{"-9223372036854775808", true, true, INT64_MIN},
		{"9223372036854775808", true, false, 0},
		{"-9223372036854775809", true, false, 0},
		{"1e400", true, false, 0},
		{"1e999999999", true, false, 0},
		{"0.5", false, false, 0},
		{"1.5e0", false, false, 0},
		{"1e-1", false, false, 0},
		{"9223372036854775807.5", false, false, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tree_node n = number(cases[i].text);

		cr_expect_eq((n.flags & TREE_IS_INTEGER) != 0, cases[i].is_integer, "%s",
			     cases[i].text);
		cr_expect_eq((n.flags & TREE_FITS_INT64) != 0, cases[i].fits, "%s", cases[i].text);
		if (cases[i].fits)
			cr_expect_eq(n.as.integer, cases[i].value, "%s", cases[i].text);
		cr_expect(slice_is_text(tree_text(&n), cases[i].text), "%s", cases[i].text);
	}
}

Test(number, a_real_is_the_nearest_double)
{
	static const struct {
		const char *text;
		double value;
	} cases[] = {
		{"0.1", 0.1},
		{"-2.5", -2.5},
		{"123.456", 123.456},
		{"0.30000000000000004", 0.1 + 0.2},
		{"1.7976931348623157e308", 1.7976931348623157e308},
		{"5e-324", 5e-324},
		{"2.2250738585072011e-308", 2.2250738585072011e-308},
		{"9007199254740993.5", 9007199254740994.0},
		{"900719925474099.35", 900719925474099.35},
		{"-900719925474099.3", -900719925474099.3},
		{"0.00000000000000001", 1e-17},
		{"-0.0000000000000001", -1e-16},
		{"12345678901234567.8", 12345678901234567.8},
		{"0.1234567890123456", 0.1234567890123456},
		{"1e400", INFINITY},
		{"-1e400", -INFINITY},
		{"1e-400", 0},
		{"123456789012345678901234567890", 123456789012345678901234567890.0},
		{"3.14159265358979323846264338327950288", 3.14159265358979323846},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tree_node n = number(cases[i].text);

		cr_expect(number_real(&n) == cases[i].value, "%s: %.17g", cases[i].text,
			  number_real(&n));
	}
}

Test(number, a_text_without_end_or_an_endless_exponent_is_refused)
{
	char text[NUMBER_BYTES_MAX + 2];
	struct tree_node n;

	memset(text, '7', sizeof text);
	text[NUMBER_BYTES_MAX + 1] = '\0';
	cr_expect_not(tree_set_number(&n, slice_make(text, NUMBER_BYTES_MAX + 1)));
	text[NUMBER_BYTES_MAX] = '\0';
	cr_expect(tree_set_number(&n, slice_make(text, NUMBER_BYTES_MAX)));
	cr_expect_not(tree_set_number(&n, SLICE_LITERAL("1e1000000000")));
	cr_expect(tree_set_number(&n, SLICE_LITERAL("1e0000000000001")));
	cr_expect_eq(n.as.integer, 10);
}

Test(number, order_is_exact_where_doubles_would_round)
{
	static const struct {
		const char *a, *b;
		int order;
	} cases[] = {
		{"1", "1.0", 0},
		{"100", "1e2", 0},
		{"0", "-0", 0},
		{"0.0", "-0e9", 0},
		{"9007199254740993", "9007199254740992", 1},
		{"9007199254740993", "9007199254740992.5", 1},
		{"9007199254740993", "9007199254740993.00", 0},
		{"18446744073709551616", "18446744073709551617", -1},
		{"-18446744073709551616", "-18446744073709551617", 1},
		{"0.1", "0.10000000000000000001", -1},
		{"-0.1", "-0.10000000000000000001", 1},
		{"1e400", "1e401", -1},
		{"1e400", "10e399", 0},
		{"-1e400", "1e400", -1},
		{"1e-400", "0", 1},
		{"-1e-400", "0", -1},
		{"1e-400", "1e-401", 1},
		{"9223372036854775807", "9223372036854775808", -1},
		{"9223372036854775808", "9223372036854775808.0", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tree_node a = number(cases[i].a), b = number(cases[i].b);

		cr_expect_eq(number_compare(&a, &b), cases[i].order, "%s %s", cases[i].a,
			     cases[i].b);
		cr_expect_eq(number_compare(&b, &a), -cases[i].order, "%s %s", cases[i].b,
			     cases[i].a);
		cr_expect_eq(tree_is_equal(&a, &b), cases[i].order == 0);
		if (cases[i].order == 0)
			cr_expect_eq(tree_hash(&a), tree_hash(&b), "%s %s", cases[i].a, cases[i].b);
	}
}

Test(number, equal_numbers_hash_alike_however_they_are_written)
{
	static const char *const cases[][2] = {
		{"1", "10e-1"},
		{"0.1", "0.10000000000000000000000"},
		{"0.1", "1e-1"},
		{"-2.5", "-25000000000000000000000e-22"},
		{"1e400", "10e399"},
		{"12345678901234567890", "1234567890123456789e1"},
		{"0.00000000000000001", "1e-17"},
		{"0.0000000000000000000001", "1e-22"},
		{"1234567890123456.7", "12345678901234567e-1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tree_node a = number(cases[i][0]), b = number(cases[i][1]);

		cr_assert_eq(number_compare(&a, &b), 0);
		cr_expect_eq(number_hash(&a), number_hash(&b), "%s %s", cases[i][0], cases[i][1]);
		cr_expect_eq(tree_hash(&a), tree_hash(&b), "%s %s", cases[i][0], cases[i][1]);
	}
}

/* A table of them would else cost the square of their number. */
Test(number, numbers_that_one_double_stands_for_hash_apart)
{
	static const char *const cases[][2] = {
		{"1e400", "1e401"},
		{"1e400", "-1e400"},
		{"1e-400", "1e-401"},
		{"1.00000000000000000000001", "1.00000000000000000000002"},
		{"9223372036854775809", "9223372036854775810"},
		{"9223372036854775809", "-9223372036854775809"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tree_node a = number(cases[i][0]), b = number(cases[i][1]);

		cr_expect_neq(number_hash(&a), number_hash(&b), "%s %s", cases[i][0], cases[i][1]);
	}
}

Test(number, multiples_are_exact)
{
	static const struct {
		const char *n, *step;
		bool is_multiple;
	} cases[] = {
		{"10", "5", true},
		{"-10", "5", true},
		{"11", "5", false},
		{"0", "7", true},
		{"0.0", "0.3", true},
		{"0.3", "0.1", true},
		{"4.35", "0.01", true},
		{"0.0075", "0.0001", true},
		{"0.00751", "0.0001", false},
		{"1e308", "0.123456789", false},
		{"12391239123", "1e-8", true},
		{"1e400", "3", false},
		{"3e400", "3", true},
		{"1e999999999", "1024", true},
		{"1e999999999", "1e-999999999", true},
		{"1e-999999999", "1e999999999", false},
		{"1.5", "1", false},
		{"9007199254740993", "2", false},
		{"18446744073709551616", "2", true},
		{"18446744073709551617", "2", false},
		{"340282366920938463463374607431768211456", "18446744073709551616", true},
		{"340282366920938463463374607431768211457", "18446744073709551616", false},
		{"340282366920938463426481119284349108225", "18446744073709551615", true},
		{"340282366920938463426481119284349108226", "18446744073709551615", false},
		{"999999999999999999998000000000000000000001", "999999999999999999999", true},
		{"5", "10", false},
		{"18446744073709551615", "18446744073709551616", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tree_node n = number(cases[i].n), step = number(cases[i].step);

		cr_expect_eq(number_is_multiple(&n, &step), cases[i].is_multiple, "%s / %s",
			     cases[i].n, cases[i].step);
	}
}

/* Long products made by schoolbook multiplication, so that the division is checked against another
 * way of computing. */
static void multiply(char *ret, const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);
	int digits[1200] = {0};
	size_t at = 0, len = a_len + b_len;

	for (size_t i = 0; i < a_len; i++) {
		for (size_t j = 0; j < b_len; j++)
			digits[i + j] += (a[a_len - 1 - i] - '0') * (b[b_len - 1 - j] - '0');
	}
	for (size_t i = 0; i + 1 < len; i++) {
		digits[i + 1] += digits[i] / 10;
		digits[i] %= 10;
	}
	while (len > 1 && digits[len - 1] == 0)
		len--;
	while (len > 0)
		ret[at++] = (char)('0' + digits[--len]);
	ret[at] = '\0';
}

Test(number, a_product_is_a_multiple_of_its_factors_and_its_neighbour_is_not)
{
	uint64_t seed = 12345;

	for (int round = 0; round < 400; round++) {
		char a[512], b[512], product[1100];
		size_t lens[2];

		for (int k = 0; k < 2; k++) {
			char *out = k == 0 ? a : b;

			seed = hash_fold(seed + 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93);
			lens[k] = 10 + seed % (round < 200 ? 40 : 490);
			for (size_t i = 0; i < lens[k]; i++) {
				seed = hash_fold(seed + 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93);
				/* Runs of 9 and 0 make quotient estimates wrong. */
				out[i] = seed % 3 == 0	 ? '9'
					 : seed % 3 == 1 ? (char)('0' + (seed >> 8) % 10)
							 : '0';
			}
			out[0] = '3';
			out[lens[k] - 1] = '7';
			out[lens[k]] = '\0';
		}
		multiply(product, a, b);

		struct tree_node n = number(product), step = number(a);
		cr_expect(number_is_multiple(&n, &step), "%s * %s", a, b);
		product[strlen(product) - 1] ^= 1; /* 9 becomes 8: one less */
		n = number(product);
		cr_expect_not(number_is_multiple(&n, &step), "%s * %s - 1", a, b);
	}
}
