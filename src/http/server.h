/*
 * The HTTP front end over libmicrohttpd: a few event loops that never wait. A request that the
 * service cannot respond to at once suspends its connection; the service resumes it by call.done.
 *
 * One thread opens, drains and closes the server, in this order. Between http_server_open() and
 * http_server_close() the server's own threads do the rest.
 */
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "http/http_settings.h"
#include "service/service.h"

struct http_server;

/* `service` and `clock` must outlive the server. The rest is used only while it opens. */
struct http_server_options {
	struct service *service;
	/* "127.0.0.1:7338", "[::1]:0"; needed during http_server_open() only. */
	struct slice listen;
	const struct http_settings *settings;
	const struct service_settings *limits; /* the service's */
	const struct clock *clock;
	const struct random_source *random;
};

/* Binds the address and serves from then on. E_MALFORMED for a malformed address, E_IO if it cannot
 * be bound, E_MEMORY. */
MUST_USE enum result http_server_open(struct http_server **ret,
				      const struct http_server_options *options, struct error *err);

/* The port that was bound, which matters where port 0 was asked for. */
uint16_t http_server_port(const struct http_server *s);

/* The most connections that are open at once: settings->connections_max, and for moments those that
 * are being closed or refused. Each is a descriptor. */
uint64_t http_server_connections_max(const struct http_settings *settings);

/* Drains the service, which refuses new requests from then on, and waits until the requests in
 * flight are answered, at most settings->drain_ms. */
void http_server_drain(struct http_server *s);

void http_server_close(struct http_server *s); /* after http_server_drain(); takes NULL */
