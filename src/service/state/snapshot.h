/*
 * The state of one revision: what every reader reads.
 *
 * It owns, by reference count, the documents' newest versions (content as ciphertext), the edges
 * between documents, the policies in force and the tokens, each in a persistent map.
 *
 * What must hold:
 * - A published snapshot never changes; a commit forks it and copies the paths to what it changes.
 * - A doc_record is one document's newest version as stored. A snap_doc is that record's place in
 *   snapshots, with what was made of it (compiled schema, effective configuration). A commit that
 *   changes the effective configuration of a document but not the document itself gives it a new
 *   snap_doc over the same record. So "is it the same record?" is a question about content, and
 *   "is it the same snap_doc?" one about everything that follows from content.
 * - What is made of a snap_doc later (its schema, a token's principal) is set once, atomically,
 *   and is the same whichever thread makes it.
 *
 * Any thread may read a snapshot that it holds a reference to; only the committer changes a fork.
 * No locks, except that `entry` of a snap_doc is under the mutex of its cache.
 */
#pragma once

#include "access/policy.h"
#include "access/principal.h"
#include "crypto/hash.h"
#include "doc/path.h"
#include "schema/schema.h"
#include "service/state/pmap.h"
#include "store/store.h"

#include <stdatomic.h>

struct effective_entry; /* config_cache.h */

/* Immutable; one block with its bytes. */
struct doc_record {
	atomic_uint refs;
	enum doc_kind kind;
	struct version_row row;
	char bytes[];
};

/* Copies the row with all its texts. NULL: no memory. The reference is the caller's. */
struct doc_record *doc_record_new(enum doc_kind kind, const struct version_row *row);
/* For the functions of the store that give one row, which ends with their call: copies it into a
 * record of the kind that its path says. `ret_record`: a struct doc_record **. E_MALFORMED: the
 * row's path; E_MEMORY. */
MUST_USE enum result doc_record_keep(void *ret_record, const struct version_row *row,
				     struct error *err);
/* A further reference; takes NULL. */
struct doc_record *doc_record_ref(struct doc_record *r);
void doc_record_unref(struct doc_record *r);

/* The edges that begin at a document: what it needs. Immutable. */
struct doc_edges {
	atomic_uint refs;
	uint32_t count;
	struct doc_edge {
		struct slice target;
		enum edge_kind kind;
	} items[];
};

/* Copies the texts; duplicates are the caller's to leave out. */
struct doc_edges *doc_edges_new(const struct doc_edge *items, uint32_t count);
struct doc_edges *doc_edges_ref(struct doc_edges *e); /* takes NULL */
void doc_edges_unref(struct doc_edges *e);	      /* takes NULL */
/* Whether both have the same edges in the same order; NULL is none. */
bool doc_edges_are_equal(const struct doc_edges *a, const struct doc_edges *b);

struct snap_doc;

/* The part of a cache of entries that snap_doc_unref() needs to know: how it is told that the
 * document is going. */
struct doc_cache {
	void (*drop)(struct doc_cache *c, struct snap_doc *d);
};

/* A document in snapshots. Immutable, but for the members that say otherwise. */
struct snap_doc {
	atomic_uint refs;
	/* Never 0. With the path it names one state of all that follows from the document: a commit
	 * that changes this state gives the document a new snap_doc with the commit's revision. At
	 * a start it is the revision of the document's version. */
	uint64_t changed_revision;
	struct doc_record *record;
	struct doc_edges *edges;		    /* NULL: none */
	_Atomic(struct schema *) schema;	    /* compiled, once needed */
	struct effective_entry *entry;		    /* under the cache's mutex */
	struct doc_cache *cache;		    /* that keeps the entry; NULL: no cache does */
	struct snap_doc *cache_before, *cache_next; /* in its order of use */
};

/* Takes over both. NULL without memory (both are released then). */
struct snap_doc *snap_doc_new(struct doc_record *record_take, struct doc_edges *edges_take,
			      uint64_t changed_revision);
/* A further reference; takes NULL. */
struct snap_doc *snap_doc_ref(struct snap_doc *d);
/* Takes NULL. The last one also takes the entry out of its cache. */
void snap_doc_unref(struct snap_doc *d);

/* The row of the newest version; borrowed. */
static inline const struct version_row *snap_doc_row(const struct snap_doc *d)
{
	return &d->record->row;
}

/* Whether it exists for readers: there is a document, and its newest version is neither deleted nor
 * destroyed. */
static inline bool snap_doc_is_live(const struct snap_doc *d)
{
	return d != NULL && d->record->row.state == VERSION_LIVE;
}

/* `source` needs `target`: found from the target's side. The key is target, NUL, source. */
struct snap_edge {
	atomic_uint refs;
	enum edge_kind kind;
	struct slice key;
	struct slice target, source; /* inside the key */
	char bytes[];
};

/* A policy in force. */
struct snap_policy {
	atomic_uint refs;
	uint64_t changed_revision; /* never 0 */
	struct slice name;	   /* behind "policies/" */
	struct policy *policy;
	char bytes[];
};

/* Takes the policy, also on failure. NULL: no memory. */
struct snap_policy *snap_policy_new(struct slice name, struct policy *policy_take,
				    uint64_t changed_revision);

/* Immutable; a renewal, a use or a revocation puts a new one in its place. */
struct token {
	atomic_uint refs;
	uint8_t hash[HASH_BYTES];
	struct arena arena;
	struct token_record record;
	int64_t expires_ms; /* 0: never */
	int64_t uses_left;  /* -1: unlimited */
	bool is_revoked;
	struct slice name_key; /* in tokens_by_name */
	/* When it was first seen to have ended, itself or with one above it; monotonic, 0: not
	 * seen. Of the thread that ticks and of the committer (token/token_sweep.c). */
	_Atomic int64_t ended_seen_ms;
	/* A reference, made by token_principal() when it is first needed. */
	_Atomic(struct principal *) principal;
};

/* A token of a row, whose texts it copies. E_CORRUPT: the row or its record is malformed. E_MEMORY.
 */
MUST_USE enum result token_new(struct token **ret, const struct token_row *row, struct error *err);
struct token *token_ref(struct token *t);
void token_unref(struct token *t); /* takes NULL */

/* One revision. A reader holds a reference for as long as it reads. */
struct snapshot {
	atomic_uint refs;
	uint64_t epoch, revision;
	int64_t time_ms;		/* of the revision */
	struct pmap docs;		/* snap_doc by path, whatever its state */
	struct pmap edges;		/* snap_edge by target and source */
	struct pmap policies;		/* snap_policy by name: live ones */
	struct pmap tokens_by_hash;	/* token */
	struct pmap tokens_by_accessor; /* token */
	/* Those neither taken back nor used up. The key is the name without case and blanks around
	 * it, NUL, how early it ends (8 bytes), accessor: of one name, the last to end stands
	 * first. */
	struct pmap tokens_by_name;
};

struct snapshot *snapshot_new(void); /* empty */
/* A copy to change before it is published, with the epoch, revision and time of the original. NULL:
 * no memory. */
struct snapshot *snapshot_fork(const struct snapshot *from);
struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s); /* takes NULL */
/* For CLEANUP(). */
void snapshot_unrefp(struct snapshot **s);

/* Borrowed; NULL: there is no such document. _live skips deleted and destroyed ones. */
struct snap_doc *snapshot_doc(const struct snapshot *s, struct slice path);
struct snap_doc *snapshot_live(const struct snapshot *s, struct slice path);
/* By the name behind "policies/". */
const struct policy *snapshot_policy(const struct snapshot *s, struct slice name);
/* By accessor, whatever its state. */
struct token *snapshot_token(const struct snapshot *s, struct slice accessor);

/* Walks the tokens with the name `name`, without regard to case and outer blanks, that have not
 * expired themselves. It takes no step for those that have. */
struct token_walk {
	struct pmap_walk walk;
	char folded[TOKEN_NAME_BYTES_MAX + 1]; /* with the NUL behind it */
	size_t len;
};

/* A name that is longer than TOKEN_NAME_BYTES_MAX is no token's. */
void snapshot_tokens_named(struct token_walk *w, const struct snapshot *s, struct slice name);
const struct token *snapshot_token_named_next(struct token_walk *w, int64_t now_ms);

/* The name without the blanks around it: lower case to `ret`, which holds `name.len` bytes. Gives
 * the length. */
size_t token_name_fold(char *ret, struct slice name);

/* Walks the edges that lead to `target`: walk_next gives struct snap_edge while the target is the
 * same. */
void snapshot_edges_to(struct pmap_walk *w, const struct snapshot *s, struct slice target);
const struct snap_edge *snapshot_edge_next(struct pmap_walk *w, struct slice target);

/* Changing a fork. False: no memory; the fork is then to be thrown away. */
bool snapshot_put_doc(struct snapshot *s, struct snap_doc *d_take); /* its edges too */
/* In place of the policy of that name, if there is one. Takes the policy. */
bool snapshot_put_policy(struct snapshot *s, struct slice name, struct policy *policy_take,
			 uint64_t changed_revision);
/* The policy is no longer in force; without one of that name nothing changes. */
bool snapshot_remove_policy(struct snapshot *s, struct slice name);
/* In place of the token with the same accessor, in all three maps. Takes the reference. */
bool snapshot_put_token(struct snapshot *s, struct token *t_take);
/* Out of all three maps. `t` is the snapshot's token; the caller holds a reference to it. */
bool snapshot_remove_token(struct snapshot *s, const struct token *t);
