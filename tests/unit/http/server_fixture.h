/* A server over real sockets with the fake service, and a client of it, for the tests of http/. */
#pragma once

#include "fake_service.h"
#include "http/server.h"

#define AUTH	    "Host: x\r\nAuthorization: Bearer " FAKE_TOKEN "\r\n"
#define AS_A	    "Host: x\r\nAuthorization: Bearer " FAKE_TOKEN "a\r\n"
#define PATIENCE_MS 60000 /* for events that take moments on an idle machine */

struct fixture {
	struct service *service;
	struct http_server *server;
};

/* Starts a server and its fake service on a free port; stop() ends both. */
void start_by(struct fixture *f, struct http_settings settings, const struct clock *clock);
void start(struct fixture *f, struct http_settings settings);
void stop(struct fixture *f);

/* Opens a connection; receiving on it waits PATIENCE_MS. */
int dial(const struct fixture *f);
void send_text(int fd, const char *text);

/* Receives until the other side closes or `until` was received. */
const char *receive(int fd, const char *until, char *ret, size_t size);
/* Sends one request on its own connection; `until` as above. */
const char *ask(const struct fixture *f, const char *text, const char *until, char *ret,
		size_t size);

void sleep_ms(long ms);
/* Waits until the count is not 0. */
void wait_for(const _Atomic uint64_t *count);
/* Waits until the count is `wanted`, at most PATIENCE_MS, and gives the count. */
uint64_t wait_for_count(const _Atomic uint64_t *count, uint64_t wanted);

/* A connection with an upload of which `sent` of `announced` bytes were sent. The token's last
 * character is `who`. */
int begin_upload(const struct fixture *f, char who, size_t announced, size_t sent);
/* The status of a whole upload. */
unsigned upload(const struct fixture *f, char who, size_t len);

/* Whether GET /metrics shows the gauge at `value` within PATIENCE_MS; the same for the gauge of
 * body bytes. */
bool gauge_comes_to(const struct fixture *f, const char *gauge, size_t value);
bool comes_to_hold(const struct fixture *f, size_t body_bytes);
