/*
 * The table of long polls, by the path that each waits for.
 *
 * What must hold: a call is in the table exactly while its state is CALL_WAITING. The thread that
 * takes it out, under the mutex, is the only one that goes on with it, so that a wake and a client
 * that leaves cannot both have the call. Marks say which buckets the waker looks at next; a mark
 * too many costs a look, a missing one a wake.
 *
 * Any thread may call, except that one thread at a time runs rounds. `done` of a woken call is
 * called without the mutex, because it may lead straight back here. Lock: the table's own mutex;
 * no other is taken under it.
 */
#pragma once

#include "service/call.h"

struct waiters;

/* At most `max` calls wait at a time. NULL: no memory. */
struct waiters *waiters_new(uint32_t max);
void waiters_free(struct waiters *w); /* empty by then */

/* False: the table is full. The call (its `wake_ms` is set) may be woken before this returns, so
 * the caller must not touch it afterwards. */
bool waiters_add(struct waiters *w, struct call *c);
/* True: it was waiting and will not be woken any more. */
bool waiters_take(struct waiters *w, struct call *c);

/* Marks the calls that wait for `path`; an empty path marks all. Quick: it wakes none. */
void waiters_mark(struct waiters *w, struct slice path);

/*
 * Waking goes by rounds: a round looks once at each call that was marked before it began. Marks
 * made during a round are for the next one, so that a round always ends. One thread at a time.
 *
 * waiters_begin_round() says whether there is anything to look at. waiters_wake_marked() wakes at
 * most `max` calls for which `must_wake` holds and gives their number; it calls `must_wake` under
 * the mutex. `*ret_is_over`: the round is over.
 */
bool waiters_begin_round(struct waiters *w);
uint32_t waiters_wake_marked(struct waiters *w, uint32_t max,
			     bool (*must_wake)(void *ctx, const struct call *c), void *ctx,
			     bool *ret_is_over);

/* Wakes every call, as at the end of the service. */
void waiters_wake_all(struct waiters *w);
void waiters_wake_late(struct waiters *w,
		       int64_t now_ms); /* calls whose wake_ms has come; monotonic */
uint32_t waiters_count(struct waiters *w);
