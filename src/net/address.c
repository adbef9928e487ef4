/*
 * Whether the host of a URL is this machine. Plain http is private only then (base_url.c), so a
 * wrong "yes" lets a token cross a network unencrypted without a warning; a wrong "no" costs one
 * warning. In doubt the result is false.
 *
 * Hosts are parsed and never resolved. A name server could give 127.0.0.1 to this check and another
 * address to the connection that follows. For the same reason a name of this machine in /etc/hosts
 * is not loopback here.
 */
#include "net/address.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* RFC 1122 section 3.2.1.3: the whole of 127.0.0.0/8. */
static bool is_loopback_v4(const uint8_t bytes[static 4])
{
	return bytes[0] == 127;
}

/* Exactly ::1 (RFC 4291 section 2.5.3), or 127.0.0.0/8 in the IPv4-mapped form ::ffff:a.b.c.d
 * (section 2.5.5.2), which the kernel connects by IPv4. */
static bool is_loopback_v6(const uint8_t bytes[static 16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, one[16] = {[15] = 1};

	return memcmp(bytes, one, sizeof one) == 0 ||
	       (memcmp(bytes, mapped, sizeof mapped) == 0 && is_loopback_v4(bytes + 12));
}

bool address_is_loopback(const char *host)
{
	size_t len = strlen(host);
	uint8_t bytes[16];
	char plain[64];

	if (strcasecmp(host, "localhost") == 0)
		return true;
	/* No text of an address has more than 45 characters: a longer host is a name. */
	if (len >= sizeof plain)
		return false;
	memcpy(plain, host, len + 1);
	/* RFC 3986 section 3.2.2: a URL has its IPv6 address in brackets. Brackets around an IPv4
	 * address are malformed and so not loopback. */
	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		memcpy(plain, host + 1, len - 2);
		plain[len - 2] = '\0';
		return inet_pton(AF_INET6, plain, bytes) == 1 && is_loopback_v6(bytes);
	}
	if (inet_pton(AF_INET, plain, bytes) == 1)
		return is_loopback_v4(bytes);
	return inet_pton(AF_INET6, plain, bytes) == 1 && is_loopback_v6(bytes);
}
