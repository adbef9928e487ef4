/* What the files of http/ share about a connection and the request that it carries. Private to
 * http/. */
#pragma once

#include "http/counters.h"
#include "http/guard.h"
#include "http/routes.h"
#include "http/server.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

enum phase {
	PHASE_NEW,  /* the handler has not seen it */
	PHASE_BODY, /* its body is being read, also one of no bytes */
	PHASE_RUN,  /* with the service */
	PHASE_RESPONDED,
};

/* One request and its answer. One thread at a time: the connection's loop, but for `call` while
 * the service has it. */
struct exchange {
	enum phase phase;
	bool must_close;	   /* the connection, behind the answer */
	bool is_open;		   /* begun, not completed */
	bool has_call;		   /* `call` was initialised and must be cleared */
	bool is_counted;	   /* in the server's in_flight */
	bool is_refused;	   /* the path alone says no: the body is not kept */
	bool has_connection;	   /* counts as held in the principal's share */
	bool has_upload;	   /* of the principal's share */
	size_t body_counted;	   /* of the server's bodies_bytes and of the principal's share */
	size_t body_counted_small; /* of the server's small_bodies_bytes */
	int64_t body_since_ms;	   /* monotonic: when its first byte was waited for */
	const struct route *route; /* NULL where there is none */
	uint32_t methods;	   /* for Allow */
	bool is_wrong_method;	   /* 405: the target is there, but not for this method */
	enum media media;
	bool has_format;     /* by ?format= rather than by Accept */
	uint64_t body_bytes; /* announced; UINT64_MAX: not known */
	uint64_t body_seen;
	size_t body_max;
	uint64_t response_bytes;	  /* what its client has to take */
	struct pending_response *pending; /* while its body is counted (hold.c); else NULL */
	int64_t started_us;
	struct buf raw;	   /* the request target as it came */
	struct buf target; /* the same, decoded in place; the call's slices point into it */
	struct buf body;
	struct call call;
};

/* The lists that a connection may stand in, oldest first. */
enum peer_place {
	IN_ALL, /* `next` also in the list of closed ones */
	IN_UNKNOWN,
	IN_ADDRESS, /* the unknown ones of its address */
	PEER_PLACES
};

struct peer_link {
	struct peer *before, *next;
};

struct peer_list {
	struct peer *first, *last;
	uint32_t count;
};

#define ADDRESS_ROWS	1024 /* a power of two */
#define PENDING_BUCKETS 256

/* One connection. */
struct peer {
	struct http_server *server;
	struct MHD_Connection *connection;
	int fd;
	struct peer_link links[PEER_PLACES]; /* under server->peers_mutex */
	bool is_closed, is_evicted;	     /* under server->peers_mutex */
	bool is_known; /* its last token was valid: written by its loop under peers_mutex */
	struct share
		*share; /* that token's principal's, referenced; NULL while unknown; likewise */
	uint32_t address_row;
	int64_t known_by_ms; /* its loop's: while it is unknown no deadline lies behind this one */
	_Atomic int64_t rests_since_ms; /* monotonic: between two requests; 0: not */
	bool is_leaving; /* the keeper's: its client is gone, its poll not yet forgotten */
	bool is_watched; /* its loop's */
	_Atomic int64_t deadline_ms; /* monotonic; 0: none */
	uint8_t address[16];
	char address_text[INET6_ADDRSTRLEN];

	pthread_mutex_t
		mutex; /* for the four below: a call may come back before its connection sleeps */
	bool is_suspended, is_woken, is_polling, is_gone;
	_Atomic int64_t
		asked_ms; /* monotonic: since when the service has its request; 0: it has not */

	struct exchange x;
};

struct http_server {
	struct service *service;
	const struct clock *clock;
	struct http_settings settings;
	struct service_settings limits;
	struct MHD_Daemon *daemon;
	int listen_fd; /* the daemon's once it runs */
	uint16_t port;
	uint64_t request_seed;
	_Atomic uint64_t request_count;
	_Atomic uint64_t in_flight; /* of what came before the drain */
	_Atomic size_t bodies_bytes, small_bodies_bytes,
		responses_bytes; /* of all requests together */
	atomic_bool is_draining;
	struct http_counts counts;
	pthread_mutex_t pending_mutex;
	struct pending_response *pending_responses[PENDING_BUCKETS]; /* hold.c */

	pthread_mutex_t peers_mutex;
	struct peer_list all, unknown, by_address[ADDRESS_ROWS]; /* room.c */
	uint32_t evicted; /* of `all`: shut down, not yet closed by their loops */
	int64_t sweep_at_ms, log_full_at_ms;
	struct peer *closed;
	int watch_fd; /* epoll */
	int stop_fd;  /* eventfd */
	pthread_t monitor;
	uint64_t connections_peak; /* the keeper's: most connections since memory was given back */
	bool has_monitor;
};

/* dispatch.c: libmicrohttpd's callbacks. */
/* What the answer does not need any more: its client may take long to read it. */
void exchange_end_call(struct peer *p);
void *dispatch_target(void *server, const char *target, struct MHD_Connection *connection);
enum MHD_Result dispatch_request(void *server, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *upload,
				 size_t *upload_bytes, void **context);
void dispatch_completed(void *server, struct MHD_Connection *connection, void **context,
			enum MHD_RequestTerminationCode code);

/* peer.c */
void peer_notify(void *server, struct MHD_Connection *connection, void **context,
		 enum MHD_ConnectionNotificationCode code);
/* The service's `done`, and whoever else ends a wait: lets the connection run again, now or as
 * soon as it would sleep. */
void peer_wake(struct peer *p, bool is_gone);
/* In the connection's loop: sleeps unless already woken. False: it was, carry on. `is_polling`:
 * its client is watched. */
bool peer_suspend(struct peer *p, bool is_polling);
/* In the connection's loop after a wake. True: the client is gone. */
bool peer_resumed(struct peer *p);
void peer_set_deadline(struct peer *p, int64_t from_now_ms); /* 0: none */
MUST_USE enum result monitor_start(struct http_server *s, struct error *err);
void monitor_stop(struct http_server *s);
void peers_free(struct http_server *s);

/* In the connection's loop: it rests between two requests from now on. */
void peer_rest(struct peer *p);

/* body.c, in the connection's loop. */
void body_expect(struct peer *p); /* from now on its deadlines hold */
/* Whether the principal may send one more; the call is authenticated. E_BUSY. */
MUST_USE enum result body_admit(struct peer *p, struct error *err);
/* Keeps more of it, or says in the call's answer why not. False: the connection is to be closed. */
bool body_take(struct peer *p, const char *upload, size_t len);
void body_end_upload(struct peer *p);
void body_release(struct peer *p); /* also what has none */

/* room.c: who gets a place among the connections. */
void connection_enter(struct peer *p);
void connection_leave(struct peer *p); /* under peers_mutex */
/* In its loop: whose the last token was; NULL where it was not valid. Takes the reference. */
void connection_identify(struct peer *p, struct share *taken);
void connection_limits_tick(struct http_server *s,
			    int64_t now_ms); /* the keeper's, under peers_mutex */

/* answer.c: gives the answer in x.call.out to libmicrohttpd. */
enum MHD_Result response_send(struct peer *p);

/* hold.c, in the connection's loop. */
/* Counts a large body until pending_response_end(). False: its principal, or all, hold too much
 * already. */
bool pending_response(struct peer *p, const struct shared_body *body);
void pending_response_end(struct peer *p); /* also what holds nothing */
int64_t time_us(void);
