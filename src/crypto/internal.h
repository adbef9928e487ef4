/* What the files of this folder share: the inside of a key. */
#pragma once

#include "base/result.h"
#include "crypto/sizes.h"

#include <stdalign.h>
#include <stdint.h>

struct secret_memory;

/* Lies in secret memory, the pointer to its pool included. */
struct key {
	alignas(16) uint8_t bytes[KEY_BYTES];
	struct secret_memory *memory;
};

/* A key whose bytes are zero, for the caller to fill. */
MUST_USE enum result key_new_blank(struct key **ret, struct secret_memory *m, struct error *err);
