/* The verbs that change documents. */
#pragma once

#include "service/engine/verb.h"

verb_fn document_write_on_worker; /* put, patch, delete, undelete, destroy, rollback */
verb_fn batch_on_worker, revert_on_worker;
