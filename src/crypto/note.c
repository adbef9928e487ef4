/*
 * Writes, reads and verifies signed notes and verifier keys (C2SP signed-note; the forms are in
 * note.h).
 *
 * A note to verify comes from a file or from another machine, so it is untrusted: its length, the
 * number of its signatures and each line are checked before the signature is. A signature line of a
 * key that we do not know is skipped, as the specification requires, so that others can add theirs.
 * No state; any thread may call.
 */
#include "crypto/note.h"

#include "base/text.h"
#include "crypto/base64.h"
#include "crypto/hash.h"

#define ALGORITHM_ED25519 0x01
#define DASH		  "\xe2\x80\x94 " /* U+2014 and a blank: opens a signature line */

/* What Unicode calls White_Space, beyond ASCII. */
static bool is_wide_blank(uint32_t c)
{
	return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
	       c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* The name ends at a blank in a note and at '+' in a vkey, so it may contain neither. Control
 * characters are refused too, since names stand in error texts. */
static bool is_name_valid(struct slice name)
{
	size_t at = 0;

	if (name.len == 0 || name.len > NOTE_NAME_BYTES_MAX || utf8_check(name) != SIZE_MAX)
		return false;
	while (at < name.len) {
		uint32_t c = utf8_next(name, &at);

		if (c <= ' ' || c == '+' || c == 0x7f || is_wide_blank(c))
			return false;
	}
	return true;
}

/* 4 bytes only: an id finds the line to check and proves nothing. */
static void compute_key_id(uint8_t ret[static NOTE_KEY_ID_BYTES], struct slice name,
			   const uint8_t public_key[static SIGN_PUBLIC_BYTES])
{
	static const uint8_t between[] = {'\n', ALGORITHM_ED25519};
	uint8_t hash[HASH_BYTES];
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, name.data, name.len);
	sha256_update(&s, between, sizeof between);
	sha256_update(&s, public_key, SIGN_PUBLIC_BYTES);
	sha256_final(&s, hash);
	memcpy(ret, hash, NOTE_KEY_ID_BYTES);
}

enum result vkey_init(struct vkey *ret, struct slice name,
		      const uint8_t public_key[static SIGN_PUBLIC_BYTES], struct error *err)
{
	if (!is_name_valid(name))
		return fail(err, E_MALFORMED,
			    "a key's name has 1 to %d bytes of UTF-8 without blanks and '+'",
			    NOTE_NAME_BYTES_MAX);
	*ret = (struct vkey){0};
	memcpy(ret->name, name.data, name.len);
	memcpy(ret->public_key, public_key, SIGN_PUBLIC_BYTES);
	compute_key_id(ret->id, name, public_key);
	return OK;
}

enum result vkey_init_from_seed(struct vkey *ret, struct slice name, const struct key *seed,
				struct error *err)
{
	uint8_t public_key[SIGN_PUBLIC_BYTES];

	sign_public_key(public_key, seed);
	return vkey_init(ret, name, public_key, err);
}

enum result vkey_parse(struct vkey *ret, struct slice text, struct error *err)
{
	uint8_t id[NOTE_KEY_ID_BYTES], typed[1 + SIGN_PUBLIC_BYTES];
	struct slice rest = text, name, hex;
	struct vkey key;
	enum result rc;

	/* The last part may hold '+', the others may not. */
	if (!slice_next_part(&rest, '+', &name) || !slice_next_part(&rest, '+', &hex) ||
	    rest.data == NULL || !hex_parse(hex, id, sizeof id))
		return fail(err, E_MALFORMED,
			    "a public key must be <name>+<8 hexadecimal digits>+<base64>");
	if (!base64_parse(BASE64_STANDARD, rest, typed, sizeof typed))
		return fail(err, E_MALFORMED, "a public key must end with %zu bytes in base64",
			    sizeof typed);
	if (typed[0] != ALGORITHM_ED25519)
		return fail(err, E_UNSUPPORTED, "a public key of algorithm %u, not Ed25519 (%d)",
			    typed[0], ALGORITHM_ED25519);
	rc = vkey_init(&key, name, typed + 1, err);
	if (rc != OK)
		return rc;
	if (memcmp(key.id, id, sizeof id) != 0)
		return fail(err, E_CRYPTO, "the id of the public key does not belong to the key");
	*ret = key;
	return OK;
}

void vkey_append(struct buf *ret, const struct vkey *key)
{
	uint8_t typed[1 + SIGN_PUBLIC_BYTES] = {ALGORITHM_ED25519};

	memcpy(typed + 1, key->public_key, SIGN_PUBLIC_BYTES);
	buf_append_text(ret, key->name);
	buf_append_char(ret, '+');
	hex_append(ret, key->id, sizeof key->id);
	buf_append_char(ret, '+');
	base64_append(ret, BASE64_STANDARD, typed, sizeof typed);
}

/* "valid UTF-8 … with no ASCII control characters other than newlines" */
static bool is_note_text(struct slice text)
{
	if (text.len == 0 || text.len > NOTE_BYTES_MAX || utf8_check(text) != SIZE_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.data[i] < ' ' && text.data[i] != '\n')
			return false;
	}
	return text.data[text.len - 1] == '\n';
}

enum result note_sign(struct buf *ret, struct slice text, const struct vkey *key,
		      const struct key *seed, struct error *err)
{
	uint8_t signature[NOTE_KEY_ID_BYTES + SIGNATURE_BYTES];
	size_t before = ret->len;

	if (!is_note_text(text))
		return fail(err, E_MALFORMED,
			    "a note's text is UTF-8 without control characters and ends with a "
			    "newline");
	memcpy(signature, key->id, NOTE_KEY_ID_BYTES);
	if (!sign_message(signature + NOTE_KEY_ID_BYTES, seed, key->public_key, text))
		return fail(err, E_CRYPTO, "the signing key does not belong to %s", key->name);
	buf_append_slice(ret, text);
	buf_append_text(ret, "\n" DASH);
	buf_append_text(ret, key->name);
	buf_append_char(ret, ' ');
	base64_append(ret, BASE64_STANDARD, signature, sizeof signature);
	buf_append_char(ret, '\n');
	if (buf_is_failed(ret)) {
		buf_cut(ret, before);
		return fail(err, E_MEMORY, "sign: out of memory");
	}
	return OK;
}

/* The last blank line separates the text from the signature lines. */
/* The text ends at the last blank line: a text may contain blank lines of its own, signatures may
 * not. The text keeps its last newline, which is signed. */
static bool split_note(struct slice note, struct slice *text, struct slice *signatures)
{
	if (!is_note_text(note))
		return false;
	for (size_t at = note.len - 1; at > 0; at--) {
		if (note.data[at - 1] != '\n' || note.data[at] != '\n')
			continue;
		*text = slice_first(note, at);
		*signatures = slice_from(note, at + 1);
		return signatures->len != 0;
	}
	return false;
}

/* One signature line without its newline; `bytes` begin with the key id. */
struct signature_line {
	struct slice name;
	uint8_t id[NOTE_KEY_ID_BYTES];
	struct buf bytes;
};

static void signature_line_clear(struct signature_line *line)
{
	buf_clear(&line->bytes);
}

static enum result parse_signature(struct signature_line *ret, struct slice line, struct error *err)
{
	struct slice rest;

	if (!slice_starts_with(line, SLICE_LITERAL(DASH)))
		return fail(err, E_MALFORMED, "a note's signature does not begin with a dash");
	rest = slice_from(line, sizeof DASH - 1);
	if (!slice_next_part(&rest, ' ', &ret->name) || rest.data == NULL ||
	    !is_name_valid(ret->name))
		return fail(err, E_MALFORMED, "a note's signature has no key name");
	if (!base64_decode(BASE64_STANDARD, rest, &ret->bytes)) {
		enum result rc = buf_check(&ret->bytes, err);

		return rc != OK ? rc : fail(err, E_MALFORMED, "a note's signature is not base64");
	}
	if (ret->bytes.len <= NOTE_KEY_ID_BYTES)
		return fail(err, E_MALFORMED, "a note's signature is too short");
	memcpy(ret->id, ret->bytes.data, NOTE_KEY_ID_BYTES);
	return OK;
}

/* Sets `*is_signed` when `key` made a valid signature in this line. */
static enum result check_line(struct slice text, struct slice line, const struct vkey *key,
			      bool *is_signed, struct error *err)
{
	CLEANUP(signature_line_clear) struct signature_line s = {.bytes = BUF_NULL};
	enum result rc = parse_signature(&s, line, err);

	if (rc != OK)
		return rc;
	if (!slice_is_text(s.name, key->name) || memcmp(s.id, key->id, sizeof s.id) != 0)
		return OK; /* by another key */
	if (s.bytes.len != NOTE_KEY_ID_BYTES + SIGNATURE_BYTES ||
	    !signature_is_valid((const uint8_t *)s.bytes.data + NOTE_KEY_ID_BYTES, key->public_key,
				text))
		return fail(err, E_CRYPTO, "the signature of %s is wrong", key->name);
	*is_signed = true;
	return OK;
}

/* Every line must be well-formed, also those of other keys. One wrong signature under the name of
 * `key` is a failure even if another one is right. */
enum result note_verify(struct slice *ret_text, struct slice note, const struct vkey *key,
			struct error *err)
{
	struct slice text, lines, line;
	bool is_signed = false;
	uint32_t count = 0;

	if (!split_note(note, &text, &lines))
		return fail(err, E_MALFORMED, "not a signed note");
	lines.len--; /* the last line's end, so that it does not open another */
	while (slice_next_part(&lines, '\n', &line)) {
		enum result rc;

		if (++count > NOTE_SIGNATURES_MAX)
			return fail(err, E_MALFORMED, "a note with more than %d signatures",
				    NOTE_SIGNATURES_MAX);
		rc = check_line(text, line, key, &is_signed, err);
		if (rc != OK)
			return rc;
	}
	if (!is_signed)
		return fail(err, E_CRYPTO, "%s did not sign this", key->name);
	*ret_text = text;
	return OK;
}
