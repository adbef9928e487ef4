#include "control.h"
#include "service/state/share.h"

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

/* A write whose turn it is and that waits in its lane because its principal has as much at work as
 * it may; and another's write of the same document. */
static struct call *idle_turn(struct setting *s, struct call **ret_busy, struct call **ret_other)
{
	struct call *first, *busy, *waits, *other;

	first = push(s, "b", "profiles/x/y");
	waits = push(s, "a", "profiles/x/y");
	expect_next(s, first);
	busy = push(s, "a", NULL);
	expect_next(s, busy); /* and `waits` is behind `first` */
	cr_expect_eq(first->behind, waits);
	other = push(s, "c", "profiles/x/y");
	*ret_busy = busy;
	*ret_other = other;
	finish(s, first);
	cr_expect(waits->has_turn && waits->is_turn_idle);
	return waits;
}

Test(work_queue, a_turn_that_cannot_be_used_goes_to_who_can)
{
	struct setting s;
	struct call *busy, *waits, *other, *last, *free_one;

	open_queue(&s, 2, 1);
	s.queue.lane_max = 1;
	waits = idle_turn(&s, &busy, &other);
	last = push(&s, "d", "profiles/x/y");
	expect_next(&s, other); /* takes the turn over */
	cr_expect(other->has_turn);
	cr_expect_not(waits->has_turn || waits->is_turn_idle);
	cr_expect_null(waits->next_writing);
	finish(&s, busy);
	free_one = push(&s, "e", NULL);
	expect_next(&s, free_one); /* `last` and `waits` are behind `other` now */
	cr_expect_eq(other->behind, last);
	cr_expect_eq(other->behind_last, waits);
	cr_expect_eq(work_queue_waiting(&s.queue), 2);
	finish(&s, free_one);
	finish(&s, other);
	expect_next(&s, last);
	finish(&s, last);
	expect_next(&s, waits);
	finish(&s, waits);
	close_queue(&s);
}

Test(work_queue, a_turn_that_can_be_used_stays_and_so_does_one_that_is_taken_over_with_those_behind)
{
	struct setting s;
	struct call *first, *second, *third, *busy;

	open_queue(&s, 3, 1);
	s.queue.lane_max = 1;
	first = push(&s, "a", "profiles/x/y");
	expect_next(&s, first);
	second = push(&s, "b", "profiles/x/y");
	busy = push(&s, "c", NULL);
	expect_next(&s, busy);		  /* `second` waits behind `first` */
	work_queue_done(&s.queue, first); /* with the committer */
	cr_assert(work_queue_push_again(&s.queue, first));
	cr_expect(first->is_turn_idle);
	third = push(&s, "c", "profiles/x/y"); /* its lane is full */
	expect_next(&s, first);
	cr_expect_not(first->is_turn_idle);
	finish(&s, busy);
	busy = push(&s, "e", NULL);
	expect_next(&s, busy); /* `third` waits behind too, for `first` is at work */
	cr_expect_eq(first->behind, second);
	cr_expect_eq(first->behind_last, third);
	finish(&s, busy);
	finish(&s, first);
	expect_next(&s, second);
	finish(&s, second);
	expect_next(&s, third);
	finish(&s, third);
	close_queue(&s);
}

Test(work_queue, who_takes_a_turn_over_has_those_behind_it_too)
{
	struct setting s;
	struct call *first, *again, *other, *behind, *busy;

	open_queue(&s, 2, 1);
	s.queue.lane_max = 1;
	first = push(&s, "a", "profiles/x/y");
	expect_next(&s, first);
	behind = push(&s, "b", "profiles/x/y");
	again = push(&s, "z", NULL);
	expect_next(&s, again);
	cr_expect_eq(first->behind, behind);
	finish(&s, again);
	work_queue_done(&s.queue, first);
	busy = push(&s, "a", NULL);
	expect_next(&s, busy); /* now its principal has no place for `first` */
	cr_assert(work_queue_push_again(&s.queue, first));
	other = push(&s, "c", "profiles/x/y");
	expect_next(&s, other);
	cr_expect(other->has_turn);
	cr_expect_eq(other->behind, behind);
	cr_expect_eq(other->behind_last, behind);
	cr_expect_null(first->behind);
	cr_expect_null(first->behind_last);
	finish(&s, other);
	expect_next(&s, behind);
	finish(&s, busy);
	finish(&s, behind);
	expect_next(&s, first);
	finish(&s, first);
	close_queue(&s);
}

Test(work_queue, what_is_no_write_of_one_document_or_changes_nothing_waits_for_no_turn)
{
	struct setting s;
	struct call *first, *others[6];

	open_queue(&s, 8, 1);
	first = push(&s, "a", "profiles/x/y");
	expect_next(&s, first);
	for (int i = 0; i < 6; i++)
		others[i] = call_of(&s, "b", "profiles/x/y");
	others[0]->in.write.is_dry_run = true;
	others[1]->is_rendered = true;
	others[2]->verb = VERB_DOCUMENT_GET;
	others[3]->verb = VERB_DOCUMENT_VERSIONS;
	others[4]->is_long = true;
	others[5]->verb = VERB_DOCUMENT_ROLLBACK;
	for (int i = 0; i < 6; i++)
		cr_assert(work_queue_push(&s.queue, others[i], 100));
	for (int i = 0; i < 5; i++)
		expect_next(&s, others[i]);
	cr_expect_not(others[0]->has_turn);
	others[4]->is_long = false;
	for (int i = 0; i < 5; i++)
		finish(&s, others[i]);
	others[0] = push(&s, "c", NULL);
	expect_next(&s, others[0]); /* the rollback waits */
	cr_expect_eq(first->behind, others[5]);
	finish(&s, others[0]);
	finish(&s, first);
	expect_next(&s, others[5]);
	finish(&s, others[5]);
	close_queue(&s);
}

Test(work_queue, a_closed_queue_takes_nothing_and_gives_what_it_has)
{
	struct setting s;
	struct call *a, *b;
	uint32_t short_calls, long_calls;

	open_queue(&s, 2, 1);
	a = push(&s, "a", NULL);
	b = call_of(&s, "b", NULL);
	work_queue_close(&s.queue);
	cr_expect_not(work_queue_push(&s.queue, b, 100));
	cr_expect_not(work_queue_push_again(&s.queue, b));
	expect_next(&s, a);
	cr_expect(work_queue_lengthen(&s.queue, a));
	work_queue_running(&s.queue, &short_calls, &long_calls);
	cr_expect_eq(short_calls, 0);
	cr_expect_eq(long_calls, 1);
	finish(&s, a);
	cr_expect_not(a->is_long);
	work_queue_running(&s.queue, &short_calls, &long_calls);
	cr_expect_eq(short_calls + long_calls, 0);
	close_queue(&s);
}

/* A worker of the queue, which keeps each call until it is told to end it. */
struct taker {
	pthread_t thread;
	struct setting *setting;
	struct call *_Atomic has;
	atomic_bool may_end, is_over;
};

static void *take_all(void *arg)
{
	struct taker *t = arg;
	struct call *c;

	while ((c = work_queue_take(&t->setting->queue)) != NULL) {
		atomic_store(&t->has, c);
		while (!atomic_load(&t->may_end))
			control_pause();
		atomic_store(&t->may_end, false);
		work_queue_done(&t->setting->queue, c);
		atomic_store(&t->has, NULL);
	}
	atomic_store(&t->is_over, true);
	return NULL;
}

/* Whether somebody waits, and nobody is on the way. */
static bool is_idle(struct work_queue *q)
{
	bool is_one;

	pthread_mutex_lock(&q->mutex);
	is_one = q->idle != NULL && q->waking == 0;
	pthread_mutex_unlock(&q->mutex);
	return is_one;
}

static void start(struct taker *t, struct setting *s)
{
	*t = (struct taker){.setting = s};
	cr_assert_eq(pthread_create(&t->thread, NULL, take_all, t), 0);
	CONTROL_UNTIL(is_idle(&s->queue));
}

static void end(struct taker *t)
{
	atomic_store(&t->may_end, true);
	CONTROL_UNTIL(!atomic_load(&t->may_end));
}

Test(work_queue, a_worker_is_woken_where_there_is_a_place_and_only_then)
{
	struct setting s;
	struct taker t[2];
	struct call *a, *b;

	open_queue(&s, 1, 1);
	start(&t[0], &s);
	a = push(&s, "a", NULL);
	CONTROL_UNTIL(atomic_load(&t[0].has) == a);
	start(&t[1], &s);
	b = push(&s, "b", NULL);
	cr_expect(is_idle(&s.queue), "woken although all places are taken");
	cr_expect(work_queue_lengthen(&s.queue, a)); /* which gives its place */
	CONTROL_UNTIL(atomic_load(&t[1].has) == b);
	end(&t[1]);
	CONTROL_UNTIL(is_idle(&s.queue));
	b = push(&s, "b", NULL);
	CONTROL_UNTIL(atomic_load(&t[1].has) == b);
	end(&t[0]);
	end(&t[1]);
	work_queue_close(&s.queue);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i].thread, NULL);
	cr_expect_eq(s.queue.waking, 0);
	close_queue(&s);
}

Test(work_queue, who_waits_goes_home_once_nothing_is_left_in_a_closed_queue)
{
	struct setting s;
	struct taker t[2];
	struct call *a, *b;

	open_queue(&s, 1, 1);
	start(&t[0], &s);
	a = push(&s, "a", NULL);
	CONTROL_UNTIL(atomic_load(&t[0].has) == a);
	start(&t[1], &s);
	b = push(&s, "b", NULL);
	work_queue_close(&s.queue);
	CONTROL_UNTIL(is_idle(&s.queue)); /* woken for nothing */
	cr_expect_not(atomic_load(&t[1].is_over));
	end(&t[0]);
	CONTROL_UNTIL(atomic_load(&t[0].has) == b || atomic_load(&t[1].has) == b);
	CONTROL_UNTIL(atomic_load(&t[0].is_over) || atomic_load(&t[1].is_over));
	atomic_store(&t[0].may_end, true);
	atomic_store(&t[1].may_end, true);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i].thread, NULL);
	close_queue(&s);
}
