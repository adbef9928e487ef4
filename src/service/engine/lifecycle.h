/*
 * The states of the service, and what it answers in each.
 *
 *   starting → serving ⇄ sealed, disk full    serving → read-only    each of these → draining
 *
 * One const table says for each state what becomes of reads, writes and polls, what a health check
 * is told, and which state follows an event. Other code asks for the rules of the current state; it
 * never compares states. Any thread may ask; an event changes the state atomically, so that of
 * several threads with one event exactly one is told that it changed something.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

/* A read-only state ends only with the process: the next start finds out what the store has. A full
 * disk ends when there is space: each write is tried, and the committer tries by itself.
 * STARTING is 0, the state of zeroed memory. */
enum lifecycle_state {
	LIFECYCLE_STARTING,
	LIFECYCLE_SEALED,
	LIFECYCLE_SEALED_READ_ONLY,
	LIFECYCLE_SERVING,
	LIFECYCLE_DISK_FULL,
	LIFECYCLE_READ_ONLY,
	LIFECYCLE_DRAINING,
	LIFECYCLE_DRAINING_READ_ONLY,
	LIFECYCLE_COUNT
};

/* What can happen to the service. */
enum lifecycle_event {
	EVENT_OPENED,	    /* data are loaded and threads run */
	EVENT_SEALED,	    /* the root key is not there, or was taken away */
	EVENT_UNSEALED,	    /* the root key came */
	EVENT_STORE_FAILED, /* the store takes no writes any more, until the next start */
	EVENT_STORE_FULL,   /* it took no write, because the disk is full */
	EVENT_STORE_ROOM,   /* it takes writes */
	EVENT_DRAIN,	    /* the service ends */
	EVENT_COUNT
};

/* All refusals are E_UNAVAILABLE. */
struct lifecycle_rules {
	const char *name;
	const char *refusal;	    /* of a new call; NULL: calls are taken */
	const char *record_refusal; /* of a write, or of a read that must be recorded; NULL: none */
	const char *health;	    /* why it is not ready; NULL: it is */
	bool is_read_only;	    /* the store takes no writes until the next start */
	bool is_disk_full;	    /* the last write found no space */
	bool may_wait;	/* polls wait for a change; else they are answered as they are */
	bool is_ending; /* what was only counted is recorded now, not at the next time */
	enum lifecycle_state after[EVENT_COUNT]; /* LIFECYCLE_STARTING: the event changes nothing */
};

/* Zeroed it is starting. */
struct lifecycle {
	_Atomic enum lifecycle_state state;
};

/* The rules of the current state. Another thread may change it at any time. */
const struct lifecycle_rules *lifecycle_rules(const struct lifecycle *l);

/* Moves on to the state after the event. False: the event changes nothing in the current state. */
bool lifecycle_move(struct lifecycle *l, enum lifecycle_event event);
