/*
 * Opens a stored store for writing.
 *
 * Rows without MACs are believed once, when the signed head of the log says that it was written
 * before rows had MACs. From then on the head says that they have: a file without MACs under such a
 * head does not open. Whoever has an old copy of the file can still put back all of it, which only
 * a checkpoint that was kept elsewhere shows (docs/security.md).
 */
#include "service/setup/open_store.h"

#include "base/log.h"
#include "service/setup/bootstrap.h"
#include "store/check/check.h"

/* Reads the head in a transaction of its own. */
static enum result read_head(const struct stopped_store *to, struct store_head *ret,
			     struct error *err)
{
	struct store_session *ss;
	enum result rc = store_session_open(&ss, to->store, err);

	if (rc != OK)
		return rc;
	rc = store_session_begin(ss, err);
	if (rc == OK)
		rc = store_head_read(ret, ss, to->keyring, err);
	store_session_close(ss);
	return rc;
}

/* Rows without MACs are believed once, but not where they contradict the log or do not open: it
 * says the states of documents and tokens as far as the releases of then wrote them. */
static enum result check_unprotected(const struct stopped_store *to, const struct store_head *head,
				     struct error *err)
{
	const struct store_check what = {.store = to->store,
					 .key = &head->log_key,
					 .keyring = to->keyring};
	struct store_check_report report;
	enum result rc = store_check(&report, &what, err);

	buf_clear(&report.checkpoint);
	return rc == OK ? OK
			: wrap(err, rc,
			       "data of an older format are trusted only where they are "
			       "whole");
}

static enum result put_macs(struct bootstrap *f, struct error *err)
{
	CLEANUP(buf_clear) struct buf checkpoint = BUF_NULL;
	struct audit_touch touch = {.path = SLICE_LITERAL("sys/status")};
	enum result rc = store_put_macs(f->store, err);

	if (rc == OK)
		rc = bootstrap_record(f, "store.migrate",
				      SLICE_LITERAL("rows got their MACs; before, they had none"),
				      &touch, 1, err);
	if (rc == OK)
		rc = audit_rows_put(&f->audit_rows, f->store, &f->log, err);
	return rc == OK ? audit_write_head(f->store, f->keyring, &f->log_key, &f->log, &checkpoint,
					   err)
			: rc;
}

static enum result migrate(const struct stopped_store *to, const struct store_head *head,
			   struct error *err)
{
	struct bootstrap f = {.store = to->store,
			      .keyring = to->keyring,
			      .log_key = head->log_key,
			      .log = head->log,
			      .now_ms = clock_wall_ms(to->clock),
			      .epoch = head->epoch,
			      .revision = head->revision};
	enum result rc = store_begin(to->store, NULL, err);

	if (rc != OK)
		return rc;
	log_line(LOG_WARN, "rows_authenticated",
		 "hint=\"the data were written by a release that did not protect them against "
		 "changes on disk; they are trusted as they are\"");
	rc = put_macs(&f, err);
	if (rc == OK)
		rc = store_commit(to->store, err);
	else
		store_rollback(to->store);
	audit_rows_free(&f.audit_rows);
	return rc;
}

enum result setup_open_head(const struct stopped_store *to, struct store_head *ret,
			    struct error *err)
{
	CLEANUP(store_head_clear) struct store_head head = STORE_HEAD_NULL;
	enum result rc = read_head(to, &head, err);

	if (rc != OK)
		return rc;
	if (!head.has_macs)
		rc = check_unprotected(to, &head, err);
	store_authenticate(to->store, to->keyring);
	if (rc == OK && !head.has_macs)
		rc = migrate(to, &head, err);
	/* Again, with keys: the head's own rows have MACs too. */
	return rc == OK ? read_head(to, ret, err) : rc;
}

static enum result check_rows(struct store_checks *c, struct store_session *ss, struct error *err)
{
	return store_head_check_rows(c->head, ss, &c->sums, err);
}

static enum result check_derived(struct store_checks *c, struct store_session *ss,
				 struct error *err)
{
	(void)c;
	return store_check_derived(ss, err);
}

static void *run_checker(void *arg)
{
	struct store_checker *c = arg;
	struct store_session *ss;

	c->rc = store_session_open(&ss, c->checks->to->store, &c->err);
	if (c->rc != OK)
		return NULL;
	c->rc = store_session_begin(ss, &c->err);
	if (c->rc == OK)
		c->rc = c->run(c->checks, ss, &c->err);
	store_session_close(ss);
	return NULL;
}

static void begin_checker(struct store_checker *c)
{
	c->has_thread = pthread_create(&c->thread, NULL, run_checker, c) == 0;
}

/* Without a thread it is done here. */
static void end_checker(struct store_checker *c)
{
	if (c->has_thread)
		pthread_join(c->thread, NULL);
	else
		run_checker(c);
}

void setup_check_begin(struct store_checks *checks, const struct stopped_store *to,
		       const struct store_head *head)
{
	*checks = (struct store_checks){.to = to, .head = head};
	checks->rows = (struct store_checker){.checks = checks, .run = check_rows};
	checks->derived = (struct store_checker){.checks = checks, .run = check_derived};
	begin_checker(&checks->rows);
	begin_checker(&checks->derived);
}

/* Rows that were changed are also why an index does not fit, so they are told first. */
enum result setup_check_end(struct store_checks *checks, struct error *err)
{
	const struct store_checker *failed;

	end_checker(&checks->rows);
	end_checker(&checks->derived);
	failed = checks->rows.rc != OK ? &checks->rows : &checks->derived;
	if (failed->rc == OK)
		store_begin_sums(checks->to->store, &checks->sums);
	else if (err != NULL)
		*err = failed->err;
	return failed->rc;
}

enum result setup_open_store(const struct stopped_store *to, struct store_head *ret,
			     struct error *err)
{
	struct store_checks checks;
	enum result rc = setup_open_head(to, ret, err);

	if (rc != OK)
		return rc;
	setup_check_begin(&checks, to, ret);
	rc = setup_check_end(&checks, err);
	if (rc != OK)
		store_head_clear(ret);
	return rc;
}
