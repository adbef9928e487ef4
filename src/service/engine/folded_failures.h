/*
 * Failures of known principals that are entries of the audit log (refusals, failed writes): of each
 * principal so many are recorded one by one in a while, further ones are counted and become one
 * entry a little later. So nobody fills the log by being refused.
 */
#pragma once

#include "service/engine/engine.h"

struct folded;

struct folded *folded_new(void);    /* NULL: no memory */
void folded_free(struct folded *f); /* written by then; takes NULL */

/* A call that failed and whose entry says nothing but that. True: it was counted, and needs no
 * entry of its own. Any thread. */
bool folded_count(struct service *s, struct call *c);

/* Hands what was counted to the committer; now and then, or all at once where the service is
 * draining. */
void folded_write(struct service *s);
