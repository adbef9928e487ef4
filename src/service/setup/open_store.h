/* Opening a stored store for writing: what service_open(), a restore and a recovery do before they
 * believe anything in it. */
#pragma once

#include "service/service.h"
#include "store/store_head.h"

#include <pthread.h>

/* Reads and checks the head, and gives the store its keys: every row that is read from now on is
 * checked. Rows of an older format get their MACs in one transaction, with an audit entry. `ret` is
 * filled on success only. One thread. The store borrows the keyring until it is closed or gets
 * other keys. */
MUST_USE enum result setup_open_head(const struct stopped_store *to, struct store_head *ret,
				     struct error *err);

/* The check of all rows (store_head.h), in a thread of its own: so a start can load meanwhile. It
 * needs about 1 s for a million rows. A value, but it must not move between begin and end. */
struct row_check {
	const struct stopped_store *to;
	const struct store_head *head;
	pthread_t thread;
	bool has_thread;
	struct row_sums sums;
	struct error err;
	enum result rc;
};

/* Both arguments are borrowed until setup_check_end(). */
void setup_check_begin(struct row_check *check, const struct stopped_store *to,
		       const struct store_head *head);
/* Waits for it. On success the store is ready for its first transaction. E_CORRUPT. */
MUST_USE enum result setup_check_end(struct row_check *check, struct error *err);

/* All of it, one after the other. */
MUST_USE enum result setup_open_store(const struct stopped_store *to, struct store_head *ret,
				      struct error *err);
