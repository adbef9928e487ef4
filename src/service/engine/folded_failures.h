/*
 * Failures of known principals. A few of one principal are recorded one by one in each window of
 * time; further ones are counted and become one entry a little later. So no principal can fill the
 * log by being refused. Any thread.
 */
#pragma once

#include "service/engine/engine.h"

struct folded;

struct folded *folded_new(void);    /* NULL: no memory */
void folded_free(struct folded *f); /* written by then; takes NULL */

/* Counts a failed call whose entry would say only that it failed. True: it was counted and needs no
 * entry of its own. */
bool folded_count(struct service *s, struct call *c);

/* Hands what was counted to the committer; now and then, or all at once where the service is
 * draining. */
void folded_write(struct service *s);
