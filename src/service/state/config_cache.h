/*
 * Effective configurations, kept ready: resolved, validated and written as JSON, shared by all
 * readers.
 *
 * What must hold:
 * - An entry does not depend on its reader: it is what the profile comes to for anyone; secrets
 *   are references in it. So all readers share it, and rights are checked before it is used.
 * - An entry belongs to one snap_doc. A commit that changes the effective configuration gives the
 *   profile a new snap_doc, so that an entry never has to be dropped for being out of date.
 * - The sizes of all entries together stay below `bytes_max`; the least recently used go first.
 *
 * Any thread. Lock: the cache's mutex guards `entry` of every snap_doc and the order of use; it is
 * held alone, for a few instructions.
 */
#pragma once

#include "service/state/view.h"
#include "service/call.h"

/* One resolved configuration: the tree, its JSON, and what tells it from others. Readers hold
 * references; the last one frees it. */
struct effective_entry {
	atomic_uint refs;
	struct effective effective; /* immutable */
	uint64_t *
		secret_versions; /* for each of effective.secrets; 0: missing, its default counts */
	struct shared_body *json;
	uint8_t digest[HASH_BYTES]; /* of content and the versions of secrets: the revision log's */
	char etag[ETAG_BYTES];	    /* of the plain JSON form */
	size_t bytes;		    /* approximately, in memory */
};

/* Resolves and validates `path` in the view. Takes nothing. E_NOT_FOUND; E_UNSUPPORTED: abstract;
 * E_INVALID with `report`. */
MUST_USE enum result effective_entry_new(struct effective_entry **ret, struct view *v,
					 struct slice path, struct check_report *report,
					 struct error *err);
/* A further reference to `e`, which may be NULL. Any thread. */
struct effective_entry *effective_entry_ref(struct effective_entry *e);
void effective_entry_unref(struct effective_entry *e); /* takes NULL */

/* The ETag of another form of the same entry. */
void effective_etag(char ret[static ETAG_BYTES], const struct effective_entry *e,
		    enum config_format format, bool is_revealed, struct slice key);

struct config_cache;

/* An empty cache that keeps at most `bytes_max` bytes of entries. NULL: no memory. */
struct config_cache *config_cache_new(size_t bytes_max);
void config_cache_free(struct config_cache *c); /* after all snapshots */

/* The entry of a document, as a reference that the caller gives back; it becomes the last used.
 * NULL: none is kept. */
struct effective_entry *config_cache_get(struct config_cache *c, struct snap_doc *d);
/* Keeps the entry with the document, unless it has one already or the entry is larger than the
 * cache. Takes a reference of its own. It never fails: what is not kept is resolved again. */
void config_cache_put(struct config_cache *c, struct snap_doc *d, struct effective_entry *e);
