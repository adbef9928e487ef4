#include "support.h"

static struct audit_entry event(uint64_t epoch, uint64_t revision)
{
	return (struct audit_entry){.epoch = epoch,
				    .revision = revision,
				    .actor = SLICE_LITERAL("ci"),
				    .action = SLICE_LITERAL("config.read"),
				    .outcome = SLICE_LITERAL("ok")};
}

static enum result add(struct audit_log *log, struct audit_entry *e, int64_t now_ms)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	uint8_t leaf[HASH_BYTES], wanted[HASH_BYTES];
	enum result rc;

	buf_append_text(&line, "before");
	rc = audit_log_append(log, e, now_ms, &line, leaf, NULL);
	if (rc == OK) {
		merkle_leaf(wanted, slice_from(buf_slice(&line), 6));
		cr_expect_arr_eq(leaf, wanted, sizeof leaf);
	} else {
		cr_expect_eq(line.len, 6);
	}
	return rc;
}

Test(log, entries_are_numbered_and_time_does_not_go_back)
{
	struct audit_log log = AUDIT_LOG_EMPTY;
	struct audit_entry a = event(1, 1), b = event(1, 1), c = event(1, 2);

	cr_assert_eq(crypto_start(NULL), OK);
	cr_assert_eq(add(&log, &a, 1000), OK);
	cr_assert_eq(add(&log, &b, 400), OK);
	cr_assert_eq(add(&log, &c, 1001), OK);
	cr_expect(a.index == 0 && b.index == 1 && c.index == 2);
	cr_expect(a.time_ms == 1000 && b.time_ms == 1000 && c.time_ms == 1001);
	cr_expect_eq(log.tree.size, 3);
}

Test(log, a_late_read_takes_the_revision_of_the_entry_before)
{
	struct audit_log log = AUDIT_LOG_EMPTY;
	struct audit_entry commit = event(1, 8), late = event(1, 7), restored = event(2, 3);

	cr_assert_eq(add(&log, &commit, 1), OK);
	cr_assert_eq(add(&log, &late, 2), OK);
	cr_expect_eq(late.revision, 8);
	cr_assert_eq(add(&log, &restored, 3), OK);
	cr_expect_eq(restored.revision, 3, "a restore may go back");
}

Test(log, a_refused_entry_changes_nothing)
{
	struct audit_log log = AUDIT_LOG_EMPTY, before;
	struct audit_entry first = event(2, 1), falls = event(1, 9), bad = event(2, 2);

	cr_assert_eq(add(&log, &first, 5), OK);
	before = log;
	cr_expect_eq(add(&log, &falls, 6), E_CONFLICT);
	bad.actor = SLICE_LITERAL("\xff");
	cr_expect_eq(add(&log, &bad, 7), E_INVALID);
	cr_expect_eq(add(&log, &first, INT64_MAX), E_INVALID, "beyond the year 9999");
	cr_expect(memcmp(&log, &before, sizeof log) == 0);
	cr_expect_eq(first.index, 0);
}

Test(log, a_full_log_takes_nothing_more)
{
	struct audit_log log = AUDIT_LOG_EMPTY, before;
	struct audit_entry e = event(1, 1);

	log.tree.size = UINT64_MAX;
	before = log;
	cr_expect_eq(add(&log, &e, 1), E_LIMIT);
	cr_expect(memcmp(&log, &before, sizeof log) == 0);
}

Test(log, a_state_that_is_none_is_said_to_be_the_logs)
{
	CLEANUP(buf_clear) struct buf state = BUF_NULL;
	struct audit_log log = AUDIT_LOG_EMPTY, again = AUDIT_LOG_EMPTY;
	struct error err = ERROR_NULL;

	audit_log_append_state(&state, &log);
	cr_expect_eq(audit_log_read_state(&again, slice_first(buf_slice(&state), state.len - 1),
					  &err),
		     E_CORRUPT);
	cr_expect(slice_starts_with(slice_text(err.text), SLICE_LITERAL("audit log: ")), "%s",
		  err.text);
	again.epoch = 77;
	state.data[0] = 0;
	cr_expect_eq(audit_log_read_state(&again, buf_slice(&state), NULL), E_CORRUPT);
	cr_expect_eq(again.epoch, 77, "untouched");
}

Test(log, a_log_goes_on_from_its_stored_state)
{
	CLEANUP(buf_clear) struct buf state = BUF_NULL;
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);
	CLEANUP(buf_clear) struct buf a = BUF_NULL, b = BUF_NULL;
	struct audit_log log = AUDIT_LOG_EMPTY, again;

	for (uint64_t i = 0; i < 100; i++) {
		struct audit_entry e = event(3, i);

		cr_assert_eq(add(&log, &e, (int64_t)(1000 * i)), OK);
	}
	audit_log_append_state(&state, &log);
	cr_expect_leq(state.len, AUDIT_LOG_STATE_BYTES_MAX);
	cr_assert_eq(audit_log_read_state(&again, buf_slice(&state), NULL), OK);
	cr_expect_eq(again.epoch, 3);
	cr_expect_eq(again.revision, 99);
	cr_expect_eq(again.last_time_ms, 99000);
	cr_assert_eq(audit_log_sign(&log, NULL, &s.key, s.seed, &a, NULL), OK);
	cr_assert_eq(audit_log_sign(&again, NULL, &s.key, s.seed, &b, NULL), OK);
	cr_expect(slice_is_equal(buf_slice(&a), buf_slice(&b)));
	for (size_t len = 0; len < state.len; len++)
		cr_expect_eq(audit_log_read_state(&again, slice_first(buf_slice(&state), len),
						  NULL),
			     E_CORRUPT);
	state.data[0] = 2;
	cr_expect_eq(audit_log_read_state(&again, buf_slice(&state), NULL), E_CORRUPT);
}

static bool append_and_sign(void *ctx)
{
	struct signer *s = ctx;
	CLEANUP(buf_clear) struct buf line = BUF_NULL, note = BUF_NULL;
	struct audit_log log = AUDIT_LOG_EMPTY;
	struct audit_entry e = event(1, 1);
	uint8_t leaf[HASH_BYTES];
	enum result rc = audit_log_append(&log, &e, 1, &line, leaf, NULL);

	if (rc != OK)
		cr_expect(log.tree.size == 0 && line.len == 0, "half of it is left");
	return rc == OK && audit_log_sign(&log, NULL, &s->key, s->seed, &note, NULL) == OK;
}

Test(log, short_memory_is_an_ordinary_error)
{
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);

	each_fault(append_and_sign, &s);
}
