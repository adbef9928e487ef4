/* How much memory request bodies may take, and which bodies are not read. */
#include "server_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool comes_to(const struct fixture *f, char who, size_t len, unsigned status)
{
	for (int ms = 0; ms < PATIENCE_MS; ms += 10) {
		if (upload(f, who, len) == status)
			return true;
		sleep_ms(10);
	}
	return false;
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

Test(server, stalled_uploads_of_one_principal_do_not_stop_writes_of_others)
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

Test(server, small_bodies_are_received_while_all_large_ones_stall)
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
	     i++) { /* together more than the reserve: each returned its part of it */
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

Test(server, a_principal_has_a_limited_number_of_uploads_at_a_time)
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

Test(server, a_body_that_its_principal_may_not_send_is_refused_unread)
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

Test(server, without_a_valid_token_a_large_body_is_refused_unread_and_a_small_one_after_it_is_read)
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
