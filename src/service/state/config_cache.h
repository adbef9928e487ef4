/*
 * What profiles come to, kept ready: resolved, validated and written as JSON, shared by all who
 * read it. An entry hangs on its snap_doc and so goes with it; a bound in bytes takes the least
 * recently used away before.
 */
#pragma once

#include "service/state/view.h"
#include "service/call.h"

struct effective_entry {
	atomic_uint refs;
	struct effective effective; /* immutable */
	uint64_t *secret_versions;  /* beside effective.secrets: what each meant; 0: missing, with a
				       default */
	struct shared_body *json;
	uint8_t digest[HASH_BYTES]; /* of content and the versions of secrets: the revision log's */
	char etag[ETAG_BYTES];	    /* of the plain JSON form */
	size_t bytes;		    /* about what it costs */
};

/* Resolves and validates `path` in the view. Takes nothing. E_NOT_FOUND; E_UNSUPPORTED: abstract;
 * E_INVALID with `report`. */
MUST_USE enum result effective_entry_new(struct effective_entry **ret, struct view *v,
					 struct slice path, struct check_report *report,
					 struct error *err);
struct effective_entry *effective_entry_ref(struct effective_entry *e);
void effective_entry_unref(struct effective_entry *e); /* takes NULL */

/* The ETag of another form of the same entry. */
void effective_etag(char ret[static ETAG_BYTES], const struct effective_entry *e,
		    enum config_format format, bool is_revealed, struct slice key);

struct config_cache;

struct config_cache *config_cache_new(size_t bytes_max);
void config_cache_free(struct config_cache *c); /* after all snapshots */

/* Referenced; NULL where there is none yet. */
struct effective_entry *config_cache_get(struct config_cache *c, struct snap_doc *d);
/* Keeps the entry with the document, unless it has one already. */
void config_cache_put(struct config_cache *c, struct snap_doc *d, struct effective_entry *e);
