/*
 * The ring of change records.
 *
 * A position counts all records ever appended, so a cursor is a number and the feed need not know
 * its readers: one that is slow only finds that its position is no longer in the ring.
 *
 * What must hold: `first` ≤ `end` ≤ `first` + CHANGE_FEED_RECORDS_MAX; a record at position p lies
 * at p modulo the ring's size; `bytes` is the sum of the records in the ring. The ring holds one
 * reference to each, a reader another one, so that a record can be dropped while it is read. A
 * record that alone is larger than the bound still is kept, as the only one.
 */
#include "service/engine/change_feed.h"

#include "base/memory.h"

#include <pthread.h>
#include <string.h>

struct change_feed {
	pthread_mutex_t mutex;
	struct change_record *ring[CHANGE_FEED_RECORDS_MAX]; /* NULL: a gap */
	uint64_t first, end; /* positions of the oldest that is kept, and behind the newest */
	size_t bytes;
};

static struct slice copy_text(char **at, struct slice s)
{
	char *copy = *at;

	if (s.len != 0)
		memcpy(copy, s.data, s.len);
	*at += s.len;
	return slice_make(copy, s.len);
}

static size_t record_bytes(const struct change_record *like)
{
	size_t bytes = sizeof *like + like->documents_count * sizeof *like->documents +
		       like->configs_count * sizeof *like->configs;

	for (uint32_t i = 0; i < like->documents_count; i++)
		bytes += like->documents[i].path.len;
	for (uint32_t i = 0; i < like->configs_count; i++)
		bytes += like->configs[i].len;
	return bytes;
}

/* One block: the struct, its arrays, their texts. */
struct change_record *change_record_new(const struct change_record *like)
{
	size_t bytes = record_bytes(like);
	struct change_record *r = alloc_zero(bytes);
	struct changed_document *documents;
	struct slice *configs;
	char *text;

	if (r == NULL)
		return NULL;
	documents = (struct changed_document *)(r + 1);
	configs = (struct slice *)(documents + like->documents_count);
	text = (char *)(configs + like->configs_count);
	for (uint32_t i = 0; i < like->documents_count; i++) {
		documents[i] = like->documents[i];
		documents[i].path = copy_text(&text, like->documents[i].path);
	}
	for (uint32_t i = 0; i < like->configs_count; i++)
		configs[i] = copy_text(&text, like->configs[i]);
	*r = *like;
	atomic_init(&r->refs, 1);
	r->documents = documents;
	r->configs = configs;
	r->bytes = bytes;
	return r;
}

void change_record_unref(struct change_record *r)
{
	if (r != NULL && atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) == 1)
		alloc_free(r);
}

struct change_feed *change_feed_new(void)
{
	struct change_feed *f = alloc_zero(sizeof *f);

	if (f != NULL && pthread_mutex_init(&f->mutex, NULL) != 0) {
		alloc_free(f);
		f = NULL;
	}
	return f;
}

static struct change_record **place_of(struct change_feed *f, uint64_t position)
{
	return &f->ring[position % CHANGE_FEED_RECORDS_MAX];
}

static struct change_record *take_oldest(struct change_feed *f)
{
	struct change_record *r = steal(place_of(f, f->first));

	f->first++;
	f->bytes -= r != NULL ? r->bytes : 0;
	return r;
}

void change_feed_free(struct change_feed *f)
{
	if (f == NULL)
		return;
	while (f->first != f->end)
		change_record_unref(take_oldest(f));
	pthread_mutex_destroy(&f->mutex);
	alloc_free(f);
}

void change_feed_append(struct change_feed *f, struct change_record *record_take)
{
	size_t bytes = record_take != NULL ? record_take->bytes : 0;

	pthread_mutex_lock(&f->mutex);
	while (f->first != f->end && (f->end - f->first == CHANGE_FEED_RECORDS_MAX ||
				      f->bytes + bytes > CHANGE_FEED_BYTES_MAX))
		change_record_unref(take_oldest(f));
	*place_of(f, f->end++) = record_take;
	f->bytes += bytes;
	pthread_mutex_unlock(&f->mutex);
}

struct change_cursor change_feed_end(struct change_feed *f)
{
	struct change_cursor cursor;

	pthread_mutex_lock(&f->mutex);
	cursor.position = f->end;
	pthread_mutex_unlock(&f->mutex);
	return cursor;
}

enum change_feed_step change_feed_next(struct change_feed *f, struct change_cursor *cursor,
				       struct change_record **ret)
{
	enum change_feed_step step = FEED_END;
	struct change_record *r = NULL;

	pthread_mutex_lock(&f->mutex);
	if (cursor->position < f->first) {
		cursor->position = f->first;
		step = FEED_GAP;
	} else if (cursor->position < f->end) {
		r = *place_of(f, cursor->position++);
		step = r != NULL ? FEED_RECORD : FEED_GAP;
		if (r != NULL)
			atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
	}
	pthread_mutex_unlock(&f->mutex);
	if (step == FEED_RECORD)
		*ret = r;
	return step;
}
