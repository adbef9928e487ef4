/* Questions to the user on the terminal. Answers come from standard input, the questions go to
 * standard error, so that the output of a command can be piped. */
#pragma once

#include "base/buf.h"

/* Appends what the user types after "NAME: ", without echo. Where standard input is not a terminal,
 * appends all of standard input without a final line end. E_TOO_LARGE above `bytes_max`, E_INVALID
 * where nothing was typed, E_UNAVAILABLE after Ctrl-C or another signal, which takes effect before
 * the function returns unless it is ignored; E_IO, E_MEMORY. */
MUST_USE enum result prompt_secret(struct buf *ret, struct slice name, size_t bytes_max,
				   struct error *err);

/* Whether the user answers with a word that begins with y or Y. False where standard input is not a
 * terminal: no script agrees by accident. */
bool prompt_yes(const char *question);
