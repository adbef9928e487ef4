/*
 * The address to listen on, from its text to a listening socket, and the addresses of clients.
 *
 * Nothing is resolved: a server that must be reachable on one address only must not depend on a
 * name server for which one. "localhost" is the one exception, and always means 127.0.0.1. The
 * sockets are non-blocking and are not inherited by children. listen_open() runs once, before the
 * event loops start; the other functions are free of state.
 */
#include "http/listen.h"

#include "base/log.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

/* Connections that wait to be accepted, so that many clients that return after a restart are not
 * refused. The kernel lowers it to net.core.somaxconn. */
#define BACKLOG 4096
/* Of one connection, that the kernel takes before its client has room for them. Without a bound it
 * takes megabytes at once: event loops would copy whole responses for clients that do not read,
 * one after the other, while the requests of others wait (hundreds of such clients: seconds). The
 * size does not bound the bytes that are on their way, so a client that reads is not slowed. */
#define UNSENT_BYTES_MAX (64 * 1024)

/* At the last colon: an IPv6 address has more of them. */
static bool split_port(struct slice text, struct slice *ret_host, uint64_t *ret_port)
{
	size_t at = text.len;

	while (at != 0 && text.data[at - 1] != ':')
		at--;
	if (at == 0 || !slice_to_u64(slice_from(text, at), UINT16_MAX, ret_port))
		return false;
	*ret_host = slice_first(text, at - 1);
	return true;
}

enum result listen_parse(struct slice text, union socket_address *ret, struct error *err)
{
	char host[INET6_ADDRSTRLEN + 1] = {0};
	struct slice name;
	uint64_t port;
	bool is_v6;

	if (!split_port(text, &name, &port))
		return fail(err, E_MALFORMED,
			    "the address must be HOST:PORT, such as 127.0.0.1:7338");
	is_v6 = name.len > 2 && name.data[0] == '[' && name.data[name.len - 1] == ']';
	if (is_v6)
		name = slice_make(name.data + 1, name.len - 2);
	else if (slice_is_text(name, "localhost"))
		name = SLICE_LITERAL("127.0.0.1");
	if (name.len >= sizeof host)
		return fail(err, E_MALFORMED, "the address's host is too long");
	memcpy(host, name.data, name.len);
	*ret = (union socket_address){0};
	if (is_v6 && inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons((uint16_t)port);
		return OK;
	}
	if (!is_v6 && inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons((uint16_t)port);
		return OK;
	}
	return fail(err, E_MALFORMED,
		    "the address's host must be an IPv4 address or an IPv6 address in brackets");
}

static enum result bind_and_listen(int fd, uint16_t *ret_port, const union socket_address *address,
				   struct error *err)
{
	const int yes = 1, unsent_bytes_max = UNSENT_BYTES_MAX;
	union socket_address bound = {0};
	socklen_t len = address->any.sa_family == AF_INET ? sizeof address->v4 : sizeof address->v6;

	/* A restart must not wait until the connections of the former process have left
	 * TIME_WAIT. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0)
		return fail_errno(err, E_IO, "listen");
	/* [::] must not take IPv4 clients too, whatever the system's default is. */
	if (address->any.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) != 0)
		return fail_errno(err, E_IO, "listen");
	/* Accepted sockets inherit it. A sandbox without it costs speed, not safety. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_bytes_max,
		       sizeof unsent_bytes_max) != 0)
		log_line(LOG_WARN, "large_responses_may_delay_others",
			 "reason=\"the system has no TCP_NOTSENT_LOWAT\"");
	if (bind(fd, &address->any, len) != 0)
		return fail_errno(err, E_IO, "bind the address to listen on");
	if (listen(fd, BACKLOG) != 0)
		return fail_errno(err, E_IO, "listen");
	len = sizeof bound;
	/* The kernel chooses the port where 0 was asked for. */
	if (getsockname(fd, &bound.any, &len) != 0)
		return fail_errno(err, E_IO, "read the address listened on");
	*ret_port = ntohs(bound.any.sa_family == AF_INET ? bound.v4.sin_port : bound.v6.sin6_port);
	return OK;
}

enum result listen_open(int *ret_fd, uint16_t *ret_port, const union socket_address *address,
			struct error *err)
{
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	enum result rc;

	if (fd < 0)
		return fail_errno(err, E_IO, "make a socket");
	rc = bind_and_listen(fd, ret_port, address, err);
	if (rc != OK) {
		close(fd);
		return rc;
	}
	*ret_fd = fd;
	return OK;
}

enum result listen_is_loopback(struct slice text, bool *ret, struct error *err)
{
	union socket_address address;
	enum result rc = listen_parse(text, &address, err);

	if (rc != OK)
		return rc;
	*ret = address.any.sa_family == AF_INET
		       ? ntohl(address.v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET
		       : IN6_IS_ADDR_LOOPBACK(&address.v6.sin6_addr);
	return OK;
}

void address_describe(const struct sockaddr *address, uint8_t ret_bytes[static 16],
		      char ret_text[static INET6_ADDRSTRLEN])
{
	struct in6_addr bytes = IN6ADDR_ANY_INIT;

	if (address->sa_family == AF_INET6) {
		memcpy(&bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
		       sizeof bytes);
	} else if (address->sa_family == AF_INET) {
		bytes.s6_addr[10] = bytes.s6_addr[11] = 0xff;
		memcpy(&bytes.s6_addr[12],
		       &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
	}
	memcpy(ret_bytes, &bytes, sizeof bytes);
	if (IN6_IS_ADDR_V4MAPPED(&bytes))
		inet_ntop(AF_INET, &bytes.s6_addr[12], ret_text, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, &bytes, ret_text, INET6_ADDRSTRLEN);
}
