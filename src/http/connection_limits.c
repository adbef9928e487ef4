/*
 * The table of connections: three kinds of doubly linked lists through the entries, and which entry
 * is evicted when.
 *
 * What always holds, under the mutex:
 * - an entry is in `all` from connection_limits_enter() to connection_limits_leave();
 * - it is in `unauthenticated` and in its address's row while it is neither authenticated nor
 *   evicted;
 * - `evicted` counts the entries of `all` with is_evicted. They keep their descriptor and their
 *   place until their event loop closes them.
 *
 * Costs: entering, leaving and identifying take constant time. A sweep walks over all connections,
 * so one that closed nothing is not repeated within SWEEP_EACH_MS, except by the monitor's tick.
 *
 * To evict is to shut the socket down, which never blocks. When EVICTED_MAX entries wait to be
 * closed, a new connection that finds no place is itself evicted.
 */
#include "http/connection_limits.h"

#include "access/token.h"
#include "base/log.h"
#include "base/memory.h"

#include <sys/socket.h>

#define SWEPT_MAX     256 /* idle connections that one sweep may close */
#define LOG_EACH_MS   10000
#define SWEEP_EACH_MS 10 /* after a sweep that closed no connection: it looks at all of them */

void connection_limits_init(struct connection_limits *l, const struct http_settings *settings,
			    const struct clock *clock, uint64_t seed, _Atomic uint64_t *evictions)
{
	*l = (struct connection_limits){.settings = settings,
					.clock = clock,
					.seed = seed,
					.evictions = evictions};
	pthread_mutex_init(&l->mutex, NULL);
}

void connection_limits_clear(struct connection_limits *l)
{
	pthread_mutex_destroy(&l->mutex);
}

static void append(struct connection_list *list, struct connection_entry *e,
		   enum connection_list_kind kind)
{
	e->links[kind] = (struct connection_link){list->last, NULL};
	if (list->last != NULL)
		list->last->links[kind].next = e;
	else
		list->first = e;
	list->last = e;
	list->count++;
}

static void take_out(struct connection_list *list, struct connection_entry *e,
		     enum connection_list_kind kind)
{
	struct connection_link *link = &e->links[kind];

	if (link->before != NULL)
		link->before->links[kind].next = link->next;
	else
		list->first = link->next;
	if (link->next != NULL)
		link->next->links[kind].before = link->before;
	else
		list->last = link->before;
	*link = (struct connection_link){NULL, NULL};
	list->count--;
}

/* Addresses with one row share its part of the table. The seed is random in each process, so the
 * addresses that share a row cannot be computed beforehand. It is no strong secret: the ids of
 * requests are made from the same number (request.c). */
static uint32_t row_of(const struct connection_limits *l, const struct connection_entry *e)
{
	/* The multiplier is 2^64 divided by the golden ratio, which spreads neighbouring values
	 * over the higher bits. An IPv6 address counts as its /64. */
	uint8_t folded[16];
	uint64_t hash = l->seed;

	address_fold(folded, e->address);
	for (size_t i = 0; i < sizeof folded; i++)
		hash = (hash ^ folded[i]) * UINT64_C(0x9e3779b97f4a7c15) + (hash >> 29);
	return (uint32_t)(hash >> 40) & (ADDRESS_ROWS - 1);
}

static void list_unauthenticated(struct connection_limits *l, struct connection_entry *e)
{
	append(&l->unauthenticated, e, LIST_UNAUTHENTICATED);
	append(&l->by_address[e->address_row], e, LIST_ADDRESS);
}

static void unlist_unauthenticated(struct connection_limits *l, struct connection_entry *e)
{
	take_out(&l->unauthenticated, e, LIST_UNAUTHENTICATED);
	take_out(&l->by_address[e->address_row], e, LIST_ADDRESS);
}

/* The entry stays in `all` until its event loop closes the connection. It is counted in `evicted`
 * until then, and is not evicted again. */
static void evict(struct connection_limits *l, struct connection_entry *e)
{
	if (!e->is_authenticated)
		unlist_unauthenticated(l, e);
	e->is_evicted = true;
	l->evicted++;
	atomic_fetch_add(l->evictions, 1);
	shutdown(e->fd, SHUT_RDWR);
}

/* Connections that will still be open when those that were evicted are closed. */
static uint32_t count_staying(const struct connection_limits *l)
{
	return l->all.count - l->evicted;
}

/* A limit that is set, or else a part of connections_max. */
static uint32_t limit_or_part(uint32_t limit, uint32_t connections_max, uint32_t divisor)
{
	if (limit != 0 && limit < connections_max)
		return limit;
	return limit != 0 ? connections_max : connections_max / divisor;
}

/* A copy of the time: the event loop may change the entry's own while the list is sorted. */
struct idle_entry {
	struct connection_entry *entry;
	int64_t since_ms;
};

/* The principal with the most connections. Its idle ones are closed first, so that a client that
 * opens many does not displace those that keep a few. */
static const struct share *find_largest(const struct connection_limits *l)
{
	const struct share *largest = NULL;
	uint64_t most = 0;

	for (struct connection_entry *e = l->all.first; e != NULL; e = e->links[LIST_ALL].next) {
		uint64_t count = e->share != NULL && e->share != largest
					 ? atomic_load_explicit(&e->share->held[SHARE_CONNECTIONS],
								memory_order_relaxed)
					 : 0;

		if (count > most) {
			largest = e->share;
			most = count;
		}
	}
	return largest;
}

/* Inserts `x` into `longest`, which stays in order. When it is full, the entry that has been idle
 * for the shortest time is dropped. */
static void insert_idle(struct idle_entry *longest, uint32_t *count, uint32_t max,
			struct idle_entry x)
{
	uint32_t low = 0, high = *count;

	if (*count == max && x.since_ms >= longest[max - 1].since_ms)
		return;
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (longest[middle].since_ms <= x.since_ms)
			low = middle + 1;
		else
			high = middle;
	}
	if (*count < max)
		++*count;
	memmove(&longest[low + 1], &longest[low], (*count - low - 1) * sizeof *longest);
	longest[low] = x;
}

/* The connections of `share` (NULL: of all) that have been idle longest, in that order. */
static uint32_t find_idle(struct idle_entry longest[static SWEPT_MAX],
			  const struct connection_limits *l, const struct share *share)
{
	uint32_t count = 0;

	for (struct connection_entry *e = l->all.first; e != NULL; e = e->links[LIST_ALL].next) {
		int64_t since_ms = atomic_load_explicit(&e->idle_since_ms, memory_order_relaxed);

		if (e->is_authenticated && !e->is_evicted && since_ms != 0 &&
		    (share == NULL || e->share == share))
			insert_idle(longest, &count, SWEPT_MAX, (struct idle_entry){e, since_ms});
	}
	return count;
}

/* Closes idle authenticated connections, from those that have been idle longest. The fewer places
 * are free, the shorter an idle time is enough. In a full table a few are closed whatever their
 * idle time, so that not every new connection causes a sweep. */
static void sweep_idle(struct connection_limits *l, int64_t now_ms)
{
	uint32_t max = l->settings->connections_max, staying = count_staying(l);
	uint32_t free = staying < max ? max - staying : 0;
	uint32_t wanted = max / 4, at_once = max / 64 + 1;
	const struct share *from[] = {find_largest(l), NULL};
	struct idle_entry longest[SWEPT_MAX];

	l->next_sweep_ms = now_ms + SWEEP_EACH_MS;
	for (size_t k = 0; k < ARRAY_SIZE(from); k++) {
		uint32_t count = find_idle(longest, l, from[k]);

		for (uint32_t i = 0; i < count && free < wanted && l->evicted < EVICTED_MAX; i++) {
			int64_t idle_ms = free < at_once ? 0 : l->settings->idle_ms * free / wanted;

			if (now_ms - longest[i].since_ms < idle_ms)
				break;
			evict(l, longest[i].entry);
			l->next_sweep_ms = 0;
			free++;
		}
	}
}

/* After the new connection `e` was listed: evicts one if its part, or the table, is too full. It is
 * `e` itself if all others are authenticated, or if too many evicted ones are not closed yet. */
static void enforce_limits(struct connection_limits *l, struct connection_entry *e)
{
	const struct http_settings *settings = l->settings;
	uint32_t max = settings->connections_max;
	const struct connection_list *row = &l->by_address[e->address_row];
	int64_t now_ms = clock_monotonic_ms(l->clock);

	/* The new one is the only unauthenticated one: no other can give way, but an idle one
	 * may. */
	if (count_staying(l) > max && l->unauthenticated.count == 1 && now_ms >= l->next_sweep_ms)
		sweep_idle(l, now_ms);
	if (row->count > limit_or_part(settings->unauthenticated_per_address_max, max, 4))
		evict(l, l->evicted < EVICTED_MAX ? row->first : e);
	else if (l->unauthenticated.first != e &&
		 (l->unauthenticated.count > limit_or_part(settings->unauthenticated_max, max, 2) ||
		  count_staying(l) > max))
		evict(l, l->evicted < EVICTED_MAX ? l->unauthenticated.first : e);
	else if (count_staying(l) > max + OVERFLOW_MAX)
		evict(l, e);
}

void connection_limits_enter(struct connection_limits *l, struct connection_entry *e)
{
	e->address_row = row_of(l, e);
	e->authenticate_by_ms = clock_monotonic_ms(l->clock) + l->settings->authentication_ms;
	pthread_mutex_lock(&l->mutex);
	append(&l->all, e, LIST_ALL);
	list_unauthenticated(l, e);
	enforce_limits(l, e);
	pthread_mutex_unlock(&l->mutex);
}

/* Its parameter may be NULL. */
static void release_share(struct share *share)
{
	if (share != NULL)
		share_give(share, SHARE_CONNECTIONS, 1);
	share_unref(share);
}

void connection_limits_leave(struct connection_limits *l, struct connection_entry *e)
{
	if (e->is_evicted)
		l->evicted--;
	else if (!e->is_authenticated)
		unlist_unauthenticated(l, e);
	take_out(&l->all, e, LIST_ALL);
	release_share(steal(&e->share));
}

void connection_limits_identify(struct connection_limits *l, struct connection_entry *e,
				struct share *taken)
{
	bool is_authenticated = taken != NULL;
	struct share *before = e->share;

	if (before == NULL && taken == NULL)
		return;
	if (e->is_authenticated != is_authenticated)
		e->authenticate_by_ms =
			clock_monotonic_ms(l->clock) + l->settings->authentication_ms;
	if (taken != NULL)
		/* Counted, never refused: find_largest() compares the counts. */
		(void)share_take(taken, SHARE_CONNECTIONS, 1, UINT64_MAX);
	pthread_mutex_lock(&l->mutex);
	if (e->is_authenticated != is_authenticated && !e->is_evicted && is_authenticated)
		unlist_unauthenticated(l, e);
	else if (e->is_authenticated != is_authenticated && !e->is_evicted)
		list_unauthenticated(l, e);
	e->is_authenticated = is_authenticated;
	e->share = taken;
	pthread_mutex_unlock(&l->mutex);
	release_share(before);
}

/* At most once in LOG_EACH_MS, because a full table stays full for many ticks. */
static void log_full(struct connection_limits *l, int64_t now_ms)
{
	if (now_ms < l->next_log_ms)
		return;
	l->next_log_ms = now_ms + LOG_EACH_MS;
	log_line(LOG_WARN, "connections_full",
		 "connections=%u unauthenticated=%u connections_max=%u "
		 "advice=\"raise connections_max, or find the clients that keep so many open\"",
		 l->all.count, l->unauthenticated.count, l->settings->connections_max);
}

void connection_limits_tick(struct connection_limits *l, int64_t now_ms)
{
	uint32_t max = l->settings->connections_max, staying = count_staying(l);

	/* From three quarters on idle connections are closed, so that a table that fills slowly is
	 * never full. The operator hears of it when that was not enough. */
	if (staying > max - max / 16)
		log_full(l, now_ms);
	if (staying > max - max / 4)
		sweep_idle(l, now_ms);
}
