/*
 * The removal of tokens that have ended: expired, revoked, used up, or below one that has.
 *
 * A token is removed from memory and from the store once it has been seen to have ended for the
 * time of a setting (ended_tokens_kept). A caller notices nothing: a token that has ended and one
 * that does not exist get the same answer. A removal makes no revision, writes no audit entry,
 * since it changes no right, and wakes no poll.
 */
#pragma once

#include "service/engine/engine.h"

/* One step: looks at 256 tokens at most, whatever their number, and hands a batch of ended ones to
 * the committer. Nothing between two walks. For the thread that ticks. */
void token_sweep(struct service *s);

/* Frees what the walk holds; no thread of the service runs any more. */
void token_sweep_clear(struct service *s);
