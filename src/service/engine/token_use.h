/* Tokens with a limited number of uses. Each response to such a principal costs a use, also a
 * refusal, but not a 401. */
#pragma once

#include "service/call.h"
#include "service/state/snapshot.h"

struct service;

/* Takes one use off each token in the chain of the call's principal that has limited uses, in the
 * store and in `working`; none for a call of the server itself. E_UNAUTHENTICATED: one of them has
 * no use left; then none is taken. */
MUST_USE enum result token_consume_use(struct service *s, struct snapshot *working,
				       const struct call *c, struct error *err);
