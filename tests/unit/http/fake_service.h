/*
 * A service for tests of http/. The path decides how a call ends:
 *
 *   config/test/ready    done at once
 *   config/test/later    done by another thread
 *   config/test/slow     done by another thread when it is abandoned or after fake_release()
 *   config/test/large    8 MiB, done at once
 *   config/test/cached   8 MiB that all callers share
 *   config/test/full     E_INVALID with problems of 512 KiB
 *   POST /v1/tokens      8 MiB, done at once
 *   config/test/poll     with ?wait= it waits until fake_wake(), else it is done at once
 *   config/test/refused  E_INVALID with problems
 *   config/test/broken   E_IO
 *   PUT of anything      responds with the number of bytes of its body
 *   PUT of profiles/forbidden/…  no body is admitted: E_FORBIDDEN
 *
 * Each token that begins with FAKE_TOKEN is valid and belongs to a principal of its own.
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
/* The next `looks` times a poll cannot be cancelled, as if a worker had it at that moment. */
void fake_keep_polls(struct service *s, int looks);
const struct fake_counts *fake_counts(const struct service *s);
