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
