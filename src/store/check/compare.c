/*
 * The rows of the store against the words of the log.
 *
 * Rows are read without trust in them: a path, an accessor or a record can be anything. A row that
 * the log does not name is reported, since every change has an entry; and so is a version that the
 * log names and the store has not. Tokens are removed once they have ended, without an entry, so a
 * token that is missing is only counted: without its row it has no rights.
 */
#include "store/check/checking.h"

#include "access/token.h"
#include "audit/audit_log.h"
#include "base/arena.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PROGRESS_EVERY 4096

static void write_key(char ret[static ERROR_TEXT_BYTES], struct slice path, uint64_t version)
{
	int len = snprintf(ret, ERROR_TEXT_BYTES, "%.*s", (int)slice_first(path, 256).len,
			   path.data != NULL ? path.data : "");

	if (version != 0)
		snprintf(ret + len, ERROR_TEXT_BYTES - (size_t)len, " version %" PRIu64, version);
}

static enum audit_state state_of(enum version_state state)
{
	return state == VERSION_LIVE	  ? AUDIT_STATE_LIVE
	       : state == VERSION_DELETED ? AUDIT_STATE_DELETED
					  : AUDIT_STATE_DESTROYED;
}

/* A word of the log, marked as found in the store. Without the whole log nothing can be said. */
static bool see_word(struct checking *c, struct word *word, const char *table, const char *key)
{
	if (word != NULL) {
		word->is_seen = true;
		return true;
	}
	if (c->report->is_log_read && c->words.unkept == 0)
		checking_find(c, table, key, REMEDY_RESTORE, "no entry of the log made it");
	return false;
}

static enum result compare_version(void *ctx, const struct version_row *row, struct error *err)
{
	struct checking *c = ctx;
	struct word *word = words_version(&c->words, row->path, row->version);
	enum audit_state said, is = state_of(row->state);
	char key[ERROR_TEXT_BYTES];

	c->report->versions++;
	if (row->version > c->newest)
		c->newest = row->version;
	write_key(key, row->path, row->version);
	if (see_word(c, word, "versions", key)) {
		said = words_state(&c->words, word);
		c->report->unsaid += said == AUDIT_STATE_NONE;
		if (said != AUDIT_STATE_NONE && said != is && c->report->is_log_read)
			checking_find(c, "versions", key, REMEDY_RESTORE,
				      "it is %s; by entry %" PRIu64 ", the last that names it, it "
				      "is %s",
				      audit_state_name(is), (uint64_t)word->index,
				      audit_state_name(said));
	}
	return check_content(c, row, word, err);
}

/* A head that was set back: the log made a version after it. Then all versions of the document. */
static enum result compare_head(void *ctx, struct slice path, uint64_t version, struct error *err)
{
	struct checking *c = ctx;
	const struct word *next = words_version(&c->words, path, version + 1);
	char key[ERROR_TEXT_BYTES];
	enum result rc;

	if (next != NULL) {
		write_key(key, path, 0);
		checking_find(c, "heads", key, REMEDY_RESTORE,
			      "its newest version is %" PRIu64 "; entry %" PRIu64
			      " made version %" PRIu64,
			      version, (uint64_t)next->index, version + 1);
	}
	if (c->report->documents++ % PROGRESS_EVERY == 0)
		checking_progress(c, "documents", c->report->documents - 1);
	c->newest = 0;
	rc = store_each_version(c->session, path, (struct row_page){0, 0}, compare_version, c, err);
	if (rc == OK && next == NULL && c->newest != version) {
		write_key(key, path, 0);
		checking_find(c, "heads", key, REMEDY_RESTORE,
			      "its newest version is %" PRIu64
			      " and the greatest that exists %" PRIu64,
			      version, c->newest);
	}
	c->is_cut = c->is_cut || rc == E_CORRUPT;
	return checking_end(c, "versions", rc, err);
}

enum result compare_documents(struct checking *c, struct error *err)
{
	enum result rc;

	checking_progress(c, "documents", 0);
	rc = store_each_head_name(c->session, compare_head, c, err);
	c->is_cut = c->is_cut || rc == E_CORRUPT;
	return checking_end(c, "heads", rc, err);
}

/* The expiry stands in a column of its own, which is the one that counts, and in the record. */
static enum result compare_record(struct checking *c, const struct token_row *row, const char *key,
				  struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_NULL;
	struct token_record record;
	struct error why = ERROR_NULL;
	enum result rc = token_record_read(&record, &arena, row->record, &why);

	if (rc == E_MEMORY)
		return fail(err, rc, "%s", why.text);
	if (rc != OK)
		checking_find(c, "tokens", key, REMEDY_RESTORE, "its record: %s", why.text);
	else if (record.expires_ms != row->expires_ms)
		checking_find(c, "tokens", key, REMEDY_RESTORE,
			      "its row ends at another time than its record");
	return OK;
}

static enum result compare_live_token(struct checking *c, const struct token_row *row,
				      const struct word *word, const char *key, struct error *err)
{
	uint8_t digest[HASH_BYTES];

	audit_token_digest(digest, row->hash, row->record);
	c->report->unsaid += !word->has_check;
	if (!words_fits(word, digest))
		checking_find(c, "tokens", key, REMEDY_RESTORE,
			      "its record or its hash is not the one of entry %" PRIu64
			      ", the last that names it",
			      (uint64_t)word->index);
	return compare_record(c, row, key, err);
}

static enum result compare_token(void *ctx, const struct token_row *row, struct error *err)
{
	struct checking *c = ctx;
	struct word *word = words_token(&c->words, row->accessor);
	char key[ERROR_TEXT_BYTES];
	enum audit_state said;

	if (c->report->tokens++ % PROGRESS_EVERY == 0)
		checking_progress(c, "tokens", c->report->tokens - 1);
	write_key(key, row->accessor, 0);
	if (!see_word(c, word, "tokens", key))
		return OK;
	said = words_state(&c->words, word);
	if (said == AUDIT_STATE_REVOKED && !row->is_revoked)
		checking_find(c, "tokens", key, REMEDY_RESTORE,
			      "it is valid; the log says that it was revoked");
	else if (said == AUDIT_STATE_LIVE && row->is_revoked && c->report->is_log_read)
		checking_find(c, "tokens", key, REMEDY_RESTORE,
			      "it is revoked, and no entry of the log says so");
	else if (!row->is_revoked)
		return compare_live_token(c, row, word, key, err);
	return OK;
}

enum result compare_tokens(struct checking *c, struct error *err)
{
	checking_progress(c, "tokens", 0);
	return checking_end(c, "tokens", store_each_token(c->session, 0, compare_token, c, err),
			    err);
}

/* Names the versions of one entry that the store has not; a word knows only its entry. */
static enum result name_missing(void *ctx, const struct audit_row *row, struct error *err)
{
	struct checking *c = ctx;
	struct audit_line line;
	struct audit_line_touch touch;
	bool is_end = false;
	enum result rc = audit_line_read(&line, row->entry, err);
	struct slice rest = rc == OK ? line.touched : SLICE_NULL;

	while (rc == OK && !is_end) {
		struct word *word;
		char key[ERROR_TEXT_BYTES];

		rc = audit_line_next_touch(&rest, &touch, &is_end, err);
		if (rc != OK || is_end)
			break;
		word = words_version(&c->words, touch.path, touch.version);
		if (word == NULL || word->is_seen || word->is_token || word->index != row->index)
			continue;
		word->is_seen = true;
		write_key(key, touch.path, touch.version);
		checking_find(c, "versions", key, REMEDY_RESTORE,
			      "entry %" PRIu64 " names it, and the store does not have it",
			      row->index);
	}
	return rc;
}

enum result compare_missing(struct checking *c, struct error *err)
{
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < c->words.size; i++) {
		const struct word *word = &c->words.slots[i];
		struct audit_filter one = {.after = word->index, .limit = 1};

		if (word->id == 0 || word->is_seen)
			continue;
		if (word->is_token)
			c->report->tokens_gone += words_state(&c->words, word) == AUDIT_STATE_LIVE;
		else if (c->report->findings < FINDINGS_MAX)
			rc = store_each_audit(c->session, &one, name_missing, c, err);
		else
			c->report->findings++;
	}
	return checking_end(c, "audit", rc, err);
}

/* A number of `meta`, and what it has to be by another row. */
struct counter {
	struct checking *c;
	const char *name;
	uint64_t said;
	const char *by;
};

static enum result compare_counter(void *ctx, struct slice value, struct error *err)
{
	const struct counter *counter = ctx;
	uint64_t is = 0;

	(void)err;
	if (!slice_to_u64(value, INT64_MAX, &is) || is != counter->said)
		checking_find(counter->c, "meta", counter->name, REMEDY_RESTORE,
			      "it is not %" PRIu64 ", as in %s", counter->said, counter->by);
	return OK;
}

/* The state from which the next entry goes on must be that of the log: else its root would be
 * wrong. */
static enum result compare_log_row(void *ctx, const struct log_row *row, struct error *err)
{
	struct checking *c = ctx;
	const struct audit_report *report = &c->report->log;
	struct audit_log log = AUDIT_LOG_EMPTY;
	struct error why = ERROR_NULL;
	uint8_t root[HASH_BYTES];

	(void)err;
	if (audit_log_read_state(&log, row->peaks, &why) != OK) {
		checking_find(c, "audit_log", "0", REMEDY_RESTORE, "%s", why.text);
		return OK;
	}
	merkle_root(root, &log.tree);
	if (row->size != report->entries || log.tree.size != report->entries ||
	    memcmp(root, report->root, HASH_BYTES) != 0)
		checking_find(c, "audit_log", "0", REMEDY_RESTORE,
			      "the stored state of the hash tree (size, peaks) is not that of the "
			      "entries");
	if (log.last_time_ms != report->last_time_ms || row->time_ms != report->last_time_ms ||
	    log.epoch != report->epoch || log.revision != report->revision)
		checking_find(c, "audit_log", "0", REMEDY_RESTORE,
			      "the stored time, epoch or revision is not that of the last entry");
	return OK;
}

/* Revisions are numbered without a gap, newest first. */
struct revisions {
	struct checking *c;
	uint64_t expected;
	int64_t newest_ms;
	bool has_newest;
};

static void find_gap(const struct revisions *r, uint64_t last)
{
	char key[24];

	snprintf(key, sizeof key, "%" PRIu64, r->expected);
	checking_find(r->c, "revisions", key, REMEDY_RESTORE,
		      "it is missing, and those before it down to %" PRIu64, last);
}

static enum result see_revision(void *ctx, const struct revision_row *row, struct error *err)
{
	struct revisions *r = ctx;
	char key[24];

	(void)err;
	if (!r->has_newest)
		r->newest_ms = row->time_ms;
	r->has_newest = true;
	snprintf(key, sizeof key, "%" PRIu64, row->revision);
	if (row->revision > r->expected)
		checking_find(r->c, "revisions", key, REMEDY_RESTORE,
			      "it is behind the revision of the log's last entry");
	else if (row->revision < r->expected)
		find_gap(r, row->revision + 1);
	if (row->revision <= r->expected)
		r->expected = row->revision - 1;
	return OK;
}

static enum result compare_revisions(struct checking *c, int64_t *ret_newest_ms, struct error *err)
{
	struct revisions r = {.c = c, .expected = c->report->log.revision};
	enum result rc = store_each_revision(c->session, SLICE_NULL, (struct row_page){0, 0},
					     see_revision, &r, err);

	if (rc == OK && r.expected != 0)
		find_gap(&r, 1);
	*ret_newest_ms = r.newest_ms;
	return checking_end(c, "revisions", rc, err);
}

enum result compare_counters(struct checking *c, struct error *err)
{
	const struct audit_report *report = &c->report->log;
	struct counter counters[] = {{c, META_EPOCH, report->epoch, "the log's last entry"},
				     {c, META_REVISION, report->revision, "the log's last entry"},
				     {c, META_LAST_MS, 0, "the newest revision"}};
	int64_t newest_ms = 0;
	enum result rc = store_get_log(c->session, compare_log_row, c, err);

	rc = checking_end(c, "audit_log", rc, err);
	if (rc == OK)
		rc = compare_revisions(c, &newest_ms, err);
	counters[2].said = (uint64_t)newest_ms;
	for (size_t i = 0; rc == OK && i < ARRAY_SIZE(counters); i++) {
		rc = store_get_meta(c->session, counters[i].name, compare_counter, &counters[i],
				    err);
		if (rc == E_NOT_FOUND) {
			checking_find(c, "meta", counters[i].name, REMEDY_RESTORE, "it is missing");
			rc = OK;
		}
		rc = checking_end(c, "meta", rc, err);
	}
	return rc;
}
