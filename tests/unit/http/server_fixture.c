#include "server_fixture.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void start_by(struct fixture *f, struct http_settings settings, const struct clock *clock)
{
	const struct service_settings limits = SERVICE_SETTINGS_DEFAULT;
	struct error err = ERROR_NULL;

	f->service = fake_service_new();
	cr_assert_eq(http_server_open(&f->server,
				      &(struct http_server_options){
					      .service = f->service,
					      .listen = SLICE_LITERAL("127.0.0.1:0"),
					      .settings = &settings,
					      .limits = &limits,
					      .clock = clock,
					      .random = &system_random,
				      },
				      &err),
		     OK, "%s", err.text);
}

void start(struct fixture *f, struct http_settings settings)
{
	start_by(f, settings, &system_clock);
}

void stop(struct fixture *f)
{
	http_server_drain(f->server);
	http_server_close(f->server);
	fake_service_free(f->service);
}

int dial(const struct fixture *f)
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

void send_text(int fd, const char *text)
{
	cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

const char *receive(int fd, const char *until, char *ret, size_t size)
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

const char *ask(const struct fixture *f, const char *text, const char *until, char *ret,
		size_t size)
{
	int fd = dial(f);

	send_text(fd, text);
	receive(fd, until, ret, size);
	close(fd);
	return ret;
}

void sleep_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

void wait_for(const _Atomic uint64_t *count)
{
	for (int ms = 0; atomic_load(count) == 0 && ms < PATIENCE_MS; ms += 5)
		sleep_ms(5);
	cr_assert_neq(atomic_load(count), 0, "it did not come");
}

uint64_t wait_for_count(const _Atomic uint64_t *count, uint64_t wanted)
{
	for (int ms = 0; ms < PATIENCE_MS && atomic_load(count) < wanted; ms += 5)
		sleep_ms(5);
	return atomic_load(count);
}

int begin_upload(const struct fixture *f, char who, size_t announced, size_t sent)
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

unsigned upload(const struct fixture *f, char who, size_t len)
{
	char got[8192];
	unsigned status = 0;
	int fd = begin_upload(f, who, len, len);

	receive(fd, "\r\n\r\n", got, sizeof got);
	close(fd);
	sscanf(got, "HTTP/1.1 %u", &status);
	return status;
}

bool gauge_comes_to(const struct fixture *f, const char *gauge, size_t value)
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

bool comes_to_hold(const struct fixture *f, size_t body_bytes)
{
	return gauge_comes_to(f, "reeve_http_body_bytes", body_bytes);
}
