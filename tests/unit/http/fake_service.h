/*
 * A service for tests of http/: it answers by the path that is asked for, so that each way in which a call can end is at hand.
 *
 *   config/test/ready    at once
 *   config/test/later    from another thread
 *   config/test/slow     from another thread, once it is abandoned or after fake_release()
 *   config/test/large    8 MiB, at once
 *   config/test/cached   8 MiB that all callers share
 *   config/test/full     E_INVALID with problems of 512 KiB
 *   POST /v1/tokens      8 MiB, at once
 *   config/test/poll     waits until fake_wake(), with ?wait=; at once without
 *   config/test/refused  E_INVALID with problems
 *   config/test/broken   E_IO
 *   PUT of anything      the number of bytes that came, at once
 *   PUT of profiles/forbidden/…  no body is admitted: E_FORBIDDEN
 *
 * Each token that begins with FAKE_TOKEN is valid and is a principal of its own.
 */
#pragma once

#include "service/service.h"

#define FAKE_TOKEN "rv_test"

struct fake_counts {
	_Atomic uint64_t submitted, forgotten, drained, authenticated;
	_Atomic uint64_t waiting, bodies, body_bytes, abandoned;
};

struct service *fake_service_new(void);
void fake_service_free(struct service *s);
void fake_wake(struct service *s);
void fake_release(struct service *s);
/* The next `looks` times a poll cannot be forgotten, as if a worker had it just then. */
void fake_keep_polls(struct service *s, int looks);
const struct fake_counts *fake_counts(const struct service *s);
