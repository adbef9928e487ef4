/*
 * Reads and checks the head of a store, from the root of the chain down: origin, checkpoint, log,
 * counters.
 */
#include "store/store_head.h"

#include <string.h>

#define REMEDY "; restore a backup"

void store_head_clear(struct store_head *head)
{
	buf_clear(&head->checkpoint);
}

/* A number of `meta`, in decimal. */
static enum result read_number(void *ctx, struct slice value, struct error *err)
{
	uint64_t *ret = ctx;

	return slice_to_u64(value, INT64_MAX, ret)
		       ? OK
		       : fail(err, E_CORRUPT, "it is not a number" REMEDY);
}

static enum result read_counter(struct store_session *ss, const char *name, uint64_t *ret,
				struct error *err)
{
	enum result rc = store_get_meta(ss, name, read_number, ret, err);

	return rc == OK ? OK : wrap(err, rc, "table meta, row %s", name);
}

struct reading {
	struct store_head *head;
	const struct keyring *keyring;
};

/* The origin is the name of the log's key. */
static enum result read_origin(void *ctx, struct slice value, struct error *err)
{
	const struct reading *r = ctx;
	enum result rc = vkey_init_from_seed(&r->head->log_key, value,
					     keyring_signing_seed(r->keyring), err);

	return rc == OK ? OK : wrap(err, rc, "table meta, row log_origin");
}

/* The tree is what the next entry is appended to: it must be the one that was signed, or the next
 * signature would be over a wrong root for ever. */
static enum result check_tree(const struct store_head *head, const struct checkpoint *signed_head,
			      const struct log_row *row, struct error *err)
{
	uint8_t root[HASH_BYTES];

	merkle_root(root, &head->log.tree);
	if (row->size != head->log.tree.size || row->size != signed_head->size ||
	    memcmp(root, signed_head->root, sizeof root) != 0)
		return fail(err, E_CORRUPT,
			    "table audit_log: its tree is not the one that its checkpoint "
			    "signed" REMEDY);
	if (row->time_ms != head->log.last_time_ms)
		return fail(err, E_CORRUPT,
			    "table audit_log: its time is not that of the last entry" REMEDY);
	return OK;
}

static enum result read_log(void *ctx, const struct log_row *row, struct error *err)
{
	const struct reading *r = ctx;
	struct store_head *head = r->head;
	struct checkpoint signed_head;
	uint8_t state[HASH_BYTES];
	enum result rc = audit_log_read_state(&head->log, row->peaks, err);

	if (rc == OK)
		rc = checkpoint_verify(&signed_head, row->checkpoint, &head->log_key, err);
	if (rc != OK)
		return wrap(err, rc, "table audit_log");
	rc = check_tree(head, &signed_head, row, err);
	if (rc != OK)
		return rc;
	head->has_macs = signed_head.has_state;
	memcpy(head->state, signed_head.state, sizeof head->state);
	store_state_of(state, row);
	if (head->has_macs && memcmp(state, head->state, sizeof state) != 0)
		return fail(err, E_CORRUPT,
			    "table audit_log: the digests of the tables are not those that its "
			    "checkpoint signed" REMEDY);
	buf_append_slice(&head->checkpoint, row->checkpoint);
	return buf_check(&head->checkpoint, err);
}

static enum result keep_index(void *ctx, const struct audit_row *row, struct error *err)
{
	uint64_t *ret_size = ctx;

	(void)err;
	*ret_size = row->index + 1;
	return OK;
}

/* Entries that the head does not know of would get a second entry with their index. */
static enum result check_entries(const struct store_head *head, struct store_session *ss,
				 struct error *err)
{
	const struct audit_filter newest = {.limit = 1, .is_newest_first = true};
	uint64_t size = 0;
	enum result rc = store_each_audit(ss, &newest, keep_index, &size, err);

	if (rc == OK && size != head->log.tree.size)
		rc = fail(err, E_CORRUPT,
			  "table audit: it ends at entry %llu and its signed head at %llu" REMEDY,
			  (unsigned long long)size, (unsigned long long)head->log.tree.size);
	return rc;
}

struct newest_revision {
	uint64_t revision;
	int64_t time_ms;
};

static enum result keep_revision(void *ctx, const struct revision_row *row, struct error *err)
{
	struct newest_revision *newest = ctx;

	(void)err;
	*newest = (struct newest_revision){row->revision, row->time_ms};
	return OK;
}

/* A counter that is behind its table would refuse every write with a conflict. */
static enum result check_counters(const struct store_head *head, struct store_session *ss,
				  struct error *err)
{
	struct newest_revision newest = {0, 0};
	enum result rc = store_each_revision(ss, SLICE_NULL, (struct row_page){.limit = 1},
					     keep_revision, &newest, err);

	if (rc != OK)
		return rc;
	if (newest.revision != head->revision)
		return fail(err, E_CORRUPT,
			    "table meta, row " META_REVISION
			    ": it is %llu and the newest revision %llu" REMEDY,
			    (unsigned long long)head->revision,
			    (unsigned long long)newest.revision);
	if (newest.time_ms > head->time_ms)
		return fail(err, E_CORRUPT,
			    "table meta, row " META_LAST_MS
			    ": it is before the time of the newest revision" REMEDY);
	if (head->log.epoch > head->epoch ||
	    (head->log.epoch == head->epoch && head->log.revision > head->revision))
		return fail(err, E_CORRUPT,
			    "table meta, row " META_EPOCH " or " META_REVISION
			    ": the audit log has seen a later one" REMEDY);
	return OK;
}

static enum result read_counters(struct store_head *head, struct store_session *ss,
				 struct error *err)
{
	uint64_t time_ms = 0;
	enum result rc = read_counter(ss, META_EPOCH, &head->epoch, err);

	if (rc == OK)
		rc = read_counter(ss, META_REVISION, &head->revision, err);
	if (rc == OK)
		rc = read_counter(ss, META_LAST_MS, &time_ms, err);
	head->time_ms = (int64_t)time_ms;
	return rc;
}

static enum result read_head(struct store_head *head, struct store_session *ss,
			     const struct keyring *keyring, struct error *err)
{
	struct reading r = {head, keyring};
	enum result rc = read_counters(head, ss, err);

	if (rc == OK)
		rc = store_get_meta(ss, META_LOG_ORIGIN, read_origin, &r, err);
	if (rc != OK)
		return rc;
	rc = store_get_log(ss, read_log, &r, err);
	if (rc == E_NOT_FOUND)
		rc = fail(err, E_CORRUPT, "table audit_log: its row is missing" REMEDY);
	if (rc == OK)
		rc = check_entries(head, ss, err);
	return rc == OK ? check_counters(head, ss, err) : rc;
}

enum result store_head_read(struct store_head *ret, struct store_session *ss,
			    const struct keyring *keyring, struct error *err)
{
	struct store_head head = STORE_HEAD_NULL;
	enum result rc = read_head(&head, ss, keyring, err);

	if (rc != OK) {
		store_head_clear(&head);
		return rc;
	}
	*ret = head;
	return OK;
}

/* The session may have begun after the head was read. */
static enum result check_unmoved(void *ctx, const struct log_row *row, struct error *err)
{
	const struct store_head *head = ctx;
	uint8_t state[HASH_BYTES];

	store_state_of(state, row);
	if (memcmp(state, head->state, sizeof state) != 0)
		return fail(err, E_CORRUPT,
			    "table audit_log: it is not the row that was read a moment ago: "
			    "another program writes to the data");
	return OK;
}

enum result store_head_check_rows(const struct store_head *head, struct store_session *ss,
				  struct row_sums *ret, struct error *err)
{
	enum result rc;

	if (!head->has_macs)
		return fail(err, E_UNSUPPORTED,
			    "the store was written by an older release: start reeved once, which "
			    "gives its rows their MACs");
	rc = store_get_log(ss, check_unmoved, (void *)(uintptr_t)head, err);
	return rc == OK ? store_sum_rows(ss, ret, err) : rc;
}
