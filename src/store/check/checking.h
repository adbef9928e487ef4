/* What the files of one check share. */
#pragma once

#include "store/check/report.h"
#include "store/check/words.h"

struct checking {
	const struct store_check *what;
	struct store_check_report *report;
	struct store_session *session; /* in a transaction: all parts see one state */
	struct words words;
	uint64_t newest; /* version of the document that is being read */
	bool is_cut;	 /* not all versions could be read: none can be called missing */
	char first[ERROR_TEXT_BYTES]; /* the first finding */
};

#define REMEDY_RESTORE "keep this folder as evidence and restore a backup (reeved restore)"

/* Reports a fault of the row `key` of `table`. `fmt` is a sentence. */
void checking_find(struct checking *c, const char *table, const char *key, const char *remedy,
		   const char *fmt, ...) PRINTF_LIKE(5, 6);
/* Turns the E_CORRUPT of a walk, which ended there, into a finding and OK; any other result is
 * given back. */
MUST_USE enum result checking_end(struct checking *c, const char *table, enum result rc,
				  struct error *err);
void checking_progress(const struct checking *c, const char *part, uint64_t done);

/* compare.c: versions, heads, tokens and counters against the words of the log, which was read to
 * its end. */
MUST_USE enum result compare_documents(struct checking *c, struct error *err);
MUST_USE enum result compare_tokens(struct checking *c, struct error *err);
MUST_USE enum result compare_counters(struct checking *c, struct error *err);
/* Reports what the log names and the store does not have. After the two above. */
MUST_USE enum result compare_missing(struct checking *c, struct error *err);

/* check_rows.c: with the keyring, which the store has meanwhile. */
MUST_USE enum result check_rows(struct checking *c, struct error *err);

/* contents.c: reads the content of a version, and with the keyring opens and compares it. `word`
 * may be NULL. */
MUST_USE enum result check_content(struct checking *c, const struct version_row *row,
				   const struct word *word, struct error *err);
