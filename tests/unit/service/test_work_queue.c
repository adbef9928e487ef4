#include "service/internal.h"
#include "service/share.h"

#include <criterion/criterion.h>

/* A queue and calls of principals that are named by one letter. */
struct setting {
	struct work_queue queue;
	struct shares *shares;
	struct call calls[16];
	uint32_t count;
};

static void open_queue(struct setting *s, uint32_t short_max, uint32_t long_max)
{
	*s = (struct setting){.shares = shares_new()};
	cr_assert(work_queue_init(&s->queue, short_max, long_max));
}

static struct call *call_of(struct setting *s, const char *principal, const char *path)
{
	struct call *c = &s->calls[s->count++];

	call_init(c);
	c->verb = path != NULL ? VERB_DOCUMENT_PUT : VERB_DOCUMENT_LIST;
	c->path = path != NULL ? slice_text(path) : SLICE_NULL;
	c->share = shares_get(s->shares, slice_text(principal));
	return c;
}

static struct call *push(struct setting *s, const char *principal, const char *path)
{
	struct call *c = call_of(s, principal, path);

	cr_assert(work_queue_push(&s->queue, c, 100));
	return c;
}

static void expect_next(struct setting *s, struct call *wanted)
{
	struct call *c = work_queue_take(&s->queue);

	cr_expect_eq(c, wanted, "call %d instead of %d", (int)(c - s->calls),
		     (int)(wanted - s->calls));
}

static void finish(struct setting *s, struct call *c)
{
	work_queue_done(&s->queue, c);
	work_queue_end_turn(&s->queue, c);
}

static void close_queue(struct setting *s)
{
	cr_expect_eq(work_queue_waiting(&s->queue), 0);
	work_queue_close(&s->queue);
	cr_expect_null(work_queue_take(&s->queue));
	work_queue_clear(&s->queue);
	for (uint32_t i = 0; i < s->count; i++)
		call_clear(&s->calls[i]);
	shares_free(s->shares);
}

Test(work_queue, principals_take_turns_however_many_calls_each_has)
{
	struct setting s;
	struct call *a1, *a2, *a3, *b1;

	open_queue(&s, 4, 0);
	a1 = push(&s, "a", NULL);
	a2 = push(&s, "a", NULL);
	a3 = push(&s, "a", NULL);
	b1 = push(&s, "b", NULL);
	expect_next(&s, a1);
	expect_next(&s, b1);
	expect_next(&s, a2);
	expect_next(&s, a3);
	finish(&s, a1);
	finish(&s, a2);
	finish(&s, a3);
	finish(&s, b1);
	close_queue(&s);
}

Test(work_queue, a_long_call_gives_its_place_to_another_principal_and_none_to_its_own)
{
	struct setting s;
	struct call *a1, *a2, *a3, *b1;

	open_queue(&s, 2, 2);
	a1 = push(&s, "a", NULL);
	a2 = push(&s, "a", NULL);
	a3 = push(&s, "a", NULL);
	b1 = push(&s, "b", NULL);
	expect_next(&s, a1);
	expect_next(&s, b1);
	finish(&s, b1);
	expect_next(&s, a2);
	cr_expect(work_queue_lengthen(&s.queue, a1));
	cr_expect(work_queue_lengthen(&s.queue, a2));
	b1 = push(&s, "b", NULL);
	expect_next(&s, b1); /* not a3, of whose principal two are at work */
	cr_expect_not(work_queue_lengthen(&s.queue, b1), "two are long already");
	finish(&s, a1);
	expect_next(&s, a3);
	cr_expect(work_queue_lengthen(&s.queue, b1));
	finish(&s, a2);
	finish(&s, a3);
	finish(&s, b1);
	close_queue(&s);
}

Test(work_queue, writes_of_one_document_come_one_after_the_other)
{
	struct setting s;
	struct call *first, *second, *third, *other;

	open_queue(&s, 4, 1);
	first = push(&s, "a", "profiles/x/y");
	second = push(&s, "b", "profiles/x/y");
	third = push(&s, "b", "profiles/x/y");
	other = push(&s, "b", "profiles/x/z");
	expect_next(&s, first);
	expect_next(&s, other);
	cr_expect_eq(work_queue_waiting(&s.queue), 2);
	work_queue_done(&s.queue, first); /* with the committer: its turn goes on */
	cr_assert(work_queue_push_again(&s.queue, first));
	expect_next(&s, first);
	finish(&s, first);
	expect_next(&s, second);
	cr_expect(work_queue_lengthen(&s.queue, second));
	expect_next(&s, third); /* a long one lets the others pass */
	finish(&s, second);
	finish(&s, third);
	finish(&s, other);
	close_queue(&s);
}

Test(work_queue, what_finds_no_room_is_refused_but_not_what_was_at_work_before)
{
	struct setting s;
	struct call *a, *b;

	open_queue(&s, 1, 0);
	a = call_of(&s, "a", NULL);
	b = call_of(&s, "b", NULL);
	cr_expect(work_queue_push(&s.queue, a, 1));
	cr_expect_not(work_queue_push(&s.queue, b, 1));
	cr_expect(work_queue_push_again(&s.queue, b));
	expect_next(&s, a);
	finish(&s, a);
	expect_next(&s, b);
	finish(&s, b);
	close_queue(&s);
}
