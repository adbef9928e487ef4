#include "support.h"

#include "audit/verify.h"

#include <stdio.h>

#define ENTRIES 5000
#define EXTRA	8 /* room for rows that a test adds */

struct stored_row {
	uint64_t index;
	char *line;
	size_t len;
	uint8_t leaf[HASH_BYTES];
};

/* A log as a store keeps it. */
struct stored_log {
	struct stored_row rows[ENTRIES + EXTRA];
	uint64_t count;
	struct buf text; /* of all lines */
	struct audit_log head;
	struct buf checkpoint, half; /* now, and when half of it was written */
};

static void stored_log_clear(struct stored_log *l)
{
	buf_clear(&l->text);
	buf_clear(&l->checkpoint);
	buf_clear(&l->half);
}

static void append_one(struct stored_log *l, uint64_t salt)
{
	char path[64];
	struct audit_touch touch = {.version = l->count + 1,
				    .has_mac = true,
				    .mac = {(uint8_t)l->count, 2, 3}};
	struct audit_entry e = {
		.epoch = 1 + l->count / 3000,
		.revision = l->count % 3000 / 3,
		.actor = SLICE_LITERAL("ci"),
		.accessor = SLICE_LITERAL("0123456789abcdefghjkmnpqrs"),
		.auth = SLICE_LITERAL("token"),
		.source = SLICE_LITERAL("192.0.2.7"),
		.action = SLICE_LITERAL("secret.read"),
		.outcome = SLICE_LITERAL("ok"),
		.request_id = SLICE_LITERAL("r-17"),
		.touched = &touch,
		.touched_count = 1,
	};
	struct stored_row *row = &l->rows[l->count];
	size_t start = l->text.len;

	snprintf(path, sizeof path, "secrets/orders/s%llu", (unsigned long long)(l->count ^ salt));
	touch.path = slice_text(path);
	cr_assert_eq(audit_log_append(&l->head, &e, (int64_t)(1763672663000 + l->count / 2),
				      &l->text, row->leaf, NULL),
		     OK);
	row->index = l->count++;
	row->len = l->text.len - start;
}

/* `salt` makes another history of the same shape. */
static void fill_log(struct stored_log *l, const struct signer *s, uint64_t count, uint64_t salt)
{
	size_t at = 0;

	*l = (struct stored_log){.head = AUDIT_LOG_EMPTY};
	cr_assert(buf_reserve(&l->text, (count + EXTRA) * 512));
	while (l->count < count) {
		if (l->count == count / 2)
			cr_assert_eq(audit_log_sign(&l->head, NULL, &s->key, s->seed, &l->half,
						    NULL),
				     OK);
		append_one(l, salt);
	}
	if (l->half.len == 0)
		cr_assert_eq(audit_log_sign(&l->head, NULL, &s->key, s->seed, &l->half, NULL), OK);
	cr_assert_eq(audit_log_sign(&l->head, NULL, &s->key, s->seed, &l->checkpoint, NULL), OK);
	for (uint64_t i = 0; i < count; i++) {
		l->rows[i].line = l->text.data + at;
		at += l->rows[i].len;
	}
}

struct walk {
	const struct stored_log *log;
	uint64_t at;
	bool has_leaves;
};

static enum result next_row(void *ctx, struct audit_verify_row *ret, bool *ret_is_end,
			    struct error *err)
{
	struct walk *w = ctx;
	const struct stored_row *row = &w->log->rows[w->at];

	(void)err;
	if (w->at == w->log->count) {
		*ret_is_end = true;
		return OK;
	}
	ret->index = row->index;
	ret->line = slice_make(row->line, row->len);
	if (w->has_leaves)
		ret->leaf = slice_make((const char *)row->leaf, sizeof row->leaf);
	w->at++;
	return OK;
}

static enum result verify_with(struct audit_report *ret, const struct stored_log *l,
			       const struct vkey *key, struct slice checkpoint, struct slice older,
			       bool has_leaves)
{
	struct walk walk = {l, 0, has_leaves};
	struct audit_verification what = {.key = key,
					  .checkpoint = checkpoint,
					  .older = older,
					  .rows = {next_row, &walk}};
	struct error err = ERROR_NULL;
	enum result rc = audit_verify(ret, &what, &err);

	cr_expect((rc == OK) == (ret->problems == 0));
	if (rc != OK)
		cr_expect_str_eq(err.text, ret->first_problem);
	return rc;
}

static enum result verify(struct audit_report *ret, const struct stored_log *l,
			  const struct signer *s)
{
	return verify_with(ret, l, &s->key, buf_slice(&l->checkpoint), SLICE_NULL, true);
}

/* One log for a whole test: each test runs in a process of its own. */
static struct stored_log log_, other_;

Test(verify, a_clean_log_of_any_size_is_sound)
{
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);

	for (uint64_t size = 0; size < 200; size++) {
		CLEANUP(buf_clear) struct buf unused = BUF_NULL;
		struct audit_report r;

		fill_log(&log_, &s, size, 0);
		cr_expect_eq(verify_with(&r, &log_, &s.key, buf_slice(&log_.checkpoint),
					 buf_slice(&log_.half), true),
			     OK, "%zu: %s", (size_t)size, r.first_problem);
		cr_expect_eq(r.entries, size);
		cr_expect_eq(r.checkpoint_size, size);
		cr_expect_eq(r.older_size, size / 2);
		stored_log_clear(&log_);
	}
}

static void count_progress(void *ctx, uint64_t entries)
{
	uint64_t *last = ctx;

	cr_expect_gt(entries, *last);
	*last = entries;
}

Test(verify, a_report_says_what_was_read)
{
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);
	uint64_t last = 0;
	struct walk walk = {&log_, 0, false};
	struct audit_verification what = {.key = &s.key,
					  .rows = {next_row, &walk},
					  .progress = count_progress,
					  .progress_ctx = &last};
	struct audit_report r;

	fill_log(&log_, &s, ENTRIES, 0);
	what.checkpoint = buf_slice(&log_.checkpoint);
	cr_assert_eq(audit_verify(&r, &what, NULL), OK, "%s", r.first_problem);
	cr_expect_eq(last, ENTRIES);
	cr_expect_eq(r.entries, ENTRIES);
	cr_expect_eq(r.first_index, AUDIT_NO_INDEX);
	cr_expect_eq(r.first_time_ms, INT64_C(1763672663000));
	cr_expect_eq(r.last_time_ms, INT64_C(1763672663000) + (ENTRIES - 1) / 2);
	cr_expect_eq(r.epoch, 2);
	cr_expect_eq(r.revision, (ENTRIES - 1) % 3000 / 3);
	stored_log_clear(&log_);
}

/* Deterministic positions over the whole log, its ends among them. */
static uint64_t position(size_t i, size_t count)
{
	return i == 0 ? 0 : i == count - 1 ? ENTRIES - 1 : (i * 7919 + i * i * 31) % ENTRIES;
}

#define POSITIONS 25

/* Gives back what was done, so that an expectation can name it; `at` is where. */
struct mutation {
	const char *what;
	void (*apply)(struct stored_log *l, uint64_t at);
	bool is_placed; /* the report names the entry */
};

static void edit_bit(struct stored_log *l, uint64_t at)
{
	struct stored_row *row = &l->rows[at];

	row->line[(at * 37) % row->len] ^= (char)(1 << at % 8);
}

static void fix_leaf(struct stored_row *row)
{
	merkle_leaf(row->leaf, slice_make(row->line, row->len));
}

static void edit_bit_and_leaf(struct stored_log *l, uint64_t at)
{
	edit_bit(l, at);
	fix_leaf(&l->rows[at]);
}

static void edit_stored_leaf(struct stored_log *l, uint64_t at)
{
	l->rows[at].leaf[at % HASH_BYTES] ^= 1;
}

static void delete_row(struct stored_log *l, uint64_t at)
{
	memmove(&l->rows[at], &l->rows[at + 1], (l->count - at - 1) * sizeof l->rows[0]);
	l->count--;
}

static void renumber(struct stored_log *l)
{
	for (uint64_t i = 0; i < l->count; i++)
		l->rows[i].index = i;
}

static void delete_and_renumber(struct stored_log *l, uint64_t at)
{
	delete_row(l, at);
	renumber(l);
}

static void swap_rows(struct stored_log *l, uint64_t at)
{
	uint64_t with = at + 1 < l->count ? at + 1 : 0;
	struct stored_row row = l->rows[at];

	l->rows[at] = l->rows[with];
	l->rows[with] = row;
}

static void swap_contents(struct stored_log *l, uint64_t at)
{
	swap_rows(l, at);
	renumber(l);
}

static void truncate_one(struct stored_log *l, uint64_t at)
{
	(void)at;
	l->count -= 1;
}

static void truncate_fifty(struct stored_log *l, uint64_t at)
{
	(void)at;
	l->count -= 50;
}

static void truncate_at(struct stored_log *l, uint64_t at)
{
	l->count = at;
}

static void add_inside(struct stored_log *l, uint64_t at)
{
	memmove(&l->rows[at + 1], &l->rows[at], (l->count - at) * sizeof l->rows[0]);
	l->count++;
	renumber(l);
}

static void add_behind(struct stored_log *l, uint64_t at)
{
	(void)at;
	l->rows[l->count] = l->rows[l->count - 1];
	l->rows[l->count].index = l->count;
	l->count++;
}

static const struct mutation mutations[] = {
	{"edit one bit of the entry", edit_bit, true},
	{"edit one bit of the entry and fix its hash", edit_bit_and_leaf, false},
	{"edit the stored hash", edit_stored_leaf, true},
	{"delete an entry", delete_row, false},
	{"delete an entry and renumber", delete_and_renumber, false},
	{"swap two entries", swap_rows, false},
	{"swap two entries and renumber", swap_contents, false},
	{"cut off one", truncate_one, false},
	{"cut off fifty", truncate_fifty, false},
	{"cut off all from here", truncate_at, false},
	{"add one inside", add_inside, false},
	{"add one behind", add_behind, false},
};

static void save(const struct stored_log *l, struct stored_row *rows, struct buf *text)
{
	memcpy(rows, l->rows, sizeof l->rows);
	buf_reset(text);
	buf_append_slice(text, buf_slice(&l->text));
}

static void restore(struct stored_log *l, const struct stored_row *rows, const struct buf *text)
{
	memcpy(l->rows, rows, sizeof l->rows);
	memcpy(l->text.data, text->data, text->len);
	l->count = ENTRIES;
}

Test(verify, every_mutation_of_a_log_is_found)
{
	static struct stored_row rows[ENTRIES + EXTRA];
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct audit_report r;

	fill_log(&log_, &s, ENTRIES, 0);
	save(&log_, rows, &text);
	for (size_t m = 0; m < ARRAY_SIZE(mutations); m++) {
		for (size_t i = 0; i < POSITIONS; i++) {
			uint64_t at = position(i, POSITIONS);

			mutations[m].apply(&log_, at);
			cr_expect_eq(verify(&r, &log_, &s), E_CORRUPT, "%s at %zu",
				     mutations[m].what, (size_t)at);
			if (mutations[m].is_placed)
				cr_expect_eq(r.first_index, at, "%s at %zu: %s", mutations[m].what,
					     (size_t)at, r.first_problem);
			restore(&log_, rows, &text);
		}
	}
	cr_expect_eq(verify(&r, &log_, &s), OK, "a false alarm: %s", r.first_problem);
	stored_log_clear(&log_);
}

Test(verify, every_bit_of_an_entry_counts)
{
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);
	struct audit_report r;

	fill_log(&log_, &s, 5, 0);
	for (uint64_t at = 0; at < 5; at += 2) {
		for (size_t bit = 0; bit < log_.rows[at].len * 8; bit++) {
			log_.rows[at].line[bit / 8] ^= (char)(1 << bit % 8);
			cr_expect_eq(verify(&r, &log_, &s), E_CORRUPT);
			cr_expect_eq(r.first_index, at);
			cr_expect_eq(verify_with(&r, &log_, &s.key, buf_slice(&log_.checkpoint),
						 SLICE_NULL, false),
				     E_CORRUPT, "without stored hashes");
			log_.rows[at].line[bit / 8] ^= (char)(1 << bit % 8);
		}
	}
	stored_log_clear(&log_);
}

Test(verify, an_entry_behind_a_gap_is_named_once)
{
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);
	struct audit_report r;

	fill_log(&log_, &s, 1000, 0);
	delete_row(&log_, 400);
	cr_expect_eq(verify(&r, &log_, &s), E_CORRUPT);
	cr_expect_eq(r.first_index, 400);
	cr_expect_leq(r.problems, 2);
	stored_log_clear(&log_);
}

Test(verify, an_unreadable_entry_is_told_once_and_the_pass_goes_on)
{
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);
	struct audit_report r;

	fill_log(&log_, &s, 100, 0);
	log_.rows[40].line[0] = 'x';
	cr_expect_eq(verify(&r, &log_, &s), E_CORRUPT);
	cr_expect_eq(r.first_index, 40);
	cr_expect_eq(r.problems, 3, "hash, form and checkpoint: %u", (unsigned)r.problems);
	cr_expect_eq(r.entries, 100);
	stored_log_clear(&log_);
}

/* Like next_row(), with a wrong actor in the index of each entry. */
static enum result next_wrongly_indexed(void *ctx, struct audit_verify_row *ret, bool *ret_is_end,
					struct error *err)
{
	static struct audit_index_row index_row = {.actor = SLICE_INIT("somebody else")};
	enum result rc = next_row(ctx, ret, ret_is_end, err);

	if (!*ret_is_end)
		ret->index_row = &index_row;
	return rc;
}

Test(verify, every_entry_that_is_indexed_wrongly_is_counted)
{
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);
	struct walk walk = {&log_, 0, true};
	struct audit_verification what = {.key = &s.key, .rows = {next_wrongly_indexed, &walk}};
	struct audit_report r;

	fill_log(&log_, &s, 20, 0);
	what.checkpoint = buf_slice(&log_.checkpoint);
	cr_expect_eq(audit_verify(&r, &what, NULL), E_CORRUPT);
	cr_expect(r.problems == 20 && r.first_index == 0 && r.entries == 20, "%u",
		  (unsigned)r.problems);
	stored_log_clear(&log_);
}

Test(verify, a_log_signed_by_another_key_is_found)
{
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN), thief = new_signer(ORIGIN);
	struct audit_report r;

	fill_log(&log_, &thief, ENTRIES, 1);
	cr_expect_eq(verify(&r, &log_, &thief), OK, "it is sound in itself");
	cr_expect_eq(verify(&r, &log_, &s), E_CORRUPT);
	cr_expect_eq(r.first_index, AUDIT_NO_INDEX);
	stored_log_clear(&log_);
}

Test(verify, a_log_rewritten_with_the_real_key_is_found_by_an_older_checkpoint)
{
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);
	struct audit_report r;

	fill_log(&log_, &s, ENTRIES, 0);
	fill_log(&other_, &s, ENTRIES, 1);
	cr_expect_eq(verify(&r, &other_, &s), OK, "nothing else can tell");
	cr_expect_eq(verify_with(&r, &other_, &s.key, buf_slice(&other_.checkpoint),
				 buf_slice(&log_.half), true),
		     E_CORRUPT);
	cr_expect_not_null(strstr(r.first_problem, "rewritten"), "%s", r.first_problem);
	cr_expect_eq(r.older_size, ENTRIES / 2);
	stored_log_clear(&log_);
	stored_log_clear(&other_);
}

Test(verify, an_older_checkpoint_finds_a_whole_log_that_went_back)
{
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);
	struct audit_report r;

	fill_log(&log_, &s, 300, 0);
	fill_log(&other_, &s, 200, 0); /* the same beginning, an older database */
	cr_expect_eq(verify(&r, &other_, &s), OK);
	cr_expect_eq(verify_with(&r, &other_, &s.key, buf_slice(&other_.checkpoint),
				 buf_slice(&log_.checkpoint), true),
		     E_CORRUPT);
	cr_expect_eq(r.first_index, 200);
	cr_expect_eq(verify_with(&r, &log_, &s.key, buf_slice(&log_.checkpoint),
				 buf_slice(&other_.checkpoint), true),
		     OK, "it is a beginning of this log: %s", r.first_problem);
	stored_log_clear(&log_);
	stored_log_clear(&other_);
}

Test(verify, a_checkpoint_that_is_none_is_found)
{
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);
	struct audit_report r;

	fill_log(&log_, &s, 10, 0);
	cr_expect_eq(verify_with(&r, &log_, &s.key, SLICE_NULL, SLICE_NULL, true), E_CORRUPT);
	cr_expect_eq(verify_with(&r, &log_, &s.key, buf_slice(&log_.half), SLICE_NULL, true),
		     E_CORRUPT, "an older one in the newest's place");
	cr_expect_eq(r.first_index, 5);
	for (size_t bit = 0; bit < log_.checkpoint.len * 8; bit++) {
		log_.checkpoint.data[bit / 8] ^= (char)(1 << bit % 8);
		cr_expect_eq(verify(&r, &log_, &s), E_CORRUPT, "bit %zu", bit);
		log_.checkpoint.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	stored_log_clear(&log_);
}

/* Someone who holds the key signs entries that this log would never write. */
static void sign_anew(struct stored_log *l, const struct signer *s)
{
	struct merkle tree = MERKLE_EMPTY;

	for (uint64_t i = 0; i < l->count; i++) {
		fix_leaf(&l->rows[i]);
		merkle_append(&tree, l->rows[i].leaf);
	}
	buf_reset(&l->checkpoint);
	cr_assert_eq(checkpoint_sign(&l->checkpoint, &tree, NULL, &s->key, s->seed, NULL), OK);
}

Test(verify, order_is_checked_even_where_the_signature_fits)
{
	static const struct {
		const char *find, *put, *says;
	} cases[] = {
		{"\"index\":2,", "\"index\":3,", "calls itself"},
		{"2025-11-20", "2024-11-20", "older"},
		{"\"epoch\":1", "\"epoch\":0", "earlier epoch"},
		{"\"revision\":3", "\"revision\":1", "earlier revision"},
		{"{\"v\":1", "{\"v\":2", "form"},
	};
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct audit_report r;
		struct stored_row *row;
		char *at;

		fill_log(&log_, &s, 14, 0);
		row = &log_.rows[i == 0 ? 2 : i == 3 ? 10 : 5];
		at = memmem(row->line, row->len, cases[i].find, strlen(cases[i].find));
		cr_assert_not_null(at, "%s", cases[i].find);
		memcpy(at, cases[i].put, strlen(cases[i].put));
		sign_anew(&log_, &s);
		cr_expect_eq(verify(&r, &log_, &s), E_CORRUPT, "%s", cases[i].says);
		cr_expect_not_null(strstr(r.first_problem, cases[i].says), "%s", r.first_problem);
		stored_log_clear(&log_);
	}
}

/* The disk's failure with stored hashes, the store's finding without. */
static enum result fail_at_third(void *ctx, struct audit_verify_row *ret, bool *ret_is_end,
				 struct error *err)
{
	struct walk *w = ctx;

	if (w->at == 2 && w->has_leaves)
		return fail(err, E_IO, "the disk is gone");
	if (w->at == 2)
		return fail(err, E_CORRUPT, "a leaf of 31 bytes");
	return next_row(w, ret, ret_is_end, err);
}

Test(verify, a_log_that_cannot_be_read_is_no_finding)
{
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);
	struct walk walk = {&log_, 0, true};
	struct audit_verification what = {.key = &s.key, .rows = {fail_at_third, &walk}};
	struct error err = ERROR_NULL;
	struct audit_report r;

	fill_log(&log_, &s, 10, 0);
	what.checkpoint = buf_slice(&log_.checkpoint);
	cr_expect_eq(audit_verify(&r, &what, &err), E_IO);
	cr_expect_str_eq(err.text, "the disk is gone");
	cr_expect_eq(r.problems, 0);
	walk = (struct walk){&log_, 0, false};
	cr_expect_eq(audit_verify(&r, &what, &err), E_CORRUPT);
	cr_expect_eq(r.problems, 1, "what the store finds corrupt is a finding");
	cr_expect_eq(r.first_index, 2);
	cr_expect_str_eq(r.first_problem, "a leaf of 31 bytes");
	stored_log_clear(&log_);
}

static bool verify_both(void *ctx)
{
	const struct signer *s = ctx;
	struct walk walk = {&log_, 0, true};
	struct audit_verification what = {.key = &s->key,
					  .checkpoint = buf_slice(&log_.checkpoint),
					  .older = buf_slice(&log_.half),
					  .rows = {next_row, &walk}};
	struct audit_report r;
	enum result rc = audit_verify(&r, &what, NULL);

	cr_expect(rc == OK || rc == E_MEMORY, "%s", result_name(rc));
	cr_expect_eq(r.problems, 0, "a false alarm: %s", r.first_problem);
	return rc == OK;
}

Test(verify, short_memory_is_no_finding)
{
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);

	fill_log(&log_, &s, 10, 0);
	each_fault(verify_both, &s);
	stored_log_clear(&log_);
}
