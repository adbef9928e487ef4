/* All texts come from a file that anyone may have changed: print_line() escapes them. */
#include "cli/store_report.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/output.h"

#include <string.h>

void store_report_finding(void *ctx, const struct store_finding *f)
{
	struct store_report *to = ctx;

	print_progress_end();
	print_line(TO_STDERR, "reeve %s: %s%s%s: %s", to->command->name, f->table,
		   f->key[0] != '\0' ? " " : "", f->key, f->problem);
	if (to->remedy == NULL || strcmp(to->remedy, f->remedy) != 0)
		print_line(TO_STDERR, "reeve %s: what to do: %s", to->command->name, f->remedy);
	to->remedy = f->remedy;
}

/* Every 4,096 rows; shows each sixteenth call, and the beginning of each part. */
void store_report_progress(void *ctx, const char *part, uint64_t done)
{
	(void)ctx;
	if (done == 0)
		print_progress("checking: %s", part);
	else if (done % 65536 == 0)
		print_progress("checking: %s, %llu", part, (unsigned long long)done);
}

void store_report_log(const struct audit_report *r)
{
	CLEANUP(buf_clear) struct buf root = BUF_NULL;
	char first[TIMESTAMP_BYTES], last[TIMESTAMP_BYTES];

	hex_append(&root, r->root, sizeof r->root);
	timestamp_format(first, r->first_time_ms);
	timestamp_format(last, r->last_time_ms);
	print_line(TO_STDOUT, "sound: %llu entries%s%s%s%s", (unsigned long long)r->entries,
		   r->entries != 0 ? " from " : "", r->entries != 0 ? first : "",
		   r->entries != 0 ? " to " : "", r->entries != 0 ? last : "");
	print_line(TO_STDOUT, "root %s", root.data != NULL ? root.data : "");
}

void store_report_sound(const struct store_check_report *r, bool has_keys)
{
	print_line(TO_STDOUT,
		   "as the log says: %llu documents with %llu versions, %llu tokens; %llu contents "
		   "are there%s; the file, its tables and its indexes are whole",
		   (unsigned long long)r->documents, (unsigned long long)r->versions,
		   (unsigned long long)r->tokens, (unsigned long long)r->contents,
		   has_keys ? ", open, and are those that were written" : "");
	if (r->unsaid != 0)
		print_line(TO_STDOUT,
			   "not compared in full: %llu versions and tokens, whose state or record "
			   "the entries of older releases do not say",
			   (unsigned long long)r->unsaid);
	if (r->tokens_gone != 0)
		print_line(TO_STDOUT,
			   "%llu tokens that the log knows are gone from the store, as tokens are "
			   "once they have ended",
			   (unsigned long long)r->tokens_gone);
	if (has_keys && !r->lacks_macs)
		print_line(TO_STDOUT, "every row is one that reeved wrote, and none is missing");
	else if (has_keys)
		print_line(TO_STDOUT,
			   "not checked: authors, messages and times of versions and revisions, "
			   "dependencies, kept responses, the uses that tokens have left; an older "
			   "release wrote these rows, and the next start gives them their MACs");
	else
		print_line(TO_STDOUT,
			   "not checked without the root key (--root-key FILE): the contents "
			   "themselves, authors, messages and times of versions and revisions, "
			   "dependencies, kept responses, the uses that tokens have left");
}

void store_report_unsound(const struct store_report *to, const struct store_check_report *r,
			  enum result rc, const struct error *err)
{
	if (rc != E_CORRUPT) {
		print_line(TO_STDERR, "reeve %s: it could not be verified: %s", to->command->name,
			   err->text);
		return;
	}
	if (r->findings > FINDINGS_MAX)
		print_line(TO_STDERR, "reeve %s: and %llu more", to->command->name,
			   (unsigned long long)(r->findings - FINDINGS_MAX));
	if (!r->is_log_read)
		print_line(TO_STDERR,
			   "reeve %s: documents and tokens were not compared with the log, which "
			   "could not be read to its end",
			   to->command->name);
	print_line(TO_STDERR, "reeve %s: NOT SOUND, %llu problem%s; the first: %s",
		   to->command->name, (unsigned long long)r->findings, r->findings == 1 ? "" : "s",
		   err->text);
}
