/*
 * Subset construction (Rabin and Scott 1959): a state of the automaton is a set of states of the
 * nondeterministic form.
 *
 * All states and transitions are made when the pattern is compiled, none while it is matched. A
 * finished automaton therefore never changes, and any number of threads may match with it at the
 * same time.
 *
 * What must hold:
 * - State 0 is dead: no match is possible any more. State 1 is matched: a match has been found.
 *   Both end the search. All other states follow, and each has a row of transitions, one for each
 *   letter.
 * - The whole text is searched, not only its start, so each transition also begins a new attempt
 *   at a match.
 * - ^ holds only in the start state, to which no transition leads back. $ is decided after the
 *   last byte, by is_match_at_end.
 * - The number of states, of transitions and of steps of the construction are bounded. A pattern
 *   that needs more has no automaton; PCRE2 matches it (pattern.c).
 */
#include "schema/regex/pattern_automaton.h"

#include "base/text.h"
#include "schema/regex/pattern_nfa.h"

#include <stdlib.h>

#define STATES_MAX	512
#define TRANSITIONS_MAX 16384 /* of 2 bytes */
#define WORK_MAX	50000 /* visits of a nondeterministic state */
#define BUCKETS		1024

enum { STATE_DEAD = 0, STATE_MATCHED = 1, STATE_FIRST = 2 };

struct automaton {
	struct arena arena; /* of the letters' intervals */
	size_t size;
	struct letters letters;
	uint16_t start; /* a state */
	uint8_t is_match_at_end[STATES_MAX];
	uint16_t next[]; /* by row and letter; a row is a state * letters.count */
};

struct state {
	uint16_t *members; /* numbers of NFA_READ and NFA_END states, sorted */
	uint32_t count;
	uint64_t hash;
};

struct builder {
	const struct nfa *nfa;
	struct arena *arena;
	struct state states[STATES_MAX];
	uint16_t buckets[BUCKETS]; /* 0: empty */
	uint32_t states_count;
	uint32_t work;
	uint32_t work_max;
	uint32_t *seen; /* by nondeterministic state: the last turn that met it */
	uint32_t turn;
	uint16_t *stack;
	uint16_t *found;
	uint32_t found_count;
	bool is_matched; /* the last closure reached the match */
};

static void begin_closure(struct builder *m)
{
	m->turn++;
	m->found_count = 0;
	m->is_matched = false;
}

/* Follows all steps from `from` that read nothing, and adds the states where they end to
 * `found`. */
static void close_over(struct builder *m, uint16_t from, bool is_at_start, bool is_at_end)
{
	size_t depth = 0;

	m->stack[depth++] = from;
	while (depth > 0) {
		uint16_t at = m->stack[--depth];
		const struct nfa_state *n = &m->nfa->states[at];

		if (m->seen[at] == m->turn)
			continue;
		m->seen[at] = m->turn;
		m->work++;
		switch ((enum nfa_kind)n->kind) {
		case NFA_MATCH:
			m->is_matched = true;
			break;
		case NFA_READ:
			m->found[m->found_count++] = at;
			break;
		case NFA_SPLIT:
			m->stack[depth++] = n->other;
			m->stack[depth++] = n->next;
			break;
		case NFA_START:
			if (is_at_start)
				m->stack[depth++] = n->next;
			break;
		case NFA_END:
			m->found[m->found_count++] = at;
			if (is_at_end)
				m->stack[depth++] = n->next;
			break;
		}
	}
}

static int compare_states(const void *a, const void *b)
{
	const uint16_t *x = a, *y = b;

	return *x - *y;
}

static bool add_state(struct builder *m, uint64_t hash, uint16_t *ret)
{
	struct state *s;

	if (m->states_count == STATES_MAX ||
	    (m->states_count + 1) * m->nfa->letters.count > TRANSITIONS_MAX)
		return false;
	s = &m->states[m->states_count];
	s->members = arena_copy(m->arena, m->found, m->found_count * sizeof *m->found);
	s->count = m->found_count;
	s->hash = hash;
	*ret = (uint16_t)m->states_count++;
	return s->members != NULL;
}

/* The state that consists of `found`; a new one where there is none yet. */
static bool find_state(struct builder *m, uint16_t *ret)
{
	uint64_t hash;
	size_t bucket;

	if (m->is_matched || m->found_count == 0) {
		*ret = m->is_matched ? STATE_MATCHED : STATE_DEAD;
		return true;
	}
	qsort(m->found, m->found_count, sizeof *m->found, compare_states);
	m->work += m->found_count;
	hash = hash_bytes(m->found, m->found_count * sizeof *m->found);
	for (bucket = hash % BUCKETS; m->buckets[bucket] != 0; bucket = (bucket + 1) % BUCKETS) {
		const struct state *s = &m->states[m->buckets[bucket]];

		if (s->hash == hash && s->count == m->found_count &&
		    memcmp(s->members, m->found, s->count * sizeof *s->members) == 0) {
			*ret = m->buckets[bucket];
			return true;
		}
	}
	if (!add_state(m, hash, ret))
		return false;
	m->buckets[bucket] = *ret;
	return true;
}

/* The state that follows `from` for each letter. */
static bool make_transitions(struct builder *m, uint16_t from, uint16_t *next)
{
	const struct state *s = &m->states[from];

	for (uint32_t letter = 0; letter < m->nfa->letters.count; letter++) {
		begin_closure(m);
		for (uint32_t i = 0; i < s->count; i++) {
			const struct nfa_state *n = &m->nfa->states[s->members[i]];

			if (n->mask >> letter & 1)
				close_over(m, n->next, false, false);
		}
		m->work += s->count;
		close_over(m, m->nfa->start, false, false);
		if (m->work > m->work_max || !find_state(m, &next[letter]))
			return false;
	}
	return true;
}

static bool is_match_at_end(struct builder *m, uint16_t state, bool is_at_start)
{
	const struct state *s = &m->states[state];

	begin_closure(m);
	for (uint32_t i = 0; i < s->count; i++)
		if (m->nfa->states[s->members[i]].kind == NFA_END)
			close_over(m, s->members[i], is_at_start, true);
	return m->is_matched;
}

static bool init_builder(struct builder **ret, const struct nfa *nfa, struct arena *a)
{
	struct builder *m = arena_alloc(a, sizeof *m);

	if (m == NULL)
		return false;
	m->nfa = nfa;
	m->arena = a;
	m->states_count = STATE_FIRST;
	m->seen = arena_alloc_array(a, nfa->count, sizeof *m->seen);
	m->stack = arena_alloc_array(a, 2 * (size_t)nfa->count + 2, sizeof *m->stack);
	m->found = arena_alloc_array(a, nfa->count, sizeof *m->found);
	*ret = m;
	return m->seen != NULL && m->stack != NULL && m->found != NULL;
}

/* Makes every state that can be reached from the start state. */
static bool make_states(struct builder *m, uint16_t *next, uint16_t *ret_start)
{
	begin_closure(m);
	close_over(m, m->nfa->start, true, false);
	if (m->is_matched) {
		*ret_start = STATE_MATCHED;
		return true;
	}
	if (!add_state(m, 0, ret_start))
		return false;
	for (uint32_t i = STATE_FIRST; i < m->states_count; i++)
		if (!make_transitions(m, (uint16_t)i, next + i * m->nfa->letters.count))
			return false;
	return true;
}

/* Copies what the automaton needs out of the scratch arena, and turns states into rows. */
static struct automaton *finish(struct builder *m, const uint16_t *next, uint16_t start)
{
	const struct letters *letters = &m->nfa->letters;
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
	struct nfa nfa;
	struct builder *m;
	uint16_t *next, start;
	bool is_made;

	if (*work == 0 || !nfa_make(&nfa, tree, scratch) || !init_builder(&m, &nfa, scratch))
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

/* Stops as soon as the verdict is known; the two special rows come first, so one comparison
 * tells. */
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
