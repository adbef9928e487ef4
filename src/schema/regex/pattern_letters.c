/*
 * Letters are found by refinement: at first there is one; each class then splits the letters that
 * it holds in part. The code points are cut into intervals before, so a letter is a set of
 * intervals and no loop runs over code points.
 *
 * Example: the classes a-f and d-z cut at a, d, g and { (and at 0 and 0x80). The first class splits
 * {a-c, d-f} from the rest; the second splits d-f from that letter, and g-z from the rest: four
 * letters.
 */
#include "schema/regex/pattern_letters.h"

#include <stdlib.h>

#define INTERVALS_MAX 2048

/* The intervals in their order: each begins at its `firsts` and ends before the next one. `ids` are
 * their letters. */
struct partition {
	uint32_t *firsts;
	uint8_t *ids;
	size_t count;
};

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Cuts at each code point where a class begins or ends, and at 0 and 0x80, so that no interval is
 * partly ASCII. */
static bool cut(struct partition *p, struct pattern_class *const *sets, size_t sets_count,
		struct arena *a)
{
	size_t count = 2, kept = 0;

	for (size_t i = 0; i < sets_count; i++)
		count += 2 * (size_t)sets[i]->count;
	if (count > INTERVALS_MAX)
		return false;
	p->firsts = arena_alloc_array(a, count, sizeof *p->firsts);
	if (p->firsts == NULL)
		return false;
	p->firsts[1] = 0x80;
	count = 2;
	for (size_t i = 0; i < sets_count; i++) {
		for (uint32_t r = 0; r < sets[i]->count; r++) {
			p->firsts[count++] = sets[i]->ranges[r].first;
			p->firsts[count++] = sets[i]->ranges[r].last + 1;
		}
	}
	qsort(p->firsts, count, sizeof *p->firsts, compare_numbers);
	for (size_t i = 1; i < count; i++)
		if (p->firsts[i] != p->firsts[kept])
			p->firsts[++kept] = p->firsts[i];
	p->count = kept + 1;
	p->ids = arena_alloc(a, p->count);
	return p->ids != NULL;
}

/* Marks the intervals that lie in `set`. */
static void mark(const struct partition *p, const struct pattern_class *set, uint8_t *is_in)
{
	uint32_t r = 0;

	for (size_t i = 0; i < p->count; i++) {
		while (r < set->count && set->ranges[r].last < p->firsts[i])
			r++;
		is_in[i] = r < set->count && set->ranges[r].first <= p->firsts[i];
	}
}

/* A letter that the class holds in part becomes two: the part inside gets a new number. */
static bool refine(struct partition *p, const struct pattern_class *set, uint8_t *is_in,
		   uint32_t *letters_count)
{
	uint32_t inside[LETTERS_MAX] = {0}, all[LETTERS_MAX] = {0};
	uint8_t split[LETTERS_MAX] = {0};

	mark(p, set, is_in);
	for (size_t i = 0; i < p->count; i++) {
		all[p->ids[i]]++;
		inside[p->ids[i]] += is_in[i];
	}
	for (uint32_t id = 0, before = *letters_count; id < before; id++) {
		if (inside[id] == 0 || inside[id] == all[id])
			continue;
		if (*letters_count == LETTERS_MAX)
			return false;
		split[id] = (uint8_t)(*letters_count)++;
	}
	for (size_t i = 0; i < p->count; i++)
		if (is_in[i] && split[p->ids[i]] != 0)
			p->ids[i] = split[p->ids[i]];
	return true;
}

/* ASCII gets a table; the intervals beyond it are searched. */
static void fill(struct letters *ret, const struct partition *p, uint32_t letters_count)
{
	size_t i = 0;

	for (uint32_t c = 0; c < 0x80; c++) {
		while (i + 1 < p->count && p->firsts[i + 1] <= c)
			i++;
		ret->ascii[c] = p->ids[i];
	}
	i++; /* 0x80 begins an interval */
	ret->firsts = p->firsts + i;
	ret->ids = p->ids + i;
	ret->intervals_count = (uint32_t)(p->count - i);
	ret->count = letters_count;
}

bool letters_make(struct letters *ret, uint64_t *masks, struct pattern_class *const *sets,
		  size_t sets_count, struct arena *a)
{
	struct partition p = {0};
	uint32_t letters_count = 1;
	uint8_t *is_in;

	if (!cut(&p, sets, sets_count, a))
		return false;
	is_in = arena_alloc(a, p.count);
	if (is_in == NULL)
		return false;
	for (size_t s = 0; s < sets_count; s++)
		if (!refine(&p, sets[s], is_in, &letters_count))
			return false;
	for (size_t s = 0; s < sets_count; s++) {
		masks[s] = 0;
		mark(&p, sets[s], is_in);
		for (size_t i = 0; i < p.count; i++)
			masks[s] |= (uint64_t)is_in[i] << p.ids[i];
	}
	fill(ret, &p, letters_count);
	return true;
}

uint8_t letters_find(const struct letters *l, uint32_t code_point)
{
	uint32_t low = 0, high = l->intervals_count;

	if (code_point < 0x80)
		return l->ascii[code_point];
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (l->firsts[middle] <= code_point)
			low = middle;
		else
			high = middle;
	}
	return l->ids[low];
}
