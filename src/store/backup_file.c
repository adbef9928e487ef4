/*
 * Seals the file of a backup and reads it again (backup_file.h).
 *
 * The note is made from the copy itself, not from the store, which may have gone on since. A file
 * to read may have been changed anywhere: a changed magic leaves bytes behind the last page that
 * are no note; a changed length or note fails the footer's hash; a changed database fails the
 * note's.
 */
#include "store/backup_file.h"

#include "base/file.h"
#include "base/retry.h"
#include "base/text.h"
#include "crypto/keyring.h"
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC		"reeve-backup"
#define MAGIC_BYTES	12
#define NOTE_HASH_BYTES 16
#define COPY_BYTES	((size_t)1024 * 1024)

/* SQLite's file format, section 1.3: the size of a page, where 1 stands for 65,536, and the number
 * of pages, both big-endian. */
#define HEADER_BYTES 100
#define HEADER_SIZE  16
#define HEADER_PAGES 28

static void store_closep(struct store **s)
{
	store_close(*s);
}

static void session_closep(struct store_session **s)
{
	store_session_close(*s);
}

static uint64_t big_endian(const uint8_t *p, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | p[i];
	return value;
}

/*
 * What the database says of itself.
 */

static enum result read_origin(void *ctx, struct slice value, struct error *err)
{
	struct backup_note *n = ctx;

	if (value.len > NOTE_NAME_BYTES_MAX)
		return fail(err, E_CORRUPT, "the log's origin is too long");
	memcpy(n->origin, value.data, value.len);
	n->origin[value.len] = '\0';
	return OK;
}

static enum result read_number(void *ctx, struct slice value, struct error *err)
{
	return slice_to_u64(value, INT64_MAX, ctx)
		       ? OK
		       : fail(err, E_CORRUPT, "a stored number is malformed");
}

static enum result read_checkpoint(void *ctx, const struct log_row *row, struct error *err)
{
	struct backup_note *n = ctx;
	struct checkpoint c;
	enum result rc = checkpoint_parse(&c, row->checkpoint, err);

	if (rc != OK)
		return fail(err, E_CORRUPT, "the log's checkpoint is malformed");
	n->size = c.size;
	memcpy(n->root, c.root, sizeof n->root);
	return OK;
}

static enum result read_head(struct store_session *ss, struct backup_note *ret, struct error *err)
{
	enum result rc = store_session_begin(ss, err);

	if (rc == OK)
		rc = store_get_meta(ss, META_LOG_ORIGIN, read_origin, ret, err);
	if (rc == OK)
		rc = store_get_meta(ss, META_EPOCH, read_number, &ret->epoch, err);
	if (rc == OK)
		rc = store_get_meta(ss, META_REVISION, read_number, &ret->revision, err);
	if (rc == OK)
		rc = store_get_log(ss, read_checkpoint, ret, err);
	store_session_end(ss);
	if (rc == E_NOT_FOUND)
		return fail(err, E_CORRUPT, "the database was never initialised");
	return rc == OK ? OK : wrap(err, rc, "the database's heads");
}

/*
 * Sealing.
 */

static enum result describe(struct backup_note *ret, const char *file, struct error *err)
{
	CLEANUP(store_closep) struct store *copy = NULL;
	CLEANUP(session_closep) struct store_session *ss = NULL;
	enum result rc = store_open_sqlite_file(&copy, file, err);

	if (rc == OK)
		rc = store_session_open(&ss, copy, err);
	return rc == OK ? read_head(ss, ret, err) : rc;
}

/* Hashes `bytes` bytes from the present place on. `to` may be -1. */
static enum result hash_and_copy(uint8_t ret[static HASH_BYTES], int from, int to, uint64_t bytes,
				 const char *name, struct error *err)
{
	CLEANUP(buf_clear) struct buf piece = BUF_NULL;
	struct sha256 hash;
	enum result rc = OK;

	if (!buf_reserve(&piece, COPY_BYTES))
		return fail(err, E_MEMORY, "read %s: out of memory", name);
	sha256_init(&hash);
	while (rc == OK && bytes != 0) {
		ssize_t got =
			RETRY(read(from, piece.data, bytes < COPY_BYTES ? bytes : COPY_BYTES));

		if (got < 0)
			return fail_errno(err, E_IO, "read %s", name);
		if (got == 0)
			return fail(err, E_CORRUPT, "%s ends too early", name);
		sha256_update(&hash, piece.data, (size_t)got);
		bytes -= (uint64_t)got;
		if (to >= 0)
			rc = file_write_fd(to, slice_make(piece.data, (size_t)got), name, err);
	}
	sha256_final(&hash, ret);
	return rc;
}

static void append_footer(struct buf *tail)
{
	uint8_t hash[HASH_BYTES];
	size_t len = tail->len;

	sha256_slice(hash, buf_slice(tail));
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_append_char(tail, (char)(uint8_t)(len >> shift));
	buf_append_slice(tail, slice_make((const char *)hash, NOTE_HASH_BYTES));
	buf_append_text(tail, MAGIC);
}

static enum result append_tail(int fd, const char *file, struct backup_note *n,
			       const struct keyring *ring, struct error *err)
{
	CLEANUP(buf_clear) struct buf tail = BUF_NULL;
	const struct key *seed = keyring_signing_seed(ring);
	struct vkey key;
	struct stat st;
	enum result rc = vkey_init_from_seed(&key, slice_text(n->origin), seed, err);

	if (rc == OK && fstat(fd, &st) != 0)
		rc = fail_errno(err, E_IO, "%s", file);
	if (rc != OK)
		return rc;
	n->bytes = (uint64_t)st.st_size;
	rc = hash_and_copy(n->sha256, fd, -1, n->bytes, file, err);
	if (rc == OK)
		rc = backup_note_sign(&tail, n, &key, seed, err);
	append_footer(&tail);
	if (rc == OK)
		rc = buf_check(&tail, err);
	if (rc == OK)
		rc = file_write_fd(fd, buf_slice(&tail), file, err);
	if (rc == OK && RETRY(fsync(fd)) != 0)
		rc = fail_errno(err, E_IO, "sync %s", file);
	return rc;
}

enum result backup_file_seal(const char *file, const struct keyring *ring, int64_t now_ms,
			     struct error *err)
{
	struct backup_note n = {.time_ms = now_ms > 0 ? now_ms : 0};
	enum result rc = describe(&n, file, err);

	if (rc == OK) {
		/* After the last byte was read, the place to write is the end. */
		CLEANUP(file_closep) int fd = RETRY(open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW));

		rc = fd >= 0 ? append_tail(fd, file, &n, ring, err)
			     : fail_errno(err, E_IO, "open %s", file);
	}
	return rc == OK ? OK : wrap(err, rc, "sign the backup");
}

/*
 * Reading.
 */

/* Reads exactly `len` bytes at `at`. */
static enum result read_at(int fd, void *ret, size_t len, uint64_t at, const char *name,
			   struct error *err)
{
	for (size_t done = 0; done < len;) {
		ssize_t got = RETRY(pread(fd, (char *)ret + done, len - done, (off_t)(at + done)));

		if (got < 0)
			return fail_errno(err, E_IO, "read %s", name);
		if (got == 0)
			return fail(err, E_CORRUPT, "%s ends too early", name);
		done += (size_t)got;
	}
	return OK;
}

/* Sets the database's size, as its header says. */
static enum result read_size(uint64_t *ret, int fd, uint64_t file_bytes, const char *name,
			     struct error *err)
{
	uint8_t header[HEADER_BYTES];
	uint64_t page;
	enum result rc;

	if (file_bytes < sizeof header)
		return fail(err, E_CORRUPT, "%s is no backup: it has %llu bytes", name,
			    (unsigned long long)file_bytes);
	rc = read_at(fd, header, sizeof header, 0, name, err);
	if (rc != OK)
		return rc;
	if (memcmp(header, "SQLite format 3", 16) != 0)
		return fail(err, E_CORRUPT, "%s is no backup: it does not begin with a database",
			    name);
	page = big_endian(header + HEADER_SIZE, 2);
	*ret = (page == 1 ? 65536 : page) * big_endian(header + HEADER_PAGES, 4);
	return OK;
}

/* Leaves the note empty where the file does not end with the magic. */
static enum result read_note(struct backup_file *b, int fd, uint64_t file_bytes, const char *name,
			     struct error *err)
{
	uint8_t footer[BACKUP_FOOTER_BYTES], hash[HASH_BYTES];
	uint64_t len;
	enum result rc = read_at(fd, footer, sizeof footer, file_bytes - sizeof footer, name, err);

	if (rc != OK || memcmp(footer + sizeof footer - MAGIC_BYTES, MAGIC, MAGIC_BYTES) != 0)
		return rc;
	len = big_endian(footer, 4);
	if (len == 0 || len > NOTE_BYTES_MAX || len > file_bytes - sizeof footer)
		return fail(err, E_CORRUPT, "%s is damaged: its footer is malformed", name);
	if (!buf_reserve(&b->note, len))
		return fail(err, E_MEMORY, "read %s: out of memory", name);
	rc = read_at(fd, b->note.data, len, file_bytes - sizeof footer - len, name, err);
	if (rc != OK)
		return rc;
	b->note.len = len;
	sha256_slice(hash, buf_slice(&b->note));
	if (memcmp(hash, footer + 4, NOTE_HASH_BYTES) != 0)
		return fail(err, E_CORRUPT, "%s is damaged: its note was changed", name);
	rc = backup_note_parse(&b->says, buf_slice(&b->note), err);
	return rc == OK ? OK : wrap(err, rc, "%s", name);
}

enum result backup_file_read(struct backup_file *ret, int fd, const char *name, struct error *err)
{
	CLEANUP(backup_file_clear) struct backup_file b = BACKUP_FILE_NULL;
	uint64_t file_bytes, rest;
	struct stat st;
	enum result rc;

	if (fstat(fd, &st) != 0)
		return fail_errno(err, E_IO, "%s", name);
	if (!S_ISREG(st.st_mode))
		return fail(err, E_MALFORMED, "%s is not a plain file", name);
	file_bytes = (uint64_t)st.st_size;
	rc = read_size(&b.bytes, fd, file_bytes, name, err);
	if (rc == OK)
		rc = read_note(&b, fd, file_bytes, name, err);
	if (rc != OK)
		return rc;
	rest = b.note.len != 0 ? b.note.len + BACKUP_FOOTER_BYTES : 0;
	if (b.bytes + rest != file_bytes || (rest != 0 && b.says.bytes != b.bytes))
		return fail(err, E_CORRUPT,
			    "%s is damaged: it has %llu bytes, and its database %llu", name,
			    (unsigned long long)file_bytes, (unsigned long long)b.bytes);
	*ret = b;
	b.note = (struct buf)BUF_NULL;
	return OK;
}

void backup_file_clear(struct backup_file *b)
{
	buf_clear(&b->note);
}

enum result backup_file_copy(const struct backup_file *b, int from, int to, const char *name,
			     struct error *err)
{
	uint8_t hash[HASH_BYTES];
	enum result rc;

	if (lseek(from, 0, SEEK_SET) != 0)
		return fail_errno(err, E_IO, "read %s", name);
	rc = hash_and_copy(hash, from, to, b->bytes, name, err);
	if (rc == OK && b->note.len != 0 && memcmp(hash, b->says.sha256, sizeof hash) != 0)
		rc = fail(err, E_CORRUPT,
			  "%s is damaged: its database is not the one that was signed", name);
	return rc;
}

static enum result read_state(void *ctx, const struct log_row *row, struct error *err)
{
	struct checkpoint c;
	enum result rc = checkpoint_parse(&c, row->checkpoint, err);

	if (rc == OK)
		*(bool *)ctx = c.has_state;
	return rc;
}

/* The signed head of the log tells by whom it was written: a format number could be changed. */
static enum result check_unsealed(struct store_session *ss, struct error *err)
{
	bool has_state = false;
	enum result rc = store_get_log(ss, read_state, &has_state, err);

	if (rc == OK && has_state)
		rc = fail(err, E_UNSUPPORTED,
			  "no signature stands behind the data: the file was cut off, or "
			  "`reeve backup` did not write it");
	return rc;
}

static enum result check_sealed(const struct backup_note *says, struct store_session *ss,
				struct error *err)
{
	struct backup_note is = {.size = 0};
	enum result rc = read_head(ss, &is, err);

	if (rc != OK)
		return rc;
	if (strcmp(is.origin, says->origin) != 0 || is.size != says->size ||
	    memcmp(is.root, says->root, sizeof is.root) != 0 || is.epoch != says->epoch ||
	    is.revision != says->revision)
		return fail(err, E_CORRUPT, "the backup's note is of another state of the store");
	return OK;
}

enum result backup_file_compare(const struct backup_file *b, struct store *database,
				struct error *err)
{
	CLEANUP(session_closep) struct store_session *ss = NULL;
	enum result rc = store_session_open(&ss, database, err);

	if (rc != OK)
		return rc;
	return b->note.len != 0 ? check_sealed(&b->says, ss, err) : check_unsealed(ss, err);
}
