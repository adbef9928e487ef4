/*
 * What each principal holds at one time, so that none holds so much that the others go without. A
 * share has a name (struct principal.share): all tokens of that name use it, and so do those that
 * they made.
 *
 * A share that no call refers to any more is kept for a while, because it remembers how many of the
 * principal's refusals were recorded lately. Any thread may call.
 */
#pragma once

#include "base/slice.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct call;
struct shares;

/* What is counted for each principal. The bounds stand where a kind is taken. */
enum share_kind {
	SHARE_QUEUED,		/* calls that wait for a worker or the committer */
	SHARE_POLLS,		/* long polls that wait */
	SHARE_UPLOADS,		/* requests whose body is being read */
	SHARE_BODY_BYTES,	/* of bodies that are being read or worked on */
	SHARE_RESPONSE_BYTES,	/* of large responses that wait for their clients to read them */
	SHARE_CONNECTIONS,	/* connections whose last valid token was the principal's */
	SHARE_HELD_CONNECTIONS, /* of those the ones with a request */
	SHARE_KINDS
};

struct share {
	struct shares *shares;
	struct share *next;		       /* in its bucket */
	struct share *idle_before, *idle_next; /* while it is not referenced, in order of time */
	uint32_t refs;			       /* under the mutex of `shares`, as the three above */
	_Atomic uint64_t held[SHARE_KINDS];
	/* work_queue.c, under its mutex: the principal's calls that wait for a worker. */
	struct {
		struct call *first, *last;
		struct share *next; /* in the ring of those that may run */
		uint32_t running;
		bool is_in_ring;
	} lane;
	/* folded_failures.c, under its mutex: the principal's failures. */
	struct {
		int64_t window_ms;		/* when the counting began, monotonic */
		uint32_t recorded;		/* since then */
		struct folded_refusals *folded; /* failures that are counted instead of recorded */
	} refusals;
	struct slice name;
	char bytes[];
};

struct shares *shares_new(void);    /* NULL: no memory */
void shares_free(struct shares *s); /* no share is referenced any more; takes NULL */

/* The principal's share, made where there is none yet. The caller gives the reference back with
 * share_unref(). NULL: no memory. */
struct share *shares_get(struct shares *s, struct slice principal);
struct share *share_ref(struct share *sh);
void share_unref(struct share *sh); /* takes NULL */

/* Takes `amount` unless the principal would then hold more than `max`. */
bool share_take(struct share *sh, enum share_kind kind, uint64_t amount, uint64_t max);
/* Gives back what share_take() took: the same kind and amount, once. */
void share_give(struct share *sh, enum share_kind kind, uint64_t amount);
