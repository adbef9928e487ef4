/* A server over real sockets before the fake service, and a client of it, for the tests of http/. */
#pragma once

#include "fake_service.h"
#include "http/server.h"

#define AUTH	    "Host: x\r\nAuthorization: Bearer " FAKE_TOKEN "\r\n"
#define AS_A	    "Host: x\r\nAuthorization: Bearer " FAKE_TOKEN "a\r\n"
#define PATIENCE_MS 60000 /* for what comes within moments on a machine that is not busy */

struct fixture {
	struct service *service;
	struct http_server *server;
};

/* A server of its own on a free port; stop() ends both. */
void start_by(struct fixture *f, struct http_settings settings, const struct clock *clock);
void start(struct fixture *f, struct http_settings settings);
void stop(struct fixture *f);

/* A connection, which waits PATIENCE_MS for what it receives. */
int dial(const struct fixture *f);
void send_text(int fd, const char *text);

/* What comes until the other side closes or `until` is there. */
const char *receive(int fd, const char *until, char *ret, size_t size);
/* One request on a connection of its own; `until` as above. */
const char *ask(const struct fixture *f, const char *text, const char *until, char *ret,
		size_t size);

void sleep_ms(long ms);
/* Waits until the service has counted one. */
void wait_for(const _Atomic uint64_t *count);
/* Waits until it has counted `wanted`; the count then. */
uint64_t wait_for_count(const _Atomic uint64_t *count, uint64_t wanted);

/* A connection on which `sent` bytes of a body of `announced` are on their way. The token's last
 * character is `who`. */
int begin_upload(const struct fixture *f, char who, size_t announced, size_t sent);
/* The status of a whole upload. */
unsigned upload(const struct fixture *f, char who, size_t len);

/* Whether GET /metrics comes to show the gauge at `value`; the body bytes that are held. */
bool gauge_comes_to(const struct fixture *f, const char *gauge, size_t value);
bool comes_to_hold(const struct fixture *f, size_t body_bytes);
