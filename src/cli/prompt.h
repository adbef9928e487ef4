/* Questions to the user on the terminal. */
#pragma once

#include "base/buf.h"

/* Appends what the user types, without echo. Where standard input is not a terminal, appends all of
 * standard input without a final line end. E_TOO_LARGE above `bytes_max`. */
MUST_USE enum result prompt_secret(struct buf *ret, struct slice name, size_t bytes_max,
				   struct error *err);

/* Whether the user answers y. False where standard input is not a terminal. */
bool prompt_yes(const char *question);
