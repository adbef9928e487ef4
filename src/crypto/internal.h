/* The inside of a key, for the files of this folder only. */
#pragma once

#include "base/result.h"
#include "crypto/sizes.h"

#include <stdalign.h>
#include <stdint.h>

struct secret_memory;

/* Lives in secret memory, with the pointer to its pool. */
struct key {
	alignas(16) uint8_t bytes[KEY_BYTES];
	struct secret_memory *memory;
};

/* Takes a free slot: a key of zeros that the caller fills. E_LIMIT when the pool is full. */
MUST_USE enum result key_new_blank(struct key **ret, struct secret_memory *m, struct error *err);
