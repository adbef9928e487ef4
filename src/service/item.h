/*
 * What responses are made of: one small struct for each thing that a verb tells a client.
 *
 * A verb fills such a struct and hands it to the codec of its call (codec.h), which writes it. An
 * item borrows all that it points to and lives for that one call. What the caller may not see is
 * absent: an empty slice, a NULL pointer or a `has_…` that is false; the codec shows what it is
 * given and asks for no rights.
 *
 * Times are milliseconds since 1970 in UTC, versions and revisions count from 1.
 */
#pragma once

#include "doc/diff.h"
#include "profile/check.h"
#include "doc/path.h"
#include "doc/read.h"
#include "schema/schema.h"
#include "store/store.h"

/* How much of a version its reader may see; each level includes those before it. */
enum version_detail {
	VERSION_PLACE,	/* path, version, revision and time */
	VERSION_AUTHOR, /* and author and message: for readers, listers and the author */
	VERSION_DIGEST, /* and the digest of the content: for readers */
};

/* One version of a document, without its content. */
struct version_item {
	struct slice path;
	uint64_t version, revision;
	int64_t created_ms;
	bool has_author; /* else created_by and message are absent; either may be empty */
	struct slice created_by, message;
	struct slice digest; /* HASH_BYTES, or empty */
	bool is_keyed;	     /* the digest is keyed: of a secret */
	bool has_state;
	enum version_state state;
};

/* `row` as an item without state; borrows from it. */
struct version_item version_item_make(const struct version_row *row, enum version_detail detail);

/* A document that needs another one. */
struct dependent_item {
	struct slice path;
	enum edge_kind need;
};

/* Where a value was set. */
struct origin_item {
	struct slice path; /* of the document; empty: unknown, or the reader may not read it */
	uint64_t version;
	uint32_t line, column; /* 0: the whole document */
};

/* One place where two contents differ (service/state/diff.h). */
struct difference_item {
	struct slice pointer;
	enum diff_op op;
	const struct tree_node *from, *to; /* NULL: not there, or not shown */
	bool is_secret;
	bool has_reload; /* of configurations: how a consumer may take it on */
	enum schema_reload reload;
	struct origin_item origin;
};

/* The head of a comparison of two versions of a document; its differences follow. */
struct document_diff_item {
	struct slice path;
	uint64_t from, to; /* versions; `from` 0: there was none before */
};

/* The head of a comparison of a configuration at two revisions; its differences follow. */
struct config_diff_item {
	struct slice config; /* "app/name" */
	uint64_t from, to;   /* revisions; `from` 0: before the first */
	/* At `from` and at `to`: whether the configuration was valid and could be read. */
	bool was_served, is_served;
};

/* A token, by its record. */
struct token_item {
	struct slice text; /* of a new token; else empty */
	struct slice accessor, name;
	struct slice parent; /* accessor; empty: it was made by the server */
	const struct slice *policies;
	uint32_t policies_count;
	int64_t expires_ms; /* 0: never */
	bool has_details;   /* else all below is absent */
	int64_t created_ms; /* 0: not known */
	struct slice created_by;
	bool is_limited_to_addresses;
	int64_t ttl_ms;		/* 0: it cannot be renewed */
	int64_t max_expires_ms; /* a renewal does not go beyond; 0: no bound */
	int64_t uses_left;	/* -1: unlimited */
};

/* A document after a write: its newest version. */
struct written_item {
	struct version_item version;
	bool has_versions; /* the write changed the state of versions, and made none */
	const uint64_t *versions;
	uint32_t versions_count;
	bool is_changed;
};

/* A write of several documents. */
struct batch_item {
	uint64_t revision; /* that it made, or the current one where nothing changed */
	bool is_changed;
};

/* A change that a dry run looked at; its differences follow where the caller may read. */
struct planned_change_item {
	struct slice path;
	/* What it would do; for callers who may not read the document, the op of the request. */
	struct slice action;
	bool has_from_version; /* false: the caller may not read it */
	uint64_t from_version; /* the newest so far; 0: there is none */
};

/* A configuration that a dry run would change; its differences follow. */
struct planned_config_item {
	struct slice config; /* "app/name" */
	bool is_served;	     /* afterwards */
};

/* The three lists of problems that a response to a write can have. */
enum problem_list {
	PROBLEMS_ERRORS, /* for which a write is refused */
	PROBLEMS_WARNINGS,
	PROBLEMS_UNCHECKED, /* what could not be checked with the rights of the caller */
};

/* The principal that made a revision, and the token that it used. */
struct author_item {
	struct slice name;
	struct slice accessor; /* of the token; empty: none */
	struct slice parent; /* of the token that made this one; empty: none, or no longer known */
};

/* One commit of the store. */
struct revision_item {
	uint64_t revision;
	int64_t time_ms;
	struct author_item author;
	struct slice message, source, request_id;
};

/* How much of a change to a document is shown. */
enum change_detail {
	CHANGE_NAMED, /* that it happened: the reader may not read the document */
	CHANGE_LOST,  /* the same: a content that a comparison needs was destroyed since */
	CHANGE_SHOWN, /* its differences follow */
};

/* What a revision did to one document. */
struct change_item {
	struct slice path;
	struct slice action; /* the operation that was asked for: "put", "rollback" … */
	uint64_t version;
	enum change_detail detail;
	bool has_state_before; /* of a version that it destroyed */
	enum version_state state_before;
};

/* A revision at which an effective configuration changed. */
struct config_version_item {
	uint64_t revision;
	int64_t time_ms;
	struct author_item author;
	struct slice message;
	bool is_served; /* since then */
};

/* A secret that an effective configuration refers to. */
struct secret_item {
	struct slice pointer; /* of the reference */
	struct slice path;    /* of the secret; empty: the reader may not read it */
	struct slice key;
	uint64_t version; /* 0: it does not exist, and the reference has a default */
};

/* One version of a document with its content. */
struct document_item {
	struct version_item version;
	const struct tree_node *content;		    /* NULL: a secret, whose parts follow */
	const struct tree_node *data, *encoding, *metadata; /* each may be NULL */
};

/* Whether a request would be allowed, and by which rule. Rule and line are places in the policy. */
struct decision_item {
	bool is_allowed;
	struct slice policy; /* empty: no rule decided */
	uint32_t rule, line;
	bool has_ended; /* the token that was asked about */
};

/* The server at one moment. */
struct status_item {
	struct slice server_version;
	uint64_t epoch, revision;
	int64_t revision_ms;
	int64_t now_ms, started_ms;		   /* the machine's wall time */
	int64_t clock_behind_ms;		   /* that is behind server time */
	int64_t clock_jump_ms, clock_jumped_at_ms; /* 0: it has not jumped */
	bool is_read_only, is_disk_full;
	uint64_t documents[KIND_COUNT];			   /* live ones, by enum doc_kind */
	uint64_t tokens;				   /* in force */
	struct slice audit_size, audit_root, audit_origin; /* as the last checkpoint says them */
	/* The generation of key-encryption keys that new content is sealed under. */
	uint64_t key_generation;
	/* Whether the memory of the keys cannot be swapped out. */
	bool is_key_memory_locked;
	uint64_t waiting_polls;
};
