/*
 * Room for connections. Whoever may speak to us at all must not be shut out by those who only hold
 * connections:
 *
 * - A connection is unknown until a request on it carried a valid token. All unknown ones together,
 *   and those of one address, have a share of the table. A new one that finds its share or the
 *   table full takes the place of the oldest unknown one, so a flood of them displaces itself: a
 *   client needs only the time that its first request takes.
 * - As the table fills, known connections that rest between two requests are closed sooner: those
 *   of the principal with the most first, and of them those that have rested longest. The requests
 *   of one principal hold a part of the table at most (dispatch.c).
 *
 * libmicrohttpd's own limit is divided over its loops and lets nobody in once it is reached, hence
 * it lies above ours. To close a connection is to shut its socket down: its loop sees the end.
 * Everything here is under peers_mutex, which a connection's closing takes before its descriptor
 * ends, so that a listed peer's descriptor is its own.
 */
#include "access/token.h"
#include "base/log.h"
#include "base/memory.h"
#include "http/exchange.h"
#include "service/state/share.h"

#include <sys/socket.h>

#define EVICTED_MAX 512 /* connections that were shut down and whose loop has not yet closed them */
#define OVERFLOW_MAX \
	256 /* more than connections_max for moments: while all are known and at work, until one rests */
#define SWEPT_MAX     256 /* closed at a time */
#define LOG_EACH_MS   10000
#define SWEEP_EACH_MS 10 /* looks at all connections; until one closes nothing */

static void append(struct peer_list *list, struct peer *p, enum peer_place place)
{
	p->links[place] = (struct peer_link){list->last, NULL};
	if (list->last != NULL)
		list->last->links[place].next = p;
	else
		list->first = p;
	list->last = p;
	list->count++;
}

static void take_out(struct peer_list *list, struct peer *p, enum peer_place place)
{
	struct peer_link *link = &p->links[place];

	if (link->before != NULL)
		link->before->links[place].next = link->next;
	else
		list->first = link->next;
	if (link->next != NULL)
		link->next->links[place].before = link->before;
	else
		list->last = link->before;
	*link = (struct peer_link){NULL, NULL};
	list->count--;
}

/* Addresses that share a row share its part of the table: the seed keeps anybody from choosing
 * whose. */
static uint32_t row_of(const struct http_server *s, const struct peer *p)
{
	uint8_t folded[16];
	uint64_t hash = s->request_seed;

	address_fold(folded, p->address);
	for (size_t i = 0; i < sizeof folded; i++)
		hash = (hash ^ folded[i]) * UINT64_C(0x9e3779b97f4a7c15) + (hash >> 29);
	return (uint32_t)(hash >> 40) & (ADDRESS_ROWS - 1);
}

static void list_unknown(struct peer *p)
{
	append(&p->server->unknown, p, IN_UNKNOWN);
	append(&p->server->by_address[p->address_row], p, IN_ADDRESS);
}

static void unlist_unknown(struct peer *p)
{
	take_out(&p->server->unknown, p, IN_UNKNOWN);
	take_out(&p->server->by_address[p->address_row], p, IN_ADDRESS);
}

static void evict(struct peer *p)
{
	struct http_server *s = p->server;

	if (!p->is_known)
		unlist_unknown(p);
	p->is_evicted = true;
	s->evicted++;
	atomic_fetch_add(&s->counts.connections_evicted, 1);
	shutdown(p->fd, SHUT_RDWR);
}

static uint32_t count_staying(const struct http_server *s)
{
	return s->all.count - s->evicted;
}

static uint32_t part_of(uint32_t asked, uint32_t all, uint32_t divisor)
{
	if (asked != 0 && asked < all)
		return asked;
	return asked != 0 ? all : all / divisor;
}

struct resting {
	struct peer *peer;
	int64_t since_ms;
};

/* The principal with the most connections: its resting ones go before others', so that who dials
 * many does not displace who keeps a few. */
static const struct share *find_largest(const struct http_server *s)
{
	const struct share *largest = NULL;
	uint64_t most = 0;

	for (struct peer *p = s->all.first; p != NULL; p = p->links[IN_ALL].next) {
		uint64_t held = p->share != NULL && p->share != largest
					? atomic_load_explicit(&p->share->held[SHARE_CONNECTIONS],
							       memory_order_relaxed)
					: 0;

		if (held > most) {
			largest = p->share;
			most = held;
		}
	}
	return largest;
}

/* Puts `r` among those that have rested longest, which stay in order; the one that has rested
 * shortest falls out. */
static void keep_longest(struct resting *longest, uint32_t *count, uint32_t max, struct resting r)
{
	uint32_t low = 0, high = *count;

	if (*count == max && r.since_ms >= longest[max - 1].since_ms)
		return;
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (longest[middle].since_ms <= r.since_ms)
			low = middle + 1;
		else
			high = middle;
	}
	if (*count < max)
		++*count;
	memmove(&longest[low + 1], &longest[low], (*count - low - 1) * sizeof *longest);
	longest[low] = r;
}

/* Those of `largest` (NULL: of all) that have rested longest, in that order. */
static uint32_t find_resting(struct resting longest[static SWEPT_MAX], const struct http_server *s,
			     const struct share *largest)
{
	uint32_t count = 0;

	for (struct peer *p = s->all.first; p != NULL; p = p->links[IN_ALL].next) {
		int64_t since_ms = atomic_load_explicit(&p->rests_since_ms, memory_order_relaxed);

		if (p->is_known && !p->is_evicted && since_ms != 0 &&
		    (largest == NULL || p->share == largest))
			keep_longest(longest, &count, SWEPT_MAX, (struct resting){p, since_ms});
	}
	return count;
}

/* Closes known connections that rest, those that have rested longest first, the sooner the less
 * room is left: at a full table a few at once whatever they have rested, since each look is at
 * all connections. */
static void close_resting(struct http_server *s, int64_t now_ms)
{
	uint32_t max = s->settings.connections_max, staying = count_staying(s);
	uint32_t room = staying < max ? max - staying : 0;
	uint32_t wanted = max / 4, at_once = max / 64 + 1;
	const struct share *from[] = {find_largest(s), NULL};
	struct resting longest[SWEPT_MAX];

	s->sweep_at_ms = now_ms + SWEEP_EACH_MS;
	for (size_t k = 0; k < ARRAY_SIZE(from); k++) {
		uint32_t count = find_resting(longest, s, from[k]);

		for (uint32_t i = 0; i < count && room < wanted && s->evicted < EVICTED_MAX; i++) {
			int64_t rest_ms = room < at_once ? 0 : s->settings.idle_ms * room / wanted;

			if (now_ms - longest[i].since_ms < rest_ms)
				break;
			evict(longest[i].peer);
			s->sweep_at_ms = 0;
			room++;
		}
	}
}

/* The newest is `p`: where all others are known, or too many still wait for their loops to close
 * them, it is itself what goes. */
static void make_room(struct peer *p)
{
	struct http_server *s = p->server;
	const struct http_settings *settings = &s->settings;
	uint32_t max = settings->connections_max;
	const struct peer_list *row = &s->by_address[p->address_row];
	int64_t now_ms = clock_monotonic_ms(s->clock);

	if (count_staying(s) > max && s->unknown.count == 1 && now_ms >= s->sweep_at_ms)
		close_resting(s, now_ms);
	if (row->count > part_of(settings->unknown_per_address_max, max, 4))
		evict(s->evicted < EVICTED_MAX ? row->first : p);
	else if (s->unknown.first != p &&
		 (s->unknown.count > part_of(settings->unknown_max, max, 2) ||
		  count_staying(s) > max))
		evict(s->evicted < EVICTED_MAX ? s->unknown.first : p);
	else if (count_staying(s) > max + OVERFLOW_MAX)
		evict(p);
}

void connection_enter(struct peer *p)
{
	struct http_server *s = p->server;

	p->address_row = row_of(s, p);
	p->known_by_ms = clock_monotonic_ms(s->clock) + s->settings.authentication_ms;
	pthread_mutex_lock(&s->peers_mutex);
	append(&s->all, p, IN_ALL);
	list_unknown(p);
	make_room(p);
	pthread_mutex_unlock(&s->peers_mutex);
}

static void forget_share(struct share *share)
{
	if (share != NULL)
		share_give(share, SHARE_CONNECTIONS, 1);
	share_unref(share);
}

void connection_leave(struct peer *p)
{
	struct http_server *s = p->server;

	if (p->is_evicted)
		s->evicted--;
	else if (!p->is_known)
		unlist_unknown(p);
	take_out(&s->all, p, IN_ALL);
	forget_share(steal(&p->share));
}

void connection_identify(struct peer *p, struct share *taken)
{
	struct http_server *s = p->server;
	bool is_known = taken != NULL;
	struct share *before = p->share;

	if (before == NULL && taken == NULL)
		return;
	if (p->is_known != is_known)
		p->known_by_ms = clock_monotonic_ms(s->clock) + s->settings.authentication_ms;
	if (taken != NULL)
		(void)share_take(taken, SHARE_CONNECTIONS, 1, UINT64_MAX);
	pthread_mutex_lock(&s->peers_mutex);
	if (p->is_known != is_known && !p->is_evicted && is_known)
		unlist_unknown(p);
	else if (p->is_known != is_known && !p->is_evicted)
		list_unknown(p);
	p->is_known = is_known;
	p->share = taken;
	pthread_mutex_unlock(&s->peers_mutex);
	forget_share(before);
}

static void log_full(struct http_server *s, int64_t now_ms)
{
	if (now_ms < s->log_full_at_ms)
		return;
	s->log_full_at_ms = now_ms + LOG_EACH_MS;
	log_line(
		LOG_WARN, "connections_full",
		"connections=%u unauthenticated=%u connections_max=%u advice=\"raise connections_max "
		"or find who holds so many\"",
		s->all.count, s->unknown.count, s->settings.connections_max);
}

void connection_limits_tick(struct http_server *s, int64_t now_ms)
{
	uint32_t max = s->settings.connections_max, staying = count_staying(s);

	if (staying > max - max / 16)
		log_full(s, now_ms);
	if (staying > max - max / 4)
		close_resting(s, now_ms);
}
