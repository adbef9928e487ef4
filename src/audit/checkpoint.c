/*
 * Writes and reads the lines of a checkpoint (C2SP tlog-checkpoint, and one extension line).
 *
 * A checkpoint may come from a file that was kept elsewhere, so checkpoint_verify() checks the
 * signature first and then parses strictly. The origin must be the name of the key, so that a text
 * that the key signed for another log proves nothing here. No state; any thread may call.
 */
#include "audit/checkpoint.h"

#include "crypto/base64.h"

#define STATE_PREFIX "state "

/* The lines behind the root. */
static enum result parse_extensions(struct checkpoint *c, struct slice rest, struct error *err)
{
	struct slice line;

	while (slice_next_part(&rest, '\n', &line)) {
		if (!slice_starts_with(line, SLICE_LITERAL(STATE_PREFIX)))
			continue;
		if (c->has_state ||
		    !base64_parse(BASE64_STANDARD, slice_from(line, strlen(STATE_PREFIX)), c->state,
				  sizeof c->state))
			return fail(err, E_MALFORMED,
				    "a checkpoint's state is not one line of %d bytes in base64",
				    HASH_BYTES);
		c->has_state = true;
	}
	return OK;
}

enum result checkpoint_parse(struct checkpoint *ret, struct slice body, struct error *err)
{
	struct slice rest = body, origin, size, root;
	struct checkpoint c = {0};
	enum result rc;

	/* The third line must end with a newline: then there is a fourth part, which may be
	 * empty. */
	if (!slice_next_part(&rest, '\n', &origin) || !slice_next_part(&rest, '\n', &size) ||
	    !slice_next_part(&rest, '\n', &root) || rest.data == NULL)
		return fail(err, E_MALFORMED, "a checkpoint has three lines");
	if (origin.len == 0 || origin.len >= sizeof c.origin ||
	    memchr(origin.data, '\0', origin.len) != NULL)
		return fail(err, E_MALFORMED,
			    "a checkpoint's origin must have 1 to %zu bytes and no NUL",
			    sizeof c.origin - 1);
	/* No leading zeros, so that a size has one text only. */
	if (!slice_to_u64(size, UINT64_MAX, &c.size) || (size.len > 1 && size.data[0] == '0'))
		return fail(err, E_MALFORMED, "a checkpoint's size must be a decimal number");
	if (!base64_parse(BASE64_STANDARD, root, c.root, sizeof c.root))
		return fail(err, E_MALFORMED, "a checkpoint's root is not %d bytes in base64",
			    HASH_BYTES);
	memcpy(c.origin, origin.data, origin.len);
	rc = parse_extensions(&c, rest, err);
	if (rc == OK)
		*ret = c;
	return rc;
}

enum result checkpoint_sign(struct buf *ret_note, const struct merkle *tree, const uint8_t *state,
			    const struct vkey *key, const struct key *seed, struct error *err)
{
	CLEANUP(buf_clear) struct buf body = BUF_NULL;
	uint8_t root[HASH_BYTES];
	enum result rc;

	merkle_root(root, tree);
	buf_append_text(&body, key->name);
	buf_append_char(&body, '\n');
	buf_append_u64(&body, tree->size);
	buf_append_char(&body, '\n');
	base64_append(&body, BASE64_STANDARD, root, sizeof root);
	buf_append_char(&body, '\n');
	if (state != NULL) {
		buf_append_text(&body, STATE_PREFIX);
		base64_append(&body, BASE64_STANDARD, state, HASH_BYTES);
		buf_append_char(&body, '\n');
	}
	rc = buf_check(&body, err);
	if (rc == OK)
		rc = note_sign(ret_note, buf_slice(&body), key, seed, err);
	return rc == OK ? OK : wrap(err, rc, "checkpoint");
}

enum result checkpoint_verify(struct checkpoint *ret, struct slice note, const struct vkey *key,
			      struct error *err)
{
	struct checkpoint c;
	struct slice body;
	enum result rc = note_verify(&body, note, key, err);

	if (rc == OK)
		rc = checkpoint_parse(&c, body, err);
	if (rc != OK)
		return wrap(err, rc, "checkpoint");
	if (strcmp(c.origin, key->name) != 0)
		return fail(err, E_CRYPTO, "checkpoint: it belongs to another log than %s",
			    key->name);
	*ret = c;
	return OK;
}
