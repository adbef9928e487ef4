/*
 * Listening sockets from "HOST:PORT", and the addresses of clients. The host is a number, so no
 * name is looked up; "localhost" stands for 127.0.0.1.
 */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* An address of either family; any.sa_family says which member is valid. */
union socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "127.0.0.1:7338", "[::1]:7338", "localhost:7338"; port 0 lets the kernel choose. E_MALFORMED,
 * with the form that is needed; `*ret` may have changed then. */
MUST_USE enum result listen_parse(struct slice text, union socket_address *ret, struct error *err);

/* Whether only this machine can reach the address. E_MALFORMED. */
MUST_USE enum result listen_is_loopback(struct slice text, bool *ret, struct error *err);

/* Binds a socket and listens; the descriptor is the caller's to close. `ret_port` is the port that
 * was bound. E_IO. */
MUST_USE enum result listen_open(int *ret_fd, uint16_t *ret_port,
				 const union socket_address *address, struct error *err);

/* The bytes of an address, IPv4 as ::ffff:a.b.c.d, and its text without a port: "192.0.2.7",
 * "2001:db8::1". An address of another family gives :: . */
void address_describe(const struct sockaddr *address, uint8_t ret_bytes[static 16],
		      char ret_text[static INET6_ADDRSTRLEN]);
