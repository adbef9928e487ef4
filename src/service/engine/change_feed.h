/*
 * The changes of the last revisions, in order, for threads that tell others of them: today the
 * waker of polls, later event streams and webhooks.
 *
 * The committer appends one record for each revision, after its snapshot is published. Each reader
 * has a cursor and takes the records at its own pace. The ring is bounded in records and in bytes;
 * the oldest records are dropped. A reader that missed a record gets FEED_GAP instead, and must
 * then treat everything as changed. A record names what may have changed; it does not say who may
 * see it.
 *
 * A record is immutable and shared by reference count. One mutex, which is held alone and for a
 * few instructions; any thread.
 */
#pragma once

#include "doc/path.h"
#include "store/store.h"

#include <stdatomic.h>

#define CHANGE_FEED_RECORDS_MAX 1024
#define CHANGE_FEED_BYTES_MAX	((size_t)4 << 20)

/* A document that the revision wrote. */
struct changed_document {
	struct slice path; /* "secrets/orders/warehouse" */
	enum doc_kind kind;
	enum change_action action;
	uint64_t version;
};

struct change_record {
	atomic_uint refs;
	uint64_t epoch, revision;
	/* A policy changed or a token was revoked: any reader may have lost rights. */
	bool has_less_rights;
	const struct changed_document *documents;
	uint32_t documents_count;
	const struct slice *configs; /* "config/orders/production": those that came to change */
	uint32_t configs_count;
	size_t bytes; /* that the record takes */
};

/* Copies `like` with all that it refers to. NULL: no memory. */
struct change_record *change_record_new(const struct change_record *like);
void change_record_unref(struct change_record *r); /* takes NULL */

struct change_feed;

struct change_feed *change_feed_new(void); /* NULL: no memory */
void change_feed_free(struct change_feed *f);

/* The committer's. NULL stands for a record that there was no memory for: readers see a gap. */
void change_feed_append(struct change_feed *f, struct change_record *record_take);

/* Where a reader is: how many records it is past. A new one begins at change_feed_end(). */
struct change_cursor {
	uint64_t position;
};

struct change_cursor change_feed_end(struct change_feed *f);

enum change_feed_step {
	FEED_END,    /* nothing was appended since */
	FEED_RECORD, /* `*ret` is a reference */
	FEED_GAP,    /* one or more records are lost to this reader; it is past them now */
};

enum change_feed_step change_feed_next(struct change_feed *f, struct change_cursor *cursor,
				       struct change_record **ret);
