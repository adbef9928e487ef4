/*
 * One thread that wakes long polls. It is not the committer, so that the responses of a commit
 * never wait for the polls that the commit concerns. It wakes a few polls at a time and lets these
 * be answered before the next, so that other requests get through.
 *
 * The change feed tells it which configurations to look at; whether a poll is woken depends on the
 * newest snapshot alone: its configuration is no longer the one that it saw, its principal or one
 * above it has ended, or one of their policies is another. So a record that was lost, or read late,
 * loses no wake. Whether the reader still has the right is checked when the poll goes on.
 *
 * Locks: `mutex` guards the flags of struct waker and is held alone. `seen` belongs to the thread.
 */
#pragma once

#include "service/engine/engine.h"

MUST_USE enum result waker_start(struct service *s, struct error *err);
void waker_stop(struct service *s);

/* Makes the thread look at the feed and at the marked polls. Any thread. */
void waker_kick(struct service *s);
