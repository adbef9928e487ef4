/*
 * Matching by dynamic programming. A pattern of n segments against a path of m segments has one row
 * of m + 1 bits for each segment of the pattern: bit j is set when the pattern so far matches the
 * first j segments of the path. There is no backtracking, so every pattern costs at most n row
 * updates.
 *
 * Example, the pattern of the segments "config", "*" and the path "config/a/b": the first row is
 * {0}; after "config" it is {1}; after "*" it is {2}. The pattern has ended and bit 3 is not set,
 * so it does not match.
 *
 * Nothing is allocated and nothing is kept; any thread may call. A path of too many segments is
 * never matched: such a path cannot be stored.
 */
#include "access/path_pattern.h"

#include "doc/path.h"

/* A path begins with its kind, hence one segment more than a document has. */
#define SEGMENTS_MAX (PATH_SEGMENTS_MAX + 1)

/* UINT32_MAX: more than SEGMENTS_MAX segments. The parts are borrowed from `path`. */
static uint32_t split(struct slice path, struct slice parts[static SEGMENTS_MAX])
{
	uint32_t count = 0;
	struct slice part;

	while (slice_next_part(&path, '/', &part)) {
		if (count == SEGMENTS_MAX)
			return UINT32_MAX;
		parts[count++] = part;
	}
	return count;
}

/* The row after a literal segment: a bit moves past each segment of the path that equals it. */
static uint32_t step_literal(uint32_t row, struct slice literal, const struct slice *parts,
			     uint32_t count)
{
	uint32_t next = 0;

	for (uint32_t j = 0; j < count; j++) {
		if ((row >> j & 1) != 0 && slice_is_equal(literal, parts[j]))
			next |= UINT32_C(1) << (j + 1);
	}
	return next;
}

/* The row after one more segment of the pattern. `**` may take no segment or more, so it sets every
 * bit from the lowest one on: `row & -row` is that bit. `*` moves each bit by one segment. A row
 * has at most 18 bits (SEGMENTS_MAX + 1). */
static uint32_t step(uint32_t row, struct slice segment, const struct slice *parts, uint32_t count)
{
	uint32_t all = (UINT32_C(2) << count) - 1;

	if (slice_is_text(segment, "**"))
		return row == 0 ? 0 : all & ~((row & -row) - 1);
	if (slice_is_text(segment, "*"))
		return row << 1 & all;
	return step_literal(row, segment, parts, count);
}

bool path_pattern_matches(struct slice pattern, struct slice path)
{
	struct slice parts[SEGMENTS_MAX];
	uint32_t count = split(path, parts);
	uint32_t row = 1;
	struct slice segment;

	if (count == UINT32_MAX)
		return false;
	while (row != 0 && slice_next_part(&pattern, '/', &segment))
		row = step(row, segment, parts, count);
	return (row >> count & 1) != 0;
}

/* Whether the pattern can match some path that begins with all segments of `prefix` and
 * continues. */
bool path_pattern_reaches(struct slice pattern, struct slice prefix)
{
	struct slice parts[SEGMENTS_MAX];
	uint32_t row = 1, count;
	struct slice segment;

	if (prefix.len != 0 && prefix.data[prefix.len - 1] == '/')
		prefix.len--;
	if (prefix.len == 0)
		return true;
	count = split(prefix, parts);
	if (count == UINT32_MAX)
		return false;
	while (row != 0 && slice_next_part(&pattern, '/', &segment)) {
		if ((row >> count & 1) != 0)
			return true; /* the whole prefix is matched and the pattern continues */
		row = step(row, segment, parts, count);
		if (slice_is_text(segment, "**") && row != 0)
			return true;
	}
	return false;
}

/* `allow` narrowed to the paths under the prefix: its first segments become those of the prefix
 * while each stands for exactly one segment; else everything under the prefix. UINT32_MAX: too many
 * segments. */
static uint32_t narrow(struct slice allow, struct slice prefix,
		       struct slice parts[static SEGMENTS_MAX])
{
	struct slice own[SEGMENTS_MAX];
	uint32_t count, own_count = split(allow, own);

	if (prefix.len != 0 && prefix.data[prefix.len - 1] == '/')
		prefix.len--;
	count = prefix.len != 0 ? split(prefix, parts) : 0;
	if (count == UINT32_MAX || own_count == UINT32_MAX)
		return UINT32_MAX;
	for (uint32_t i = 0; i < count; i++) {
		if (i >= own_count || slice_is_text(own[i], "**")) {
			if (count == SEGMENTS_MAX)
				return UINT32_MAX;
			parts[count] = SLICE_LITERAL("**");
			return count + 1;
		}
	}
	for (uint32_t i = count; i < own_count; i++)
		parts[count++] = own[i];
	return count;
}

/* Matches `deny` against the narrowed `allow` as if it were a path. That is right for literal
 * segments and `*`: `*` in the path equals no literal, only `*` and `**` take it. */
bool path_pattern_covers(struct slice deny, struct slice allow, struct slice prefix)
{
	struct slice parts[SEGMENTS_MAX];
	uint32_t row = 1, next, count = narrow(allow, prefix, parts);
	struct slice segment;

	if (count == UINT32_MAX)
		return false;
	while (row != 0 && slice_next_part(&deny, '/', &segment)) {
		next = step(row, segment, parts, count);
		/* A pattern for one segment does not cover `**`, which may be no segment or
		 * many. */
		for (uint32_t j = 0; j < count && !slice_is_text(segment, "**"); j++) {
			if (slice_is_text(parts[j], "**"))
				next &= ~(UINT32_C(1) << (j + 1));
		}
		row = next;
	}
	return (row >> count & 1) != 0;
}
