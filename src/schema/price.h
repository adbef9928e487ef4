/*
 * The prices of work in steps of about 10 ns (base/budget.h). A price depends on what is read, of
 * the schema and of the instance alike, because a client may choose both. The fast and the
 * explaining pass charge the same prices.
 *
 * A price must not be lower than the work takes, else a bound in steps does not bound the time. A
 * price that is a little too high does no harm.
 */
#pragma once

#include "doc/tree.h"

/* Units of prices. Keys and texts of up to KEY_BYTES_FREE cost nothing extra, so that the fast pass
 * need not charge for each of them. */
#define STEP_BYTES     16 /* compared, copied or counted */
#define KEY_BYTES_FREE 64 /* of a key or text; included in the price of the rule */
#define STEPS_LOOK_UP  12 /* of a key in an object with more than TREE_INDEX_MIN members */

static inline uint64_t price_bytes(uint64_t bytes)
{
	return bytes / STEP_BYTES;
}

/* Looking a key of that length up in the object. */
static inline uint64_t price_look_up(const struct tree_node *object, uint32_t len)
{
	return (object->count > TREE_INDEX_MIN ? STEPS_LOOK_UP : 1) + price_bytes(len);
}

/* number_compare(), which reads the decimals where a double would round. */
static inline uint64_t price_number(const struct tree_node *a, const struct tree_node *b)
{
	return (a->flags & b->flags & TREE_FITS_INT64) != 0
		       ? 0
		       : 8 + ((uint64_t)a->count + b->count) / 4;
}

/* number_is_multiple(), a long division of nine digits at a time. The dividend has the digits of
 * the divisor and of the quotient. Only an exponent makes a quotient long, and then it has at most
 * 3,700 digits. */
static inline uint64_t price_multiple(const struct tree_node *n, const struct tree_node *step)
{
	uint64_t digits = (uint64_t)n->count + step->count;
	double quotient;

	if ((n->flags & step->flags & TREE_FITS_INT64) != 0)
		return 0;
	quotient = number_real(n) / number_real(step);
	if (!(quotient < 1e18 && quotient > -1e18))
		digits += 3700;
	return 32 + digits / 4 + (digits / 9 + 2) * (step->count / 9 + 1) / 4;
}

/* tree_hash() of numbers that fit no int64: equal numbers such as 1e400 and 10e399 must have one
 * hash, so it reads their digits. */
static inline uint64_t price_number_hash(const struct tree_node *n)
{
	return (n->flags & TREE_FITS_INT64) != 0 ? 0 : 4 + n->count / 4;
}
