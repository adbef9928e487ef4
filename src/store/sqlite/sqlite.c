/*
 * Opens and closes DIR/reeve.db, and makes the two kinds of connection: one for the writer, one for
 * each session.
 *
 * While a server has the file open it has a write-ahead log. A clean close writes the log into the
 * database and switches it off, since a reader of a database with a log needs to write beside it.
 *
 * Order when opening for writing: check the folder, take the lock, check the file, check or migrate
 * the format, switch the log on. Nothing in the folder is changed before the lock is held, and a
 * file that is not ours is not changed at all.
 *
 * Locks: ours on SQLITE_LOCK keeps a second server out; SQLite's own order this process's writer
 * and all readers. The writer's connection belongs to the thread that writes, each session has a
 * connection of its own, and so has each backup.
 */
#include "store/sqlite/sqlite.h"

#include "base/random.h"
#include "base/text.h"
#include "store/sqlite/check.h"
#include "store/sqlite/copy.h"
#include "store/sqlite/format.h"
#include "store/sqlite/internal.h"
#include "store/sqlite/schema.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define PROGRESS_OPS	  1000 /* SQLite instructions between two checks of a reader's budget */
#define STEPS_PER_OP	  5    /* of the budget for one instruction: about 50 ns */
#define COPY_LEAVES_BYTES ((uint64_t)4 << 20)

/* Also for a store that is half opened. The connection is closed before the lock is dropped, so
 * that no other server opens the file beside it. */
static void free_store(struct sqlite_store *s)
{
	db_close(&s->db);
	lock_drop(&s->lock);
	copy_remove(s->copied_to);
	alloc_free(s->file);
	alloc_free(s);
}

static void free_storep(struct sqlite_store **s)
{
	if (*s != NULL)
		free_store(*s);
}

/* The log stays where readers are still there, the disk failed or has no space; the next open uses
 * it. */
static void close_store(struct store *store)
{
	struct sqlite_store *s = sqlite_of(store);

	if (!s->is_readonly)
		sqlite_rollback(store);
	if (!s->is_readonly && !s->is_failed)
		sqlite_close_log(s);
	free_store(s);
}

/* For the file `place`, or for SQLITE_FILE in the folder `place`. The name is made absolute: the
 * process may change its working folder before a session is opened. */
static enum result new_store(struct sqlite_store **ret, const char *place, bool is_folder,
			     struct error *err)
{
	CLEANUP(free_storep) struct sqlite_store *s = alloc_zero(sizeof *s);
	char real[PATH_MAX], file[PATH_MAX + sizeof SQLITE_FILE + 1];

	if (s == NULL)
		return fail(err, E_MEMORY, "open %s: out of memory", place);
	s->base.ops = &sqlite_ops;
	s->lock = -1;
	s->mode = DB_READ;
	if (realpath(place, real) == NULL)
		return fail_errno(err, errno == ENOENT ? E_NOT_FOUND : E_IO, "open %s", place);
	snprintf(file, sizeof file, "%s%s", real, is_folder ? "/" SQLITE_FILE : "");
	s->file = alloc_text(file, strlen(file));
	if (s->file == NULL)
		return fail(err, E_MEMORY, "open %s: out of memory", place);
	s->reserve.file = s->file;
	*ret = steal(&s);
	return OK;
}

/* Makes an empty private file for a new store; else checks that there is one. SQLite would create
 * the file with the rights of the umask; its log and journal take the rights of the database. */
static enum result check_presence(const char *file, const char *folder, bool is_new,
				  struct error *err)
{
	struct stat st;

	if (is_new)
		return file_make_private(file, err);
	if (stat(file, &st) != 0 && errno == ENOENT)
		return fail(err, E_NOT_FOUND, "%s holds no store: make one with reeved init",
			    folder);
	return file_make_private(file, err);
}

static enum result open_file(struct sqlite_store *s, bool is_new, struct error *err)
{
	enum result rc = db_open(&s->db, s->file, DB_WRITE, err);

	if (rc == OK && is_new)
		rc = format_create(&s->db, STORE_FORMAT, err);
	if (rc == OK)
		rc = format_migrate(&s->db, s->file, &store_migration, s->migration_copy, err);
	if (rc == OK)
		rc = definitions_refuse_changed(&s->db, s->file, err);
	return rc;
}

/* The log is switched on once the format is known to be ours, so that a foreign file is not
 * changed. What a killed server left needs the log's index to be read, which takes space: on a full
 * disk the ballast gives it. */
static enum result prepare_writer(struct sqlite_store *s, const char *folder, bool is_new,
				  struct error *err)
{
	enum result rc = open_file(s, is_new, err);

	if (rc == E_FULL && reserve_drop_ballast(&s->reserve)) {
		db_close(&s->db);
		rc = open_file(s, is_new, err);
	}
	if (rc == E_NOT_FOUND)
		return fail(err, rc, "%s holds no store: make one with reeved init", folder);
	return rc == OK ? sqlite_open_log(s, err) : rc;
}

enum result store_open_sqlite(struct store **ret, const char *folder, bool is_new,
			      struct error *err)
{
	CLEANUP(free_storep) struct sqlite_store *s = NULL;
	enum result rc = folder_check(folder, is_new, err);

	if (rc == OK)
		rc = new_store(&s, folder, true, err);
	if (rc == OK)
		rc = lock_take(&s->lock, folder, err);
	if (rc == OK)
		stale_remove(folder);
	if (rc == OK)
		rc = check_presence(s->file, folder, is_new, err);
	if (rc == OK)
		rc = prepare_writer(s, folder, is_new, err);
	if (rc != OK)
		return rc;
	*ret = &s->base;
	s = NULL;
	return OK;
}

const char *store_sqlite_migration_copy(const struct store *s)
{
	const char *copy = ((const struct sqlite_store *)s)->migration_copy;

	return copy[0] != '\0' ? copy : NULL;
}

/* No check of the folder's mode and no lock: a reader may run as another user and beside a
 * server. */
static enum result open_readonly(struct store **ret, const char *place, bool is_folder,
				 struct error *err)
{
	CLEANUP(free_storep) struct sqlite_store *s = NULL;
	enum result rc = new_store(&s, place, is_folder, err);

	if (rc == OK)
		rc = sqlite_open_reader(s, err);
	if (rc != OK)
		return rc;
	*ret = &s->base;
	s = NULL;
	return OK;
}

enum result store_open_sqlite_readonly(struct store **ret, const char *folder, struct error *err)
{
	return open_readonly(ret, folder, true, err);
}

enum result store_open_sqlite_file(struct store **ret, const char *file, struct error *err)
{
	return open_readonly(ret, file, false, err);
}

static void close_session(struct store_session *ss)
{
	struct sqlite_session *session = session_of(ss);

	db_close(&session->db);
	alloc_free(session);
}

/* May run on any thread while the writer writes: it reads only members of the store that are set
 * when it is opened. */
static enum result open_session(struct store_session **ret, struct store *store, struct error *err)
{
	const struct sqlite_store *s = sqlite_of(store);
	CLEANUP(alloc_freep) struct sqlite_session *session = alloc_zero(sizeof *session);
	enum result rc;

	if (session == NULL)
		return fail(err, E_MEMORY, "open a session: out of memory");
	session->base.ops = &sqlite_session_ops;
	session->base.auth = &s->base.auth;
	rc = db_open(&session->db, s->file, s->mode, err);
	if (rc != OK)
		return rc;
	*ret = &session->base;
	session = NULL;
	return OK;
}

/* A deferred transaction takes its snapshot at its first read, so read something at once. */
static enum result begin_session(struct store_session *ss, struct error *err)
{
	struct sqlite_session *session = session_of(ss);
	enum result rc;

	if (session->is_in_transaction)
		return fail(err, E_INTERNAL, "a session begun twice");
	rc = db_run(&session->db, "BEGIN", "begin to read", ARGS_NONE, err);
	if (rc != OK)
		return rc;
	session->is_in_transaction = true;
	rc = db_run(&session->db, "SELECT 1 FROM meta LIMIT 1", "begin to read", ARGS_NONE, err);
	if (rc != OK)
		store_session_end(ss);
	return rc;
}

/* SQLite's progress handler: a result other than 0 ends the statement. */
static int spend(void *budget)
{
	return !budget_spend(budget, PROGRESS_OPS * STEPS_PER_OP);
}

static void set_session_budget(struct store_session *ss, struct budget *budget)
{
	struct sqlite_session *session = session_of(ss);

	session->db.budget = budget;
	sqlite3_progress_handler(session->db.handle, budget != NULL ? PROGRESS_OPS : 0, spend,
				 budget);
}

static void end_session(struct store_session *ss)
{
	struct sqlite_session *session = session_of(ss);

	if (session->is_in_transaction)
		db_roll_back(&session->db);
	session->is_in_transaction = false;
}

/* A new name in the folder of the data: a copy is as secret as they are. 8 random bytes: two
 * backups at the same time do not meet, and db_copy() refuses a name that exists. */
static enum result name_copy(const struct sqlite_store *s, struct buf *ret, struct error *err)
{
	uint8_t random[8];

	random_fill(&system_random, random, sizeof random);
	buf_printf(ret, "%s.backup-", s->file);
	hex_append(ret, random, sizeof random);
	return buf_check(ret, err);
}

/* Beside the data a copy must leave space for the transactions of others: one that filled the disk
 * would have them refused until it has failed and is removed. Where the space is not known, it is
 * tried. */
static enum result check_space(const struct sqlite_store *s, struct error *err)
{
	uint64_t free_bytes = reserve_free_bytes(&s->reserve);
	struct stat st;

	if (free_bytes == 0 || stat(s->file, &st) != 0 ||
	    free_bytes >= (uint64_t)st.st_size + COPY_LEAVES_BYTES)
		return OK;
	return fail(err, E_FULL, "the disk has no space for a copy");
}

/* On a connection of its own, so that it may run on any thread while the writer commits. The name
 * is appended before the copy is made: after a success nothing can fail any more. */
static enum result backup(struct store *store, const struct backup_target *target,
			  struct buf *ret_file, struct error *err)
{
	const struct sqlite_store *s = sqlite_of(store);
	CLEANUP(db_close) struct db from = DB_NULL;
	CLEANUP(buf_clear) struct buf file = BUF_NULL;
	size_t before = ret_file != NULL ? ret_file->len : 0;
	enum result rc = OK;

	if (target->file != NULL)
		buf_append_text(&file, target->file);
	else
		rc = name_copy(s, &file, err);
	if (rc == OK)
		rc = buf_check(&file, err);
	if (rc == OK && target->file == NULL)
		rc = check_space(s, err);
	if (rc == OK && ret_file != NULL) {
		buf_append_slice(ret_file, buf_slice(&file));
		rc = buf_check(ret_file, err);
	}
	if (rc == OK)
		rc = db_open(&from, s->file, s->mode, err);
	if (rc == OK)
		rc = db_copy(&from, file.data, target->progress, target->ctx, err);
	if (rc != OK && ret_file != NULL)
		buf_cut(ret_file, before);
	return rc;
}

static struct row_auth *own_auth(struct store *s)
{
	return &s->auth;
}

/* They follow each row that is written. */
static enum result give_sums(struct store *s, struct row_sums *ret, struct error *err)
{
	(void)err;
	*ret = s->auth.now;
	return OK;
}

const struct store_ops sqlite_ops = {
	.close = close_store,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.savepoint = sqlite_savepoint,
	.release = sqlite_release,
	.rollback_to = sqlite_rollback_to,
	.put_versions = sqlite_put_versions,
	.set_states = sqlite_set_states,
	.rewrap_versions = sqlite_rewrap_versions,
	.put_revisions = sqlite_put_revisions,
	.put_changes = sqlite_put_changes,
	.put_effectives = sqlite_put_effectives,
	.replace_edges = sqlite_replace_edges,
	.put_tokens = sqlite_put_tokens,
	.update_tokens = sqlite_update_tokens,
	.remove_tokens = sqlite_remove_tokens,
	.put_audit = sqlite_put_audit,
	.put_log = sqlite_put_log,
	.put_keys = sqlite_put_keys,
	.put_meta = sqlite_put_meta,
	.put_idempotent = sqlite_put_idempotent,
	.auth = own_auth,
	.sums = give_sums,
	.put_macs = sqlite_put_macs,
	.shred = sqlite_shred,
	.backup = backup,
	.session_open = open_session,
};

const struct store_session_ops sqlite_session_ops = {
	.close = close_session,
	.begin = begin_session,
	.end = end_session,
	.set_budget = set_session_budget,
	.each_head = sqlite_each_head,
	.get_version = sqlite_get_version,
	.get_version_at = sqlite_get_version_at,
	.each_version = sqlite_each_version,
	.each_wrapped_below = sqlite_each_wrapped_below,
	.each_revision = sqlite_each_revision,
	.get_revision = sqlite_get_revision,
	.revision_at = sqlite_revision_at,
	.each_change = sqlite_each_change,
	.each_change_after = sqlite_each_change_after,
	.each_effective = sqlite_each_effective,
	.each_edge = sqlite_each_edge,
	.each_token = sqlite_each_token,
	.each_key = sqlite_each_key,
	.each_audit = sqlite_each_audit,
	.each_audit_path = sqlite_each_audit_path,
	.get_log = sqlite_get_log,
	.get_meta = sqlite_get_meta,
	.get_idempotent = sqlite_get_idempotent,
	.each_head_name = sqlite_each_head_name,
	.check_integrity = sqlite_check_integrity,
	.check_definitions = sqlite_check_definitions,
	.sum_rows = sqlite_sum_rows,
	.check_derived = sqlite_check_derived,
};
