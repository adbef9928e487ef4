/*
 * The HTTP front end over libmicrohttpd: a few event loops that never wait. What the service does
 * not have ready suspends its connection until the service hands the call back.
 */
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "service/service.h"

#define LISTEN_TEXT_BYTES_MAX 256

struct http_settings {
	uint32_t threads;		      /* event loops */
	uint32_t connections_max;	      /* of all loops together */
	uint32_t connections_per_address_max; /* 0: no bound but the one above */
	/* Connections on which no request carried a valid token yet: all, and those of one
	 * address (IPv6: /64). 0: a half and a quarter of connections_max. */
	uint32_t unknown_max, unknown_per_address_max;
	size_t connection_bytes_max; /* libmicrohttpd's pool of one: bounds a request's headers */
	size_t bodies_bytes_max; /* of all requests that are being read or worked on; a principal has a quarter */
	size_t responses_bytes_max; /* of large answers that wait for their clients to read them; a principal has a quarter */
	uint32_t uploads_per_principal_max; /* requests whose body is being read */
	size_t body_rate_min;		    /* bytes a second, behind the first seconds; 0: none */
	int64_t authentication_ms; /* from a connection's start to a request with a valid token */
	int64_t header_ms;	   /* from a request's first line to its last header */
	int64_t body_ms;	   /* from the last header to the body's last byte */
	int64_t idle_ms;	   /* between two requests */
	int64_t response_ms;	   /* for a client to take its answer; longer ones get more */
	int64_t drain_ms;	   /* at a stop, for what is in flight */
};

#define HTTP_SETTINGS_DEFAULT                                                                    \
	((struct http_settings){2, 16384, 0, 0, 0, 16 << 10, 256 << 20, 512 << 20, 512, 4 << 10, \
				10000, 10000, 60000, 60000, 60000, 10000})

struct http_server;

/* Binds `listen` ("127.0.0.1:7338", "[::1]:0") and answers from then on. `limits` are the
 * service's. All but `listen` must outlive the server. E_MALFORMED for an address that cannot be
 * read, E_IO when it cannot be had. */
MUST_USE enum result http_server_open(struct http_server **ret, struct service *service,
				      struct slice listen, const struct http_settings *settings,
				      const struct service_settings *limits,
				      const struct clock *clock, const struct random_source *random,
				      struct error *err);

/* The port that was bound: of use where 0 was asked for. */
uint16_t http_server_port(const struct http_server *s);

/* Drains the service, which refuses what is new from then on, and waits for the answers to what
 * came before to leave, at most settings->drain_ms. */
void http_server_drain(struct http_server *s);

void http_server_close(struct http_server *s); /* drained; takes NULL */

/* Whether only this machine reaches the address. E_MALFORMED when it cannot be read. */
MUST_USE enum result listen_is_loopback(struct slice listen, bool *ret, struct error *err);
