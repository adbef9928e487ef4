/* Which state follows an event, and what each state answers. */
#include "service/engine/lifecycle.h"

#include <criterion/criterion.h>

static struct lifecycle in(enum lifecycle_state state)
{
	struct lifecycle l = {0};

	atomic_store(&l.state, state);
	return l;
}

Test(lifecycle, an_event_moves_on_or_changes_nothing)
{
	static const struct {
		enum lifecycle_state from;
		enum lifecycle_event event;
		enum lifecycle_state to;
	} cases[] = {
		{LIFECYCLE_STARTING, EVENT_OPENED, LIFECYCLE_SERVING},
		{LIFECYCLE_STARTING, EVENT_SEALED, LIFECYCLE_SEALED},
		{LIFECYCLE_SEALED, EVENT_UNSEALED, LIFECYCLE_SERVING},
		{LIFECYCLE_SEALED, EVENT_STORE_FAILED, LIFECYCLE_SEALED_READ_ONLY},
		{LIFECYCLE_SEALED_READ_ONLY, EVENT_UNSEALED, LIFECYCLE_READ_ONLY},
		{LIFECYCLE_SEALED_READ_ONLY, EVENT_OPENED, LIFECYCLE_SEALED_READ_ONLY},
		{LIFECYCLE_SEALED_READ_ONLY, EVENT_DRAIN, LIFECYCLE_DRAINING_READ_ONLY},
		{LIFECYCLE_READ_ONLY, EVENT_SEALED, LIFECYCLE_SEALED_READ_ONLY},
		{LIFECYCLE_SERVING, EVENT_OPENED, LIFECYCLE_SERVING},
		{LIFECYCLE_SERVING, EVENT_STORE_FAILED, LIFECYCLE_READ_ONLY},
		{LIFECYCLE_SERVING, EVENT_DRAIN, LIFECYCLE_DRAINING},
		{LIFECYCLE_READ_ONLY, EVENT_STORE_FAILED, LIFECYCLE_READ_ONLY},
		{LIFECYCLE_READ_ONLY, EVENT_DRAIN, LIFECYCLE_DRAINING_READ_ONLY},
		{LIFECYCLE_READ_ONLY, EVENT_OPENED, LIFECYCLE_READ_ONLY},
		{LIFECYCLE_STARTING, EVENT_STORE_FULL, LIFECYCLE_STARTING},
		{LIFECYCLE_SEALED, EVENT_STORE_FULL, LIFECYCLE_SEALED},
		{LIFECYCLE_SERVING, EVENT_STORE_FULL, LIFECYCLE_DISK_FULL},
		{LIFECYCLE_SERVING, EVENT_STORE_ROOM, LIFECYCLE_SERVING},
		{LIFECYCLE_DISK_FULL, EVENT_STORE_FULL, LIFECYCLE_DISK_FULL},
		{LIFECYCLE_DISK_FULL, EVENT_STORE_ROOM, LIFECYCLE_SERVING},
		{LIFECYCLE_DISK_FULL, EVENT_STORE_FAILED, LIFECYCLE_READ_ONLY},
		{LIFECYCLE_DISK_FULL, EVENT_SEALED, LIFECYCLE_SEALED},
		{LIFECYCLE_DISK_FULL, EVENT_DRAIN, LIFECYCLE_DRAINING},
		{LIFECYCLE_READ_ONLY, EVENT_STORE_FULL, LIFECYCLE_READ_ONLY},
		{LIFECYCLE_READ_ONLY, EVENT_STORE_ROOM, LIFECYCLE_READ_ONLY},
		{LIFECYCLE_DRAINING, EVENT_STORE_FULL, LIFECYCLE_DRAINING},
		{LIFECYCLE_DRAINING, EVENT_STORE_FAILED, LIFECYCLE_DRAINING_READ_ONLY},
		{LIFECYCLE_DRAINING, EVENT_UNSEALED, LIFECYCLE_DRAINING},
		{LIFECYCLE_DRAINING_READ_ONLY, EVENT_DRAIN, LIFECYCLE_DRAINING_READ_ONLY},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct lifecycle l = in(cases[i].from);

		cr_expect_eq(lifecycle_move(&l, cases[i].event), cases[i].from != cases[i].to,
			     "case %zu", i);
		cr_expect_eq(atomic_load(&l.state), cases[i].to, "case %zu", i);
	}
}

Test(lifecycle, each_state_says_what_it_answers)
{
	static const struct {
		enum lifecycle_state state;
		const char *name;
		bool takes_calls, records, is_ready, may_wait, is_ending, is_read_only,
			is_disk_full;
	} cases[] = {
		{LIFECYCLE_STARTING, "starting", false, false, false, false, false, false, false},
		{LIFECYCLE_SEALED, "sealed", false, false, false, false, false, false, false},
		{LIFECYCLE_SEALED_READ_ONLY, "sealed, read-only", false, false, false, false, false,
		 true, false},
		{LIFECYCLE_SERVING, "serving", true, true, true, true, false, false, false},
		{LIFECYCLE_DISK_FULL, "disk full", true, true, false, true, false, false, true},
		{LIFECYCLE_READ_ONLY, "read-only", true, false, false, true, false, true, false},
		{LIFECYCLE_DRAINING, "draining", false, true, false, false, true, false, false},
		{LIFECYCLE_DRAINING_READ_ONLY, "draining, read-only", false, false, false, false,
		 true, true, false},
	};

	for (size_t i = 0; i < LIFECYCLE_COUNT; i++) {
		struct lifecycle l = in(cases[i].state);
		const struct lifecycle_rules *rules = lifecycle_rules(&l);

		cr_expect_str_eq(rules->name, cases[i].name);
		cr_expect_eq(rules->refusal == NULL, cases[i].takes_calls, "%s", rules->name);
		cr_expect_eq(rules->record_refusal == NULL, cases[i].records, "%s", rules->name);
		cr_expect_eq(rules->health == NULL, cases[i].is_ready, "%s", rules->name);
		cr_expect_eq(rules->may_wait, cases[i].may_wait, "%s", rules->name);
		cr_expect_eq(rules->is_ending, cases[i].is_ending, "%s", rules->name);
		cr_expect_eq(rules->is_read_only, cases[i].is_read_only, "%s", rules->name);
		cr_expect_eq(rules->is_disk_full, cases[i].is_disk_full, "%s", rules->name);
	}
}
