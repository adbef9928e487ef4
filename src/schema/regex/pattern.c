/*
 * Compiling patterns, and matching with PCRE2 within bounds.
 *
 * PCRE2 interprets the pattern: there is no JIT, because a server under MemoryDenyWriteExecute may
 * not make code. Its working memory is on the stack of the caller, and on the heap beyond
 * SCRATCH_BYTES. It holds offsets into the text, never a copy of it, so nothing has to be wiped.
 *
 * PCRE2's own limit of steps starts again at each position of the text, and does not count the
 * characters that a repeat reads. The translated pattern therefore has callouts
 * (pattern_translate.h), and on_callout() counts the real work.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "schema/regex/pattern.h"

#include "base/memory.h"
#include "schema/regex/pattern_automaton.h"
#include "schema/regex/pattern_parse.h"
#include "schema/regex/pattern_translate.h"

#include <pcre2.h>
#include <stdalign.h>

/* Bounds of one pattern: of its tree, of PCRE2's code, and of the backtracking of a match. A
 * pattern of PATTERN_BYTES_MAX that exceeds one gives E_LIMIT. */
#define PARSE_BYTES_MAX	   (2 * 1024 * 1024)
#define COMPILED_BYTES_MAX (256 * 1024)
#define DEPTH_LIMIT	   100000
#define HEAP_LIMIT_KIB	   16384
#define SCRATCH_BYTES	   (32 * 1024)

/* Prices in steps. */
#define STEPS_MATCH	 10 /* of starting a match, whose data may not be in the cache */
#define STEPS_PCRE2	 30
#define STEPS_CALLOUT	 4
#define BYTES_PER_STEP	 4  /* of an automaton, and of PCRE2's search for a start */
#define BYTES_PER_STEP_2 16 /* of the distance between two callouts */

/* Has an automaton or PCRE2's code, never both. */
struct pattern {
	struct automaton *automaton;
	pcre2_code *code;
	uint32_t weight; /* price of a byte of text, in quarters of a step */
	uint32_t fixed;	 /* price of a match with an empty text, in steps */
};

static void *allocate(size_t size, void *ctx)
{
	(void)ctx;
	return alloc_zero(size);
}

static void release(void *p, void *ctx)
{
	(void)ctx;
	alloc_free(p);
}

static void free_general(pcre2_general_context **c)
{
	pcre2_general_context_free(*c);
}

static void free_compile(pcre2_compile_context **c)
{
	pcre2_compile_context_free(*c);
}

/* Translates PCRE2's reason. Its message speaks of the translation, so no offset is given. */
static enum result explain_refusal(int code, struct error *err)
{
	PCRE2_UCHAR text[160];

	if (code == PCRE2_ERROR_HEAP_FAILED)
		return fail(err, E_MEMORY, "regular expression: out of memory");
	if (code == PCRE2_ERROR_PATTERN_TOO_LARGE || code == PCRE2_ERROR_PATTERN_TOO_COMPLICATED ||
	    code == PCRE2_ERROR_PARENTHESES_NEST_TOO_DEEP || code == PCRE2_ERROR_HEAP_FAILED)
		return fail(err, E_LIMIT, "regular expression: too large once compiled");
	if (pcre2_get_error_message(code, text, sizeof text) < 0)
		text[0] = '\0';
	return fail(err, E_INVALID, "regular expression: not supported: %s", (const char *)text);
}

/* PCRE2 allocates with our allocator, so that tests can make it fail. */
static enum result compile_translated(pcre2_code **ret, struct slice text, struct error *err)
{
	CLEANUP(free_general)
	pcre2_general_context *general = pcre2_general_context_create(allocate, release, NULL);
	CLEANUP(free_compile)
	pcre2_compile_context *context =
		general != NULL ? pcre2_compile_context_create(general) : NULL;
	PCRE2_SIZE offset, size = 0;
	pcre2_code *code;
	int problem = 0;

	if (context == NULL)
		return fail(err, E_MEMORY, "regular expression: out of memory");
	code = pcre2_compile((PCRE2_SPTR)text.data, text.len, PATTERN_COMPILE_OPTIONS, &problem,
			     &offset, context);
	if (code == NULL)
		return explain_refusal(problem, err);
	pcre2_pattern_info(code, PCRE2_INFO_SIZE, &size);
	if (size > COMPILED_BYTES_MAX) {
		pcre2_code_free(code);
		return fail(err, E_LIMIT, "regular expression: too large once compiled");
	}
	*ret = code;
	return OK;
}

static enum result compile_for_pcre(struct pattern *p, const struct pattern_tree *tree,
				    struct error *err)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	enum result rc = pattern_translate(&text, tree, err);

	return rc == OK ? compile_translated(&p->code, buf_slice(&text), err) : rc;
}

/* An automaton where one can decide the expression, else PCRE2. */
static enum result choose_matcher(struct pattern *p, const struct pattern_tree *tree,
				  struct arena *scratch, uint32_t *work, struct error *err)
{
	p->automaton = automaton_make(tree, scratch, work);
	return p->automaton != NULL ? OK : compile_for_pcre(p, tree, err);
}

/* PCRE2 passes over the text once to find where a match may start, which is a quarter of a step for
 * each byte; callouts charge for the rest. */
static void set_price(struct pattern *p)
{
	p->fixed = STEPS_MATCH + (p->code != NULL ? STEPS_PCRE2 : 0);
	p->weight = p->automaton != NULL ? automaton_weight(p->automaton) : 1;
}

static size_t size_of(const struct pattern *p)
{
	size_t code_size = 0;

	if (p->code != NULL)
		pcre2_pattern_info(p->code, PCRE2_INFO_SIZE, &code_size);
	return sizeof *p + automaton_size(p->automaton) + code_size;
}

/* The tree lives in an arena that ends with this function. */
enum result pattern_compile_within(struct pattern **ret, struct slice ecma,
				   struct pattern_budget *budget, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT(PARSE_BYTES_MAX, false);
	struct pattern_tree tree;
	struct pattern *p;
	enum result rc;

	if (ecma.len > PATTERN_BYTES_MAX)
		return fail(err, E_LIMIT, "regular expression: over %d bytes", PATTERN_BYTES_MAX);
	if (budget->bytes == 0)
		return fail(err, E_LIMIT, "regular expressions: too large together");
	rc = pattern_parse(&tree, &arena, ecma, err);
	if (rc != OK)
		return rc;
	p = alloc_zero(sizeof *p);
	if (p == NULL)
		return fail(err, E_MEMORY, "regular expression: out of memory");
	rc = choose_matcher(p, &tree, &arena, &budget->work, err);
	if (rc == OK)
		set_price(p);
	if (rc == OK && size_of(p) > budget->bytes) {
		budget->bytes = 0; /* refuse all further ones */
		rc = fail(err, E_LIMIT, "regular expressions: too large together");
	}
	if (rc != OK) {
		pattern_free(p);
		return rc;
	}
	budget->bytes -= size_of(p);
	*ret = p;
	return OK;
}

enum result pattern_compile(struct pattern **ret, struct slice ecma, struct error *err)
{
	struct pattern_budget budget = PATTERN_BUDGET_DEFAULT;

	return pattern_compile_within(ret, ecma, &budget, err);
}

void pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	automaton_free(p->automaton);
	pcre2_code_free(p->code);
	alloc_free(p);
}

/* The memory of one match: on the caller's stack, and on the heap once that is used up. */
struct scratch {
	unsigned char *data;
	size_t used;
	uint64_t *steps; /* left */
};

static void take_steps(uint64_t *left, uint64_t steps)
{
	*left -= steps < *left ? steps : *left;
}

/* Stack memory is given out once and never reused: a match needs only a few blocks. Memory from the
 * heap is zeroed, which is charged for. */
static void *scratch_allocate(size_t size, void *ctx)
{
	struct scratch *s = ctx;
	size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	void *p = s->data + s->used;

	if (rounded < size || rounded > SCRATCH_BYTES - s->used) {
		take_steps(s->steps, size / BYTES_PER_STEP_2);
		return alloc_zero(size);
	}
	s->used += rounded;
	return p;
}

static void scratch_release(void *p, void *ctx)
{
	const struct scratch *s = ctx;

	if ((uintptr_t)p - (uintptr_t)s->data >= SCRATCH_BYTES)
		alloc_free(p);
}

/* Exceeding a bound is neither a match nor a mismatch. */
static enum result match_outcome(int rc, bool *ret_is_match, struct error *err)
{
	switch (rc) {
	case PCRE2_ERROR_NOMATCH:
		*ret_is_match = false;
		return OK;
	case PCRE2_ERROR_CALLOUT:
	case PCRE2_ERROR_MATCHLIMIT:
	case PCRE2_ERROR_DEPTHLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
		return fail(err, E_LIMIT, "a regular expression takes too many steps");
	case PCRE2_ERROR_NOMEMORY:
		return fail(err, E_MEMORY, "regular expression: out of memory");
	default:
		if (rc < 0)
			return fail(err, E_INTERNAL, "regular expression: PCRE2 says %d", rc);
		*ret_is_match = true;
		return OK;
	}
}

/* Each callout charges its own price and that of the distance, forwards or backwards, from the last
 * one. */
struct meter {
	uint64_t steps; /* left */
	size_t at;
};

static int on_callout(pcre2_callout_block *block, void *ctx)
{
	struct meter *m = ctx;
	size_t at = block->current_position;
	uint64_t moved = at > m->at ? at - m->at : m->at - at;
	uint32_t number = block->callout_number;
	uint64_t price = STEPS_CALLOUT;

	if (number == CALLOUT_REST)
		price += (block->subject_length - at + moved) / BYTES_PER_STEP_2;
	else if (number > CALLOUT_LOG)
		price += (UINT64_C(1) << (number - CALLOUT_LOG)) + moved / BYTES_PER_STEP_2;
	else
		price += number + moved * (number + 1) / BYTES_PER_STEP_2;
	m->at = at;
	if (price > m->steps) {
		m->steps = 0;
		return PCRE2_ERROR_CALLOUT;
	}
	m->steps -= price;
	return 0;
}

/* No capture is read, so one pair of offsets suffices. */
static enum result match_with_pcre(const struct pattern *p, struct slice text, uint64_t *steps,
				   bool *ret_is_match, struct error *err)
{
	alignas(max_align_t) __attribute__((uninitialized)) unsigned char data[SCRATCH_BYTES];
	struct meter meter = {*steps, 0};
	struct scratch scratch = {data, 0, &meter.steps};
	pcre2_general_context *general;
	pcre2_match_context *context = NULL;
	pcre2_match_data *matched = NULL;
	enum result rc;

	general = pcre2_general_context_create(scratch_allocate, scratch_release, &scratch);
	if (general != NULL) {
		context = pcre2_match_context_create(general);
		matched = pcre2_match_data_create(1, general);
	}
	if (context == NULL || matched == NULL) {
		rc = fail(err, E_MEMORY, "regular expression: out of memory");
	} else {
		pcre2_set_match_limit(context, *steps < UINT32_MAX ? (uint32_t)*steps : UINT32_MAX);
		pcre2_set_callout(context, on_callout, &meter);
		pcre2_set_depth_limit(context, DEPTH_LIMIT);
		pcre2_set_heap_limit(context, HEAP_LIMIT_KIB);
		rc = match_outcome(pcre2_match(p->code, (PCRE2_SPTR)text.data, text.len, 0,
					       PCRE2_NO_UTF_CHECK, matched, context),
				   ret_is_match, err);
	}
	*steps = meter.steps;
	pcre2_match_data_free(matched);
	pcre2_match_context_free(context);
	pcre2_general_context_free(general);
	return rc;
}

bool pattern_is_linear(const struct pattern *p)
{
	return p->code == NULL;
}

uint64_t pattern_price(const struct pattern *p, size_t len)
{
	return p->fixed + len * p->weight / BYTES_PER_STEP;
}

bool pattern_match_linear(const struct pattern *p, struct slice text)
{
	if (text.data == NULL)
		text = SLICE_LITERAL("");
	return automaton_is_match(p->automaton, text);
}

enum result pattern_match(const struct pattern *p, struct slice text, uint64_t *steps,
			  bool *ret_is_match, struct error *err)
{
	uint64_t price = pattern_price(p, text.len);

	if (text.data == NULL)
		text = SLICE_LITERAL("");
	if (price > *steps) {
		*steps = 0;
		return match_outcome(PCRE2_ERROR_CALLOUT, ret_is_match, err);
	}
	*steps -= price;
	if (p->code != NULL)
		return match_with_pcre(p, text, steps, ret_is_match, err);
	*ret_is_match = pattern_match_linear(p, text);
	return OK;
}
