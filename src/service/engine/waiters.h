/*
 * Long polls that wait for a path. Whoever takes a call out of the table, under its mutex, is the
 * only one who goes on with it; so a wake and a client that leaves cannot both have it. Any thread.
 */
#pragma once

#include "service/call.h"

struct waiters;

struct waiters *waiters_new(uint32_t max);
void waiters_free(struct waiters *w); /* empty by then */

/* False: full. The call (whose `wake_ms` is set) may be woken before this returns, so it is not to
 * be touched after. */
bool waiters_add(struct waiters *w, struct call *c);
/* True: it was waiting and will not be woken any more. */
bool waiters_take(struct waiters *w, struct call *c);

/* Notes that those who wait for `path` may have to be woken; all, for a path of no bytes. Quick:
 * wakes none by itself. */
void waiters_mark(struct waiters *w, struct slice path);

/*
 * Waking goes by rounds: one looks at each call once that was marked before it began. Marks that
 * come meanwhile are for the next, so that no flood of them keeps a round from its end. One thread
 * at a time.
 *
 * waiters_begin_round() says whether there is anything to look at. waiters_wake_marked() wakes at
 * most `max` calls for which `must_wake` holds, which is asked under the mutex, and gives how many;
 * `*ret_is_over`: the round is.
 */
bool waiters_begin_round(struct waiters *w);
uint32_t waiters_wake_marked(struct waiters *w, uint32_t max,
			     bool (*must_wake)(void *ctx, const struct call *c), void *ctx,
			     bool *ret_is_over);

void waiters_wake_all(struct waiters *w);
void waiters_wake_late(struct waiters *w, int64_t now_ms); /* whose wake_ms has come; monotonic */
uint32_t waiters_count(struct waiters *w);
