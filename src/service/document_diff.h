/* What differs between two contents, as every answer shows it. */
#pragma once

#include "service/internal.h"

#define DOCUMENT_DIFF_BYTES_MAX ((size_t)16 << 20)

/* Appends {"pointer","op","from","to","secret"} objects, separated by commas; of a secret only which keys changed. Either may be
 * NULL. E_LIMIT when `ret` is longer than DOCUMENT_DIFF_BYTES_MAX. */
MUST_USE enum result document_diff_append(struct buf *ret, const struct tree_node *from,
					  const struct tree_node *to, bool is_secret,
					  struct error *err);
