/* The file of a backup: every change of it is found. */
#include "audit/audit_log.h"
#include "base/file.h"
#include "crypto/crypto.h"
#include "crypto/keyring.h"
#include "fixture.h"
#include "store/backup_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define ORIGIN "reeve/0001"

static struct folder folder;
static struct secret_memory *memory;
static struct keyring *ring;
static struct vkey key;
static char file[128];
static struct buf content;
static bool sign_state = true; /* false: as a release before data format 3 */

static struct keyring *make_ring(void)
{
	struct key *root = NULL;
	struct keyring *made = NULL;

	cr_assert_eq(key_new_random(&root, memory, NULL), OK);
	cr_assert_eq(keyring_create(&made, memory, root, SLICE_LITERAL("0123456789abcdef"), NULL),
		     OK);
	return made;
}

static void put_heads(struct store *s)
{
	CLEANUP(buf_clear) struct buf note = BUF_NULL, state = BUF_NULL;
	const struct meta_row rows[] = {{META_LOG_ORIGIN, SLICE_LITERAL(ORIGIN)},
					{META_EPOCH, SLICE_LITERAL("4")},
					{META_REVISION, SLICE_LITERAL("9")}};
	struct audit_log log = AUDIT_LOG_EMPTY;
	const uint8_t rows_state[HASH_BYTES] = {1};

	audit_log_append_state(&state, &log);
	cr_assert_eq(audit_log_sign(&log, sign_state ? rows_state : NULL, &key,
				    keyring_signing_seed(ring), &note, NULL),
		     OK);
	EXPECT_OK(store_begin(s, NULL, err));
	EXPECT_OK(store_put_meta(s, rows, ARRAY_SIZE(rows), err));
	EXPECT_OK(store_put_log(s,
				&(struct log_row){.peaks = buf_slice(&state),
						  .checkpoint = buf_slice(&note)},
				err));
	EXPECT_OK(store_commit(s, err));
}

/* Makes a store and a sealed backup of it. */
static void set_up(void)
{
	struct store *s;

	folder = folder_new();
	cr_assert_eq(crypto_start(NULL), OK);
	cr_assert_eq(secret_memory_new(&memory, NULL), OK);
	ring = make_ring();
	EXPECT_OK(
		vkey_init_from_seed(&key, SLICE_LITERAL(ORIGIN), keyring_signing_seed(ring), err));
	s = store_make(&folder);
	put_heads(s);
	snprintf(file, sizeof file, "%s/backup", folder.path);
	EXPECT_OK(store_backup(s, &(struct backup_target){.file = file}, NULL, err));
	store_close(s);
	EXPECT_OK(backup_file_seal(file, ring, 1234567, err));
	EXPECT_OK(file_read(&content, file, 16 * 1024 * 1024, err));
}

static void tear_down(void)
{
	buf_clear(&content);
	keyring_free(ring);
	secret_memory_free(memory);
	folder_remove(&folder);
}

TestSuite(store_backup_file, .init = set_up, .fini = tear_down);

static enum result check(struct slice bytes)
{
	CLEANUP(backup_file_clear) struct backup_file b = BACKUP_FILE_NULL;
	struct error err = ERROR_NULL;
	enum result rc;

	CLEANUP(file_closep) int fd = open(file, O_RDWR | O_TRUNC);
	cr_assert_eq(write(fd, bytes.data, bytes.len), (ssize_t)bytes.len);
	rc = backup_file_read(&b, fd, file, &err);
	if (rc == OK)
		rc = backup_file_copy(&b, fd, -1, file, &err);
	if (rc != OK)
		cr_expect_neq(err.text[0], '\0');
	return rc == OK && b.note.len == 0 ? E_UNSUPPORTED : rc;
}

/* Where the note begins. */
static size_t note_at(void)
{
	CLEANUP(backup_file_clear) struct backup_file b = BACKUP_FILE_NULL;
	CLEANUP(file_closep) int fd = open(file, O_RDONLY);

	EXPECT_OK(backup_file_read(&b, fd, file, err));
	return b.bytes;
}

Test(store_backup_file, a_whole_one_says_what_it_is)
{
	CLEANUP(backup_file_clear) struct backup_file b = BACKUP_FILE_NULL;
	CLEANUP(file_closep) int fd = open(file, O_RDONLY);
	struct store *s = NULL;

	EXPECT_OK(backup_file_read(&b, fd, file, err));
	EXPECT_OK(backup_file_copy(&b, fd, -1, file, err));
	cr_expect_str_eq(b.says.origin, ORIGIN);
	cr_expect_eq(b.says.epoch, 4);
	cr_expect_eq(b.says.revision, 9);
	cr_expect_eq(b.says.time_ms, 1234567);
	EXPECT_OK(backup_note_verify(buf_slice(&b.note), &key, err));
	EXPECT_OK(store_open_sqlite_file(&s, file, err));
	EXPECT_OK(backup_file_compare(&b, s, err));
	b.says.revision++;
	EXPECT_RC(backup_file_compare(&b, s, err), E_CORRUPT);
	b.note.len = 0;
	EXPECT_RC(backup_file_compare(&b, s, err), E_UNSUPPORTED);
	store_close(s);
}

Test(store_backup_file, a_change_of_any_byte_is_found)
{
	size_t at = note_at();

	for (size_t i = 0; i < content.len; i += i < at - 64 && i > 128 ? 389 : 1) {
		content.data[i] = (char)(content.data[i] ^ (1 << i % 8));
		cr_assert_neq(check(buf_slice(&content)), OK, "byte %zu of %zu", i, content.len);
		content.data[i] = (char)(content.data[i] ^ (1 << i % 8));
	}
	cr_expect_eq(check(buf_slice(&content)), OK);
}

Test(store_backup_file, one_that_was_cut_off_or_extended_is_refused)
{
	size_t at = note_at();
	char more[4096] = "";

	for (size_t i = 0; i < content.len; i += i < at - 8 ? 389 : 1)
		cr_assert_neq(check(slice_first(buf_slice(&content), i)), OK, "%zu bytes", i);
	cr_expect_eq(check(slice_first(buf_slice(&content), at)), E_UNSUPPORTED);
	buf_append_slice(&content, slice_make(more, sizeof more));
	cr_expect_eq(check(buf_slice(&content)), E_CORRUPT);
}

Test(store_backup_file, the_note_proves_nothing_under_another_key)
{
	CLEANUP(backup_file_clear) struct backup_file b = BACKUP_FILE_NULL;
	CLEANUP(file_closep) int fd = open(file, O_RDONLY);
	struct keyring *other = make_ring();
	struct checkpoint c;
	struct vkey wrong;

	EXPECT_OK(backup_file_read(&b, fd, file, err));
	EXPECT_OK(vkey_init_from_seed(&wrong, SLICE_LITERAL(ORIGIN), keyring_signing_seed(other),
				      err));
	EXPECT_RC(backup_note_verify(buf_slice(&b.note), &wrong, err), E_CRYPTO);
	EXPECT_OK(vkey_init_from_seed(&wrong, SLICE_LITERAL("reeve/0002"),
				      keyring_signing_seed(ring), err));
	EXPECT_RC(backup_note_verify(buf_slice(&b.note), &wrong, err), E_CRYPTO);
	/* The same key signs the log. */
	cr_expect_neq(checkpoint_verify(&c, buf_slice(&b.note), &key, NULL), OK);
	keyring_free(other);
}

Test(store_backup_file, a_note_in_another_form_is_malformed)
{
	static const char *const notes[] = {
		"",
		"reeve-backup 1\n",
		"reeve-backup 2\norigin a\nsize 1\n",
		"reeve-backup 1\norigin \nsize 1\n",
		"reeve-backup 1\norigin a\nsize 01\n",
		"reeve-backup 1\norigin a\nsize 1\nroot AAAA\n",
		"reeve-backup 1\nsize 1\norigin a\n",
	};
	struct backup_note n;

	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		cr_expect_eq(backup_note_parse(&n, slice_text(notes[i]), NULL), E_CORRUPT, "%zu",
			     i);
}

Test(store_backup_file, one_of_an_older_release_needs_no_note)
{
	struct backup_file none = BACKUP_FILE_NULL;
	struct store *s = store_reopen(&folder);

	EXPECT_RC(backup_file_compare(&none, s, err), E_UNSUPPORTED);
	sign_state = false;
	put_heads(s);
	EXPECT_OK(backup_file_compare(&none, s, err));
	store_close(s);
}

Test(store_backup_file, a_store_without_heads_is_not_sealed)
{
	struct folder other = folder_new();
	struct store *s = store_make(&other);
	char copy[128];

	snprintf(copy, sizeof copy, "%s/backup", other.path);
	EXPECT_OK(store_backup(s, &(struct backup_target){.file = copy}, NULL, err));
	store_close(s);
	EXPECT_RC(backup_file_seal(copy, ring, 1, err), E_CORRUPT);
	EXPECT_RC(backup_file_seal("/nonexistent", ring, 1, err), E_NOT_FOUND);
	folder_remove(&other);
}
