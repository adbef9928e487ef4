/*
 * Memory for what lives and dies together: a parsed document, a request. Nothing is freed alone; the
 * whole is, at once. An arena has a bound, so that what a client sends cannot cost more than was
 * granted, and is wiped when it goes if it was told that secrets may pass through it. One thread at a
 * time may allocate; what was allocated may be read by all once it no longer changes.
 */
#pragma once

#include "base/budget.h"
#include "base/memory.h"
#include "base/slice.h"

#include <stdint.h>

struct arena_block;

struct arena {
	struct arena_block *last;
	size_t used_bytes; /* of all blocks, for accounting */
	size_t max_bytes;  /* 0: no bound */
	bool is_wiped;	   /* wipe on clear */
	bool is_exhausted; /* the bound or the budget, rather than the system, said no */
	/* Set by the owner: the request that holds this memory until it is cleared. May be NULL. */
	struct budget *budget;
	bool is_short; /* the system had no memory once: something that was asked for is missing */
};

/* `max_bytes` counts whole blocks. */
#define ARENA_INIT(max_bytes_, is_wiped_)                              \
	{                                                              \
		NULL, 0, (max_bytes_), (is_wiped_), false, NULL, false \
	}
#define ARENA_NULL ARENA_INIT(0, false)

void arena_clear(struct arena *a);

/* For an arena that outlives the request: its budget gets the memory back and is forgotten. */
void arena_leave_budget(struct arena *a);

/* Zeroed, aligned for any object; NULL when memory or the bound is used up. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_alloc_array(struct arena *a, size_t count, size_t size);

/* A NUL-terminated copy. */
char *arena_text(struct arena *a, struct slice s);
void *arena_copy(struct arena *a, const void *data, size_t size);
