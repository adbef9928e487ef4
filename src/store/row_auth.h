/*
 * Authentication of stored rows: whoever can change the file must not be able to change what the
 * server answers.
 *
 * Against edited rows each row has a MAC, under a key that is derived from the root key, over the
 * table and all columns. Back ends compute it where they write a row (row_mac_…) and compare it
 * where they read one (row_auth_check()).
 *
 * Against rows that are removed, added or put back from an older copy of the file, whose MACs are
 * valid, there is a sum for each table: the sum of a pseudorandom function of the MACs of all its
 * rows, modulo 2^128 in two lanes (a multiset hash after Clarke et al., "Incremental Multiset Hash
 * Functions", 2003, section 5). A row that comes is added, one that goes is subtracted. The sums
 * are never stored: what is stored is a keyed digest of each, and the SHA-256 of these digests
 * stands in the signed head of the audit log (audit/checkpoint.h).
 *
 * Without keys (a store that is only just being opened) rows get MACs of zeros and are not checked.
 *
 * Functions that take a `const struct row_auth *` may run on any thread once the keys are set; the
 * others belong to the thread that writes.
 */
#pragma once

#include "base/result.h"
#include "store/rows.h"

struct keyring;

#define ROW_MAC_BYTES 16

/* Tables whose rows are authenticated. Numbers are part of what is hashed: never change one. Rows
 * of the audit log are protected by its Merkle tree, contents by their encryption, and heads are
 * compared with the versions. */
enum row_table {
	ROWS_META,
	ROWS_VERSIONS,
	ROWS_REVISIONS,
	ROWS_CHANGES,
	ROWS_EFFECTIVES,
	ROWS_EDGES,
	ROWS_TOKENS,
	ROWS_KEYS,
	ROWS_RESPONSES,
	ROWS_TABLES,	       /* how many have a sum */
	ROWS_LOG = ROWS_TABLES /* one row, which holds the digests of the sums */
};

/* The table's name in SQL, for errors. */
const char *row_table_name(enum row_table table);

struct row_mac {
	uint8_t bytes[ROW_MAC_BYTES];
};

/* Of one table. */
struct row_sum {
	uint64_t lanes[2];
	uint64_t count;
};

struct row_sums {
	struct row_sum tables[ROWS_TABLES];
};

/* The digests of all sums, one behind the other, as log_row.tables has them. */
#define ROW_DIGESTS_BYTES (ROWS_TABLES * ROW_MAC_BYTES)

/* The keys, and the sums of one store that is written to. */
struct row_auth {
	const struct keyring *keyring; /* NULL: nothing is authenticated */
	bool is_unchecked;	       /* rows have no MACs yet: row_auth_check() is OK */
	struct row_sums now, at_begin, at_savepoint;
	bool is_signed; /* no row has changed since the last log row */
	/* row_auth_digests() of the rows of now, where `has_digests`. */
	bool has_digests;
	uint8_t digests[ROW_DIGESTS_BYTES];
};

/* The MAC of a row. `ret` is all zeros without keys. */
void row_mac_meta(struct row_mac *ret, const struct row_auth *a, struct slice name,
		  struct slice value);
/* What never changes in a version; `content_id` says where a back end keeps its content. */
void row_mac_version(struct row_mac *ret, const struct row_auth *a, const struct version_row *row,
		     uint64_t content_id);
/* What changes: state, state_revision and key_generation, which is 0 once destroyed. It covers
 * `fixed`, the MAC of the rest, and is the one that is summed. */
void row_mac_state(struct row_mac *ret, const struct row_auth *a, const struct row_mac *fixed,
		   const struct version_row *row);
void row_mac_revision(struct row_mac *ret, const struct row_auth *a,
		      const struct revision_row *row);
void row_mac_change(struct row_mac *ret, const struct row_auth *a, const struct change_row *row);
void row_mac_effective(struct row_mac *ret, const struct row_auth *a,
		       const struct effective_row *row);
void row_mac_edge(struct row_mac *ret, const struct row_auth *a, const struct edge_row *row);
void row_mac_token(struct row_mac *ret, const struct row_auth *a, const struct token_row *row);
void row_mac_key(struct row_mac *ret, const struct row_auth *a, const struct wrap_key_row *row);
void row_mac_response(struct row_mac *ret, const struct row_auth *a,
		      const struct idempotent_row *row);
void row_mac_log(struct row_mac *ret, const struct row_auth *a, const struct log_row *row);

/* Which row an error is about. Not shown: an empty name, a number of 0. */
struct row_place {
	enum row_table table;
	struct slice name;
	uint64_t number;
};

/* Whether a stored MAC is the one that was computed. Always OK without keys. E_CORRUPT names the
 * place. */
MUST_USE enum result row_auth_check(const struct row_auth *a, struct row_place place,
				    const struct row_mac *computed, struct slice stored,
				    struct error *err);

/* For a table's sum. The order does not matter. */
void row_sum_add(struct row_sum *sum, const struct row_auth *a, const struct row_mac *mac);
/* The same with other bytes than a MAC, for a sum that is only compared with another of its kind.
 */
void row_sum_add_bytes(struct row_sum *sum, const struct row_auth *a, struct slice bytes);
/* The rows have changed: what was signed and digested is no longer theirs. The two below do it
 * too. */
void row_auth_changed(struct row_auth *a);
/* A row was written; one was replaced or removed. The MAC of a row that goes must be one that was
 * checked: with a stored MAC that nobody compared with its row, whoever writes to the file of a
 * running server could choose what is subtracted, and so which older rows fit the sum. */
void row_auth_add(struct row_auth *a, enum row_table table, const struct row_mac *mac);
void row_auth_remove(struct row_auth *a, enum row_table table, const struct row_mac *mac);

/* The sums go with the transaction: the state at its begin or at its savepoint is kept and comes
 * back. Calling one twice does what calling it once does. */
void row_auth_begin(struct row_auth *a);
void row_auth_savepoint(struct row_auth *a);
void row_auth_rollback_to(struct row_auth *a);
void row_auth_rollback(struct row_auth *a);
void row_auth_commit(struct row_auth *a);

/* Keyed digests of the sums. All zeros without keys. */
void row_auth_digests(uint8_t ret[static ROW_DIGESTS_BYTES], const struct row_auth *a,
		      const struct row_sums *sums);
/* E_CORRUPT names the first table whose digest differs. */
MUST_USE enum result row_auth_compare(const struct row_auth *a, const struct row_sums *sums,
				      struct slice digests, struct error *err);
