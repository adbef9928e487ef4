/*
 * The table of states. In each state it says which calls are refused, with which text; a state that
 * is not named after an event stays as it is.
 *
 * LIFECYCLE_STARTING has the number 0, so an entry of `after` that is not written means "no
 * change": nothing leads back to starting.
 */
#include "service/engine/lifecycle.h"

#define STORE_FAILED "the store takes no writes until reeved is restarted"
#define DISK_FULL                                                                          \
	"disk full: configurations are served; writes and reads of secrets get 507 until " \
	"there is space for the data"
#define ENDING "shutting down"
#define SEALED "sealed: the root key is needed to unseal it"

static const struct lifecycle_rules rules[LIFECYCLE_COUNT] = {
	[LIFECYCLE_STARTING] =
		{
			.name = "starting",
			.refusal = "starting: try again in a moment",
			.record_refusal = "starting",
			.health = "starting",
			.after = {[EVENT_OPENED] = LIFECYCLE_SERVING,
				  [EVENT_SEALED] = LIFECYCLE_SEALED,
				  [EVENT_DRAIN] = LIFECYCLE_DRAINING},
		},
	[LIFECYCLE_SEALED] =
		{
			.name = "sealed",
			.refusal = SEALED,
			.record_refusal = "sealed",
			.health = SEALED,
			.after = {[EVENT_UNSEALED] = LIFECYCLE_SERVING,
				  [EVENT_STORE_FAILED] = LIFECYCLE_SEALED_READ_ONLY,
				  [EVENT_DRAIN] = LIFECYCLE_DRAINING},
		},
	[LIFECYCLE_SEALED_READ_ONLY] =
		{
			.name = "sealed, read-only",
			.refusal = SEALED,
			.record_refusal = STORE_FAILED,
			.health = SEALED,
			.is_read_only = true,
			.after = {[EVENT_UNSEALED] = LIFECYCLE_READ_ONLY,
				  [EVENT_DRAIN] = LIFECYCLE_DRAINING_READ_ONLY},
		},
	[LIFECYCLE_SERVING] =
		{
			.name = "serving",
			.may_wait = true,
			.after = {[EVENT_SEALED] = LIFECYCLE_SEALED,
				  [EVENT_STORE_FULL] = LIFECYCLE_DISK_FULL,
				  [EVENT_STORE_FAILED] = LIFECYCLE_READ_ONLY,
				  [EVENT_DRAIN] = LIFECYCLE_DRAINING},
		},
	/* Nothing is refused beforehand: the write that finds space ends this state. */
	[LIFECYCLE_DISK_FULL] =
		{
			.name = "disk full",
			.health = DISK_FULL,
			.may_wait = true,
			.is_disk_full = true,
			.after = {[EVENT_SEALED] = LIFECYCLE_SEALED,
				  [EVENT_STORE_ROOM] = LIFECYCLE_SERVING,
				  [EVENT_STORE_FAILED] = LIFECYCLE_READ_ONLY,
				  [EVENT_DRAIN] = LIFECYCLE_DRAINING},
		},
	[LIFECYCLE_READ_ONLY] =
		{
			.name = "read-only",
			.record_refusal = STORE_FAILED,
			.health = "read-only: " STORE_FAILED,
			.may_wait = true,
			.is_read_only = true,
			.after = {[EVENT_SEALED] = LIFECYCLE_SEALED_READ_ONLY,
				  [EVENT_DRAIN] = LIFECYCLE_DRAINING_READ_ONLY},
		},
	/* Calls that it has taken before are finished, writes too. */
	[LIFECYCLE_DRAINING] =
		{
			.name = "draining",
			.refusal = ENDING,
			.health = ENDING,
			.is_ending = true,
			.after = {[EVENT_STORE_FAILED] = LIFECYCLE_DRAINING_READ_ONLY},
		},
	[LIFECYCLE_DRAINING_READ_ONLY] =
		{
			.name = "draining, read-only",
			.refusal = ENDING,
			.record_refusal = STORE_FAILED,
			.health = ENDING,
			.is_read_only = true,
			.is_ending = true,
		},
};

const struct lifecycle_rules *lifecycle_rules(const struct lifecycle *l)
{
	return &rules[atomic_load(&l->state)];
}

/* Threads may bring events at the same time. Each tries until its event was applied to the state
 * that it looked at. */
bool lifecycle_move(struct lifecycle *l, enum lifecycle_event event)
{
	enum lifecycle_state now = atomic_load(&l->state), next;

	do {
		next = rules[now].after[event];
		if (next == LIFECYCLE_STARTING)
			return false;
	} while (!atomic_compare_exchange_weak(&l->state, &now, next));
	return true;
}
