/* What a check of a store (check.h) is given, and what it reports. */
#pragma once

#include "audit/verify.h"
#include "crypto/keyring.h"
#include "store/store.h"

/* One fault. All texts are valid during the call; none has a value in it. */
struct store_finding {
	const char *table; /* or an index, or the file */
	const char *key;   /* the row's: a path, a path with its version, an index …; may be "" */
	const char *problem; /* a sentence */
	const char *remedy;  /* what to do next */
};

/* What to check, and with which keys. All is borrowed for the call. */
struct store_check {
	struct store *store; /* that no other thread uses */
	const struct vkey *key;
	struct slice older; /* a checkpoint that was kept elsewhere; or SLICE_NULL */
	/* Opened from this store, which must not have its keys yet: rows are first read without
	 * trust in them, and have to be read to be named. NULL: only what the public key proves. */
	const struct keyring *keyring;
	/* Called for each finding, for FINDINGS_MAX at most. May be NULL. */
	void (*finding)(void *ctx, const struct store_finding *finding);
	/* Called when a part begins (`done` 0) and, where it is long, as it goes on. May be
	 * NULL. */
	void (*progress)(void *ctx, const char *part, uint64_t done);
	void *ctx;
};

#define FINDINGS_MAX 100

struct store_check_report {
	struct audit_report log;
	struct buf checkpoint; /* the stored note; the caller clears it */
	uint64_t findings;     /* also those over FINDINGS_MAX */
	uint64_t documents, versions, tokens, contents;
	/* Versions and tokens that the log names without their state or digest, because an older
	 * release wrote the entries, or there are too many of them (words.h). */
	uint64_t unsaid;
	uint64_t
		tokens_gone; /* live by the log and not in the store: removed once they had ended */
	/* With the keyring: rows have no MACs, since only older releases wrote to the store. */
	bool lacks_macs;
	bool is_log_read; /* to its end; else documents and tokens were not compared with it */
};
