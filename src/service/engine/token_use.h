/* Tokens that are good for so many responses. */
#pragma once

#include "service/call.h"
#include "service/state/snapshot.h"

struct service;

/* Takes one use off the call's token and off each above it whose uses are limited, in the store and
 * in `working`. E_UNAUTHENTICATED: one has none left, and none is taken. */
MUST_USE enum result token_consume_use(struct service *s, struct snapshot *working,
				       const struct call *c, struct error *err);
