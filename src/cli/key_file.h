/* The audit log's public key in a file, as init and restore write audit.pub. */
#pragma once

#include "crypto/note.h"

/* Reads the first line. E_NOT_FOUND, E_MALFORMED, E_IO, E_MEMORY. */
MUST_USE enum result key_file_read(struct vkey *ret, const char *file, struct error *err);
