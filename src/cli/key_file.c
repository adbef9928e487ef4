/* Reads a verifier key from a file that the user trusts. */
#include "cli/key_file.h"

#include "base/file.h"

/* audit.pub is one line of some hundred bytes. */
#define KEY_BYTES_FILE_MAX 4096

enum result key_file_read(struct vkey *ret, const char *file, struct error *err)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct slice line, rest;
	enum result rc = file_read(&text, file, KEY_BYTES_FILE_MAX, err);

	if (rc != OK)
		return rc;
	rest = buf_slice(&text);
	if (!slice_next_part(&rest, '\n', &line))
		return fail(err, E_MALFORMED, "%s is empty", file);
	rc = vkey_parse(ret, line, err);
	return rc == OK ? OK : wrap(err, rc, "%s", file);
}
