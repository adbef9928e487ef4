/* When the server closes a connection: slow senders, idle and unauthenticated ones. */
#include "server_fixture.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static _Atomic int64_t jumped_ms;

static int64_t jumping_monotonic_ms(void *ctx)
{
	(void)ctx;
	return clock_monotonic_ms(&system_clock) + atomic_load(&jumped_ms);
}

static int64_t jumping_wall_ms(void *ctx)
{
	(void)ctx;
	return clock_wall_ms(&system_clock);
}

static const struct clock jumping_clock = {jumping_wall_ms, jumping_monotonic_ms, NULL};

/* Whether the server closed it within PATIENCE_MS. */
static bool is_closed(int fd)
{
	char got[256];
	ssize_t len = recv(fd, got, sizeof got, 0);

	return len == 0 || (len < 0 && errno != EAGAIN);
}

Test(server, a_client_that_sends_its_headers_too_slowly_is_cut_off)
{
	struct http_settings settings = HTTP_SETTINGS_DEFAULT;
	struct fixture f;
	char got[64];

	settings.header_ms = 300;
	settings.idle_ms = 60000;
	start(&f, settings);
	int fd = dial(&f);
	send_text(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n");
	for (int ms = 0; ms < PATIENCE_MS && send(fd, "X", 1, MSG_NOSIGNAL) >= 0; ms += 100)
		sleep_ms(100);
	cr_expect_eq(recv(fd, got, sizeof got, MSG_DONTWAIT), 0, "the connection was closed");
	close(fd);
	stop(&f);
}

/* An old client that was idle for a moment, and one that opens many connections. */
Test(server, in_a_full_table_the_connection_that_was_idle_longest_is_closed)
{
	struct http_settings settings = HTTP_SETTINGS_DEFAULT;
	struct fixture f;
	char got[8192];
	int good, fds[20];

	settings.connections_max = settings.unauthenticated_max =
		settings.unauthenticated_per_address_max = 16;
	start_by(&f, settings, &jumping_clock);
	good = dial(&f);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		send_text(good, "GET /v1/config/test/ready HTTP/1.1\r\n" AUTH "\r\n");
		receive(good, "ready\"}", got, sizeof got);
		cr_assert(strncmp(got, "HTTP/1.1 200 ", 13) == 0, "%zu: %s", i, got);
		fds[i] = dial(&f);
		send_text(fds[i], "GET /v1/config/test/ready HTTP/1.1\r\n" AS_A "\r\n");
		receive(fds[i], "ready\"}", got, sizeof got);
		cr_assert(strncmp(got, "HTTP/1.1 200 ", 13) == 0, "%zu: %s", i, got);
		atomic_fetch_add(&jumped_ms, 20);
	}
	cr_expect(is_closed(fds[0]), "the first that dialled gave its place up");
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	close(good);
	stop(&f);
}

Test(server, a_body_must_keep_up_a_minimum_rate)
{
	static const struct {
		size_t announced, sent;
		int64_t after_ms;
		bool is_cut, has_no_rate;
	} cases[] = {
		{20000, 1, 2500, false, false},	    {20000, 1, 6000, true, false},
		{50000, 40960, 7500, false, false}, {50000, 40960, 11000, true, false},
		{20000, 8192, 8000, true, false},   {20000, 1, 8000, false, true},
		{20000, 1, 11000, true, true}, /* without a minimum rate it still may not stall */
	};
	static char rest[100000];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_settings settings = HTTP_SETTINGS_DEFAULT;
		struct fixture f;
		char got[8192];
		int fd, idle;

		settings.authentication_ms = 2000;
		if (cases[i].has_no_rate)
			settings.body_rate_min = 0;
		settings.body_ms = settings.idle_ms = 10 * PATIENCE_MS;
		start_by(&f, settings, &jumping_clock);
		fd = begin_upload(&f, 'a', cases[i].announced, cases[i].sent);
		cr_assert(comes_to_hold(&f, cases[i].sent), "%zu", i);
		idle = dial(&f);
		ask(&f, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "alive", got, sizeof got);
		atomic_fetch_add(&jumped_ms, cases[i].after_ms);
		cr_expect(is_closed(idle), "the deadlines were looked at");
		if (cases[i].is_cut) {
			cr_expect(is_closed(fd), "%zu", i);
		} else {
			send(fd, rest, cases[i].announced - cases[i].sent, MSG_NOSIGNAL);
			receive(fd, "\r\n\r\n", got, sizeof got);
			cr_expect(strncmp(got, "HTTP/1.1 201 ", 13) == 0, "%zu: %s", i, got);
		}
		close(fd);
		close(idle);
		stop(&f);
	}
}

Test(server, only_a_connection_that_does_not_authenticate_is_cut_off_soon)
{
	struct fixture f;
	char got[8192];

	start_by(&f, HTTP_SETTINGS_DEFAULT, &jumping_clock);
	int known = dial(&f), probe = dial(&f), idle = dial(&f);
	send_text(known, "GET /v1/config/test/ready HTTP/1.1\r\n" AUTH "\r\n");
	receive(known, "ready\"}", got, sizeof got);
	send_text(probe, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	receive(probe, "alive\"}", got, sizeof got);
	cr_expect(strstr(got, "Connection: close") == NULL, "%s", got);
	atomic_fetch_add(&jumped_ms, 6000);
	send_text(probe, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	receive(probe, NULL, got, sizeof got);
	cr_expect(strstr(got, "Connection: close") != NULL, "a probe is told: %s", got);
	atomic_fetch_add(&jumped_ms, 6000);
	cr_expect(is_closed(idle));
	send_text(known, "GET /v1/config/test/ready HTTP/1.1\r\n" AUTH "\r\n");
	receive(known, "ready\"}", got, sizeof got);
	cr_expect(strncmp(got, "HTTP/1.1 200 ", 13) == 0, "%s", got);
	close(known);
	close(probe);
	close(idle);
	stop(&f);
}
