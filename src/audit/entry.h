/*
 * One audit entry and its only form as bytes: a line of JSON without blanks, with these keys in
 * this order, of at most AUDIT_ENTRY_BYTES_MAX bytes (so that a tile can contain it). It has names,
 * paths, versions and keyed hashes, and never a value.
 *
 *   {"v":1,"index":7,"time":"2026-11-20T21:04:23.123Z","epoch":1,"revision":3,
 *    "actor":"ci","accessor":"…","auth":"token","source":"127.0.0.1","action":"put",
 *    "outcome":"ok","reason":"","request_id":"…",
 *    "touched":[{"path":"secrets/a/b","version":2,"value_mac":"<64 hex>","state":"live"}],
 *    "touched_more":0}
 *
 * An entry of a change says the state after it of all that it changed, so that the log alone tells
 * what the store must hold: "live", "deleted" or "destroyed" of each version; "live", with
 * "digest":"<64 hex>", or "revoked" of each token. "revoked" of "sys/tokens" as a whole stands for
 * all tokens that entries before name. Releases that wrote no states wrote the same entries without
 * them.
 */
#pragma once

#include "base/buf.h"
#include "crypto/hash.h"
#include "doc/tree.h"

#define AUDIT_ENTRY_BYTES_MAX 65535
#define AUDIT_FIELD_BYTES_MAX 256 /* of each text except reason and path */
#define AUDIT_REASON_BYTES_MAX \
	512			  /* longer reasons are cut, also before bytes that are not UTF-8 */
#define AUDIT_PATH_BYTES_MAX 4096 /* also of a refused request, whose path may be malformed */

/* What a change made of a version or a token. */
enum audit_state {
	AUDIT_STATE_NONE, /* not changed: read, refused, or an entry of an older release */
	AUDIT_STATE_LIVE,
	AUDIT_STATE_DELETED,
	AUDIT_STATE_DESTROYED,
	AUDIT_STATE_REVOKED,
	AUDIT_STATE_COUNT,
};

/* "live", "deleted", "destroyed", "revoked"; NULL for AUDIT_STATE_NONE. */
const char *audit_state_name(enum audit_state state);
/* AUDIT_STATE_NONE for any other word. */
enum audit_state audit_state_parse(struct slice name);

/* A document that the action read, changed or was refused. */
struct audit_touch {
	struct slice path;
	uint64_t version; /* 0: the document as a whole, or a resource without versions */
	bool has_mac;
	uint8_t mac[HASH_BYTES]; /* audit_value_mac() */
	enum audit_state state;
	bool has_digest;
	uint8_t digest[HASH_BYTES]; /* audit_token_digest() */
};

/* One entry before it is written, or as it was read. All texts are UTF-8 and borrowed. A text that
 * does not apply is SLICE_NULL and is written as "". */
struct audit_entry {
	uint64_t index;	 /* from 0; set by audit_log_append() */
	int64_t time_ms; /* set by audit_log_append() */
	uint64_t epoch;
	uint64_t revision;  /* of the store when the entry was recorded */
	struct slice actor; /* name of the principal */
	struct slice accessor;
	struct slice auth;    /* how the principal authenticated: "token", "embedded", "none" … */
	struct slice source;  /* address of the caller, without a port */
	struct slice action;  /* a word of the table in docs/security.md */
	struct slice outcome; /* "ok" or result_name() */
	struct slice reason;
	struct slice request_id;
	const struct audit_touch *touched;
	uint32_t touched_count;
	uint32_t touched_more; /* further ones that did not fit; the revision lists all */
};

/* Appends the line without a newline. Touched documents that do not fit are counted in
 * "touched_more". E_INVALID for a text that is not UTF-8, E_TOO_LARGE for a text over its bound,
 * E_MEMORY; on failure `ret` is unchanged. */
MUST_USE enum result audit_entry_write(struct buf *ret, const struct audit_entry *entry,
				       struct error *err);

/* Reads a line of audit_entry_write(). The texts and `touched` live in `tree`, which the caller
 * initialises and clears. E_CORRUPT, E_MEMORY. */
MUST_USE enum result audit_entry_read(struct audit_entry *ret, struct tree *tree, struct slice line,
				      struct error *err);

/* A keyed hash of the content of one version. It covers the path and the version, so that a reader
 * of the log cannot see that two documents or two versions have the same value. `key` is the
 * DERIVED_VALUE_MAC of the keyring. */
void audit_value_mac(uint8_t ret[static HASH_BYTES], const struct key *key, struct slice path,
		     uint64_t version, struct slice content);

/* The digest that is stored with a version. A secret's is keyed and covers the path and the
 * version, so that equal values have different digests; any other is SHA-256 of the content. `key`
 * is the DERIVED_DIGEST_MAC of the keyring. */
void audit_content_digest(uint8_t ret[static HASH_BYTES], const struct key *key, struct slice path,
			  uint64_t version, struct slice content);

/* What a token's row must hold: SHA-256 over its keyed hash (HASH_BYTES bytes) and the text of its
 * record. The hash cannot be guessed, so the digest tells nothing of the record. */
void audit_token_digest(uint8_t ret[static HASH_BYTES], struct slice hash, struct slice record);
