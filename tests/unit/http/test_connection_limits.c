#include "http/connection_limits.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <sys/socket.h>
#include <unistd.h>

#define ENTRIES 12

struct probe {
	int64_t now_ms;
	struct clock clock;
	struct http_settings settings;
	_Atomic uint64_t evictions;
	struct connection_limits limits;
	struct connection_entry entries[ENTRIES];
	uint32_t count;
	struct shares *shares;
};

static int64_t now_of(void *ctx)
{
	return ((struct probe *)ctx)->now_ms;
}

static void set_up(struct probe *p, uint32_t connections_max)
{
	*p = (struct probe){.now_ms = 1000,
			    .clock = {now_of, now_of, p},
			    .settings = HTTP_SETTINGS_DEFAULT,
			    .shares = shares_new()};
	p->settings.connections_max = connections_max;
	p->settings.unauthenticated_max = connections_max;
	p->settings.unauthenticated_per_address_max = connections_max;
	connection_limits_init(&p->limits, &p->settings, &p->clock, 1, &p->evictions);
	cr_assert_not_null(p->shares);
}

static void tear_down(struct probe *p)
{
	for (uint32_t i = 0; i < p->count; i++)
		connection_limits_leave(&p->limits, &p->entries[i]);
	cr_expect_eq(p->limits.all.count, 0);
	cr_expect_eq(p->limits.unauthenticated.count, 0);
	cr_expect_eq(p->limits.evicted, 0);
	connection_limits_clear(&p->limits);
	shares_free(p->shares);
}

/* A connection from 10.0.0.`host`, a millisecond after the last one. */
static struct connection_entry *enter(struct probe *p, uint8_t host)
{
	struct connection_entry *e = &p->entries[p->count++];
	const uint8_t address[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = host};

	e->fd = -1;
	memcpy(e->address, address, sizeof address);
	p->now_ms++;
	connection_limits_enter(&p->limits, e);
	return e;
}

static void authenticate(struct probe *p, struct connection_entry *e, const char *name)
{
	connection_limits_identify(&p->limits, e, shares_get(p->shares, slice_text(name)));
}

Test(connection_limits, in_a_full_table_a_new_connection_displaces_the_oldest_unauthenticated_one)
{
	struct connection_entry *known, *oldest, *next;
	struct probe p;

	set_up(&p, 4);
	known = enter(&p, 1);
	authenticate(&p, known, "a");
	oldest = enter(&p, 2);
	next = enter(&p, 3);
	enter(&p, 4);
	cr_expect_eq(p.evictions, 0);
	enter(&p, 5);
	cr_expect(oldest->is_evicted);
	cr_expect_not(known->is_evicted);
	cr_expect_not(next->is_evicted);
	enter(&p, 6);
	cr_expect(next->is_evicted);
	cr_expect_eq(p.evictions, 2);
	tear_down(&p);
}

Test(connection_limits, unauthenticated_connections_of_one_address_displace_each_other)
{
	struct connection_entry *first, *other;
	struct probe p;

	set_up(&p, 100);
	p.settings.unauthenticated_per_address_max = 2;
	other = enter(&p, 1);
	first = enter(&p, 2);
	enter(&p, 2);
	cr_expect_eq(p.evictions, 0);
	enter(&p, 2);
	cr_expect(first->is_evicted);
	cr_expect_not(other->is_evicted);
	tear_down(&p);
}

Test(connection_limits, an_idle_connection_is_closed_sooner_as_the_table_fills)
{
	struct connection_entry *e[7];
	struct probe p;

	set_up(&p, 8);
	for (uint8_t i = 0; i < ARRAY_SIZE(e); i++) {
		e[i] = enter(&p, i);
		authenticate(&p, e[i], i < 4 ? "many" : "few");
		atomic_store(&e[i]->idle_since_ms, p.now_ms);
	}
	/* One of eight places is free, and two are wanted: half of the idle timeout is enough. */
	p.now_ms += p.settings.idle_ms / 2 - 100;
	connection_limits_tick(&p.limits, p.now_ms);
	cr_expect_eq(p.evictions, 0);
	p.now_ms += 200;
	connection_limits_tick(&p.limits, p.now_ms);
	cr_expect_eq(p.evictions, 1);
	cr_expect(e[0]->is_evicted, "the longest idle one of the principal with the most");
	tear_down(&p);
}

Test(connection_limits, a_connection_with_a_request_is_not_closed_for_others)
{
	struct connection_entry *busy;
	struct probe p;

	set_up(&p, 2);
	busy = enter(&p, 1);
	authenticate(&p, busy, "a");
	authenticate(&p, enter(&p, 2), "a");
	p.now_ms += 10 * p.settings.idle_ms;
	connection_limits_tick(&p.limits, p.now_ms);
	cr_expect_eq(p.evictions, 0);
	cr_expect_not(busy->is_evicted);
	tear_down(&p);
}

Test(connection_limits, a_connection_whose_token_is_no_longer_valid_is_unauthenticated_again)
{
	struct connection_entry *e;
	struct share *share;
	struct probe p;

	set_up(&p, 4);
	share = shares_get(p.shares, SLICE_LITERAL("a"));
	cr_assert_not_null(share);
	e = enter(&p, 1);
	authenticate(&p, e, "a");
	cr_expect_eq(p.limits.unauthenticated.count, 0);
	cr_expect_eq(share->held[SHARE_CONNECTIONS], 1);
	p.now_ms += 60000;
	connection_limits_identify(&p.limits, e, NULL);
	cr_expect_eq(p.limits.unauthenticated.count, 1);
	cr_expect_eq(share->held[SHARE_CONNECTIONS], 0);
	cr_expect_eq(e->authenticate_by_ms, p.now_ms + p.settings.authentication_ms);
	share_unref(share);
	tear_down(&p);
}
