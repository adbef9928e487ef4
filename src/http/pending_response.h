/*
 * Large responses, until their clients have received them: how many bytes they keep in memory, all
 * together and for each principal.
 *
 * Many connections may send one body, since the cache shares it. It is in memory once, so it counts
 * once in the sum of all, and once for each principal that it is sent to: from the first of those
 * responses until the last is received, whether or not the cache still has it. What always holds:
 * there is one struct pending_response for each pair of body and principal that is being sent.
 *
 * `mutex` guards the buckets and all pending responses; the event loops take it, with no other lock
 * held, for a walk along one bucket. The mutex of the service's shares is taken under it.
 */
#pragma once

#include "service/call.h"
#include "service/state/share.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define PENDING_BUCKETS 256

struct pending_response;

struct pending_responses {
	pthread_mutex_t mutex;
	struct pending_response *buckets[PENDING_BUCKETS];
	size_t bytes_max;
	_Atomic size_t bytes;
};

void pending_responses_init(struct pending_responses *all, size_t bytes_max);
void pending_responses_clear(struct pending_responses *all); /* when all have ended */

/* Counts the body until pending_response_end(). `share`: the principal's, NULL without one. `*ret`
 * becomes NULL for a body that is too small to be counted. False: the principal, or all together,
 * have too many bytes already, or there is no memory. */
bool pending_response_begin(struct pending_response **ret, struct pending_responses *all,
			    struct share *share, const struct shared_body *body);

/* The client has received the response, or its connection is closed. Takes NULL. */
void pending_response_end(struct pending_responses *all, struct pending_response *r);
