#include "net/transport.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A server for one request: it keeps what it received and sends a fixed response. */
struct fake_server {
	int fd;
	pthread_t thread;
	const char *response;
	char base_url[64];
	char received[2048];
};

static void *serve_once(void *ctx)
{
	struct fake_server *s = ctx;
	int fd = accept(s->fd, NULL, NULL);
	size_t used = 0;

	while (fd >= 0 && strstr(s->received, "\r\n\r\n") == NULL) {
		ssize_t got = read(fd, s->received + used, sizeof s->received - 1 - used);

		if (got <= 0)
			break;
		used += (size_t)got;
	}
	if (fd < 0 || write(fd, s->response, strlen(s->response)) < 0)
		return s;
	close(fd);
	return NULL;
}

static void start_server(struct fake_server *s, const char *response)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;

	*s = (struct fake_server){.response = response, .fd = socket(AF_INET, SOCK_STREAM, 0)};
	cr_assert(s->fd >= 0);
	cr_assert_eq(bind(s->fd, (struct sockaddr *)&address, len), 0);
	cr_assert_eq(listen(s->fd, 1), 0);
	cr_assert_eq(getsockname(s->fd, (struct sockaddr *)&address, &len), 0);
	snprintf(s->base_url, sizeof s->base_url, "http://127.0.0.1:%u", ntohs(address.sin_port));
	cr_assert_eq(pthread_create(&s->thread, NULL, serve_once, s), 0);
}

static void stop_server(struct fake_server *s)
{
	void *failed = NULL;

	pthread_join(s->thread, &failed);
	close(s->fd);
	cr_assert_null(failed);
}

/* Sends one request over `t` to a new server that answers with `text`. */
static enum result perform_over(struct transport *t, struct transport_request *q,
				struct transport_response *ret, struct fake_server *s,
				const char *text, struct error *err)
{
	enum result rc;

	start_server(s, text);
	q->method = "GET";
	q->base_url = s->base_url;
	q->target = SLICE_LITERAL("/v1/x?y=1");
	q->timeout_ms = 10000;
	rc = transport_perform(t, q, ret, err);
	stop_server(s);
	return rc;
}

static enum result perform(struct transport_request *q, struct transport_response *ret,
			   struct fake_server *s, const char *text, struct error *err)
{
	struct transport *t = NULL;
	enum result rc;

	cr_assert_eq(transport_open(&t, "test/1", err), OK);
	rc = perform_over(t, q, ret, s, text, err);
	transport_close(t);
	return rc;
}

static void note_etag(void *ctx, struct slice name, struct slice value)
{
	struct buf *etag = ctx;

	if (slice_is_text(name, "ETag"))
		buf_append_slice(etag, value);
}

Test(transport, a_request_carries_its_headers_and_the_response_gives_status_headers_and_body)
{
	const struct transport_header headers[] = {{"Accept", "text/x"}, {"If-Match", NULL}};
	struct buf etag = BUF_NULL;
	struct transport_request q = {.headers = headers,
				      .headers_count = ARRAY_SIZE(headers),
				      .bearer_token = "rv_1",
				      .body_bytes_max = 100,
				      .on_header = note_etag,
				      .header_ctx = &etag};
	struct transport_response response = {0, BUF_NULL};
	struct fake_server s;
	struct error err = ERROR_NULL;

	cr_assert_eq(perform(&q, &response, &s,
			     "HTTP/1.1 404 No\r\nETag: \t\"e1\" \r\nContent-Length: 4\r\n\r\nbody",
			     &err),
		     OK, "%s", err.text);
	cr_expect_eq(response.status, 404);
	cr_expect_str_eq(response.body.data, "body");
	cr_expect_str_eq(etag.data, "\"e1\"");
	cr_expect_not_null(strstr(s.received, "GET /v1/x?y=1 HTTP/1.1\r\n"));
	cr_expect_not_null(strstr(s.received, "\r\nAccept: text/x\r\n"));
	cr_expect_not_null(strstr(s.received, "\r\nAuthorization: Bearer rv_1\r\n"));
	cr_expect_not_null(strstr(s.received, "\r\nUser-Agent: test/1\r\n"));
	cr_expect_null(strstr(s.received, "If-Match"));
	buf_clear(&etag);
	buf_clear(&response.body);
}

Test(transport, a_request_without_a_token_never_carries_the_token_of_an_earlier_one)
{
	static const char *const tokens[] = {"rv_1", NULL, "rv_2", "", NULL, "rv_3"};
	struct transport *t = NULL;
	struct error err = ERROR_NULL;

	cr_assert_eq(transport_open(&t, "test/1", &err), OK);
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
		struct transport_request q = {.bearer_token = tokens[i], .body_bytes_max = 100};
		struct transport_response response = {0, BUF_NULL};
		bool has_token = tokens[i] != NULL && tokens[i][0] != '\0';
		struct fake_server s;
		char line[64];

		cr_assert_eq(perform_over(t, &q, &response, &s,
					  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &err),
			     OK, "%s", err.text);
		snprintf(line, sizeof line, "\r\nAuthorization: Bearer %s\r\n",
			 has_token ? tokens[i] : "");
		cr_expect_eq(strstr(s.received, "Authorization") != NULL, has_token, "request %zu",
			     i);
		cr_expect(!has_token || strstr(s.received, line) != NULL, "request %zu", i);
		buf_clear(&response.body);
	}
	transport_close(t);
}

Test(transport, a_redirect_is_a_response_and_is_not_followed)
{
	struct transport_request q = {.body_bytes_max = 100};
	struct transport_response response = {0, BUF_NULL};
	struct fake_server s;
	struct error err = ERROR_NULL;

	cr_assert_eq(perform(&q, &response, &s,
			     "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
			     "Content-Length: 0\r\n\r\n",
			     &err),
		     OK, "%s", err.text);
	cr_expect_eq(response.status, 302);
	buf_clear(&response.body);
}

Test(transport, a_body_above_its_bound_is_refused)
{
	struct transport_request q = {.body_bytes_max = 3};
	struct transport_response response = {0, BUF_NULL};
	struct fake_server s;
	struct error err = ERROR_NULL;

	cr_expect_eq(perform(&q, &response, &s, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
			     &err),
		     E_TOO_LARGE);
	cr_expect_str_eq(err.text, "the response is larger than 3 bytes");
	cr_expect_null(response.body.data);
}

Test(transport, a_body_that_ends_early_is_an_error)
{
	struct transport_request q = {.body_bytes_max = 100};
	struct transport_response response = {0, BUF_NULL};
	struct fake_server s;
	struct error err = ERROR_NULL;

	cr_expect_eq(perform(&q, &response, &s, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody",
			     &err),
		     E_IO);
	cr_expect_not_null(strstr(err.text, s.base_url), "%s", err.text);
	cr_expect_null(response.body.data);
}

static enum result refuse_piece(void *ctx, struct slice piece, struct error *err)
{
	buf_append_slice(ctx, piece);
	return fail(err, E_INVALID, "the receiver stops");
}

Test(transport, a_receiver_of_pieces_can_stop_the_transfer)
{
	struct buf pieces = BUF_NULL;
	struct transport_request q = {.on_piece = refuse_piece, .piece_ctx = &pieces};
	struct transport_response response = {0, BUF_NULL};
	struct fake_server s;
	struct error err = ERROR_NULL;

	cr_expect_eq(perform(&q, &response, &s, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
			     &err),
		     E_INVALID);
	cr_expect_str_eq(err.text, "the receiver stops");
	cr_expect_str_eq(pieces.data, "body");
	buf_clear(&pieces);
}

Test(transport, a_receiver_of_pieces_gets_no_body_of_a_failure)
{
	struct buf pieces = BUF_NULL;
	struct transport_request q = {.on_piece = refuse_piece,
				      .piece_ctx = &pieces,
				      .body_bytes_max = 100};
	struct transport_response response = {0, BUF_NULL};
	struct fake_server s;
	struct error err = ERROR_NULL;

	cr_expect_eq(perform(&q, &response, &s, "HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbody",
			     &err),
		     OK, "%s", err.text);
	cr_expect_str_eq(response.body.data, "body");
	cr_expect_eq(pieces.len, 0);
	buf_clear(&response.body);
}
