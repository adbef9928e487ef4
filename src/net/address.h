/* Checks of the addresses that requests are sent to. */
#pragma once

#include <stdbool.h>

/* Whether a URL's host is this machine: an address in 127.0.0.0/8, ::1 (also in brackets), one of
 * these as an IPv4-mapped IPv6 address, or exactly "localhost" in any case. A name that only
 * begins like one of these is not. */
bool address_is_loopback(const char *host);
