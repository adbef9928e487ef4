/*
 * Numbers as bytes, big-endian, for stored and hashed forms.
 *
 * Hashes, signatures and sealed contents cover these bytes, so their order must never change: data
 * that is stored already could no longer be verified or opened. The functions work the same on
 * every machine, at any alignment. Big-endian, so that numbers sort like their bytes.
 */
#pragma once

#include <stdint.h>

/* The most significant byte is ret[0]: 1 is stored as 00 00 00 01. */
static inline void u32_store(uint8_t ret[static 4], uint32_t value)
{
	for (int i = 0; i < 4; i++)
		ret[i] = (uint8_t)(value >> (24 - 8 * i));
}

static inline void u64_store(uint8_t ret[static 8], uint64_t value)
{
	for (int i = 0; i < 8; i++)
		ret[i] = (uint8_t)(value >> (56 - 8 * i));
}

/* The reverse of the above; every sequence of bytes is a number, so there is no error. */
static inline uint32_t u32_load(const uint8_t from[static 4])
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 8 | from[i];
	return value;
}

static inline uint64_t u64_load(const uint8_t from[static 8])
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | from[i];
	return value;
}
