/* The server over real sockets, with a fake service that responds in every way. */
#include "server_fixture.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Starts a long poll and gives its connection once the service has it. */
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

Test(server, a_connection_carries_one_request_after_another)
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

Test(server, a_response_from_another_thread_reaches_its_connection)
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

Test(server, a_long_poll_whose_client_leaves_is_cancelled)
{
	struct fixture f;

	start(&f, HTTP_SETTINGS_DEFAULT);
	int fd = poll_and_sleep(&f);
	close(fd);
	wait_for(&fake_counts(f.service)->forgotten);
	cr_expect_eq(atomic_load(&fake_counts(f.service)->forgotten), 1);
	stop(&f);
}

Test(server, a_long_poll_whose_client_leaves_while_a_worker_has_it_is_cancelled_later)
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

Test(server, only_the_request_whose_client_left_is_abandoned)
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

Test(server, a_stop_responds_to_waiting_polls)
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

Test(server, a_stop_lets_requests_in_flight_finish)
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

Test(server, a_failure_of_the_system_is_reported_without_its_details)
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

Test(server, a_path_without_the_method_names_the_methods_that_it_has)
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
	rc = http_server_open(&f.server,
			      &(struct http_server_options){
				      .service = f.service,
				      .listen = SLICE_LITERAL("127.0.0.1:0"),
				      .settings = &settings,
				      .limits = &limits,
				      .clock = &system_clock,
				      .random = &system_random,
			      },
			      &err);
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

Test(server, without_memory_only_the_request_that_needed_it_fails)
{
	uint32_t n = 1;

	while (!survive_failure(n))
		n++;
	cr_expect_gt(n, 10, "allocations are counted");
	cr_expect_lt(n, 1000);
}
