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

/* A part of the check of a store, in a thread of its own. */
struct store_checker {
	struct store_checks *checks;
	enum result (*run)(struct store_checks *c, struct store_session *ss, struct error *err);
	pthread_t thread;
	bool has_thread;
	struct error err;
	enum result rc;
};

/* The check of all rows (store_head.h) and of what is derived from them, in threads of their own:
 * so a start can load meanwhile. About 1 s of both for a million rows. A value, but it must not
 * move between begin and end. */
struct store_checks {
	const struct stopped_store *to;
	const struct store_head *head;
	struct store_checker rows, derived;
	struct row_sums sums;
};

/* Both arguments are borrowed until setup_check_end(). */
void setup_check_begin(struct store_checks *checks, const struct stopped_store *to,
		       const struct store_head *head);
/* Waits for them. On success the store is ready for its first transaction. E_CORRUPT. */
MUST_USE enum result setup_check_end(struct store_checks *checks, struct error *err);

/* All of it, one after the other. */
MUST_USE enum result setup_open_store(const struct stopped_store *to, struct store_head *ret,
				      struct error *err);
