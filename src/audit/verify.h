/*
 * Verifying a stored log with nothing but its public key. Every entry is hashed again, the tree is
 * built again, and its root is compared with the signed checkpoint. Stored leaf hashes, index
 * columns and an older checkpoint are compared on the way.
 *
 * This finds every entry that was edited, removed, swapped, added, cut off or indexed wrongly, and
 * a log that another key signed. The owner of the log's key can write another log that is
 * consistent; only an older checkpoint that was kept elsewhere reveals that.
 */
#pragma once

#include "audit/checkpoint.h"
#include "audit/index_check.h"

#define AUDIT_NO_INDEX UINT64_MAX

/* One stored row, as it was read; nothing of it is trusted. */
struct audit_verify_row {
	uint64_t index;
	struct slice line; /* valid until the next call */
	struct slice leaf; /* as stored; HASH_BYTES, or SLICE_NULL where none is stored */
	const struct audit_index_row *index_row; /* NULL when it is not known */
};

/* Gives the rows in the order of their index. After the last row it sets `*ret_is_end` instead. A
 * failure ends the verification. */
struct audit_verify_rows {
	enum result (*next)(void *ctx, struct audit_verify_row *ret, bool *ret_is_end,
			    struct error *err);
	void *ctx;
};

/* The log to verify and how. All is borrowed for the call. */
struct audit_verification {
	const struct vkey *key;	 /* the log's, from a source that the reader trusts */
	struct slice checkpoint; /* the signed note that is stored with the log */
	struct slice older;	 /* one that was kept elsewhere; SLICE_NULL without */
	struct audit_verify_rows rows;
	/* Called every 4,096 entries and at the end. May be NULL. */
	void (*progress)(void *ctx, uint64_t entries);
	void *progress_ctx;
	/* Called for each problem, with the index of the entry (AUDIT_NO_INDEX: the whole log).
	 * May be NULL. */
	void (*problem)(void *ctx, uint64_t index, const char *text);
	void *problem_ctx;
	/* Called for each entry that can be read, in their order, before it is known whether the
	 * log is valid. A failure ends the verification. May be NULL. */
	enum result (*entry)(void *ctx, const struct audit_line *line, struct error *err);
	void *entry_ctx;
};

/* The findings. The counts go up to the row at which the verification ended. */
struct audit_report {
	uint64_t entries;	  /* read */
	uint64_t checkpoint_size; /* signed */
	uint64_t older_size;	  /* signed by the older one; 0 without */
	/* All problems that were found. Only the first is worded, since later ones often follow
	 * from it. */
	uint64_t problems;
	uint64_t first_index; /* of the first problem; AUDIT_NO_INDEX: of the whole log */
	char first_problem[ERROR_TEXT_BYTES];
	/* Of the first and the last entry, as they say themselves. */
	int64_t first_time_ms, last_time_ms;
	uint64_t epoch, revision; /* of the last entry */
	uint8_t root[HASH_BYTES]; /* computed from the entries */
};

/* OK when the log is valid. E_CORRUPT when it is not: `ret` and `err` say what is wrong and where.
 * Any other failure: it could not be verified. `ret` is filled in every case. */
MUST_USE enum result audit_verify(struct audit_report *ret, const struct audit_verification *what,
				  struct error *err);
