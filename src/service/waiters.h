/* Long polls that wait for a path. */
#pragma once

#include "service/call.h"

struct waiters;

struct waiters *waiters_new(uint32_t max);
void waiters_free(struct waiters *w); /* empty by then */

/* False: full. The call may be woken before this returns, so it is not to be touched after. */
bool waiters_add(struct waiters *w, struct call *c);
/* True: it was waiting and will not be woken any more. */
bool waiters_take(struct waiters *w, struct call *c);
void waiters_wake(struct waiters *w, struct slice path);
void waiters_wake_all(struct waiters *w);
void waiters_wake_late(struct waiters *w, int64_t now_ms); /* monotonic */
uint32_t waiters_count(struct waiters *w);
