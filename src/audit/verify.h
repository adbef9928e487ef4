/*
 * Proving a stored log from nothing but the log's public key: every entry is hashed again, the
 * tree built again, and its root compared with the signed checkpoint; stored leaf hashes and older
 * checkpoints are compared on the way.
 *
 * Found is any entry that was edited, removed, swapped, added, cut off or misfiled, and a log signed by
 * another key. Someone who holds the log's key can write another log that is sound in itself: only
 * an older checkpoint, kept elsewhere, finds that.
 */
#pragma once

#include "audit/checkpoint.h"
#include "audit/index_check.h"

#define AUDIT_NO_INDEX UINT64_MAX

struct audit_verify_row {
	uint64_t index;
	struct slice line; /* valid until the next row is asked for */
	struct slice leaf; /* as stored; HASH_BYTES, or SLICE_NULL where none is stored */
	const struct audit_index_row *index_row; /* NULL where it is not known */
};

/* Rows in the order of their index. Sets `*ret_is_end` instead of a row behind the last. What it
 * fails with ends the verification. */
struct audit_verify_rows {
	enum result (*next)(void *ctx, struct audit_verify_row *ret, bool *ret_is_end,
			    struct error *err);
	void *ctx;
};

struct audit_verification {
	const struct vkey *key;
	struct slice checkpoint; /* the log's stored signed note */
	struct slice older;	 /* one that was kept elsewhere; SLICE_NULL without */
	struct audit_verify_rows rows;
	/* Called every 4,096 entries and at the end. May be NULL. */
	void (*progress)(void *ctx, uint64_t entries);
	void *progress_ctx;
};

struct audit_report {
	uint64_t entries;	  /* read */
	uint64_t checkpoint_size; /* signed */
	uint64_t older_size;
	uint64_t problems;
	uint64_t first_index; /* of the first problem, or AUDIT_NO_INDEX: the whole log's */
	char first_problem[ERROR_TEXT_BYTES];
	int64_t first_time_ms, last_time_ms;
	uint64_t epoch, revision; /* of the last entry */
	uint8_t root[HASH_BYTES]; /* computed */
};

/* OK when the log is sound; E_CORRUPT when it is not (`ret` and `err` then say what and where);
 * anything else when it could not be verified. `ret` is filled in every case. */
MUST_USE enum result audit_verify(struct audit_report *ret, const struct audit_verification *what,
				  struct error *err);
