/*
 * What comes from outside to prove a log: signed notes, public keys, checkpoints, and the small
 * formats beside them. Nothing verifies that was not signed, and what parses is written as it was
 * read.
 */
#include "audit/checkpoint.h"
#include "audit/audit_log.h"
#include "crypto/base64.h"
#include "crypto/crypto.h"
#include "crypto/envelope.h"
#include "crypto/token_text.h"

#include <stdlib.h>

#define KEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
/* The one text that a signature by this key is known for. */
#define SIGNED "This is an example message.\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void read_note(struct slice input)
{
	struct checkpoint c;
	struct vkey key;
	struct slice text;

	must(vkey_parse(&key, SLICE_LITERAL(KEY), NULL) == OK);
	if (note_verify(&text, input, &key, NULL) == OK)
		must(slice_is_text(text, SIGNED));
	must(checkpoint_verify(&c, input, &key, NULL) != OK);
	if (checkpoint_parse(&c, input, NULL) == OK)
		must(c.origin[0] != '\0');
}

static void read_public_key(struct slice input)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct vkey key, again;

	if (vkey_parse(&key, input, NULL) != OK)
		return;
	vkey_append(&text, &key);
	must(text.len == input.len);
	must(vkey_parse(&again, buf_slice(&text), NULL) == OK);
	must(memcmp(&key, &again, sizeof key) == 0);
}

static void read_base64(enum base64_form form, struct slice input)
{
	CLEANUP(buf_clear) struct buf bytes = BUF_NULL, text = BUF_NULL;

	if (!base64_decode(form, input, &bytes))
		return;
	base64_append(&text, form, bytes.data, bytes.len);
	must(slice_is_equal(buf_slice(&text), input));
}

static void read_log_state(struct slice input)
{
	CLEANUP(buf_clear) struct buf state = BUF_NULL;
	struct audit_log log;

	if (audit_log_read_state(&log, input, NULL) != OK)
		return;
	audit_log_append_state(&state, &log);
	must(slice_is_equal(buf_slice(&state), input));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_make((const char *)data, size);
	uint32_t key_id;

	must(crypto_start(NULL) == OK);
	read_note(input);
	read_public_key(input);
	read_base64(BASE64_STANDARD, input);
	read_base64(BASE64_URL, input);
	read_log_state(input);
	if (token_is_well_formed(input))
		must(size == TOKEN_TEXT_BYTES);
	if (envelope_key_id(input, &key_id, NULL) == OK)
		must(size >= ENVELOPE_OVERHEAD);
	return 0;
}
