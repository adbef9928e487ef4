/* The rule: a client that asks again under the same key gets the answer of the first time, and nothing is done twice. */
#include "service/write.h"

#include <string.h>

#define KEY_BYTES_MAX 255

/* Who asks belongs to the key: nobody meets another's. */
static enum result note_key(struct write *w, struct error *err)
{
	struct call *c = w->call;
	CLEANUP(buf_clear) struct buf key = BUF_NULL;
	uint64_t numbers[] = {(uint64_t)c->verb, c->in.is_merge_patch,
			      c->in.is_forced,	 (uint64_t)c->in.body_format,
			      c->in.revision,	 c->in.has_if_version,
			      c->in.if_version};
	struct slice fields[] = {w->author, c->path, c->in.message, c->in.body,
				 slice_make((const char *)numbers, sizeof numbers)};
	const char *text;

	if (c->in.idempotency_key.len > KEY_BYTES_MAX)
		return fail(err, E_MALFORMED, "an idempotency key has at most %d bytes",
			    KEY_BYTES_MAX);
	buf_append_slice(&key, w->accessor);
	buf_append_char(&key, ':');
	buf_append_slice(&key, c->in.idempotency_key);
	text = buf_is_failed(&key) ? NULL : arena_text(&w->arena, buf_slice(&key));
	if (text == NULL)
		return fail(err, E_MEMORY, "out of memory");
	w->idempotency_key = slice_make(text, key.len);
	key_mac_fields(w->fingerprint, keyring_derived(w->service->keyring, DERIVED_DIGEST_MAC),
		       fields, ARRAY_SIZE(fields));
	return OK;
}

/* '1' where it was created, the ETag, a newline, the body. */
static enum result replay(void *ctx, struct slice kept, struct error *err)
{
	struct write *w = ctx;
	struct call *c = w->call;
	CLEANUP(buf_clear) struct buf body = BUF_NULL;
	struct slice head;

	if (!slice_next_part(&kept, '\n', &head) || head.len == 0 || head.len > ETAG_BYTES)
		return fail(err, E_CORRUPT, "a kept answer is none");
	memcpy(c->out.etag, head.data + 1, head.len - 1);
	c->out.etag[head.len - 1] = '\0';
	c->out.is_created = head.data[0] == '1';
	if (kept.len == 0) {
		answer_empty(c);
		return OK;
	}
	buf_append_slice(&body, kept);
	answer_json(c, &body);
	return c->out.result == OK ? OK : fail(err, E_MEMORY, "out of memory");
}

enum result idempotency_replay(struct scene *scene, struct write *w, struct error *err)
{
	enum result rc;

	if (w->call->in.idempotency_key.len == 0)
		return E_NOT_FOUND;
	rc = note_key(w, err);
	if (rc != OK)
		return rc;
	rc = store_get_idempotent(scene->session, w->idempotency_key,
				  slice_make((const char *)w->fingerprint, HASH_BYTES), replay, w,
				  err);
	return rc == E_CONFLICT ? fail(err, rc, "the idempotency key was used for another request")
				: rc;
}
