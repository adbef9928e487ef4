/*
 * The order of the parts, and the findings of all of them.
 *
 * A walk that meets a row that no store of ours can have ends with E_CORRUPT: that becomes a
 * finding, and the next part goes on. Any other failure (no memory, a disk that cannot be read)
 * ends the check: a store is never called sound after it.
 */
#include "store/check/check.h"

#include "audit/pages.h"
#include "store/check/checking.h"
#include "store/check/log_pages.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void checking_find(struct checking *c, const char *table, const char *key, const char *remedy,
		   const char *fmt, ...)
{
	char problem[ERROR_TEXT_BYTES];
	struct store_finding f = {table, key, problem, remedy};
	va_list args;

	va_start(args, fmt);
	vsnprintf(problem, sizeof problem, fmt, args);
	va_end(args);
	if (c->report->findings++ == 0)
		snprintf(c->first, sizeof c->first, "%s%s%s: %.300s", table,
			 key[0] != '\0' ? " " : "", key, problem);
	if (c->report->findings <= FINDINGS_MAX && c->what->finding != NULL)
		c->what->finding(c->what->ctx, &f);
}

enum result checking_end(struct checking *c, const char *table, enum result rc, struct error *err)
{
	if (rc != E_CORRUPT)
		return rc;
	checking_find(c, table, "", REMEDY_RESTORE, "%s", err->text);
	*err = (struct error)ERROR_NULL;
	return OK;
}

void checking_progress(const struct checking *c, const char *part, uint64_t done)
{
	if (c->what->progress != NULL)
		c->what->progress(c->what->ctx, part, done);
}

static enum result file_fault(void *ctx, const char *name, const char *problem, struct error *err)
{
	(void)err;
	checking_find(ctx, name, "", REMEDY_RESTORE, "%s", problem);
	return OK;
}

static enum result check_file(struct checking *c, struct error *err)
{
	enum result rc;

	checking_progress(c, "definitions", 0);
	rc = store_check_definitions(c->session, file_fault, c, err);
	rc = checking_end(c, "sqlite_schema", rc, err);
	if (rc != OK)
		return rc;
	checking_progress(c, "file", 0);
	rc = store_check_integrity(c->session, file_fault, c, err);
	return checking_end(c, "reeve.db", rc, err);
}

static void log_problem(void *ctx, uint64_t index, const char *text)
{
	char key[24] = "";

	if (index != AUDIT_NO_INDEX)
		snprintf(key, sizeof key, "%" PRIu64, index);
	checking_find(ctx, "audit", key, REMEDY_RESTORE, "%s", text);
}

static void log_progress(void *ctx, uint64_t entries)
{
	checking_progress(ctx, "entries", entries);
}

/* The row is valid during the call only. */
static enum result keep_checkpoint(void *ctx, const struct log_row *row, struct error *err)
{
	struct buf *ret = ctx;

	buf_append_slice(ret, row->checkpoint);
	return buf_check(ret, err);
}

/* audit_verify() has reported each problem by log_problem(), so its E_CORRUPT says nothing more. A
 * row that the store itself finds corrupt ends it early: the number of entries then differs from
 * that of the checkpoint. */
static enum result check_log(struct checking *c, struct error *err)
{
	CLEANUP(audit_pages_clear)
	struct audit_pages pages = AUDIT_PAGES_INIT(audit_fetch_store, c->session);
	struct audit_verification what = {.key = c->what->key,
					  .older = c->what->older,
					  .rows = {audit_pages_next, &pages},
					  .progress = log_progress,
					  .progress_ctx = c,
					  .problem = log_problem,
					  .problem_ctx = c,
					  .entry = words_take,
					  .entry_ctx = &c->words};
	enum result rc;

	checking_progress(c, "entries", 0);
	rc = store_get_log(c->session, keep_checkpoint, &c->report->checkpoint, err);
	if (rc == E_NOT_FOUND) {
		checking_find(c, "audit_log", "0", REMEDY_RESTORE, "the log's head is missing");
		return OK;
	}
	if (rc != OK)
		return checking_end(c, "audit_log", rc, err);
	what.checkpoint = buf_slice(&c->report->checkpoint);
	rc = audit_verify(&c->report->log, &what, err);
	c->report->is_log_read = rc == OK || (rc == E_CORRUPT && pages.is_last_page);
	if (rc != E_CORRUPT)
		return rc;
	*err = (struct error)ERROR_NULL;
	return OK;
}

static enum result check_state(struct checking *c, struct error *err)
{
	enum result rc = compare_documents(c, err);

	if (rc == OK)
		rc = compare_tokens(c, err);
	if (rc == OK && c->report->is_log_read && !c->is_cut)
		rc = compare_missing(c, err);
	if (rc == OK && c->report->is_log_read)
		rc = compare_counters(c, err);
	c->report->unsaid += c->words.unkept;
	return rc;
}

static enum result check_all(struct checking *c, struct error *err)
{
	enum result rc = check_file(c, err);

	if (rc == OK)
		rc = check_log(c, err);
	if (rc == OK)
		rc = check_state(c, err);
	return rc == OK && c->what->keyring != NULL ? check_rows(c, err) : rc;
}

enum result store_check(struct store_check_report *ret, const struct store_check *what,
			struct error *err)
{
	struct checking c = {.what = what, .report = ret};
	struct error why = ERROR_NULL;
	enum result rc;

	*ret = (struct store_check_report){.checkpoint = BUF_NULL};
	rc = store_session_open(&c.session, what->store, err);
	if (rc != OK)
		return rc;
	words_init(&c.words);
	rc = store_session_begin(c.session, err);
	if (rc == OK) {
		rc = check_all(&c, &why);
		store_session_end(c.session);
		if (rc != OK)
			rc = fail(err, rc, "%s", why.text);
	}
	store_session_close(c.session);
	words_clear(&c.words);
	if (rc == OK && ret->findings != 0)
		rc = fail(err, E_CORRUPT, "%s", c.first);
	return rc;
}
