/* Numbers as bytes, big-endian, for stored and hashed forms. */
#pragma once

#include <stdint.h>

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
