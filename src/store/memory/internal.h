/* What the files of the memory store share. */
#pragma once

#include "store/backend.h"
#include "store/memory/table.h"

#include <pthread.h>

/* The mutex is held only to copy or swap a state, never while rows are read or written. No other
 * lock is taken under it. */
struct memory_disk {
	pthread_mutex_t mutex; /* for all below */
	struct memory_state committed;
	uint32_t pinned; /* sessions between begin and end */
	bool is_open;	 /* a store writes to it */
};

/* One thread at a time, as all sessions. The budget is borrowed. */
struct memory_session {
	struct store_session base;
	struct memory_disk *disk;
	struct memory_state snapshot; /* between begin and end */
	bool has_begun;
	struct budget *budget; /* may be NULL */
};

/* memory/read.c: the state that a call reads: the session's snapshot, or the last committed one.
 * Owned by the caller, who clears it with state_clear(). */
struct memory_state memory_state_now(const struct memory_session *s);
/* Owned by the caller: store_session_close(). `disk` and `auth` must outlive it. */
enum result memory_session_open(struct store_session **ret, struct memory_disk *disk,
				const struct row_auth *auth, struct error *err);

/* memory/sum.c: the sums of all rows of a state. */
void memory_sums(struct row_sums *ret, const struct memory_state *s, const struct row_auth *a);
enum result memory_check_derived(struct store_session *ss, struct error *err);
enum result memory_sum_rows(struct store_session *ss, struct row_sums *ret, struct error *err);

/* memory/audit.c */
enum result memory_each_audit(struct store_session *ss, const struct audit_filter *filter,
			      audit_fn *each, void *ctx, struct error *err);

/* memory/check.c */
enum result memory_each_head_name(struct store_session *ss, head_fn *each, void *ctx,
				  struct error *err);
enum result memory_check_nothing(struct store_session *ss, fault_fn *each, void *ctx,
				 struct error *err);
