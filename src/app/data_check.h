/* What must hold of an opened store before a command changes it: a command that signs a new head of
 * the log vouches for all that is there. One thread. */
#pragma once

#include "app/data.h"
#include "crypto/note.h"

/* How many entries the signed head of the log covers. */
MUST_USE enum result data_log_size(uint64_t *ret, const struct data *d, struct error *err);

/* Everything that `reeve audit verify --data` checks with the root key (store/check/check.h), and
 * that the log goes on from `older`, a checkpoint that was kept elsewhere, or SLICE_NULL. E_CORRUPT
 * with the number of faults and the first of them; E_CRYPTO for a checkpoint of another log. */
MUST_USE enum result data_check(const struct data *d, const struct vkey *key, struct slice older,
				struct error *err);
