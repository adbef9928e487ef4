/* Writing a document that ships with the server, while no service runs on the store. */
#pragma once

#include "service/service.h"
#include "service/setup/bootstrap.h"

/* Stores the document as `version` of its path, with the revision of `f`, whose row the caller
 * puts. Fills in `touch` for the audit entry that names the document. E_INVALID for a document that
 * no server could read. */
MUST_USE enum result shipped_document_put(struct bootstrap *f, const struct shipped_document *d,
					  uint64_t version, struct audit_touch *touch,
					  struct error *err);
