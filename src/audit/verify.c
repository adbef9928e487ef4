/*
 * The verification is one pass over the entries, on one thread. Every problem is counted, and the
 * first is kept with its place; the pass goes on after a problem, so that the report says how many
 * entries are wrong. The tree is built from the lines alone: stored hashes and index columns serve
 * only to find out which entry was changed.
 *
 * Two kinds of failure are kept apart: a problem of the log goes into the report (note_problem()),
 * a failure to verify it (no memory, a disk that cannot be read) ends the pass with its own result.
 * A log is never called valid after either. Memory does not grow with the log.
 */
#include "audit/verify.h"

#include "audit/entry.h"

#include <inttypes.h>
#include <stdio.h>

#define PROGRESS_EVERY 4096

/* The state of one verification: what has been read so far and what must follow. */
struct pass {
	struct audit_report *report;
	const struct audit_verification *what;
	struct merkle tree;
	uint64_t expected;	/* index of the next row; after a gap it follows that row */
	struct audit_head last; /* of the entry before */
	bool has_older;
	struct checkpoint newest, older;
};

/* The report words the first problem only: later ones are often consequences of it. */
static void PRINTF_LIKE(3, 4) note_problem(struct pass *p, uint64_t index, const char *fmt, ...)
{
	struct audit_report *report = p->report;
	char text[ERROR_TEXT_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (report->problems++ == 0) {
		report->first_index = index;
		memcpy(report->first_problem, text, sizeof text);
	}
	if (p->what->problem != NULL)
		p->what->problem(p->what->problem_ctx, index, text);
}

/* Index, time, epoch and revision must follow from those of the entry before. */
static void check_head(struct pass *p, struct audit_head head, uint64_t index)
{
	bool is_first = p->tree.size == 0;

	if (head.index != index)
		note_problem(p, index,
			     "entry %" PRIu64 " calls itself %" PRIu64
			     ": entries were removed, added or swapped",
			     index, head.index);
	if (!is_first && head.time_ms < p->last.time_ms)
		note_problem(p, index, "entry %" PRIu64 " is older than the one before", index);
	if (!is_first && head.epoch < p->last.epoch)
		note_problem(p, index,
			     "entry %" PRIu64 " is of an earlier epoch than the one before", index);
	if (!is_first && head.epoch == p->last.epoch && head.revision < p->last.revision)
		note_problem(p, index,
			     "entry %" PRIu64 " is of an earlier revision than the one before",
			     index);
	if (is_first)
		p->report->first_time_ms = head.time_ms;
	p->last = head;
}

/* The older checkpoint must be the root of the first entries of this log. */
static void check_older(struct pass *p)
{
	uint8_t root[HASH_BYTES];

	if (!p->has_older || p->tree.size != p->older.size)
		return;
	merkle_root(root, &p->tree);
	if (memcmp(root, p->older.root, HASH_BYTES) != 0)
		note_problem(p, AUDIT_NO_INDEX,
			     "the first %" PRIu64 " entries are not those of the older checkpoint: "
			     "the log was rewritten",
			     p->older.size);
}

/* The hash proves the entry; this checks that queries find it, and hands it on. */
static enum result check_line(struct pass *p, const struct audit_verify_row *row,
			      const struct audit_line *line, struct error *err)
{
	struct error why = ERROR_NULL;
	enum result rc = OK;

	if (p->what->entry != NULL)
		rc = p->what->entry(p->what->entry_ctx, line, &why);
	if (rc == OK && row->index_row != NULL)
		rc = audit_index_check_line(row->index_row, line, &why);
	if (rc != OK && rc != E_CORRUPT)
		return fail(err, rc, "%s", why.text);
	if (rc != OK)
		note_problem(p, row->index, "entry %" PRIu64 ": %s", row->index, why.text);
	return OK;
}

static enum result check_row(struct pass *p, const struct audit_verify_row *row, struct error *err)
{
	uint64_t index = row->index;
	uint8_t leaf[HASH_BYTES];
	struct audit_line line;
	struct error why = ERROR_NULL;
	bool is_read = audit_line_read(&line, row->line, &why) == OK;

	if (index != p->expected)
		note_problem(p, p->expected,
			     "entry %" PRIu64 " stands where %" PRIu64
			     " is due: entries were removed, added or swapped",
			     index, p->expected);
	/* From the row that is there: one removed entry is one problem, not one for each entry
	 * behind it. */
	p->expected = index + 1;
	merkle_leaf(leaf, row->line);
	if (row->leaf.data != NULL &&
	    (row->leaf.len != HASH_BYTES || memcmp(row->leaf.data, leaf, HASH_BYTES) != 0))
		note_problem(p, index,
			     "entry %" PRIu64 " is not the one whose hash was stored: "
			     "one of them was changed",
			     index);
	if (is_read)
		check_head(p, line.head, index);
	else
		note_problem(p, index, "entry %" PRIu64 ": %s", index, why.text);
	merkle_append(&p->tree, leaf);
	check_older(p);
	return is_read ? check_line(p, row, &line, err) : OK;
}

static enum result read_rows(struct pass *p, struct error *err)
{
	const struct audit_verification *what = p->what;

	for (;;) {
		struct audit_verify_row row = {0};
		bool is_end = false;
		enum result rc = what->rows.next(what->rows.ctx, &row, &is_end, err);

		if (rc != OK)
			return rc;
		if (is_end)
			break;
		rc = check_row(p, &row, err);
		if (rc != OK)
			return rc;
		if (what->progress != NULL && p->tree.size % PROGRESS_EVERY == 0)
			what->progress(what->progress_ctx, p->tree.size);
	}
	if (what->progress != NULL)
		what->progress(what->progress_ctx, p->tree.size);
	return OK;
}

/* Sets `*ret_is_valid`. A checkpoint that does not verify is a problem of the log. A lack of memory
 * says nothing about the log and ends the verification. */
static enum result read_checkpoint(struct pass *p, struct checkpoint *ret, bool *ret_is_valid,
				   const char *which, struct slice note, struct error *err)
{
	struct error why = ERROR_NULL;
	enum result rc = checkpoint_verify(ret, note, p->what->key, &why);

	if (rc == E_MEMORY)
		return fail(err, rc, "the %s %s", which, why.text);
	*ret_is_valid = rc == OK;
	if (rc != OK)
		note_problem(p, AUDIT_NO_INDEX, "the %s %s", which, why.text);
	return OK;
}

/* Compares the whole log with both checkpoints. The older one may be smaller than the log, which
 * has grown since; the stored one must have its exact size. */
static void check_end(struct pass *p, bool has_newest)
{
	struct audit_report *report = p->report;
	uint64_t size = p->tree.size;

	merkle_root(report->root, &p->tree);
	report->entries = size;
	report->last_time_ms = p->last.time_ms;
	report->epoch = p->last.epoch;
	report->revision = p->last.revision;
	if (p->has_older && p->older.size > size)
		note_problem(p, size,
			     "the older checkpoint has %" PRIu64 " entries, the log %" PRIu64
			     ": entries were cut off",
			     p->older.size, size);
	if (!has_newest)
		return;
	if (p->newest.size > size)
		note_problem(p, size,
			     "the checkpoint has %" PRIu64 " entries, the log %" PRIu64
			     ": entries were cut off",
			     p->newest.size, size);
	else if (p->newest.size < size)
		note_problem(p, p->newest.size,
			     "entry %" PRIu64 " is behind the checkpoint: entries were added",
			     p->newest.size);
	else if (memcmp(report->root, p->newest.root, HASH_BYTES) != 0)
		note_problem(p, AUDIT_NO_INDEX,
			     "the entries are not those that the checkpoint was signed for");
}

enum result audit_verify(struct audit_report *ret, const struct audit_verification *what,
			 struct error *err)
{
	struct pass p = {.report = ret, .what = what, .tree = MERKLE_EMPTY};
	bool has_newest = false;
	enum result rc;

	*ret = (struct audit_report){.first_index = AUDIT_NO_INDEX};
	rc = read_checkpoint(&p, &p.newest, &has_newest, "stored", what->checkpoint, err);
	if (rc == OK && what->older.data != NULL)
		rc = read_checkpoint(&p, &p.older, &p.has_older, "older", what->older, err);
	if (rc != OK)
		return rc;
	ret->checkpoint_size = has_newest ? p.newest.size : 0;
	ret->older_size = p.has_older ? p.older.size : 0;
	check_older(&p); /* an empty log has a root, too */
	rc = read_rows(&p, err);
	if (rc == E_CORRUPT) /* the store itself found that the next row is damaged */
		note_problem(&p, p.expected, "%s", err != NULL ? err->text : "a row is corrupt");
	if (rc != OK)
		return rc;
	check_end(&p, has_newest);
	if (ret->problems != 0)
		return fail(err, E_CORRUPT, "%s", ret->first_problem);
	return OK;
}
