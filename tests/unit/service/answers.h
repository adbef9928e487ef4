/* Whole answers compared, without what differs from run to run. */
#pragma once

#include "fixture.h"

/* A copy to free() in which the values of times, accessors, digests and keyed hashes are "*". */
char *response_plain(const char *json);

/* Asks and wants OK and exactly this body, as response_plain() gives it. */
#define expect_response(f, wanted, ...) \
	expect_response_at((f), (wanted), (struct ask){__VA_ARGS__}, __FILE__, __LINE__)
void expect_response_at(struct fixture *f, const char *wanted, struct ask what, const char *file,
			int line);

/* Asks, wants `result` and exactly this sentence. */
#define expect_refusal(f, result, wanted, ...) \
	expect_refusal_at((f), (result), (wanted), (struct ask){__VA_ARGS__}, __FILE__, __LINE__)
void expect_refusal_at(struct fixture *f, enum result result, const char *wanted, struct ask what,
		       const char *file, int line);

/* Asks, wants `result`, and that the entry of this call says `action`, `reason` and of what was
 * touched exactly `touched`: "path version", each followed by a line feed, with " mac" behind it
 * where it has the hash of a value. */
#define expect_entry(f, result, action, reason, touched, ...)                                    \
	expect_entry_at((f), (result), (action), (reason), (touched), (struct ask){__VA_ARGS__}, \
			__FILE__, __LINE__)
void expect_entry_at(struct fixture *f, enum result result, const char *action, const char *reason,
		     const char *touched, struct ask what, const char *file, int line);
