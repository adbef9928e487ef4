/*
 * What the audit log says last of each version and each token: a table that is filled while the log
 * is verified, and looked up afterwards.
 *
 * Entries say the state of all that a change touched (audit/entry.h). Those of older releases do
 * not: their action says it where it can, else the state is AUDIT_STATE_NONE.
 *
 * Memory: 32 bytes for each slot, up to four slots for each version and token, and at most
 * WORDS_MAX of these; what the log says of further ones is counted and not kept. Keys of the table
 * are hashes under a random seed, so that no one can choose two paths with the same.
 */
#pragma once

#include "audit/line.h"

#define WORDS_MAX (UINT32_C(1) << 22)

struct word {
	uint64_t id;	     /* 0: the slot is free */
	uint64_t check[2];   /* of a token's digest or a version's value MAC, where `has_check` */
	uint64_t index : 56; /* of the entry */
	uint64_t state : 4;  /* enum audit_state */
	uint64_t has_check : 1;
	uint64_t is_token : 1;
	uint64_t is_seen : 1; /* found in the store: set by the caller */
};

struct words {
	uint8_t seed[16];
	struct word *slots;
	uint32_t count, size;	/* `size` is a power of two */
	uint64_t unkept;	/* versions and tokens over WORDS_MAX */
	uint64_t revoked_below; /* tokens of entries before this index were all revoked */
	bool has_states;	/* an entry of this release was read */
};

#define WORDS_EMPTY                          \
	{                                    \
		{0}, NULL, 0, 0, 0, 0, false \
	}

void words_init(struct words *w);
void words_clear(struct words *w);

/* Takes in an entry, in the order of the log; for audit_verification.entry, `words` is a struct
 * words. E_CORRUPT for a line of another form, E_MEMORY. */
enum result words_take(void *words, const struct audit_line *line, struct error *err);

/* NULL where the log says nothing of it. Valid until the next words_take(). */
struct word *words_version(const struct words *w, struct slice path, uint64_t version);
struct word *words_token(const struct words *w, struct slice accessor);

/* The state of a token or a version by the log's last word on it. */
enum audit_state words_state(const struct words *w, const struct word *word);
/* Whether a hash (HASH_BYTES) is the one that the log names; true where it names none. */
bool words_fits(const struct word *word, const uint8_t hash[static HASH_BYTES]);
