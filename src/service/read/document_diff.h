/* What differs between two contents, as every answer shows it. */
#pragma once

#include "service/engine/engine.h"
#include "service/engine/audit_draft.h"
#include "service/engine/response.h"

/* Appends {"pointer","op","from","to","secret"} objects, separated by commas; of a secret only which keys changed. Either may be
 * NULL. `ret` is a BUF_RESPONSE: E_LIMIT where it is full. */
MUST_USE enum result document_diff_append(struct buf *ret, const struct tree_node *from,
					  const struct tree_node *to, bool is_secret,
					  struct budget *budget, struct error *err);
