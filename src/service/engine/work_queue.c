/*
 * The queue of the workers: lanes of principals in a ring, turns of documents, and idle workers.
 *
 * What must hold, under the mutex:
 * - A lane is in the ring exactly while it has a waiting call and fewer than lane_max at work. A
 *   lane that gives a call goes to the end of the ring, so that principals take turns whatever they
 *   send.
 * - `writing` has at most one call for each document: the one whose turn it is. The writes behind
 *   it are its list `behind`, in the order in which they came, and are in no lane.
 * - The turn passes on when its call ends (call_finish) or becomes long. A call that is pushed
 *   again keeps its turn, since its write is not done.
 * - `waking` counts workers that were woken and do not have the mutex yet. They count as at work,
 *   so that no more are woken than may run.
 *
 * Each idle worker waits in a condition of its own, on its stack, and the last to become idle is
 * woken first: its caches are warm, and the others can sleep on. No allocation, so no push can fail
 * for memory.
 */
#include "service/engine/work_queue.h"

#include "service/call.h"

struct idle_worker {
	pthread_cond_t woken;
	struct idle_worker *next;
	bool is_idle;
};

bool work_queue_init(struct work_queue *q, uint32_t short_max, uint32_t long_max)
{
	*q = (struct work_queue){.short_max = short_max,
				 .long_max = long_max,
				 .lane_max = short_max};
	return pthread_mutex_init(&q->mutex, NULL) == 0;
}

void work_queue_clear(struct work_queue *q)
{
	pthread_mutex_destroy(&q->mutex);
}

static void wake_idle(struct work_queue *q)
{
	struct idle_worker *w = q->idle;

	q->idle = w->next;
	w->is_idle = false;
	q->waking++;
	pthread_cond_signal(&w->woken);
}

/* A worker that ends a call looks for the next by itself, so none is woken while all places are
 * taken. */
static void wake_one(struct work_queue *q)
{
	if (q->idle != NULL && q->short_running + q->waking < q->short_max)
		wake_idle(q);
}

static void wake_all(struct work_queue *q)
{
	while (q->idle != NULL)
		wake_idle(q);
}

static void enter_ring(struct work_queue *q, struct share *sh)
{
	if (sh->lane.is_in_ring || sh->lane.first == NULL || sh->lane.running >= q->lane_max)
		return;
	sh->lane.is_in_ring = true;
	sh->lane.next = NULL;
	if (q->ring_last != NULL)
		q->ring_last->lane.next = sh;
	else
		q->ring_first = sh;
	q->ring_last = sh;
}

static struct share *leave_ring(struct work_queue *q)
{
	struct share *sh = q->ring_first;

	q->ring_first = sh->lane.next;
	if (q->ring_first == NULL)
		q->ring_last = NULL;
	sh->lane.is_in_ring = false;
	sh->lane.next = NULL;
	return sh;
}

static void push_last(struct work_queue *q, struct call *c)
{
	struct share *sh = c->share;

	c->next = NULL;
	if (sh->lane.last != NULL)
		sh->lane.last->next = c;
	else
		sh->lane.first = c;
	sh->lane.last = c;
	enter_ring(q, sh);
	wake_one(q);
}

static void push_first(struct work_queue *q, struct call *c)
{
	struct share *sh = c->share;

	c->next = sh->lane.first;
	sh->lane.first = c;
	if (sh->lane.last == NULL)
		sh->lane.last = c;
	enter_ring(q, sh);
	wake_one(q);
}

static struct call *pop_first(struct share *sh)
{
	struct call *c = sh->lane.first;

	sh->lane.first = c->next;
	if (sh->lane.first == NULL)
		sh->lane.last = NULL;
	c->next = NULL;
	return c;
}

bool work_queue_push(struct work_queue *q, struct call *c, uint32_t max)
{
	bool is_in;

	pthread_mutex_lock(&q->mutex);
	is_in = !q->is_closed && q->waiting < max;
	if (is_in) {
		q->waiting++;
		push_last(q, c);
	}
	pthread_mutex_unlock(&q->mutex);
	return is_in;
}

/* No bound: the call was accepted before. */
bool work_queue_push_again(struct work_queue *q, struct call *c)
{
	bool is_in;

	pthread_mutex_lock(&q->mutex);
	is_in = !q->is_closed;
	if (is_in) {
		q->waiting++;
		c->is_turn_idle = c->has_turn;
		push_first(q, c);
	}
	pthread_mutex_unlock(&q->mutex);
	return is_in;
}

/* Writes of one document by its own path; batches and reverts touch several and take no turns. Dry
 * runs and the rendering of a response that is done write nothing. */
static bool takes_turns(const struct call *c)
{
	return c->verb >= VERB_DOCUMENT_PUT && c->verb <= VERB_DOCUMENT_ROLLBACK &&
	       !c->in.write.is_dry_run && !c->is_long && !c->is_rendered;
}

static struct call **writing_of(struct work_queue *q, struct slice path)
{
	return &q->writing[slice_hash(path) & (WRITING_BUCKETS - 1)];
}

/* The turn goes to `c`, with those that wait behind. */
static void take_over(struct call **at, struct call *first, struct call *c)
{
	*at = c;
	c->next_writing = first->next_writing;
	c->behind = first->behind;
	c->behind_last = first->behind_last;
	c->has_turn = true;
	first->next_writing = first->behind = first->behind_last = NULL;
	first->has_turn = first->is_turn_idle = false;
}

/* Whether it is the call's turn; else it now waits behind the one whose turn it is. One that cannot
 * use its turn, as its principal has as much at work as it may, does not hold up the others. */
static bool take_turn(struct work_queue *q, struct call *c)
{
	struct call **at = writing_of(q, c->path);
	struct call *first;

	c->is_turn_idle = false;
	if (!takes_turns(c) || c->has_turn)
		return true;
	while (*at != NULL && !slice_is_equal((*at)->path, c->path))
		at = &(*at)->next_writing;
	first = *at;
	if (first == NULL) {
		c->has_turn = true;
		c->next_writing = NULL;
		*at = c;
		return true;
	}
	if (first->is_turn_idle && first->share->lane.running >= q->lane_max) {
		take_over(at, first, c);
		return true;
	}
	if (first->behind_last != NULL)
		first->behind_last->next = c;
	else
		first->behind = c;
	first->behind_last = c;
	return false;
}

/* The next one inherits those that wait behind it, so that no call is moved more than twice. */
static void pass_turn(struct work_queue *q, struct call *c)
{
	struct call **at = writing_of(q, c->path);
	struct call *successor = c->behind;

	while (*at != c)
		at = &(*at)->next_writing;
	*at = c->next_writing;
	c->next_writing = NULL;
	c->has_turn = false;
	if (successor == NULL)
		return;
	successor->behind = successor->next;
	successor->behind_last = successor->behind != NULL ? c->behind_last : NULL;
	c->behind = c->behind_last = NULL;
	successor->has_turn = successor->is_turn_idle = true;
	successor->next_writing = *at;
	*at = successor;
	push_first(q, successor);
}

void work_queue_end_turn(struct work_queue *q, struct call *c)
{
	if (!c->has_turn) /* only the thread that has the call changes it */
		return;
	pthread_mutex_lock(&q->mutex);
	pass_turn(q, c);
	pthread_mutex_unlock(&q->mutex);
}

/* Under the mutex. NULL: none may run now. A call that must wait for its turn leaves its lane here
 * and counts as waiting still. */
static struct call *next_call(struct work_queue *q)
{
	while (q->short_running < q->short_max && q->ring_first != NULL) {
		struct share *sh = leave_ring(q);
		struct call *c = pop_first(sh);
		bool may_run = take_turn(q, c);

		if (may_run) {
			q->short_running++;
			sh->lane.running++;
		}
		enter_ring(q, sh);
		if (may_run)
			return c;
	}
	return NULL;
}

/* A worker that finds a call never sleeps; one that finds none is first in the list of the idle.
 * After closing, the worker that takes the last call wakes all others, so that they end. */
struct call *work_queue_take(struct work_queue *q)
{
	struct idle_worker self = {.woken = PTHREAD_COND_INITIALIZER};
	struct call *c;

	pthread_mutex_lock(&q->mutex);
	while ((c = next_call(q)) == NULL && !(q->is_closed && q->waiting == 0)) {
		self.is_idle = true;
		self.next = q->idle;
		q->idle = &self;
		while (self.is_idle)
			pthread_cond_wait(&self.woken, &q->mutex);
		q->waking--;
	}
	if (c != NULL && --q->waiting == 0 && q->is_closed)
		wake_all(q);
	pthread_mutex_unlock(&q->mutex);
	pthread_cond_destroy(&self.woken);
	return c;
}

bool work_queue_lengthen(struct work_queue *q, struct call *c)
{
	bool has_room;

	pthread_mutex_lock(&q->mutex);
	has_room = q->long_running < q->long_max;
	if (has_room) {
		q->short_running--;
		q->long_running++;
		c->is_long = true;
		if (c->has_turn)
			pass_turn(q, c);
		wake_one(q);
	}
	pthread_mutex_unlock(&q->mutex);
	return has_room;
}

void work_queue_done(struct work_queue *q, struct call *c)
{
	pthread_mutex_lock(&q->mutex);
	if (c->is_long)
		q->long_running--;
	else
		q->short_running--;
	c->is_long = false;
	c->share->lane.running--;
	enter_ring(q, c->share);
	pthread_mutex_unlock(&q->mutex);
}

void work_queue_close(struct work_queue *q)
{
	pthread_mutex_lock(&q->mutex);
	q->is_closed = true;
	wake_all(q);
	pthread_mutex_unlock(&q->mutex);
}

uint32_t work_queue_waiting(struct work_queue *q)
{
	uint32_t count;

	pthread_mutex_lock(&q->mutex);
	count = q->waiting;
	pthread_mutex_unlock(&q->mutex);
	return count;
}

void work_queue_running(struct work_queue *q, uint32_t *ret_short, uint32_t *ret_long)
{
	pthread_mutex_lock(&q->mutex);
	*ret_short = q->short_running;
	*ret_long = q->long_running;
	pthread_mutex_unlock(&q->mutex);
}
