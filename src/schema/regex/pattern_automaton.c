/*
 * Subset construction (Rabin and Scott 1959) with all states made beforehand, so that matching shares nothing that changes.
 * The text is searched, not only its start: every step may begin a match anew. A state is a set of places of the
 * network; the two special ones come first: nothing can match any more, and something has.
 */
#include "schema/regex/pattern_automaton.h"

#include "base/text.h"
#include "schema/regex/pattern_network.h"

#include <stdlib.h>

#define STATES_MAX	512
#define TRANSITIONS_MAX 16384 /* of 2 bytes */
#define WORK_MAX	50000 /* places visited */
#define BUCKETS		1024

enum { STATE_DEAD = 0, STATE_MATCHED = 1, STATE_FIRST = 2 };

struct automaton {
	struct arena arena; /* of the letters' intervals */
	size_t size;
	struct letters letters;
	uint16_t start; /* a state */
	uint8_t is_match_at_end[STATES_MAX];
	uint16_t next[]; /* by row and letter: a row, which is a state * letters.count */
};

struct state {
	uint16_t *places; /* that read a letter or wait for the end, rising */
	uint32_t count;
	uint64_t hash;
};

struct maker {
	const struct network *net;
	struct arena *arena;
	struct state states[STATES_MAX];
	uint16_t buckets[BUCKETS]; /* 0: empty */
	uint32_t states_count;
	uint32_t work;
	uint32_t work_max;
	uint32_t *seen; /* by place: the turn in which it was met */
	uint32_t turn;
	uint16_t *stack;
	uint16_t *found;
	uint32_t found_count;
	bool is_matched; /* the last closure reached the match */
};

static void begin_closure(struct maker *m)
{
	m->turn++;
	m->found_count = 0;
	m->is_matched = false;
}

/* Follows from `from` all steps that read nothing; adds what it comes to to `found`. */
static void close_over(struct maker *m, uint16_t from, bool is_at_start, bool is_at_end)
{
	size_t depth = 0;

	m->stack[depth++] = from;
	while (depth > 0) {
		uint16_t at = m->stack[--depth];
		const struct place *place = &m->net->places[at];

		if (m->seen[at] == m->turn)
			continue;
		m->seen[at] = m->turn;
		m->work++;
		switch ((enum place_kind)place->kind) {
		case PLACE_MATCH:
			m->is_matched = true;
			break;
		case PLACE_READ:
			m->found[m->found_count++] = at;
			break;
		case PLACE_FORK:
			m->stack[depth++] = place->other;
			m->stack[depth++] = place->next;
			break;
		case PLACE_START:
			if (is_at_start)
				m->stack[depth++] = place->next;
			break;
		case PLACE_END:
			m->found[m->found_count++] = at;
			if (is_at_end)
				m->stack[depth++] = place->next;
			break;
		}
	}
}

static int compare_places(const void *a, const void *b)
{
	const uint16_t *x = a, *y = b;

	return *x - *y;
}

static bool add_state(struct maker *m, uint64_t hash, uint16_t *ret)
{
	struct state *s;

	if (m->states_count == STATES_MAX ||
	    (m->states_count + 1) * m->net->letters.count > TRANSITIONS_MAX)
		return false;
	s = &m->states[m->states_count];
	s->places = arena_copy(m->arena, m->found, m->found_count * sizeof *m->found);
	s->count = m->found_count;
	s->hash = hash;
	*ret = (uint16_t)m->states_count++;
	return s->places != NULL;
}

/* The state of the places found, made if it is new. */
static bool find_state(struct maker *m, uint16_t *ret)
{
	uint64_t hash;
	size_t bucket;

	if (m->is_matched || m->found_count == 0) {
		*ret = m->is_matched ? STATE_MATCHED : STATE_DEAD;
		return true;
	}
	qsort(m->found, m->found_count, sizeof *m->found, compare_places);
	m->work += m->found_count;
	hash = hash_bytes(m->found, m->found_count * sizeof *m->found);
	for (bucket = hash % BUCKETS; m->buckets[bucket] != 0; bucket = (bucket + 1) % BUCKETS) {
		const struct state *s = &m->states[m->buckets[bucket]];

		if (s->hash == hash && s->count == m->found_count &&
		    memcmp(s->places, m->found, s->count * sizeof *s->places) == 0) {
			*ret = m->buckets[bucket];
			return true;
		}
	}
	if (!add_state(m, hash, ret))
		return false;
	m->buckets[bucket] = *ret;
	return true;
}

/* Where `from` goes on each letter. */
static bool make_transitions(struct maker *m, uint16_t from, uint16_t *next)
{
	const struct state *s = &m->states[from];

	for (uint32_t letter = 0; letter < m->net->letters.count; letter++) {
		begin_closure(m);
		for (uint32_t i = 0; i < s->count; i++) {
			const struct place *place = &m->net->places[s->places[i]];

			if (place->mask >> letter & 1)
				close_over(m, place->next, false, false);
		}
		m->work += s->count;
		close_over(m, m->net->start, false, false);
		if (m->work > m->work_max || !find_state(m, &next[letter]))
			return false;
	}
	return true;
}

static bool is_match_at_end(struct maker *m, uint16_t state, bool is_at_start)
{
	const struct state *s = &m->states[state];

	begin_closure(m);
	for (uint32_t i = 0; i < s->count; i++)
		if (m->net->places[s->places[i]].kind == PLACE_END)
			close_over(m, s->places[i], is_at_start, true);
	return m->is_matched;
}

static bool make_maker(struct maker **ret, const struct network *net, struct arena *a)
{
	struct maker *m = arena_alloc(a, sizeof *m);

	if (m == NULL)
		return false;
	m->net = net;
	m->arena = a;
	m->states_count = STATE_FIRST;
	m->seen = arena_alloc_array(a, net->count, sizeof *m->seen);
	m->stack = arena_alloc_array(a, 2 * (size_t)net->count + 2, sizeof *m->stack);
	m->found = arena_alloc_array(a, net->count, sizeof *m->found);
	*ret = m;
	return m->seen != NULL && m->stack != NULL && m->found != NULL;
}

/* Every state that can be reached from the start, which no step leads back to: only there does ^ hold. */
static bool make_states(struct maker *m, uint16_t *next, uint16_t *ret_start)
{
	begin_closure(m);
	close_over(m, m->net->start, true, false);
	if (m->is_matched) {
		*ret_start = STATE_MATCHED;
		return true;
	}
	if (!add_state(m, 0, ret_start))
		return false;
	for (uint32_t i = STATE_FIRST; i < m->states_count; i++)
		if (!make_transitions(m, (uint16_t)i, next + i * m->net->letters.count))
			return false;
	return true;
}

static struct automaton *finish(struct maker *m, const uint16_t *next, uint16_t start)
{
	const struct letters *letters = &m->net->letters;
	size_t count = m->states_count * letters->count;
	struct automaton *ret = alloc_zero(sizeof *ret + count * sizeof *ret->next);

	if (ret == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		ret->next[i] = (uint16_t)(next[i] * letters->count);
	ret->size = sizeof *ret + count * sizeof *ret->next;
	ret->start = start;
	for (uint32_t i = STATE_FIRST; i < m->states_count; i++)
		ret->is_match_at_end[i] = is_match_at_end(m, (uint16_t)i, i == start);
	ret->letters = *letters;
	ret->letters.firsts = arena_copy(&ret->arena, letters->firsts,
					 letters->intervals_count * sizeof *letters->firsts);
	ret->letters.ids = arena_copy(&ret->arena, letters->ids, letters->intervals_count);
	if (ret->letters.firsts == NULL || ret->letters.ids == NULL) {
		automaton_free(ret);
		return NULL;
	}
	return ret;
}

struct automaton *automaton_make(const struct pattern_tree *tree, struct arena *scratch,
				 uint32_t *work)
{
	struct network net;
	struct maker *m;
	uint16_t *next, start;
	bool is_made;

	if (*work == 0 || !network_make(&net, tree, scratch) || !make_maker(&m, &net, scratch))
		return NULL;
	next = arena_alloc_array(scratch, TRANSITIONS_MAX, sizeof *next);
	if (next == NULL)
		return NULL;
	m->work_max = *work < WORK_MAX ? *work : WORK_MAX;
	is_made = make_states(m, next, &start);
	*work -= m->work < *work ? m->work : *work;
	return is_made ? finish(m, next, start) : NULL;
}

size_t automaton_size(const struct automaton *m)
{
	return m != NULL ? m->size + m->arena.used_bytes : 0;
}

void automaton_free(struct automaton *m)
{
	if (m == NULL)
		return;
	arena_clear(&m->arena);
	alloc_free(m);
}

uint32_t automaton_weight(const struct automaton *m)
{
	return letters_weight(&m->letters);
}

bool automaton_is_match(const struct automaton *m, struct slice text)
{
	const uint32_t width = m->letters.count, first = STATE_FIRST * width;
	uint32_t row = m->start * width;
	size_t at = 0;

	while (row >= first && at < text.len) {
		unsigned char c = (unsigned char)text.data[at];
		uint8_t letter;

		if (c < 0x80) {
			letter = m->letters.ascii[c];
			at++;
		} else {
			letter = letters_find(&m->letters, utf8_next(text, &at));
		}
		row = m->next[row + letter];
	}
	return row >= first ? m->is_match_at_end[row / width] : row == STATE_MATCHED * width;
}
