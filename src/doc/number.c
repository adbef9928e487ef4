/*
 * Numbers, computed from their decimal text, so that no size and no fraction is rounded:
 * 9007199254740993 is not 9007199254740992, and 0.3 is a multiple of 0.1.
 *
 * Rounding to a double keeps the order of numbers. So two numbers are compared as doubles first,
 * and as decimals only when the doubles are equal. All work is bounded by NUMBER_BYTES_MAX.
 */
#include "doc/tree.h"

#include "base/memory.h"

#include <stdlib.h>

/* Exponents fit 32 bits, so that sums of them with counts of digits cannot overflow. */
#define EXPONENT_DIGITS_MAX 9
#define SHORT_DIGITS_MAX    18 /* what parse_short() reads */
#define HASH_SALT	    UINT64_C(0x9e3779b97f4a7c15)
#define HASH_FACTOR	    UINT64_C(0xe7037ed1a0b428db)
#define LIMB_BASE	    UINT32_C(1000000000)
#define LIMB_DIGITS	    9
/* A number below 10^NUMBER_BYTES_MAX that is a power of 2 has at most this exponent; of 5 less. */
#define SHIFT_MAX 3700
#define LIMBS_MAX ((NUMBER_BYTES_MAX + SHIFT_MAX) / LIMB_DIGITS + 3)

/* (-1)^is_negative * digits * 10^exponent; no leading or trailing zero digit, zero has none at
 * all. */
struct decimal {
	bool is_negative;
	uint32_t count;
	int64_t exponent;
	char digits[NUMBER_BYTES_MAX];
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The value of the digits after 'e' and a sign; false for more than EXPONENT_DIGITS_MAX. */
static bool parse_exponent(struct slice text, int64_t *ret)
{
	bool is_negative = text.len != 0 && text.data[0] == '-';
	uint64_t value;

	if (text.len != 0 && (text.data[0] == '-' || text.data[0] == '+'))
		text = slice_from(text, 1);
	while (text.len > 1 && text.data[0] == '0')
		text = slice_from(text, 1);
	if (text.len > EXPONENT_DIGITS_MAX || !slice_to_u64(text, INT32_MAX, &value))
		return false;
	*ret = is_negative ? -(int64_t)value : (int64_t)value;
	return true;
}

/* One form for each value: 10, 1e1 and 10.0 are the digit 1 with the exponent 1, and -0 is 0. */
static void trim_zeros(struct decimal *d)
{
	while (d->count != 0 && d->digits[d->count - 1] == '0') {
		d->count--;
		d->exponent++;
	}
	if (d->count == 0) {
		d->exponent = 0;
		d->is_negative = false;
	}
}

/* The text has the syntax of JSON. False where it is too long or its exponent too large. */
static bool parse_decimal(struct decimal *ret, struct slice text)
{
	size_t i = 0;
	bool is_fraction = false;

	if (text.len > NUMBER_BYTES_MAX)
		return false;
	ret->count = 0;
	ret->exponent = 0;
	ret->is_negative = text.len != 0 && text.data[0] == '-';
	for (i = ret->is_negative; i < text.len; i++) {
		char c = text.data[i];

		if (c == '.') {
			is_fraction = true;
			continue;
		}
		if (!is_digit(c))
			break;
		ret->exponent -= is_fraction;
		if (c != '0' || ret->count != 0)
			ret->digits[ret->count++] = c;
	}
	if (i < text.len) {
		int64_t exponent;

		if (!parse_exponent(slice_from(text, i + 1), &exponent))
			return false;
		ret->exponent += exponent;
	}
	trim_zeros(ret);
	return true;
}

/* The value as an int64; false when it does not fit exactly. */
static bool decimal_to_int64(const struct decimal *d, int64_t *ret)
{
	int64_t value = 0;

	if (d->exponent < 0 || d->count + d->exponent > 19)
		return false;
	/* At most 19 digits; zeros follow those of `d` where its exponent is above 0. */
	for (int64_t i = 0; i < d->count + d->exponent; i++) {
		int digit = i < d->count ? d->digits[i] - '0' : 0;

		/* Counts downwards, because INT64_MIN has no positive counterpart. */
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, digit, &value))
			return false;
	}
	if (!d->is_negative && __builtin_sub_overflow(0, value, &value))
		return false;
	*ret = value;
	return true;
}

/* Written without a decimal point, because strtod() uses that of the locale. */
static double decimal_to_real(const struct decimal *d)
{
	char text[NUMBER_BYTES_MAX + 32];
	size_t len = 0;
	uint64_t left = d->exponent < 0 ? -(uint64_t)d->exponent : (uint64_t)d->exponent;
	char digits[24];
	size_t at = sizeof digits;

	if (d->count == 0)
		return 0;
	if (d->is_negative)
		text[len++] = '-';
	memcpy(text + len, d->digits, d->count);
	len += d->count;
	text[len++] = 'e';
	if (d->exponent < 0)
		text[len++] = '-';
	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left != 0);
	memcpy(text + len, digits + at, sizeof digits - at);
	text[len + sizeof digits - at] = '\0';
	return strtod(text, NULL);
}

/* The digits of `text` up to 18 of them, and how many stand behind a point; false when there is
 * more to it, an exponent for one. */
static bool parse_short(struct slice text, int64_t *ret, int *ret_fraction)
{
	bool is_negative = text.len != 0 && text.data[0] == '-';
	size_t point = SIZE_MAX;
	int64_t value = 0;

	if (text.len == 0 || text.len > 19)
		return false;
	for (size_t i = is_negative; i < text.len; i++) {
		char c = text.data[i];

		if (is_digit(c))
			value = value * 10 + (c - '0');
		else if (c == '.' && point == SIZE_MAX)
			point = i;
		else
			return false;
	}
	if (point == SIZE_MAX && text.len - is_negative > 18)
		return false;
	*ret = is_negative ? -value : value;
	*ret_fraction = point != SIZE_MAX ? (int)(text.len - point - 1) : 0;
	return true;
}

/* digits / 10^fraction, in one correctly rounded division where both are exact as doubles: W. D.
 * Clinger, How to Read Floating Point Numbers Accurately (1990). False where they may not be. */
static bool set_short_number(struct tree_node *n, int64_t digits, int fraction)
{
	static const double tens[] = {1e0,  1e1,  1e2,	1e3,  1e4,  1e5,  1e6,	1e7,  1e8, 1e9,
				      1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

	/* 1.50 is 1.5, and 2.0 is an integer. */
	for (; fraction > 0 && digits % 10 == 0; fraction--)
		digits /= 10;
	if (fraction == 0) {
		n->flags = TREE_IS_INTEGER | TREE_FITS_INT64;
		n->as.integer = digits;
		return true;
	}
	if (digits > INT64_C(1) << 53 || digits < -(INT64_C(1) << 53))
		return false;
	n->as.real = (double)digits / tens[fraction];
	return true;
}

static void set_decimal(struct tree_node *n, const struct decimal *d)
{
	int64_t integer;

	if (d->exponent >= 0)
		n->flags |= TREE_IS_INTEGER;
	if (decimal_to_int64(d, &integer)) {
		n->flags |= TREE_FITS_INT64;
		n->as.integer = integer;
	} else {
		n->as.real = decimal_to_real(d);
	}
}

/* A function of its own, because the room for a decimal on the stack is cleared on entry. */
static __attribute__((noinline)) bool set_long_number(struct tree_node *n, struct slice text)
{
	struct decimal d;
	bool is_good = parse_decimal(&d, text);

	if (!is_good)
		return false;
	set_decimal(n, &d);
	/* The text may be a secret. */
	mem_wipe(d.digits, text.len);
	return true;
}

bool tree_set_number(struct tree_node *ret, struct slice text)
{
	struct tree_node n = {
		.kind = TREE_NUMBER,
		.count = (uint32_t)text.len,
		.of.text = text.data,
	};
	int64_t digits;
	int fraction;

	if (!parse_short(text, &digits, &fraction) || !set_short_number(&n, digits, fraction)) {
		if (!set_long_number(&n, text))
			return false;
	}
	*ret = n;
	return true;
}

double number_real(const struct tree_node *n)
{
	return (n->flags & TREE_FITS_INT64) != 0 ? (double)n->as.integer : n->as.real;
}

/* Compares digit by digit; the shorter number continues with zeros. */
static int compare_digits(const struct decimal *a, const struct decimal *b)
{
	uint32_t shorter = a->count < b->count ? a->count : b->count;
	int order = memcmp(a->digits, b->digits, shorter);

	if (order != 0)
		return order < 0 ? -1 : 1;
	return a->count < b->count ? -1 : a->count > b->count;
}

/* Compares sign, then the place of the first digit (`a_top`), then the digits. */
static int compare_decimals(const struct decimal *a, const struct decimal *b)
{
	int sign = a->is_negative ? -1 : 1;
	int64_t a_top = a->count + a->exponent, b_top = b->count + b->exponent;

	if (a->count == 0 || b->count == 0) {
		int a_sign = a->count == 0 ? 0 : sign;
		int b_sign = b->count == 0 ? 0 : b->is_negative ? -1 : 1;

		return a_sign - b_sign;
	}
	if (a->is_negative != b->is_negative)
		return sign;
	if (a_top != b_top)
		return a_top < b_top ? -sign : sign;
	return sign * compare_digits(a, b);
}

int number_compare(const struct tree_node *a, const struct tree_node *b)
{
	struct decimal x, y;
	double a_real, b_real;

	if ((a->flags & b->flags & TREE_FITS_INT64) != 0)
		return a->as.integer < b->as.integer ? -1 : a->as.integer > b->as.integer;
	/* Equal doubles prove nothing: very many numbers share one. */
	a_real = number_real(a);
	b_real = number_real(b);
	if (a_real < b_real)
		return -1;
	if (a_real > b_real)
		return 1;
	if (slice_is_equal(tree_text(a), tree_text(b)))
		return 0;
	if (!parse_decimal(&x, tree_text(a)) || !parse_decimal(&y, tree_text(b)))
		return slice_compare(tree_text(a), tree_text(b)); /* one is too long to compute */
	return compare_decimals(&x, &y);
}

/* Numbers of so few digits share a double with some hundred others at most, so that its bits will
 * do; any other is hashed by its decimal. Which it is follows from the value, not from how it is
 * written. */
static bool has_few_digits(const struct decimal *d)
{
	return d->count <= SHORT_DIGITS_MAX && d->exponent < 0 && d->exponent >= -SHORT_DIGITS_MAX;
}

static uint64_t hash_real(const struct tree_node *n)
{
	uint64_t bits;

	memcpy(&bits, &n->as.real, sizeof bits);
	return hash_fold(bits ^ HASH_SALT, HASH_FACTOR);
}

/* A function of its own, for the reason that set_long_number() has. */
static __attribute__((noinline)) uint64_t hash_long_number(const struct tree_node *n)
{
	struct decimal d;
	uint64_t hash;

	if (!parse_decimal(&d, tree_text(n)) || has_few_digits(&d))
		hash = hash_real(n);
	else
		hash = hash_fold(hash_bytes(d.digits, d.count) ^ HASH_SALT,
				 ((uint64_t)d.exponent * 2 + d.is_negative) ^ HASH_FACTOR);
	mem_wipe(d.digits, n->count);
	return hash;
}

uint64_t number_hash(const struct tree_node *n)
{
	int64_t digits;
	int fraction;

	if ((n->flags & TREE_FITS_INT64) != 0)
		return hash_fold((uint64_t)n->as.integer ^ HASH_SALT, HASH_FACTOR);
	if (parse_short(tree_text(n), &digits, &fraction))
		return hash_real(n);
	return hash_long_number(n);
}

/* A natural number, lowest limb first, in base 10^9. */
struct natural {
	uint32_t count;
	uint32_t limbs[LIMBS_MAX];
};

/* The digits of `d` with `zeros` zeros behind them. */
static void natural_set(struct natural *ret, const struct decimal *d, uint32_t zeros)
{
	uint32_t left = d->count + zeros;

	ret->count = 0;
	while (left != 0) {
		uint32_t first = left > LIMB_DIGITS ? left - LIMB_DIGITS : 0;
		uint32_t limb = 0;

		for (uint32_t i = first; i < left; i++)
			limb = limb * 10 + (i < d->count ? (uint32_t)(d->digits[i] - '0') : 0);
		ret->limbs[ret->count++] = limb;
		left = first;
	}
}

/* Multiplies by one limb. Always appends a limb, 0 without a carry: algorithm D needs it. */
static void natural_scale(struct natural *n, uint32_t factor)
{
	uint64_t carry = 0;

	for (uint32_t i = 0; i < n->count; i++) {
		carry += (uint64_t)n->limbs[i] * factor;
		n->limbs[i] = (uint32_t)(carry % LIMB_BASE);
		carry /= LIMB_BASE;
	}
	n->limbs[n->count++] = (uint32_t)carry;
}

/* Whether a divisor of one limb divides it. */
static bool is_divisible_by_limb(const struct natural *n, uint32_t divisor)
{
	uint64_t rest = 0;

	for (uint32_t i = n->count; i > 0; i--)
		rest = (rest * LIMB_BASE + n->limbs[i - 1]) % divisor;
	return rest == 0;
}

/* n[at …] -= quotient * d; gives what is still owed beyond the top limb. */
static int64_t subtract_multiple(struct natural *n, uint32_t at, const struct natural *d,
				 uint32_t quotient)
{
	uint64_t carry = 0;
	int64_t borrow = 0;

	for (uint32_t i = 0; i < d->count; i++) {
		int64_t limb;

		carry += (uint64_t)d->limbs[i] * quotient;
		limb = (int64_t)n->limbs[at + i] - (int64_t)(carry % LIMB_BASE) - borrow;
		carry /= LIMB_BASE;
		borrow = limb < 0;
		n->limbs[at + i] = (uint32_t)(limb + borrow * (int64_t)LIMB_BASE);
	}
	return (int64_t)n->limbs[at + d->count] - (int64_t)carry - borrow;
}

/* Step D6: the quotient was one too large. Returns the carry beyond the top limb. */
static int64_t add_back(struct natural *n, uint32_t at, const struct natural *d)
{
	uint32_t carry = 0;

	for (uint32_t i = 0; i < d->count; i++) {
		uint32_t limb = n->limbs[at + i] + d->limbs[i] + carry;

		carry = limb >= LIMB_BASE;
		n->limbs[at + i] = limb - carry * LIMB_BASE;
	}
	return carry;
}

/* Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D, for the remainder only; both are
 * scaled alike, which does not change whether it is zero. `d` has two limbs or more. */
static bool is_divisible(struct natural *n, struct natural *d)
{
	uint32_t scale = LIMB_BASE / (d->limbs[d->count - 1] + 1);
	uint32_t top = d->count - 1;

	natural_scale(n, scale);
	natural_scale(d, scale);
	d->count--; /* its top limb stayed below the base */
	for (uint32_t at = n->count - d->count; at > 0; at--) {
		uint32_t j = at - 1;
		/* Step D3: the quotient from the two top limbs, corrected by the third. */
		uint64_t head = (uint64_t)n->limbs[j + top + 1] * LIMB_BASE + n->limbs[j + top];
		uint64_t quotient = head / d->limbs[top], rest = head % d->limbs[top];
		int64_t owed;

		while (quotient >= LIMB_BASE ||
		       (rest < LIMB_BASE &&
			quotient * d->limbs[top - 1] > rest * LIMB_BASE + n->limbs[j + top - 1])) {
			quotient--;
			rest += d->limbs[top];
		}
		owed = subtract_multiple(n, j, d, (uint32_t)quotient);
		if (owed < 0)
			owed += add_back(n, j, d);
		n->limbs[j + d->count] = (uint32_t)owed;
	}
	for (uint32_t i = 0; i < d->count; i++) {
		if (n->limbs[i] != 0)
			return false;
	}
	return true;
}

/* Whether n * 10^shift / step is an integer; neither ends in a zero digit. */
static bool is_decimal_multiple(const struct decimal *n, const struct decimal *step, int64_t shift)
{
	struct natural dividend, divisor;

	/* The divisor would have a factor 10 that `n` has not: the last digit of `n` is not
	 * zero. */
	if (shift < 0)
		return false;
	if (n->count + shift < step->count)
		return false;
	/* The divisor has fewer than SHIFT_MAX factors 2 and 5, so further factors of ten in the
	 * dividend change nothing. */
	natural_set(&dividend, n, (uint32_t)(shift < SHIFT_MAX ? shift : SHIFT_MAX));
	natural_set(&divisor, step, 0);
	if (divisor.count == 1)
		return is_divisible_by_limb(&dividend, divisor.limbs[0]);
	if (dividend.count < divisor.count)
		return false;
	return is_divisible(&dividend, &divisor);
}

bool number_is_multiple(const struct tree_node *n, const struct tree_node *step)
{
	struct decimal a, b;

	if ((n->flags & step->flags & TREE_FITS_INT64) != 0 && step->as.integer > 0)
		return n->as.integer % step->as.integer == 0;
	if (!parse_decimal(&a, tree_text(n)) || !parse_decimal(&b, tree_text(step)) || b.count == 0)
		return false;
	return a.count == 0 || is_decimal_multiple(&a, &b, a.exponent - b.exponent);
}
