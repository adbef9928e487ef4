/* How much of the server the unread responses and open requests of one principal may take. */
#include "server_fixture.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Requests a large response and reads only its status. */
static int ask_for(const struct fixture *f, const char *target, char who, unsigned *ret_status)
{
	const int little = 4096;
	char head[256], got[16] = "";
	int fd = dial(f);

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
	snprintf(head, sizeof head,
		 "%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " FAKE_TOKEN "%c\r\n\r\n", target,
		 who);
	send_text(fd, head);
	*ret_status = 0;
	if (recv(fd, got, 13, MSG_WAITALL) == 13)
		sscanf(got, "HTTP/1.1 %u", ret_status);
	return fd;
}

static int ask_large(const struct fixture *f, char who, unsigned *ret_status)
{
	return ask_for(f, "GET /v1/config/test/large", who, ret_status);
}

Test(server, a_principal_that_does_not_read_its_large_responses_gets_no_more_of_them)
{
	struct http_settings settings = HTTP_SETTINGS_DEFAULT;
	struct fixture f;
	unsigned status;
	int unread[2];

	settings.responses_bytes_max = 64 << 20; /* 16 for each principal */
	start(&f, settings);
	for (int i = 0; i < 2; i++) {
		unread[i] = ask_large(&f, 'a', &status);
		cr_expect_eq(status, 200);
	}
	close(ask_large(&f, 'a', &status));
	cr_expect_eq(status, 429);
	close(ask_large(&f, 'b', &status));
	cr_expect_eq(status, 200);
	close(unread[0]);
	for (int ms = 0; ms < PATIENCE_MS && status != 0; ms += 10) {
		close(ask_large(&f, 'a', &status));
		if (status == 200)
			break;
		sleep_ms(10);
	}
	cr_expect_eq(status, 200, "given back");
	close(unread[1]);
	stop(&f);
}

Test(server, a_shared_response_counts_once_for_all_and_once_for_each_principal)
{
	static const char target[] = "GET /v1/config/test/cached";
	struct http_settings settings = HTTP_SETTINGS_DEFAULT;
	struct fixture f;
	unsigned status;
	int unread[5];

	settings.responses_bytes_max = 40 << 20; /* 10 for each principal */
	start(&f, settings);
	for (int i = 0; i < 5; i++) {
		unread[i] = ask_for(&f, target, i < 3 ? 'a' : (char)('a' + i), &status);
		cr_expect_eq(status, 200, "%d", i);
	}
	cr_expect(gauge_comes_to(&f, "reeve_http_answer_bytes", 8 << 20));
	close(ask_large(&f, 'a', &status));
	cr_expect_eq(status, 429, "that which the cache has counts for whom it is sent to");
	close(ask_large(&f, 'z', &status));
	cr_expect_eq(status, 200);
	for (int i = 0; i < 5; i++)
		close(unread[i]);
	cr_expect(gauge_comes_to(&f, "reeve_http_answer_bytes", 0), "given back");
	stop(&f);
}

Test(server, a_refusal_without_memory_for_its_errors_keeps_its_status)
{
	struct http_settings settings = HTTP_SETTINGS_DEFAULT;
	struct fixture f;
	char got[8192];
	unsigned status;
	int unread;

	settings.responses_bytes_max = 33 << 20; /* 8.25 for each principal */
	start(&f, settings);
	unread = ask_large(&f, 't', &status);
	cr_expect_eq(status, 200);
	ask(&f,
	    "GET /v1/config/test/full HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	    "Authorization: Bearer " FAKE_TOKEN "t\r\n\r\n",
	    NULL, got, sizeof got);
	cr_expect(strncmp(got, "HTTP/1.1 422 ", 13) == 0, "%s", got);
	cr_expect(strstr(got, "\"errors_omitted\":true") != NULL, "%s", got);
	close(unread);
	cr_expect(gauge_comes_to(&f, "reeve_http_answer_bytes", 0), "given back");
	stop(&f);
}

Test(server, a_write_that_was_done_is_reported_although_its_response_is_too_large)
{
	struct http_settings settings = HTTP_SETTINGS_DEFAULT;
	struct fixture f;
	char got[8192];

	settings.responses_bytes_max = 16 << 20; /* 4 for each principal */
	start(&f, settings);
	ask(&f,
	    "POST /v1/tokens HTTP/1.1\r\n" AUTH "Connection: close\r\n"
	    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
	    NULL, got, sizeof got);
	cr_expect(strncmp(got, "HTTP/1.1 200 ", 13) == 0, "%s", got);
	cr_expect(strstr(got, "{\"omitted\":") != NULL, "%s", got);
	stop(&f);
}

/* Each way in which a request occupies its connection: a body that does not arrive, whether it is
 * allowed or not or has no such path, and a response that is not read. */
Test(server, the_requests_of_one_principal_leave_a_quarter_of_the_connections)
{
	static const char *const held[] = {
		"PUT /v1/profiles/a/b HTTP/1.1\r\n" AS_A
		"Content-Type: application/json\r\nContent-Length: 9000\r\n\r\n",
		"PUT /v1/profiles/forbidden/b HTTP/1.1\r\n" AS_A
		"Content-Type: application/json\r\nContent-Length: 9000\r\n\r\n",
		"GET /v1/config/test/ready HTTP/1.1\r\n" AS_A "\r\n"
		"PUT /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n",
		"GET /v1/config/test/large HTTP/1.1\r\n" AS_A "\r\n",
	};
	enum { MAX = 16, HELD = MAX - MAX / 4 };

	for (size_t k = 0; k < ARRAY_SIZE(held); k++) {
		struct http_settings settings = HTTP_SETTINGS_DEFAULT;
		struct fixture f;
		int fds[HELD];
		unsigned status = 0;

		settings.connections_max = MAX;
		settings.unauthenticated_max = settings.unauthenticated_per_address_max = MAX;
		start(&f, settings);
		for (int i = 0; i < HELD; i++) {
			const int little = 4096;

			fds[i] = dial(&f);
			setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
			send_text(fds[i], held[k]);
		}
		/* The connection that reads the gauge is one more. */
		cr_assert(gauge_comes_to(&f, "reeve_http_requests_in_flight", HELD + 1), "%zu", k);
		close(ask_for(&f, "GET /v1/config/test/ready", 'a', &status));
		cr_expect_eq(status, 429, "%zu: its name holds what it may", k);
		for (int i = 0; i < 20; i++) {
			close(ask_for(&f, "GET /v1/config/test/ready", 'b', &status));
			cr_expect_eq(status, 200, "%zu: others have room", k);
		}
		for (int i = 0; i < HELD; i++)
			close(fds[i]);
		stop(&f);
	}
}
