/*
 * A store in memory, for tests: it keeps the contract of store.h, savepoints, snapshots and queries
 * included, in the simplest way. Nothing is indexed and nothing survives the process.
 *
 * The rows are in a `struct memory_disk`, which outlives the store as a disk outlives a server:
 * opening it again finds what was committed.
 */
#pragma once

#include "store/store.h"

struct memory_disk;

/* An empty disk; the caller frees it. E_MEMORY. */
MUST_USE enum result memory_disk_new(struct memory_disk **ret, struct error *err);
/* Takes NULL. Stores and sessions on it must be closed. */
void memory_disk_free(struct memory_disk *d);

/* E_BUSY while another store on the same disk is open. store_backup() is E_UNSUPPORTED. */
MUST_USE enum result store_open_memory(struct store **ret, struct memory_disk *disk,
				       struct error *err);
