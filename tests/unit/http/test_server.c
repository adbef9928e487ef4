/* The server over real sockets, with a service that answers in every way that one can. */
#include "fake_service.h"
#include "http/server.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AUTH	    "Host: x\r\nAuthorization: Bearer " FAKE_TOKEN "\r\n"
#define AS_A	    "Host: x\r\nAuthorization: Bearer " FAKE_TOKEN "a\r\n"
#define PATIENCE_MS 60000 /* for what comes within moments on a machine that is not busy */

struct fixture {
	struct service *service;
	struct http_server *server;
};

static void start_by(struct fixture *f, struct http_settings settings, const struct clock *clock)
{
	const struct service_settings limits = SERVICE_SETTINGS_DEFAULT;
	struct error err = ERROR_NULL;

	f->service = fake_service_new();
	cr_assert_eq(http_server_open(&f->server, f->service, SLICE_LITERAL("127.0.0.1:0"),
				      &settings, &limits, clock, &system_random, &err),
		     OK, "%s", err.text);
}

static void start(struct fixture *f, struct http_settings settings)
{
	start_by(f, settings, &system_clock);
}

static void stop(struct fixture *f)
{
	http_server_drain(f->server);
	http_server_close(f->server);
	fake_service_free(f->service);
}

static int dial(const struct fixture *f)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(http_server_port(f->server))};
	struct timeval patience = {PATIENCE_MS / 1000, 0};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

static void send_text(int fd, const char *text)
{
	cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* What comes until the other side closes or `until` is there. */
static const char *receive(int fd, const char *until, char *ret, size_t size)
{
	size_t used = 0;

	ret[0] = '\0';
	while (used + 1 < size && (until == NULL || strstr(ret, until) == NULL)) {
		ssize_t got = recv(fd, ret + used, size - used - 1, 0);

		if (got <= 0)
			break;
		used += (size_t)got;
		ret[used] = '\0';
	}
	return ret;
}

/* One request on a connection of its own; `until` as above. */
static const char *ask(const struct fixture *f, const char *text, const char *until, char *ret,
		       size_t size)
{
	int fd = dial(f);

	send_text(fd, text);
	receive(fd, until, ret, size);
	close(fd);
	return ret;
}

static void sleep_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

/* Waits until the service has counted one. */
static void wait_for(const _Atomic uint64_t *count)
{
	for (int ms = 0; atomic_load(count) == 0 && ms < PATIENCE_MS; ms += 5)
		sleep_ms(5);
	cr_assert_neq(atomic_load(count), 0, "it did not come");
}

/* A long poll that the service has asleep: its connection. */
static int poll_and_sleep(const struct fixture *f)
{
	int fd = dial(f);

	send_text(fd, "GET /v1/config/test/poll?wait=30s HTTP/1.1\r\n" AUTH "\r\n");
	wait_for(&fake_counts(f->service)->waiting);
	return fd;
}

static uint32_t count_of(const char *text, const char *part)
{
	uint32_t count = 0;

	for (const char *p = strstr(text, part); p != NULL; p = strstr(p + 1, part))
		count++;
	return count;
}

Test(server, a_connection_is_kept_and_answers_one_request_after_another)
{
	struct fixture f;
	char got[8192];

	start(&f, HTTP_SETTINGS_DEFAULT);
	int fd = dial(&f);
	for (int i = 0; i < 3; i++) {
		send_text(fd, "GET /v1/config/test/ready HTTP/1.1\r\n" AUTH "\r\n");
		receive(fd, "{\"name\":\"ready\"}", got, sizeof got);
		cr_expect(strstr(got, "HTTP/1.1 200 OK\r\n") != NULL, "%s", got);
		cr_expect(strstr(got, "ETag: \"e1\"\r\n") != NULL);
		cr_expect(strstr(got, "Reeve-Revision: 7\r\n") != NULL);
		cr_expect(strstr(got, "Connection: close") == NULL);
	}
	close(fd);
	stop(&f);
}

Test(server, an_answer_that_comes_from_another_thread_reaches_its_connection)
{
	struct fixture f;
	char got[8192];

	start(&f, HTTP_SETTINGS_DEFAULT);
	int fd = dial(&f);
	for (int i = 0; i < 5; i++) {
		send_text(fd, "GET /v1/config/test/later HTTP/1.1\r\n" AUTH "\r\n");
		receive(fd, "{\"late\":true}", got, sizeof got);
		cr_expect(strstr(got, "200 OK") != NULL && strstr(got, "late") != NULL, "%s", got);
	}
	close(fd);
	stop(&f);
}

Test(server, a_long_poll_sleeps_until_it_is_woken)
{
	struct fixture f;
	char got[8192];

	start(&f, HTTP_SETTINGS_DEFAULT);
	int fd = poll_and_sleep(&f);
	cr_assert_eq(atomic_load(&fake_counts(f.service)->waiting), 1);
	fake_wake(f.service);
	receive(fd, "{\"woken\":true}", got, sizeof got);
	cr_expect(strstr(got, "woken") != NULL, "%s", got);
	cr_expect_eq(atomic_load(&fake_counts(f.service)->submitted), 2,
		     "submitted again once woken");
	close(fd);
	stop(&f);
}

Test(server, a_long_poll_whose_client_goes_is_forgotten)
{
	struct fixture f;

	start(&f, HTTP_SETTINGS_DEFAULT);
	int fd = poll_and_sleep(&f);
	close(fd);
	wait_for(&fake_counts(f.service)->forgotten);
	cr_expect_eq(atomic_load(&fake_counts(f.service)->forgotten), 1);
	stop(&f);
}

Test(server, a_long_poll_whose_client_goes_while_a_worker_has_it_is_forgotten_later)
{
	struct fixture f;

	start(&f, HTTP_SETTINGS_DEFAULT);
	int fd = poll_and_sleep(&f);
	fake_keep_polls(f.service, 3);
	close(fd);
	wait_for(&fake_counts(f.service)->forgotten);
	cr_expect_eq(atomic_load(&fake_counts(f.service)->waiting), 0);
	stop(&f);
}

static uint64_t wait_for_count(const _Atomic uint64_t *count, uint64_t wanted)
{
	for (int ms = 0; ms < PATIENCE_MS && atomic_load(count) < wanted; ms += 5)
		sleep_ms(5);
	return atomic_load(count);
}

Test(server, a_request_whose_client_has_gone_is_given_up_and_no_other)
{
	static const char request[] = "GET /v1/config/test/slow HTTP/1.1\r\n" AUTH "\r\n";
	const struct fake_counts *counts;
	struct fixture f;
	char got[8192];

	start(&f, HTTP_SETTINGS_DEFAULT);
	counts = fake_counts(f.service);
	int stays = dial(&f), leaves = dial(&f), half = dial(&f);
	send_text(stays, request);
	cr_assert_eq(wait_for_count(&counts->submitted, 1), 1);
	send_text(leaves, request);
	send_text(half, request);
	cr_assert_eq(wait_for_count(&counts->submitted, 3), 3);
	close(leaves);
	cr_expect_eq(wait_for_count(&counts->abandoned, 1), 1);
	shutdown(half, SHUT_WR);
	cr_expect_eq(wait_for_count(&counts->abandoned, 2), 2);
	fake_release(f.service);
	receive(stays, "{\"slow\":true}", got, sizeof got);
	cr_expect(strncmp(got, "HTTP/1.1 200 ", 13) == 0, "%s", got);
	cr_expect_eq(atomic_load(&counts->abandoned), 2);
	close(stays);
	close(half);
	stop(&f);
}

/* The system does not say whether a client has closed its connection or only its sending side. */
Test(server, a_client_that_shuts_down_its_side_counts_as_gone_while_it_waits_for_a_worker)
{
	struct fixture f;
	char got[8192];

	start(&f, HTTP_SETTINGS_DEFAULT);
	int fd = dial(&f);
	send_text(fd, "GET /v1/config/test/slow HTTP/1.1\r\n" AUTH "\r\n");
	shutdown(fd, SHUT_WR);
	wait_for(&fake_counts(f.service)->abandoned);
	receive(fd, NULL, got, sizeof got);
	cr_expect(strstr(got, "{\"slow\":true}") != NULL, "what the service says then: %s", got);
	close(fd);
	stop(&f);
}

Test(server, a_stop_answers_the_polls_that_wait)
{
	struct fixture f;
	char got[8192];

	start(&f, HTTP_SETTINGS_DEFAULT);
	int fd = poll_and_sleep(&f);
	stop(&f);
	receive(fd, NULL, got, sizeof got);
	cr_expect(strstr(got, "200 OK") != NULL && strstr(got, "Connection: close") != NULL, "%s",
		  got);
	close(fd);
}

Test(server, a_stop_lets_what_is_in_flight_finish)
{
	struct fixture f;
	char got[8192];

	start(&f, HTTP_SETTINGS_DEFAULT);
	int fd = dial(&f);
	send_text(fd, "GET /v1/config/test/later HTTP/1.1\r\n" AUTH "\r\n");
	wait_for(&fake_counts(f.service)->submitted);
	stop(&f);
	receive(fd, NULL, got, sizeof got);
	cr_expect(strstr(got, "{\"late\":true}") != NULL, "%s", got);
	close(fd);
}

Test(server, a_client_that_drips_its_headers_is_cut_off)
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

Test(server, a_smuggled_second_request_is_never_run)
{
	static const char *const attacks[] = {
		"PUT /v1/profiles/a/b HTTP/1.1\r\n" AUTH
		"Content-Length: 0\r\nContent-Length: 60\r\n\r\n",
		"PUT /v1/profiles/a/b HTTP/1.1\r\n" AUTH
		"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"PUT /v1/profiles/a/b HTTP/1.1\r\n" AUTH "Transfer-Encoding: xchunked\r\n\r\n",
		"PUT /v1/profiles/a/b HTTP/1.1\r\n" AUTH "Transfer-Encoding : chunked\r\n\r\n",
		"GET /v1/config/test/ready HTTP/1.1\r\n" AUTH "Host: y\r\n\r\n",
		"GET http://x/v1/config/test/ready HTTP/1.1\r\n" AUTH "\r\n",
	};
	struct fixture f;
	char got[8192], sent[1024];

	start(&f, HTTP_SETTINGS_DEFAULT);
	for (size_t i = 0; i < ARRAY_SIZE(attacks); i++) {
		int fd = dial(&f);

		snprintf(sent, sizeof sent, "%sGET /v1/config/test/ready HTTP/1.1\r\n" AUTH "\r\n",
			 attacks[i]);
		send_text(fd, sent);
		receive(fd, NULL, got, sizeof got);
		cr_expect(strncmp(got, "HTTP/1.1 400 ", 13) == 0, "%zu: %s", i, got);
		cr_expect_eq(count_of(got, "HTTP/1.1 "), 1, "%zu: %s", i, got);
		cr_expect(strstr(got, "Connection: close") != NULL, "%zu: %s", i, got);
		close(fd);
	}
	cr_expect_eq(atomic_load(&fake_counts(f.service)->submitted), 0);
	stop(&f);
}

Test(server, a_body_that_is_announced_too_large_is_refused_unread)
{
	struct fixture f;
	char got[8192];

	start(&f, HTTP_SETTINGS_DEFAULT);
	ask(&f, "PUT /v1/profiles/a/b HTTP/1.1\r\n" AUTH "Content-Length: 1048577\r\n\r\n", NULL,
	    got, sizeof got);
	cr_expect(strncmp(got, "HTTP/1.1 413 ", 13) == 0, "%s", got);
	stop(&f);
}

/* A connection on which `sent` bytes of a body of `announced` are on their way. The token's last
 * character is `who`. */
static int begin_upload(const struct fixture *f, char who, size_t announced, size_t sent)
{
	static char bytes[1 << 20];
	char head[512];
	int fd = dial(f);

	memset(bytes, ' ', sizeof bytes);
	snprintf(head, sizeof head,
		 "PUT /v1/profiles/a/b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " FAKE_TOKEN
		 "%c\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		 who, announced);
	send_text(fd, head);
	for (size_t done = 0; done < sent;) {
		ssize_t now = send(fd, bytes + done, sent - done, MSG_NOSIGNAL);

		cr_assert_gt(now, 0);
		done += (size_t)now;
	}
	return fd;
}

/* The status of a whole upload. */
static unsigned upload(const struct fixture *f, char who, size_t len)
{
	char got[8192];
	unsigned status = 0;
	int fd = begin_upload(f, who, len, len);

	receive(fd, "\r\n\r\n", got, sizeof got);
	close(fd);
	sscanf(got, "HTTP/1.1 %u", &status);
	return status;
}

static bool comes_to(const struct fixture *f, char who, size_t len, unsigned status)
{
	for (int ms = 0; ms < PATIENCE_MS; ms += 10) {
		if (upload(f, who, len) == status)
			return true;
		sleep_ms(10);
	}
	return false;
}

static bool gauge_comes_to(const struct fixture *f, const char *gauge, size_t value)
{
	static char got[65536];
	char line[64];

	snprintf(line, sizeof line, "\n%s %zu\n", gauge, value);
	for (int ms = 0; ms < PATIENCE_MS; ms += 10) {
		ask(f,
		    "GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " FAKE_TOKEN
		    "-watcher\r\n\r\n",
		    "reeve_http_polls_gone_total ", got, sizeof got);
		if (strstr(got, line) != NULL)
			return true;
		sleep_ms(10);
	}
	return false;
}

static bool comes_to_hold(const struct fixture *f, size_t body_bytes)
{
	return gauge_comes_to(f, "reeve_http_body_bytes", body_bytes);
}

Test(server, a_principal_whose_uploads_stall_keeps_nobody_else_from_writing)
{
	struct http_settings settings = HTTP_SETTINGS_DEFAULT;
	struct fixture f;
	int held;

	settings.bodies_bytes_max = 800 << 10; /* 100 for small ones, 200 for each principal */
	start(&f, settings);
	held = begin_upload(&f, 'a', 180 << 10, 150 << 10);
	cr_assert(comes_to_hold(&f, 150 << 10));
	cr_expect_eq(upload(&f, 'a', 100 << 10), 429, "its own share is full");
	cr_expect_eq(upload(&f, 'b', 100 << 10), 201, "others have theirs");
	cr_expect_eq(upload(&f, 'a', 10 << 10), 201, "small ones have a reserve");
	close(held);
	cr_expect(comes_to(&f, 'a', 100 << 10, 201), "given back");
	stop(&f);
}

Test(server, small_bodies_are_taken_when_all_large_ones_stall)
{
	struct http_settings settings = HTTP_SETTINGS_DEFAULT;
	struct fixture f;
	int held[4];

	settings.bodies_bytes_max = 800 << 10;
	start(&f, settings);
	for (int i = 0; i < 4; i++)
		held[i] =
			begin_upload(&f, (char)('a' + i), 200 << 10, i < 3 ? 199 << 10 : 90 << 10);
	cr_assert(comes_to_hold(&f, (3 * 199 + 90) << 10));
	cr_expect_eq(upload(&f, 'z', 20 << 10), 429, "large ones are full");
	cr_expect_eq(upload(&f, 'z', 16 << 10), 201);
	for (int i = 0; i < 4; i++)
		close(held[i]);
	cr_expect(comes_to(&f, 'z', 200 << 10, 201), "given back");
	stop(&f);
}

Test(server, a_body_in_chunks_that_outgrows_the_reserve_is_counted_with_the_large_ones)
{
	struct http_settings settings = HTTP_SETTINGS_DEFAULT;
	struct fixture f;
	char text[30000], got[8192];

	settings.bodies_bytes_max = 136 << 10; /* 17 for small ones */
	start(&f, settings);
	memset(text, ' ', sizeof text);
	text[sizeof text - 1] = '\0';
	for (int i = 0; i < 3;
	     i++) { /* more than the reserve together: each gave back what it had of it */
		int fd = dial(&f);

		send_text(fd, "PUT /v1/profiles/a/b HTTP/1.1\r\n" AUTH
			      "Transfer-Encoding: chunked\r\n\r\n");
		for (int chunk = 0; chunk < 2; chunk++) {
			send_text(fd, "3a98\r\n");
			cr_assert_eq(send(fd, text, 15000, MSG_NOSIGNAL), 15000);
			send_text(fd, "\r\n");
		}
		send_text(fd, "0\r\n\r\n");
		receive(fd, "}", got, sizeof got);
		cr_expect(strncmp(got, "HTTP/1.1 201 ", 13) == 0, "%s", got);
		cr_expect(strstr(got, "\"bytes\":30000") != NULL, "%s", got);
		close(fd);
	}
	stop(&f);
}

Test(server, a_principal_has_a_number_of_uploads_at_a_time)
{
	struct http_settings settings = HTTP_SETTINGS_DEFAULT;
	struct fixture f;
	int held[2];

	settings.uploads_per_principal_max = 2;
	start(&f, settings);
	held[0] = begin_upload(&f, 'a', 10, 1);
	held[1] = begin_upload(&f, 'a', 10, 1);
	cr_assert(comes_to_hold(&f, 2));
	cr_expect_eq(upload(&f, 'a', 10), 429);
	cr_expect_eq(upload(&f, 'b', 10), 201);
	close(held[0]);
	cr_expect(comes_to(&f, 'a', 10, 201));
	close(held[1]);
	stop(&f);
}

Test(server, a_body_that_its_sender_may_not_send_is_refused_unread)
{
	struct fixture f;
	char got[8192];

	start(&f, HTTP_SETTINGS_DEFAULT);
	ask(&f, "PUT /v1/profiles/forbidden/a HTTP/1.1\r\n" AUTH "Content-Length: 500000\r\n\r\n",
	    NULL, got, sizeof got);
	cr_expect(strncmp(got, "HTTP/1.1 403 ", 13) == 0, "%s", got);
	ask(&f,
	    "PUT /v1/profiles/forbidden/a HTTP/1.1\r\n" AUTH
	    "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
	    NULL, got, sizeof got);
	cr_expect(strncmp(got, "HTTP/1.1 403 ", 13) == 0, "%s", got);
	int fd = dial(&f);
	for (int i = 0; i < 2; i++) { /* a short one is cheaper to read than a new connection */
		send_text(fd, "PUT /v1/profiles/forbidden/a HTTP/1.1\r\n" AUTH
			      "Content-Length: 5\r\n\r\na: 1\n");
		receive(fd, "}", got, sizeof got);
		cr_expect(strncmp(got, "HTTP/1.1 403 ", 13) == 0, "%s", got);
	}
	close(fd);
	cr_expect_eq(atomic_load(&fake_counts(f.service)->submitted), 4, "each is recorded");
	cr_expect_eq(atomic_load(&fake_counts(f.service)->bodies), 0);
	stop(&f);
}

/* Asks for what is large and reads no more than the status. */
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

Test(server, a_principal_that_does_not_read_its_large_answers_gets_no_more_of_them)
{
	struct http_settings settings = HTTP_SETTINGS_DEFAULT;
	struct fixture f;
	unsigned status;
	int unread[2];

	settings.answers_bytes_max = 64 << 20; /* 16 for each principal */
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

Test(server, what_many_are_being_sent_counts_once_for_all_and_once_for_each_principal)
{
	static const char target[] = "GET /v1/config/test/cached";
	struct http_settings settings = HTTP_SETTINGS_DEFAULT;
	struct fixture f;
	unsigned status;
	int unread[5];

	settings.answers_bytes_max = 40 << 20; /* 10 for each principal */
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

Test(server, a_refusal_with_no_room_for_its_errors_keeps_its_status)
{
	struct http_settings settings = HTTP_SETTINGS_DEFAULT;
	struct fixture f;
	char got[8192];
	unsigned status;
	int unread;

	settings.answers_bytes_max = 33 << 20; /* 8.25 for each principal */
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

Test(server, what_was_done_is_told_although_there_is_no_room_for_its_answer)
{
	struct http_settings settings = HTTP_SETTINGS_DEFAULT;
	struct fixture f;
	char got[8192];

	settings.answers_bytes_max = 16 << 20; /* 4 for each principal */
	start(&f, settings);
	ask(&f,
	    "POST /v1/tokens HTTP/1.1\r\n" AUTH "Connection: close\r\n"
	    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
	    NULL, got, sizeof got);
	cr_expect(strncmp(got, "HTTP/1.1 200 ", 13) == 0, "%s", got);
	cr_expect(strstr(got, "{\"omitted\":") != NULL, "%s", got);
	stop(&f);
}

/* Each way in which a request keeps its connection: a body that does not come, of who may send
 * it and who may not, one to a path that there is not, and an answer that is not read. */
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
		settings.unknown_max = settings.unknown_per_address_max = MAX;
		start(&f, settings);
		for (int i = 0; i < HELD; i++) {
			const int little = 4096;

			fds[i] = dial(&f);
			setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
			send_text(fds[i], held[k]);
		}
		/* One more is the one that asks. */
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

/* By the server; false where it is still open after PATIENCE_MS. */
static bool is_closed(int fd)
{
	char got[256];
	ssize_t len = recv(fd, got, sizeof got, 0);

	return len == 0 || (len < 0 && errno != EAGAIN);
}

/* A client of long standing that rested a moment ago, and one that dials and dials. */
Test(server, at_a_full_table_the_connection_that_rested_longest_is_closed)
{
	struct http_settings settings = HTTP_SETTINGS_DEFAULT;
	struct fixture f;
	char got[8192];
	int good, fds[20];

	settings.connections_max = settings.unknown_max = settings.unknown_per_address_max = 16;
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

Test(server, a_body_must_keep_up_a_least_rate)
{
	static const struct {
		size_t announced, sent;
		int64_t after_ms;
		bool is_cut, has_no_rate;
	} cases[] = {
		{20000, 1, 4000, false, false},	    {20000, 1, 6000, true, false},
		{50000, 40960, 9000, false, false}, {50000, 40960, 11000, true, false},
		{20000, 8192, 8000, true, false},   {20000, 1, 8000, false, true},
		{20000, 1, 11000, true, true}, /* without a rate it still may not rest */
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

Test(server, who_does_not_authenticate_is_cut_off_soon_and_who_did_is_not)
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

Test(server, a_body_that_grows_too_large_in_chunks_is_refused)
{
	static char chunk[65536 + 16];
	struct fixture f;
	char got[8192];

	memset(chunk, 'a', sizeof chunk);
	memcpy(chunk, "10000\r\n", 7);
	memcpy(chunk + 7 + 65536, "\r\n", 3);
	start(&f, HTTP_SETTINGS_DEFAULT);
	int fd = dial(&f);
	send_text(fd,
		  "PUT /v1/profiles/a/b HTTP/1.1\r\n" AUTH "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 17; i++)
		send_text(fd, chunk);
	send_text(fd, "0\r\n\r\n");
	receive(fd, "}", got, sizeof got);
	cr_expect(strncmp(got, "HTTP/1.1 413 ", 13) == 0, "%s", got);
	cr_expect_eq(atomic_load(&fake_counts(f.service)->bodies), 0);
	close(fd);
	stop(&f);
}

Test(server, who_is_unknown_is_refused_before_a_large_body_is_read_and_after_a_small_one)
{
	struct fixture f;
	char got[8192];

	start(&f, HTTP_SETTINGS_DEFAULT);
	int fd = dial(&f);
	send_text(fd,
		  "PUT /v1/profiles/a/b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na: 1\n");
	receive(fd, "}", got, sizeof got);
	cr_expect(strncmp(got, "HTTP/1.1 401 ", 13) == 0, "%s", got);
	cr_expect(strstr(got, "WWW-Authenticate: Bearer") != NULL && strstr(got, "close") == NULL);
	send_text(fd, "PUT /v1/profiles/a/b HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n");
	receive(fd, NULL, got, sizeof got);
	cr_expect(strncmp(got, "HTTP/1.1 401 ", 13) == 0, "%s", got);
	cr_expect_eq(atomic_load(&fake_counts(f.service)->submitted), 0);
	close(fd);
	stop(&f);
}

Test(server, a_failure_of_the_system_is_told_without_its_details)
{
	struct fixture f;
	char got[8192];

	start(&f, HTTP_SETTINGS_DEFAULT);
	ask(&f, "GET /v1/config/test/broken HTTP/1.1\r\n" AUTH "\r\n", "}", got, sizeof got);
	cr_expect(strncmp(got, "HTTP/1.1 503 ", 13) == 0, "%s", got);
	cr_expect(strstr(got, "application/problem+json") != NULL);
	cr_expect(strstr(got, "/secret/place") == NULL, "%s", got);
	ask(&f, "GET /v1/config/test/refused HTTP/1.1\r\n" AUTH "\r\n", "}]}", got, sizeof got);
	cr_expect(strncmp(got, "HTTP/1.1 422 ", 13) == 0, "%s", got);
	cr_expect(strstr(got, "\"errors\":[{\"pointer\":\"/a\"}]") != NULL, "%s", got);
	stop(&f);
}

Test(server, a_known_path_with_another_method_names_those_it_has)
{
	struct fixture f;
	char got[8192];

	start(&f, HTTP_SETTINGS_DEFAULT);
	ask(&f, "POST /v1/config/test/ready HTTP/1.1\r\n" AUTH "Content-Length: 0\r\n\r\n", "}",
	    got, sizeof got);
	cr_expect(strncmp(got, "HTTP/1.1 405 ", 13) == 0, "%s", got);
	cr_expect(strstr(got, "Allow: GET, HEAD\r\n") != NULL, "%s", got);
	stop(&f);
}

struct failing {
	_Atomic uint32_t calls;
	uint32_t fail_at;
};

static bool may_allocate(void *ctx)
{
	struct failing *f = ctx;

	return atomic_fetch_add(&f->calls, 1) + 1 != f->fail_at;
}

/* One server and two requests with the n-th allocation failing. True: none failed any more. */
static bool survive_failure(uint32_t n)
{
	const struct service_settings limits = SERVICE_SETTINGS_DEFAULT;
	const struct http_settings settings = HTTP_SETTINGS_DEFAULT;
	struct failing failing = {0, n};
	struct error err = ERROR_NULL;
	struct fixture f = {.service = fake_service_new()};
	char got[8192];
	enum result rc;

	alloc_hook_set(may_allocate, &failing);
	rc = http_server_open(&f.server, f.service, SLICE_LITERAL("127.0.0.1:0"), &settings,
			      &limits, &system_clock, &system_random, &err);
	cr_assert(rc == OK || rc == E_MEMORY, "allocation %u: %s", n, err.text);
	if (rc == OK) {
		ask(&f, "PUT /v1/profiles/a/b HTTP/1.1\r\n" AUTH "Content-Length: 4\r\n\r\na: 1",
		    "\r\n\r\n", got, sizeof got);
		cr_expect(got[0] == '\0' || strncmp(got, "HTTP/1.1 201 ", 13) == 0 ||
				  strncmp(got, "HTTP/1.1 503 ", 13) == 0,
			  "allocation %u: %s", n, got);
		ask(&f, "GET /nothing HTTP/1.1\r\n" AUTH "\r\n", "\r\n\r\n", got, sizeof got);
		cr_expect(got[0] == '\0' || strncmp(got, "HTTP/1.1 404 ", 13) == 0 ||
				  strncmp(got, "HTTP/1.1 503 ", 13) == 0,
			  "allocation %u: %s", n, got);
		http_server_drain(f.server);
		http_server_close(f.server);
	}
	alloc_hook_set(NULL, NULL);
	fake_service_free(f.service);
	return atomic_load(&failing.calls) < n;
}

Test(server, memory_that_runs_out_costs_at_most_the_request_that_needed_it)
{
	uint32_t n = 1;

	while (!survive_failure(n))
		n++;
	cr_expect_gt(n, 10, "allocations are counted");
	cr_expect_lt(n, 1000);
}
