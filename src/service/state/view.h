/*
 * Documents as one reader or writer sees them: those of a snapshot, or as they were at a revision,
 * with the changes of a write laid over them.
 *
 * What must hold:
 * - A path gives the same result for as long as the view lives. Content is opened, parsed and
 *   compiled on first use and kept until the view is cleared or trimmed.
 * - The view remembers every path that was looked at, also those that do not exist: these are what
 *   must not have changed when a write is committed.
 * - With `reader`, the value of a secret that the reader may not read is opaque. With `for_whom`,
 *   each secret whose value is opened is recorded first.
 *
 * One thread at a time. The content of secrets lies in wiped memory. No locks.
 */
#pragma once

#include "profile/profile.h"
#include "profile/check.h"
#include "service/state/open_content.h"
#include "service/state/rights.h"
#include "service/state/state.h"

#define VIEW_PARSED_BYTES_MAX ((size_t)32 << 20) /* where view_trim() begins */

struct change;

/* One path in a view. The members up to `record` are set; the rest when it is needed. */
struct view_doc {
	struct slice key; /* the path; for an old version the path, NUL and the version */
	struct slice path;
	enum doc_kind kind;
	bool exists;		     /* live */
	bool is_pinned;		     /* an old version by number, which no commit checks again */
	uint64_t version;	     /* 0: there never was one */
	struct snap_doc *doc;	     /* the snapshot's, referenced; NULL: it has none */
	const struct change *change; /* that is laid over it */
	struct doc_record
		*record;     /* that has the content; NULL: new content, or there never was any */
	enum result load_rc; /* of the last read from the store; a failed one is tried again */
	bool is_recorded;    /* its value was noted for the audit log */
	bool is_parsed;
	struct tree tree;
	size_t parsed_bytes;	       /* of the tree */
	struct doc_warnings *warnings; /* of the parsing; NULL but for new content */
	bool has_header;
	struct profile_header header;
	struct profile_layer layer;
	struct schema *schema;
	struct view_doc *next; /* all of a view */
};

/* A view, in memory of the caller. view_init() and view_clear() enclose its use. */
struct view {
	struct state *state;
	struct snapshot *snapshot;     /* referenced */
	struct store_session *session; /* NULL: old versions are E_NEEDS_STORE */
	struct budget *budget;	       /* of the request; NULL in the caller's thread */
	uint64_t at_revision;	       /* 0: the snapshot's */
	const struct rights
		*reader; /* secrets that it may not read are opaque; NULL: none is opaque */
	/* Records each secret that is opened; without `record` all secrets are opaque. */
	struct read_recorder for_whom;
	struct pmap docs; /* view_doc by key */
	struct view_doc *first;
	size_t parsed_bytes; /* of all that is parsed */
	/* A changed schema is laid over: the snapshot's compiled schemas are not used. */
	bool has_new_schemas;
	struct arena arena;
};

/* Takes a reference to `snapshot` and borrows the rest. The caller sets `reader` and `for_whom`
 * afterwards. */
void view_init(struct view *v, struct state *state, struct snapshot *snapshot,
	       struct store_session *session, struct budget *budget);
/* Frees all that the view gave out, but for schemas that the snapshot shares. The view is empty
 * afterwards. */
void view_clear(struct view *v);

/* Gives also a path that does not exist (`exists` is false). Lives as long as the view.
 * E_MALFORMED: no document can have that path. */
MUST_USE enum result view_find(struct view *v, struct slice path, struct view_doc **ret,
			       struct error *err);
/* One version of a document, by number. E_NOT_FOUND: it does not exist, or it was deleted or
 * destroyed; then `*ret` says which. */
MUST_USE enum result view_find_version(struct view *v, struct slice path, uint64_t version,
				       struct view_doc **ret, struct error *err);
/* Opens and parses the document into `d->tree`, once. E_NOT_FOUND: it has no content.
 * E_NEEDS_STORE: only a worker may. E_LIMIT: the budget is used up. */
MUST_USE enum result view_parse(struct view *v, struct view_doc *d, struct error *err);
/* Frees parsed content if there is much of it; it is read again when it is needed. Changes that are
 * laid over stay. Not while a result of the view is in use. */
void view_trim(struct view *v);
/* Lays a change over its path, which must not have been looked at before. */
MUST_USE enum result view_lay(struct view *v, const struct change *change, struct error *err);

/* The compiled schema; a snap_doc's is compiled once. `report` may be NULL. Borrowed.
 * E_NOT_FOUND. */
MUST_USE enum result view_schema(struct view *v, struct slice path, const struct schema **ret,
				 struct schema_report *report, struct error *err);

/* For profile_check() and profile_reveal(). */
struct check_source view_source(struct view *v);

/* For profile_check() and profile_reveal(): the value that a reference means; `ref->version` 0 is
 * the newest. The call's audit entry then names the secret, unless its value came with the call. An
 * opaque node where the reader may not know the value. */
MUST_USE enum result view_secret_value(void *view, const struct secret_ref *ref,
				       const struct tree_node **ret, struct error *err);
/* Records in the call's audit entry that the secret was opened, once. E_UNAVAILABLE: it cannot be
 * recorded. */
MUST_USE enum result view_record_read(struct view *v, struct view_doc *d, struct error *err);
/* The version that a reference means here: its own, or the newest. E_NOT_FOUND. */
MUST_USE enum result view_secret_version(struct view *v, const struct secret_ref *ref,
					 uint64_t *ret, struct error *err);
