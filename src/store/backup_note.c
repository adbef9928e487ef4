/*
 * Writes and reads the lines of a backup's note (backup_note.h). A note comes from a file that may
 * have been changed: each line must stand in its place and in its only form.
 */
#include "store/backup_note.h"

#include "base/text.h"
#include "crypto/base64.h"

#define FIRST_LINE "reeve-backup 1"

static void append_number(struct buf *text, const char *name, uint64_t value)
{
	buf_printf(text, "%s %llu\n", name, (unsigned long long)value);
}

enum result backup_note_sign(struct buf *ret, const struct backup_note *what,
			     const struct vkey *key, const struct key *seed, struct error *err)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	enum result rc;

	buf_printf(&text, FIRST_LINE "\norigin %s\n", what->origin);
	append_number(&text, "size", what->size);
	buf_append_text(&text, "root ");
	base64_append(&text, BASE64_STANDARD, what->root, sizeof what->root);
	buf_append_char(&text, '\n');
	append_number(&text, "epoch", what->epoch);
	append_number(&text, "revision", what->revision);
	append_number(&text, "time", (uint64_t)what->time_ms);
	append_number(&text, "bytes", what->bytes);
	buf_append_text(&text, "sha256 ");
	hex_append(&text, what->sha256, sizeof what->sha256);
	buf_append_char(&text, '\n');
	rc = buf_check(&text, err);
	return rc == OK ? note_sign(ret, buf_slice(&text), key, seed, err) : rc;
}

/* The value of the next line, which must be that of `name`. */
static bool next_value(struct slice *rest, const char *name, struct slice *ret)
{
	struct slice line, word;

	if (!slice_next_part(rest, '\n', &line) || rest->data == NULL)
		return false;
	*ret = line;
	return slice_next_part(ret, ' ', &word) && slice_is_text(word, name) && ret->data != NULL;
}

/* No leading zeros, so that a number has one text only. */
static bool next_number(struct slice *rest, const char *name, uint64_t *ret)
{
	struct slice value;

	return next_value(rest, name, &value) && slice_to_u64(value, INT64_MAX, ret) &&
	       (value.len == 1 || value.data[0] != '0');
}

static bool next_origin(struct slice *rest, char ret[static NOTE_NAME_BYTES_MAX + 1])
{
	struct slice value;

	if (!next_value(rest, "origin", &value) || value.len == 0 ||
	    value.len > NOTE_NAME_BYTES_MAX || memchr(value.data, '\0', value.len) != NULL)
		return false;
	memcpy(ret, value.data, value.len);
	ret[value.len] = '\0';
	return true;
}

static bool next_hash(struct slice *rest, const char *name, uint8_t ret[static HASH_BYTES])
{
	struct slice value;

	if (!next_value(rest, name, &value))
		return false;
	return strcmp(name, "root") == 0 ? base64_parse(BASE64_STANDARD, value, ret, HASH_BYTES)
					 : hex_parse(value, ret, HASH_BYTES);
}

enum result backup_note_parse(struct backup_note *ret, struct slice note, struct error *err)
{
	struct backup_note n = {.size = 0};
	struct slice rest = note, first;
	uint64_t time_ms = 0;

	if (!slice_next_part(&rest, '\n', &first) || !slice_is_text(first, FIRST_LINE) ||
	    !next_origin(&rest, n.origin) || !next_number(&rest, "size", &n.size) ||
	    !next_hash(&rest, "root", n.root) || !next_number(&rest, "epoch", &n.epoch) ||
	    !next_number(&rest, "revision", &n.revision) || !next_number(&rest, "time", &time_ms) ||
	    !next_number(&rest, "bytes", &n.bytes) || !next_hash(&rest, "sha256", n.sha256) ||
	    rest.len == 0 || rest.data[0] != '\n')
		return fail(err, E_CORRUPT, "the backup's note is malformed");
	n.time_ms = (int64_t)time_ms;
	*ret = n;
	return OK;
}

enum result backup_note_verify(struct slice note, const struct vkey *key, struct error *err)
{
	struct backup_note n;
	struct slice text;
	enum result rc = backup_note_parse(&n, note, err);

	if (rc == OK && strcmp(n.origin, key->name) != 0)
		rc = fail(err, E_CRYPTO, "the backup is of another store than that of the key %s",
			  key->name);
	if (rc == OK)
		rc = note_verify(&text, note, key, err);
	return rc == OK ? OK : wrap(err, rc, "the backup's signature");
}
