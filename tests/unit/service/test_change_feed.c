/* What readers of the feed get, and what they are told of what they missed. */
#include "service/engine/change_feed.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct change_feed *f;

static void open_feed(void)
{
	f = change_feed_new();
	cr_assert_not_null(f);
}

static void close_feed(void)
{
	change_feed_free(f);
	change_feed_free(NULL);
}

TestSuite(change_feed, .init = open_feed, .fini = close_feed);

static struct change_record *make(uint64_t revision)
{
	char path[32];
	struct changed_document document = {.kind = KIND_PROFILES,
					    .action = CHANGE_PUT,
					    .version = revision};
	struct slice config = SLICE_LITERAL("config/a/b");
	struct change_record *r;

	snprintf(path, sizeof path, "profiles/a/p%llu", (unsigned long long)revision);
	document.path = slice_text(path);
	r = change_record_new(&(struct change_record){.epoch = 1,
						      .revision = revision,
						      .documents = &document,
						      .documents_count = 1,
						      .configs = &config,
						      .configs_count = 1});
	cr_assert_not_null(r);
	return r;
}

static void expect_record(struct change_cursor *at, uint64_t revision)
{
	struct change_record *r = NULL;

	cr_assert_eq(change_feed_next(f, at, &r), FEED_RECORD);
	cr_expect_eq(r->revision, revision);
	change_record_unref(r);
}

static void expect_step(struct change_cursor *at, enum change_feed_step step)
{
	struct change_record *r = NULL;

	cr_expect_eq(change_feed_next(f, at, &r), step);
	cr_expect_null(r);
}

Test(change_feed, a_record_is_a_copy)
{
	struct change_cursor at = change_feed_end(f);
	struct change_record *r = NULL;

	change_feed_append(f, make(7));
	cr_assert_eq(change_feed_next(f, &at, &r), FEED_RECORD);
	cr_expect_eq(r->epoch, 1);
	cr_expect_eq(r->documents_count, 1);
	cr_expect(slice_is_text(r->documents[0].path, "profiles/a/p7"));
	cr_expect_eq(r->documents[0].version, 7);
	cr_expect(slice_is_text(r->configs[0], "config/a/b"));
	change_record_unref(r);
	change_record_unref(NULL);
}

Test(change_feed, each_reader_gets_each_record_since_it_began_in_order)
{
	struct change_cursor early = change_feed_end(f), late;

	expect_step(&early, FEED_END);
	change_feed_append(f, make(1));
	late = change_feed_end(f);
	change_feed_append(f, make(2));
	expect_record(&early, 1);
	expect_record(&early, 2);
	expect_record(&late, 2);
	expect_step(&early, FEED_END);
	expect_step(&late, FEED_END);
	change_feed_append(f, make(3));
	expect_record(&late, 3);
}

Test(change_feed, a_reader_that_is_too_late_is_told_once_and_goes_on)
{
	struct change_cursor at = change_feed_end(f);

	for (uint64_t i = 1; i <= CHANGE_FEED_RECORDS_MAX + 3; i++)
		change_feed_append(f, make(i));
	expect_step(&at, FEED_GAP);
	for (uint64_t i = 4; i <= CHANGE_FEED_RECORDS_MAX + 3; i++)
		expect_record(&at, i);
	expect_step(&at, FEED_END);
}

Test(change_feed, a_record_that_there_was_no_memory_for_is_a_gap)
{
	struct change_cursor at = change_feed_end(f);

	change_feed_append(f, make(1));
	change_feed_append(f, NULL);
	change_feed_append(f, make(3));
	expect_record(&at, 1);
	expect_step(&at, FEED_GAP);
	expect_record(&at, 3);
}

Test(change_feed, large_records_push_out_old_ones)
{
	const uint32_t count = 1000;
	struct slice *configs = calloc(count, sizeof *configs);
	struct change_cursor at = change_feed_end(f);
	static char text[1000];
	uint32_t kept = 0;

	memset(text, 'x', sizeof text);
	for (uint32_t i = 0; i < count; i++)
		configs[i] = slice_make(text, sizeof text);
	for (uint64_t i = 1; i <= 10; i++)
		change_feed_append(f, change_record_new(
					      &(struct change_record){.revision = i,
								      .configs = configs,
								      .configs_count = count}));
	expect_step(&at, FEED_GAP);
	for (struct change_record *r = NULL; change_feed_next(f, &at, &r) == FEED_RECORD; kept++)
		change_record_unref(r);
	cr_expect(kept >= 3 && kept <= CHANGE_FEED_BYTES_MAX / 1000000, "%u", kept);
	free(configs);
}
