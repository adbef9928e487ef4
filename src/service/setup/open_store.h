/* Opening a stored store for writing: what service_open(), a restore and a recovery do before they
 * believe anything in it. */
#pragma once

#include "service/service.h"
#include "store/store_head.h"

/* Reads and checks the head, gives the store its keys, and checks every row (store_head.h). Rows of
 * an older format get their MACs in one transaction, with an audit entry. Afterwards the store is
 * ready for its first transaction. One thread; needs about 1 s for a million rows. `ret` is filled
 * on success only. The store borrows the keyring until it is closed or gets other keys. */
MUST_USE enum result setup_open_store(const struct stopped_store *to, struct store_head *ret,
				      struct error *err);
