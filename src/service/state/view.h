/*
 * Documents as one reader or writer sees them: those of a snapshot, or as they were at a revision,
 * with the changes of a write laid over. Opened, parsed and compiled on first use and kept until
 * the view goes. It remembers all that was looked at, also what was not there: before a commit that
 * is what must not have changed.
 *
 * One thread at a time. Contents of secrets live in wiped memory.
 */
#pragma once

#include "profile/profile.h"
#include "profile/check.h"
#include "service/state/open_content.h"
#include "service/state/rights.h"
#include "service/state/state.h"

#define VIEW_PARSED_BYTES_MAX ((size_t)32 << 20) /* where view_trim() begins */

struct change;

/* What a path stands for in a view. The fields up to `record` are set; the rest on request. */
struct view_doc {
	struct slice key; /* path, or path, NUL and version where an old version was asked for */
	struct slice path;
	enum doc_kind kind;
	bool exists;	/* live */
	bool is_pinned; /* an old version, asked for by number: not part of what a commit re-checks
			 */
	uint64_t version;     /* 0: there never was one */
	struct snap_doc *doc; /* as the snapshot has it, referenced; NULL where it has none */
	const struct change *change; /* lies over it */
	struct doc_record
		*record;     /* whose content counts; NULL for new content and for what never was */
	enum result load_rc; /* of the last look into the store; another look is taken where it
				failed */
	bool is_recorded;    /* its value was noted for the audit log */
	bool is_parsed;
	struct tree tree;
	size_t parsed_bytes;	       /* what the tree took */
	struct doc_warnings *warnings; /* of the parsing; NULL but for new content */
	bool has_header;
	struct profile_header header;
	struct profile_layer layer;
	struct schema *schema;
	struct view_doc *next; /* all of a view */
};

struct view {
	struct state *state;
	struct snapshot *snapshot;     /* referenced */
	struct store_session *session; /* NULL: old versions are E_NEEDS_STORE */
	struct budget *budget;	       /* of the request; NULL in the caller's thread */
	uint64_t at_revision;	       /* 0: the snapshot's */
	const struct rights *
		reader; /* whose eyes: secrets that it may not read are opaque; NULL: all is seen */
	struct read_recorder
		for_whom; /* secrets are opened; without `record` for nobody, all are opaque */
	struct pmap docs; /* view_doc by key */
	struct view_doc *first;
	size_t parsed_bytes;  /* of all that is parsed */
	bool has_new_schemas; /* a change of one lies over: what the snapshot has compiled does not
				 count */
	struct arena arena;
};

/* Of `snapshot`, which is referenced; the rest is borrowed. `for_whom` is set afterwards by who
 * looks on somebody's behalf. */
void view_init(struct view *v, struct state *state, struct snapshot *snapshot,
	       struct store_session *session, struct budget *budget);
void view_clear(struct view *v);

/* Never E_NOT_FOUND: `exists` says it. Lives as long as the view. E_MALFORMED for what is no
 * document's path. */
MUST_USE enum result view_find(struct view *v, struct slice path, struct view_doc **ret,
			       struct error *err);
/* One version of it, whatever the newest is. E_NOT_FOUND where there is none, or it was deleted or
 * destroyed: `*ret` says which then. */
MUST_USE enum result view_find_version(struct view *v, struct slice path, uint64_t version,
				       struct view_doc **ret, struct error *err);
MUST_USE enum result view_parse(struct view *v, struct view_doc *d, struct error *err);
/* Between two looks: frees what was parsed, if that is much; what is needed again is read again.
 * Changes laid over stay. */
void view_trim(struct view *v);
/* Lays a change over; before anything of that path was looked at. */
MUST_USE enum result view_lay(struct view *v, const struct change *change, struct error *err);

/* E_NOT_FOUND where there is none. Compiled at most once for a snap_doc. `report` may be NULL.
 * Borrowed. */
MUST_USE enum result view_schema(struct view *v, struct slice path, const struct schema **ret,
				 struct schema_report *report, struct error *err);

/* For profile_check() and profile_reveal(). */
struct check_source view_source(struct view *v);

/* The value of a secret's key, the profile's word for it; the call's entry then names the secret,
 * unless the value came with the call. An opaque node where the reader may not know it.
 * `ref->version` 0 is the newest. */
MUST_USE enum result view_secret_value(void *view, const struct secret_ref *ref,
				       const struct tree_node **ret, struct error *err);
/* Has the call's entry name a secret whose content is opened, once. E_UNAVAILABLE: it cannot be
 * recorded. */
MUST_USE enum result view_record_read(struct view *v, struct view_doc *d, struct error *err);
/* The version that a reference means here: its own, or the newest. E_NOT_FOUND. */
MUST_USE enum result view_secret_version(struct view *v, const struct secret_ref *ref,
					 uint64_t *ret, struct error *err);
