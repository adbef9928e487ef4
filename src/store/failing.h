/* A store for tests that let the n-th call fail. */
#pragma once

#include "store/store.h"

/* A store that asks `may_call` before each call that touches the disk, by the name of the function
 * without "store_". False makes the call E_IO, and nothing is done. A commit asks twice: "commit"
 * before it, and "commit_sync" after the rows are in; false at the second is a commit that happened
 * and was not acknowledged. After either, the store refuses to write, as a real one does. Takes
 * `inner`, also on failure. */
MUST_USE enum result store_wrap_failing(struct store **ret, struct store *inner,
					bool (*may_call)(void *ctx, const char *name), void *ctx,
					struct error *err);
/* From now on what is made to fail is E_FULL: the disk has no space. A commit that fails so is
 * undone, and the store goes on taking writes. Any thread. */
void store_failing_set_full(struct store *s, bool is_full);
