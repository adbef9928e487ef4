/* Bearer tokens that a file or the environment gives. */
#pragma once

#include "base/buf.h"
#include "base/result.h"

/* Reads the token in the file, without the line's end behind it. `*ret_mode` becomes the file's
 * permission bits. Symbolic links are followed, since secrets are mounted as links, and the bits
 * are those of the file that was read. E_IO; E_MALFORMED for anything but a regular file that holds
 * a token. */
MUST_USE enum result token_file_read(struct buf *ret, unsigned *ret_mode, const char *path,
				     struct error *err);

/* Cuts blanks and line ends off the token's end. E_MALFORMED for a token that a header cannot
 * carry: only visible ASCII can stand there. */
MUST_USE enum result token_check(struct buf *token, struct error *err);
