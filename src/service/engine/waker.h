/*
 * One thread that wakes long polls, off the committer, so that a commit's answers never wait for them. It wakes a few at a time and
 * lets these be answered before the next, so that other requests come through between.
 *
 * What must wake a poll is read from the newest state, not from messages: the configuration that it waits for has another state
 * than the one it saw, its token or one above that has ended, or one of their policies is another. So nothing is lost however late
 * the thread comes. Whether its reader still may is asked by the poll itself when it goes on.
 */
#pragma once

#include "service/engine/engine.h"

MUST_USE enum result waker_start(struct service *s, struct error *err);
void waker_stop(struct service *s);

/* Marks those who wait for the configuration of "profiles/app/name". */
void waker_mark_profile(struct service *s, struct slice profile);
/* Marks all: rights were taken away, or the clock jumped. */
void waker_mark_all(struct service *s);
/* Has what is marked looked at. */
void waker_kick(struct service *s);
