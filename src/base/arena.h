/*
 * Memory for objects that live and die together: a parsed document, a request. Single objects are
 * never freed; arena_clear() frees all of them at once.
 *
 * An arena has a bound, so that the input of a client cannot use more memory than it was granted.
 * An arena that may hold secrets is wiped before it is freed. One thread at a time may allocate;
 * any thread may read objects that no longer change.
 */
#pragma once

#include "base/budget.h"
#include "base/memory.h"
#include "base/slice.h"

#include <stdint.h>

struct arena_block;

/* Initialized with ARENA_INIT. The two flags of failure stay set until arena_clear(), so that a
 * caller can try several allocations and look at the reason once. */
struct arena {
	struct arena_block *last;
	size_t used_bytes; /* of all blocks, for accounting */
	size_t max_bytes;  /* 0: no bound */
	bool is_wiped;	   /* wipe on clear */
	bool is_exhausted; /* an allocation failed because of the bound or the budget */
	/* Set by the owner: the request that is charged for this memory until it is cleared. May be
	 * NULL. */
	struct budget *budget;
	bool is_short; /* an allocation failed because the system had no memory */
};

/* `max_bytes` counts whole blocks. */
#define ARENA_INIT(max_bytes_, is_wiped_)                              \
	{                                                              \
		NULL, 0, (max_bytes_), (is_wiped_), false, NULL, false \
	}
#define ARENA_NULL ARENA_INIT(0, false)

/* Frees all that was allocated and gives the memory back to the budget; the arena may then be used
 * again, with the same bound and the same budget. Pointers into the arena are invalid afterwards.
 * An arena that never allocated may be cleared. */
void arena_clear(struct arena *a);

/* For an arena that outlives its request: returns the memory to the budget and forgets the
 * budget. */
void arena_leave_budget(struct arena *a);

/* Zeroed and aligned for any object. NULL when the memory, the bound or the budget is used up:
 * `is_short` and `is_exhausted` then say which; neither is set for a size that overflows. A size of
 * 0 gives a pointer that may be compared but not read. The memory belongs to the arena. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_alloc_array(struct arena *a, size_t count, size_t size);

/* Copies into the arena; arena_text() adds a NUL that the slice does not count. The source may end
 * before the arena does. NULL as above. */
char *arena_text(struct arena *a, struct slice s);
void *arena_copy(struct arena *a, const void *data, size_t size);
