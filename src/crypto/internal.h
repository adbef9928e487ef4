/* What the files of this folder share: the inside of a key. */
#pragma once

#include "crypto/secret_memory.h"

#include <stdalign.h>

/* Lies in secret memory, the pointer to its pool included. */
struct key {
	alignas(16) uint8_t bytes[KEY_BYTES];
	struct secret_memory *memory;
};

/* A key whose bytes are zero, for the caller to fill. */
MUST_USE enum result key_new_blank(struct key **ret, struct secret_memory *m, struct error *err);

static inline void store_u32(uint8_t ret[static 4], uint32_t value)
{
	for (int i = 0; i < 4; i++)
		ret[i] = (uint8_t)(value >> (24 - 8 * i));
}

static inline uint32_t load_u32(const uint8_t from[static 4])
{
	return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 |
	       (uint32_t)from[3];
}
