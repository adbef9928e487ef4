/* What the log says last of each version and token, by entries of this release and of older ones.
 */
#include "store/check/words.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

static struct words w;
static uint64_t index_next;

static void set_up(void)
{
	words_init(&w);
	index_next = 0;
}

static void tear_down(void)
{
	words_clear(&w);
}

TestSuite(words, .init = set_up, .fini = tear_down);

static enum result take(const char *action, const char *outcome, const struct audit_touch *touched,
			uint32_t count)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct audit_entry e = {.index = index_next++,
				.epoch = 1,
				.action = slice_text(action),
				.outcome = slice_text(outcome),
				.touched = touched,
				.touched_count = count};
	struct audit_line line;
	struct error err = ERROR_NULL;

	cr_assert_eq(audit_entry_write(&text, &e, &err), OK, "%s", err.text);
	cr_assert_eq(audit_line_read(&line, buf_slice(&text), &err), OK, "%s", err.text);
	return words_take(&w, &line, &err);
}

#define TAKE(action, ...)                                                               \
	do {                                                                            \
		const struct audit_touch touched_[] = {__VA_ARGS__};                    \
		cr_assert_eq(take((action), "ok", touched_, ARRAY_SIZE(touched_)), OK); \
	} while (0)

/* One thing touched: of this release with a state; of an older one without. */
#define VERSION(p, v, ...)                                         \
	{                                                          \
		.path = SLICE_INIT(p), .version = (v), __VA_ARGS__ \
	}
#define MADE(p, v) VERSION(p, v, .has_mac = true, .mac = {(v), 9})

static enum audit_state said(const char *path, uint64_t version)
{
	const struct word *word = words_version(&w, slice_text(path), version);

	return word != NULL ? words_state(&w, word) : AUDIT_STATE_COUNT;
}

static enum audit_state said_of_token(const char *accessor)
{
	const struct word *word = words_token(&w, slice_text(accessor));

	return word != NULL ? words_state(&w, word) : AUDIT_STATE_COUNT;
}

Test(words, the_last_state_of_a_version_counts_and_its_hash_stays)
{
	const struct word *word;

	TAKE("secret.put",
	     VERSION("secrets/a", 1, .has_mac = true, .mac = {7}, .state = AUDIT_STATE_LIVE));
	TAKE("secret.put", VERSION("secrets/a", 1, .has_mac = true, .mac = {8}),
	     VERSION("secrets/a", 2, .has_mac = true, .mac = {9}, .state = AUDIT_STATE_LIVE));
	TAKE("batch.write", VERSION("secrets/a", 1, .state = AUDIT_STATE_DELETED));
	cr_expect_eq(said("secrets/a", 1), AUDIT_STATE_DELETED);
	cr_expect_eq(said("secrets/a", 2), AUDIT_STATE_LIVE);
	cr_expect_eq(said("secrets/a", 3), AUDIT_STATE_COUNT);
	cr_expect_eq(said("secrets/b", 1), AUDIT_STATE_COUNT);
	word = words_version(&w, SLICE_LITERAL("secrets/a"), 1);
	cr_expect_eq(word->index, 2);
	cr_expect(words_fits(word, (uint8_t[HASH_BYTES]){7}));
	cr_expect_not(words_fits(word, (uint8_t[HASH_BYTES]){8}), "that of a read is not kept");
}

Test(words, a_failed_call_and_a_read_say_nothing)
{
	const struct audit_touch touched[] = {VERSION("secrets/a", 1, .state = AUDIT_STATE_LIVE)};

	cr_assert_eq(take("secret.put", "conflict", touched, 1), OK);
	cr_expect_eq(said("secrets/a", 1), AUDIT_STATE_COUNT);
	TAKE("secret.read", MADE("secrets/a", 1));
	cr_expect_eq(said("secrets/a", 1), AUDIT_STATE_COUNT);
}

Test(words, a_token_has_the_digest_of_its_last_entry_until_all_are_revoked)
{
	TAKE("token.create", VERSION("sys/tokens/a", 0, .state = AUDIT_STATE_LIVE,
				     .has_digest = true, .digest = {1}));
	TAKE("token.renew", VERSION("sys/tokens/a", 0, .state = AUDIT_STATE_LIVE,
				    .has_digest = true, .digest = {2}));
	cr_expect_eq(said_of_token("a"), AUDIT_STATE_LIVE);
	cr_expect(words_fits(words_token(&w, SLICE_LITERAL("a")), (uint8_t[HASH_BYTES]){2}));
	cr_expect_not(words_fits(words_token(&w, SLICE_LITERAL("a")), (uint8_t[HASH_BYTES]){1}));
	TAKE("token.revoke", VERSION("sys/tokens", 0, .state = AUDIT_STATE_REVOKED));
	TAKE("token.create", VERSION("sys/tokens/b", 0, .state = AUDIT_STATE_LIVE,
				     .has_digest = true, .digest = {3}));
	cr_expect_eq(said_of_token("a"), AUDIT_STATE_REVOKED);
	cr_expect_eq(said_of_token("b"), AUDIT_STATE_LIVE);
	cr_expect_eq(said_of_token("c"), AUDIT_STATE_COUNT);
}

Test(words, entries_of_an_older_release_say_by_their_action_what_they_can)
{
	TAKE("store.init", MADE("policies/p", 1));
	TAKE("token.create", VERSION("sys/tokens/a", 0));
	TAKE("token.create", VERSION("sys/tokens/b", 0));
	TAKE("secret.put", MADE("secrets/a", 1));
	TAKE("secret.put", MADE("secrets/a", 2));
	TAKE("secret.delete", VERSION("secrets/a", 2));
	/* Reads secrets/a 2 on the way: that says nothing of its state. */
	TAKE("document.put", MADE("secrets/a", 2), MADE("profiles/a/b", 1));
	TAKE("secret.destroy", VERSION("secrets/a", 1));
	TAKE("token.revoke", VERSION("sys/tokens/b", 0));
	cr_expect_eq(said("policies/p", 1), AUDIT_STATE_LIVE);
	cr_expect_eq(said("secrets/a", 1), AUDIT_STATE_DESTROYED);
	cr_expect_eq(said("secrets/a", 2), AUDIT_STATE_DELETED);
	cr_expect_eq(said("profiles/a/b", 1), AUDIT_STATE_LIVE);
	cr_expect_eq(said_of_token("a"), AUDIT_STATE_LIVE);
	cr_expect(words_fits(words_token(&w, SLICE_LITERAL("a")), (uint8_t[HASH_BYTES]){5}),
		  "no digest is named");
	cr_expect_eq(said_of_token("b"), AUDIT_STATE_REVOKED);
	TAKE("secret.undelete", VERSION("secrets/a", 2));
	cr_expect_eq(said("secrets/a", 2), AUDIT_STATE_LIVE);
	TAKE("batch.write", VERSION("secrets/a", 2), MADE("secrets/a", 3));
	cr_expect_eq(said("secrets/a", 2), AUDIT_STATE_NONE, "deleted or undeleted");
	cr_expect_eq(said("secrets/a", 3), AUDIT_STATE_LIVE);
	TAKE("token.revoke", VERSION("sys/tokens", 0));
	cr_expect_eq(said_of_token("a"), AUDIT_STATE_REVOKED);
}

Test(words, once_entries_say_states_one_without_a_state_is_a_read)
{
	TAKE("secret.put", MADE("secrets/a", 1));
	TAKE("secret.put", VERSION("secrets/a", 2, .state = AUDIT_STATE_LIVE));
	TAKE("document.put", MADE("secrets/never", 1),
	     VERSION("profiles/a/b", 1, .state = AUDIT_STATE_LIVE));
	TAKE("secret.delete", VERSION("secrets/a", 1));
	cr_expect_eq(said("secrets/a", 1), AUDIT_STATE_LIVE);
	cr_expect_eq(said("secrets/never", 1), AUDIT_STATE_COUNT);
}

Test(words, very_many_are_all_kept)
{
	char path[32];

	for (int i = 0; i < 20000; i++) {
		struct audit_touch touch = {.version = 1 + (uint64_t)i % 2,
					    .state = i % 3 == 0 ? AUDIT_STATE_DELETED
								: AUDIT_STATE_LIVE};

		snprintf(path, sizeof path, "schemas/s%d", i / 2);
		touch.path = slice_text(path);
		cr_assert_eq(take("document.put", "ok", &touch, 1), OK);
	}
	cr_expect_eq(w.count, 20000);
	for (int i = 0; i < 20000; i++) {
		snprintf(path, sizeof path, "schemas/s%d", i / 2);
		cr_assert_eq(said(path, 1 + (uint64_t)i % 2),
			     i % 3 == 0 ? AUDIT_STATE_DELETED : AUDIT_STATE_LIVE);
	}
}

static bool refuse(void *ctx)
{
	(void)ctx;
	return false;
}

Test(words, without_memory_they_say_so)
{
	const struct audit_touch touched[] = {VERSION("secrets/a", 1, .state = AUDIT_STATE_LIVE)};
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct audit_entry e = {.outcome = SLICE_LITERAL("ok"),
				.touched = touched,
				.touched_count = 1};
	struct audit_line line;
	enum result rc;

	cr_assert_eq(audit_entry_write(&text, &e, NULL), OK);
	cr_assert_eq(audit_line_read(&line, buf_slice(&text), NULL), OK);
	alloc_hook_set(refuse, NULL);
	rc = words_take(&w, &line, NULL);
	alloc_hook_set(NULL, NULL);
	cr_expect_eq(rc, E_MEMORY);
	cr_expect_eq(said("secrets/a", 1), AUDIT_STATE_COUNT);
}
