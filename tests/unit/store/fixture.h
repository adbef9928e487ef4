/* A new folder for each test, rows to put into it and rows taken out of it. */
#pragma once

#include "store/memory/memory.h"
#include "store/sqlite/sqlite.h"
#include "store/store.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* Where a store keeps its data until folder_remove(): a folder of mode 0700, or a disk in
 * memory. */
struct folder {
	char path[80];
	struct memory_disk *disk; /* NULL: the folder */
};

struct folder folder_new(void);
struct folder folder_new_in_memory(void);

/* A test that every kind of store has to pass. Its file gives the suite set_up() and
 * set_up_in_memory(). */
#define STORE_TESTS(suite)                                   \
	TestSuite(suite, .init = set_up, .fini = tear_down); \
	TestSuite(suite##_in_memory, .init = set_up_in_memory, .fini = tear_down)
#define STORE_TEST(suite, name)                    \
	static void suite##_##name##_in_any(void); \
	Test(suite, name)                          \
	{                                          \
		suite##_##name##_in_any();         \
	}                                          \
	Test(suite##_in_memory, name)              \
	{                                          \
		suite##_##name##_in_any();         \
	}                                          \
	static void suite##_##name##_in_any(void)

void folder_remove(const struct folder *f);
/* "<folder>/<name>" in a buffer that the next call of the same thread reuses. */
const char *folder_file(const struct folder *f, const char *name);

/* Opens or ends the test. */
struct store *store_make(const struct folder *f);
struct store *store_reopen(const struct folder *f);
struct store_session *session_make(struct store *s);

/* cr_assert that a call gave `rc`, and its error text otherwise. */
#define EXPECT_RC(call, rc)                                                                 \
	do {                                                                                \
		struct error err_ = ERROR_NULL;                                             \
		struct error *err = &err_;                                                  \
		enum result got_ = (call);                                                  \
		cr_assert(got_ == (rc), "%s: %s: %s", #call, result_name(got_), err_.text); \
	} while (0)
#define EXPECT_OK(call) EXPECT_RC(call, OK)

/* Rows with values made from `n`; slices are constants or point into a static buffer of the
 * thread. */
struct version_row version_of(const char *path, uint64_t version, uint64_t revision);
struct revision_row revision_of(uint64_t revision);
struct audit_row audit_of(uint64_t index, const char *actor, const char *action,
			  const char *outcome, const struct slice *path);
extern const char digest_32[33];

/* One text a row, as "path v1 r1 live", for what a walk gave; `stop_after` rows end it with E_LIMIT
 * (0: none). */
#define SEEN_MAX 256
struct seen {
	char texts[SEEN_MAX][160];
	size_t count;
	size_t stop_after;
	char sealed[256];
	char wrapped_key[64];
	bool is_shredded;
};

enum result see_version(void *ctx, const struct version_row *row, struct error *err);
enum result see_revision(void *ctx, const struct revision_row *row, struct error *err);
enum result see_change(void *ctx, const struct change_row *row, struct error *err);
enum result see_edge(void *ctx, const struct edge_row *row, struct error *err);
enum result see_token(void *ctx, const struct token_row *row, struct error *err);
enum result see_audit(void *ctx, const struct audit_row *row, struct error *err);
enum result see_key(void *ctx, uint32_t generation, struct slice wrapped, struct error *err);
enum result see_bytes(void *ctx, struct slice value, struct error *err);
enum result see_effective(void *ctx, uint64_t revision, struct slice digest, struct error *err);
enum result see_log(void *ctx, const struct log_row *row, struct error *err);

/* All that was seen, joined by ", ", in a buffer of `seen`'s thread. */
const char *seen_text(const struct seen *seen);
