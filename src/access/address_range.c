/*
 * Addresses are 16 bytes. IPv4 is mapped into ::ffff:0:0/96 (RFC 4291 section 2.5.5.2), so that one
 * comparison serves both. Texts come from clients and from stored records: every length is checked
 * before a copy. Pure functions; any thread may call.
 */
#include "access/token.h"

#include <arpa/inet.h>
#include <stdio.h>

/* The first 12 bytes of a mapped IPv4 address. */
static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_ipv4_mapped(const uint8_t address[static 16])
{
	return memcmp(address, mapped, sizeof mapped) == 0;
}

bool address_parse(struct slice text, uint8_t ret[static 16])
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, bytes + 12) == 1)
		memcpy(bytes, mapped, sizeof mapped);
	else if (inet_pton(AF_INET6, copy, bytes) != 1)
		return false;
	memcpy(ret, bytes, sizeof bytes);
	return true;
}

/* "10.0.0.0/8" gives 104 bits; an address alone stands for itself. Bits behind the prefix may be
 * set and are ignored by range_contains(). An IPv6 text of a mapped address counts its bits from
 * the first of 128. */
bool address_range_parse(struct slice text, struct address_range *ret)
{
	struct slice rest = text, address = SLICE_NULL;
	uint8_t bytes[16];
	bool is_ipv4;
	uint64_t bits;

	if (!slice_next_part(&rest, '/', &address) || !address_parse(address, bytes))
		return false;
	is_ipv4 = memchr(address.data, ':', address.len) == NULL;
	bits = is_ipv4 ? 32 : 128;
	if (rest.data != NULL && !slice_to_u64(rest, bits, &bits))
		return false;
	memcpy(ret->bytes, bytes, sizeof bytes);
	ret->bits = (uint8_t)(is_ipv4 ? bits + 96 : bits);
	return true;
}

static bool range_contains(const struct address_range *range, const uint8_t address[static 16])
{
	unsigned whole = range->bits / 8, rest = range->bits % 8;
	unsigned mask = rest != 0 ? 0xffu << (8 - rest) & 0xffu : 0;

	if (memcmp(range->bytes, address, whole) != 0)
		return false;
	return mask == 0 || ((range->bytes[whole] ^ address[whole]) & mask) == 0;
}

bool address_ranges_contain(const struct address_range *ranges, uint32_t count,
			    const uint8_t address[static 16])
{
	for (uint32_t i = 0; i < count; i++) {
		if (range_contains(&ranges[i], address))
			return true;
	}
	return count == 0;
}

void address_fold(uint8_t ret[static 16], const uint8_t address[static 16])
{
	memcpy(ret, address, 16);
	if (!is_ipv4_mapped(address))
		memset(ret + 8, 0, 8);
}

void address_write_folded(char ret[static ADDRESS_TEXT_BYTES], const uint8_t folded[static 16])
{
	char text[INET6_ADDRSTRLEN] = "";

	if (is_ipv4_mapped(folded)) {
		inet_ntop(AF_INET, folded + 12, text, sizeof text);
		snprintf(ret, ADDRESS_TEXT_BYTES, "%s", text);
		return;
	}
	inet_ntop(AF_INET6, folded, text, sizeof text);
	snprintf(ret, ADDRESS_TEXT_BYTES, "%s/64", text);
}
