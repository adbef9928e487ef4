/*
 * audit verify: recomputes the log's hash tree from its entries and compares it with the signed
 * checkpoint, and with an older checkpoint where the user kept one. Trusts nothing but the log's
 * public key and that older checkpoint; audit/verify.h says which changes this finds, and
 * store/check/check.h what is checked of a data directory.
 *
 * The checkpoint is read first, then the entries that it covers, because the log may grow
 * meanwhile. A data directory is read in one transaction instead, also while a server uses it.
 *
 * Exit codes: 0 for a sound log or store; 1 for one that is not sound or could not be verified, and
 * the text says which; 2 where the key or the older checkpoint cannot be read.
 */
#include "cli/audit_verify.h"

#include "base/file.h"
#include "cli/audit_rows.h"
#include "cli/key_file.h"
#include "cli/store_keys.h"
#include "cli/store_report.h"
#include "crypto/crypto.h"
#include "store/sqlite/sqlite.h"

struct verify_options {
	const char *folder, *key_file, *older_file, *save_file, *root_key_file;
	bool is_quiet;
};

static void store_closep(struct store **s)
{
	store_close(*s);
}

/* Called every 4,096 entries; shows each sixteenth call. */
static void show_progress(void *ctx, uint64_t entries)
{
	(void)ctx;
	if (entries % 65536 == 0 && entries != 0)
		print_progress("%llu entries", (unsigned long long)entries);
}

/* Reads the trusted key: that of --key, else audit.pub of the data directory, with a warning. */
static enum result read_key(struct vkey *ret, const struct verify_options *o, struct error *err)
{
	CLEANUP(buf_clear) struct buf file = BUF_NULL;
	enum result rc;

	if (o->key_file == NULL && o->folder == NULL)
		return fail(err, E_MALFORMED,
			    "--key FILE is missing: your copy of the log's public key, which is "
			    "audit.pub in the data directory");
	if (o->key_file != NULL) {
		buf_append_text(&file, o->key_file);
	} else {
		buf_printf(&file, "%s/audit.pub", o->folder);
		print_line(TO_STDERR,
			   "reeve audit verify: warning: trusting %s, which anyone who can change "
			   "the log can change too; keep a copy elsewhere and use --key",
			   file.data != NULL ? file.data : "");
	}
	rc = buf_check(&file, err);
	return rc == OK ? key_file_read(ret, file.data, err) : rc;
}

static enum result fetch_checkpoint(struct buf *ret, struct client *client, struct error *err)
{
	CLEANUP(client_response_clear) struct client_response response = CLIENT_RESPONSE_NULL;
	struct client_request request = {.method = "GET",
					 .accept = "text/plain",
					 .target = SLICE_LITERAL("/v1/audit/checkpoint")};
	enum result rc = client_call(client, &request, &response, err);

	if (rc != OK)
		return rc;
	buf_append_slice(ret, buf_slice(&response.body));
	return buf_check(ret, err);
}

/* The keys and the older checkpoint, all of them read before the log is. */
struct verify_inputs {
	struct vkey key;
	struct buf older;
	struct store_keys keys; /* with --root-key */
};

#define VERIFY_INPUTS_NULL        \
	{                         \
		.older = BUF_NULL \
	}

static void verify_inputs_clear(struct verify_inputs *in)
{
	buf_clear(&in->older);
	store_keys_clear(&in->keys);
}

static enum result read_inputs(struct verify_inputs *ret, const struct verify_options *o,
			       struct error *err)
{
	enum result rc = read_key(&ret->key, o, err);

	if (rc == OK && o->older_file != NULL)
		rc = file_read(&ret->older, o->older_file, NOTE_BYTES_MAX, err);
	if (rc == OK && o->root_key_file != NULL)
		rc = store_keys_read(&ret->keys, o->root_key_file, err);
	return rc;
}

static struct slice older_of(const struct verify_inputs *in, const struct verify_options *o)
{
	return o->older_file != NULL ? buf_slice(&in->older) : SLICE_NULL;
}

/* The log is sound. Saves the checkpoint only now: one of a log that was not verified would be
 * worthless as an older checkpoint. */
static int report_older(const struct audit_report *r, const struct verify_options *o,
			struct slice note)
{
	struct error err = ERROR_NULL;

	if (o->older_file != NULL)
		print_line(TO_STDOUT, "the %llu entries of the older checkpoint are unchanged",
			   (unsigned long long)r->older_size);
	else
		print_line(TO_STDOUT,
			   "not compared with an older checkpoint, which alone reveals a log that "
			   "was rewritten with its own key, or a whole store put back (use "
			   "--save-checkpoint now, --older next time)");
	if (o->save_file != NULL && file_write(o->save_file, note, 0644, &err) != OK)
		return print_failure(&audit_verify_command, E_IO, &err);
	return EXIT_DONE;
}

/* Tells a log that was changed from one that could not be read: the first is an incident, the
 * second may be a broken connection. */
static void print_unsound(const struct audit_report *r, bool is_corrupt, const struct error *err)
{
	const char *why = r->first_problem[0] != '\0' ? r->first_problem : err->text;

	if (is_corrupt)
		print_line(TO_STDERR,
			   "reeve audit verify: NOT SOUND, %llu problem%s; the first: %s",
			   (unsigned long long)r->problems, r->problems == 1 ? "" : "s", why);
	else
		print_line(TO_STDERR, "reeve audit verify: the log could not be verified: %s", why);
}

/* Keys that do not open are no reason to check nothing: what the public key proves is checked, and
 * the store is not called sound. */
static bool open_keys(struct verify_inputs *in, struct store *store)
{
	struct error err = ERROR_NULL;

	if (store_keys_open(&in->keys, store, &err) == OK)
		return true;
	print_line(TO_STDERR,
		   "reeve audit verify: the store's keys do not open: %s. The root key is that of "
		   "another store, or rows of wrap_keys or meta were changed",
		   err.text);
	return false;
}

static int report_store(const struct verify_options *o, const struct store_check_report *r,
			bool has_keys)
{
	store_report_log(&r->log);
	store_report_sound(r, has_keys);
	return report_older(&r->log, o, buf_slice(&r->checkpoint));
}

/* All of the store in one transaction, so that the checkpoint, the entries and the rows fit
 * together although a server may be writing. */
static int verify_store(const struct verify_options *o, struct verify_inputs *in,
			struct store *store)
{
	struct store_report to = {.command = &audit_verify_command};
	struct store_check_report r;
	struct store_check what = {.store = store,
				   .key = &in->key,
				   .older = older_of(in, o),
				   .finding = store_report_finding,
				   .progress = store_report_progress,
				   .ctx = &to};
	bool is_locked = o->root_key_file != NULL && !open_keys(in, store);
	struct error err = ERROR_NULL;
	int code = EXIT_REFUSED;
	enum result rc;

	what.keyring = in->keys.ring;
	rc = store_check(&r, &what, &err);
	print_progress_end();
	if (rc != OK)
		store_report_unsound(&to, &r, rc, &err);
	else if (is_locked)
		print_line(TO_STDERR, "reeve audit verify: NOT SOUND, or not its root key; nothing "
				      "else is wrong that the public key can tell");
	else
		code = report_store(o, &r, what.keyring != NULL);
	buf_clear(&r.checkpoint);
	return code;
}

static int verify_folder(const struct verify_options *o)
{
	CLEANUP(verify_inputs_clear) struct verify_inputs in = VERIFY_INPUTS_NULL;
	CLEANUP(store_closep) struct store *store = NULL; /* closed before its keys go */
	struct error err = ERROR_NULL;
	enum result rc = read_inputs(&in, o, &err);

	if (rc != OK) {
		print_failure(&audit_verify_command, rc, &err);
		return EXIT_USAGE;
	}
	rc = store_open_sqlite_readonly(&store, o->folder, &err);
	return rc == OK ? verify_store(o, &in, store)
			: print_failure(&audit_verify_command, rc, &err);
}

static int verify_pages(const struct verify_options *o, const struct verify_inputs *in,
			struct audit_pages *pages, struct slice note)
{
	struct audit_report r = {0};
	struct error err = ERROR_NULL;
	struct audit_verification verification = {.key = &in->key,
						  .checkpoint = note,
						  .older = older_of(in, o),
						  .rows = {audit_pages_next, pages},
						  .progress = show_progress};
	enum result rc = audit_verify(&r, &verification, &err);

	print_progress_end();
	if (rc != OK) {
		print_unsound(&r, rc == E_CORRUPT, &err);
		return EXIT_REFUSED;
	}
	store_report_log(&r);
	return report_older(&r, o, note);
}

/* A server adds entries while its log is read: those after the checkpoint, which was fetched first,
 * are left out. */
struct bounded_fetch {
	struct client *client;
	uint64_t size;
};

static enum result fetch_bounded(void *ctx, uint64_t after, struct audit_page *ret,
				 struct error *err)
{
	struct bounded_fetch *b = ctx;
	struct buf *lines = &ret->lines;
	enum result rc;
	size_t at = 0;

	if (after >= b->size)
		return OK;
	rc = audit_fetch_server(b->client, after, ret, err);
	/* Finds the end of the last line that the checkpoint covers; the page may go beyond. */
	for (uint64_t i = after; rc == OK && i < b->size && at < lines->len; i++) {
		const char *end = memchr(lines->data + at, '\n', lines->len - at);

		at = end != NULL ? (size_t)(end - lines->data) + 1 : lines->len;
	}
	if (rc == OK)
		buf_cut(lines, at);
	return rc;
}

/* The number of entries that a checkpoint covers: its second line (C2SP tlog-checkpoint). A
 * malformed checkpoint bounds nothing here; audit_verify() refuses it later. */
static uint64_t size_of(struct slice note)
{
	struct slice origin, size;
	uint64_t value = 0;

	if (slice_next_part(&note, '\n', &origin) && slice_next_part(&note, '\n', &size) &&
	    slice_to_u64(size, UINT64_MAX, &value))
		return value;
	return UINT64_MAX;
}

static int verify_server(struct session *s, const struct verify_options *o)
{
	CLEANUP(verify_inputs_clear) struct verify_inputs in = VERIFY_INPUTS_NULL;
	CLEANUP(buf_clear) struct buf note = BUF_NULL;
	struct bounded_fetch bounded;
	struct error err = ERROR_NULL;
	enum result rc;
	int code = session_open(s, &audit_verify_command);

	if (code != EXIT_DONE)
		return code;
	rc = read_inputs(&in, o, &err);
	if (rc != OK) {
		print_failure(&audit_verify_command, rc, &err);
		return EXIT_USAGE;
	}
	rc = fetch_checkpoint(&note, s->client, &err);
	if (rc != OK)
		return print_failure(&audit_verify_command, rc, &err);
	bounded = (struct bounded_fetch){s->client, size_of(buf_slice(&note))};

	CLEANUP(audit_pages_clear)
	struct audit_pages pages = AUDIT_PAGES_INIT(fetch_bounded, &bounded);

	return verify_pages(o, &in, &pages, buf_slice(&note));
}

static int run_verify(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	struct verify_options o = {0};
	const struct option_row rows[] = {SESSION_CONNECTION(&s),
					  {"data", 0, OPTION_TEXT, &o.folder},
					  {"key", 0, OPTION_TEXT, &o.key_file},
					  {"older", 0, OPTION_TEXT, &o.older_file},
					  {"save-checkpoint", 0, OPTION_TEXT, &o.save_file},
					  {"root-key", 0, OPTION_TEXT, &o.root_key_file}};
	struct error err = ERROR_NULL;
	struct operands operands;
	enum result rc;
	int code;

	if (!options_parse(&operands, &audit_verify_command, argc, argv, OPTION_SET(rows), &code))
		return code;
	rc = crypto_start(&err);
	if (rc != OK)
		return print_failure(&audit_verify_command, rc, &err);
	if (o.root_key_file != NULL && o.folder == NULL)
		return usage_error(&audit_verify_command, "--root-key needs --data");
	return o.folder != NULL ? verify_folder(&o) : verify_server(&s, &o);
}

const struct command audit_verify_command = {
	.name = "audit verify",
	.summary = "Prove that the log, and with --data the whole store, was not changed",
	.help = "Usage: reeve audit verify --data DIR [--key FILE] [--root-key FILE]\n"
		"                          [--older FILE]\n"
		"       reeve audit verify --key FILE [--older FILE]\n\n"
		"Hashes every entry again, builds the hash tree, and compares it with the\n"
		"signed checkpoint. Reads the entries from a data directory, also while a\n"
		"server uses it, or from a server. Of a data directory it checks also the\n"
		"file, and every document, version and token against the log.\n\n"
		"  --data DIR              read this data directory instead of asking a server\n"
		"  --key FILE              your copy of the log's public key (audit.pub)\n"
		"  --root-key FILE         with --data: open every content and check every row\n"
		"  --older FILE            a checkpoint that you saved earlier: fails unless\n"
		"                          the log still holds its entries unchanged\n"
		"  --save-checkpoint FILE  save the current checkpoint for --older\n" SESSION_HELP
		"\nExample: reeve audit verify --key audit.pub --older monday "
		"--save-checkpoint tuesday\n",
	.run = run_verify};
