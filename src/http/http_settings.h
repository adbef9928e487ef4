/*
 * The settings of the HTTP server: limits and times. app/settings.c gives each its name, its bounds
 * and its sentence for the operator.
 *
 * The server copies them when it opens; they do not change while it runs. Times are in
 * milliseconds, sizes in bytes. Limits on connections and bytes protect clients from each other:
 * what one principal or one address can take is a part of what all can take.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct http_settings {
	/* Event loops. They never wait, so a few serve all connections. */
	uint32_t threads;
	/* Of all loops together. */
	uint32_t connections_max;
	/* libmicrohttpd refuses further ones at once; 0: only connections_max bounds them. */
	uint32_t connections_per_address_max;
	/* Connections on which no request carried a valid token yet: all, and those of one
	 * address (IPv6: /64). 0: a half and a quarter of connections_max. */
	uint32_t unauthenticated_max, unauthenticated_per_address_max;
	/* libmicrohttpd's memory for one connection: bounds a request's headers. */
	size_t connection_bytes_max;
	/* Of all request bodies that are being received or processed; a quarter for each
	 * principal. */
	size_t bodies_bytes_max;
	/* Of large responses that clients have not yet received; a quarter for each principal. */
	size_t responses_bytes_max;
	/* Requests whose body is being received; at most half of connections_max. */
	uint32_t uploads_per_principal_max;
	/* Bytes a second that a body must bring, after the first seconds; 0: no minimum. */
	size_t body_rate_min;
	/* From a connection's start, or the end of its token, to a request with a valid token. */
	int64_t authentication_ms;
	/* From a request's first line to its last header. */
	int64_t header_ms;
	/* From the last header to the body's last byte. */
	int64_t body_ms;
	int64_t idle_ms; /* between two requests */
	/* For a client to receive its response; long ones get more. */
	int64_t response_ms;
	int64_t drain_ms; /* at a stop, for requests in flight */
};

#define HTTP_SETTINGS_DEFAULT                             \
	((struct http_settings){                          \
		.threads = 2,                             \
		.connections_max = 16384,                 \
		.connection_bytes_max = 16 << 10,         \
		.bodies_bytes_max = 256 << 20,            \
		.responses_bytes_max = (size_t)512 << 20, \
		.uploads_per_principal_max = 512,         \
		.body_rate_min = 4 << 10,                 \
		.authentication_ms = 10000,               \
		.header_ms = 10000,                       \
		.body_ms = 60000,                         \
		.idle_ms = 60000,                         \
		.response_ms = 60000,                     \
		.drain_ms = 10000,                        \
	})
