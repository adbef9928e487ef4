/* Asking a person. */
#pragma once

#include "base/buf.h"

/* Appends what is typed on the terminal without echo; where standard input is none, what it holds, without one line end at its end. */
MUST_USE enum result prompt_secret(struct buf *ret, struct slice name, size_t bytes_max,
				   struct error *err);

/* Whether the person answers y. False where there is no terminal. */
bool prompt_yes(const char *question);
