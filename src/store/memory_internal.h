/* What the files of the memory store share. */
#pragma once

#include "store/backend.h"
#include "store/memory_table.h"

#include <pthread.h>

struct memory_disk {
	pthread_mutex_t mutex; /* for all below */
	struct memory_state committed;
	uint32_t pinned; /* sessions between begin and end */
	bool is_open;	 /* a store writes to it */
};

struct memory_session {
	struct store_session base;
	struct memory_disk *disk;
	struct memory_state snapshot; /* between begin and end */
	bool has_begun;
	struct budget *budget; /* may be NULL */
};

/* memory_read.c: what a call reads, to be cleared by state_clear(). */
struct memory_state memory_state_now(const struct memory_session *s);
enum result memory_session_open(struct store_session **ret, struct memory_disk *disk,
				struct error *err);

/* memory_audit.c */
enum result memory_each_audit(struct store_session *ss, const struct audit_filter *filter,
			      audit_fn *each, void *ctx, struct error *err);
