/* The right to refer to other documents. */
#pragma once

#include "service/write/write.h"

/* Whether the caller may refer to each document that the changes newly
 * refer to. E_FORBIDDEN, recorded. Comes before any look at those documents. */
MUST_USE enum result referral_check(struct write *w, struct error *err);
