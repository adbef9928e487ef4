/*
 * Responses kept under an Idempotency-Key.
 *
 * The key is stored with the caller's accessor before it, so that two callers never share one; the
 * fingerprint is a keyed hash of all that the request says. It is kept in the transaction of the
 * change: either both are there after a crash, or neither.
 *
 * A replay gives the first response, byte for byte, if the caller has the same rights as then (a
 * digest of all policies of its chain and their versions). With other rights, but all that the
 * request needs, it gives the short body, which tells nothing that takes the right to read. A
 * response older than KEPT_MS is removed when the next one is kept.
 *
 * Replays run in a worker, keeping in the committer.
 */
#include "service/write/idempotency.h"

#include "service/engine/audit_draft.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"

#include "base/text.h"

#include <string.h>

#define KEY_BYTES_MAX 255
#define KEPT_MS	      INT64_C(86400000) /* a day */

/*
 * The form of a kept response, in lines: this mark, '1' where something was created or '0', and
 * the ETag; a digest of the rights that it was made for; the permissions that the request took,
 * one path a line; an empty line; the number of bytes of the body. Then the body, and behind it
 * the short body.
 */
#define KEPT_MARK "2"

enum result idempotency_make(struct idempotency *ret, const struct service *s, struct call *c,
			     struct error *err)
{
	CLEANUP(buf_clear) struct buf key = BUF_NULL;
	uint64_t numbers[] = {(uint64_t)c->verb,     c->verb == VERB_DOCUMENT_PATCH,
			      c->in.write.is_forced, (uint64_t)c->in.body_format,
			      c->in.write.revision,  c->in.write.has_if_version,
			      c->in.write.if_version};
	struct slice fields[] = {
		c->principal->name, c->path,	c->in.write.message,
		c->in.write.source, c->in.body, slice_make((const char *)numbers, sizeof numbers)};
	const char *text;

	if (c->in.idempotency_key.len > KEY_BYTES_MAX)
		return fail(err, E_MALFORMED, "an idempotency key has at most %d bytes",
			    KEY_BYTES_MAX);
	/* The caller is part of the key: two callers never share one. */
	buf_append_slice(&key, c->principal->accessor);
	buf_append_char(&key, ':');
	buf_append_slice(&key, c->in.idempotency_key);
	text = buf_is_failed(&key) ? NULL : arena_text(&c->arena, buf_slice(&key));
	if (text == NULL)
		return fail(err, E_MEMORY, "out of memory");
	ret->key = slice_make(text, key.len);
	key_mac_fields(ret->fingerprint, keyring_derived(s->state.keyring, DERIVED_DIGEST_MAC),
		       fields, ARRAY_SIZE(fields));
	return OK;
}

static void hash_slice(struct sha256 *h, struct slice s)
{
	uint64_t len = s.len;

	sha256_update(h, &len, sizeof len);
	sha256_update(h, s.data, s.len);
}

/* By version, not by content: a policy that was changed and changed back counts as another. */
static void hash_policy(struct sha256 *h, const struct snapshot *snapshot, struct slice name)
{
	char path[PATH_BYTES_MAX + 16] = "policies/";
	const struct snap_doc *d = NULL;
	uint64_t numbers[2] = {0};

	if (name.len <= PATH_BYTES_MAX) {
		memcpy(path + strlen("policies/"), name.data, name.len);
		d = snapshot_live(snapshot, slice_make(path, strlen("policies/") + name.len));
	}
	if (d != NULL)
		numbers[0] = snap_doc_row(d)->version;
	numbers[1] = d != NULL;
	hash_slice(h, name);
	sha256_update(h, numbers, sizeof numbers);
}

/* Covers all that decides what a token may: the versions of its policies and of those of the
 * tokens above it. */
static void hash_rights(uint8_t ret[static HASH_BYTES], const struct snapshot *snapshot,
			struct slice accessor)
{
	struct sha256 h;

	sha256_init(&h);
	for (uint32_t i = 0; accessor.len != 0 && i < RIGHTS_LEVELS_MAX; i++) {
		const struct token *t = snapshot_token(snapshot, accessor);

		if (t == NULL)
			break;
		hash_slice(&h, accessor);
		for (uint32_t p = 0; p < t->record.policies_count; p++)
			hash_policy(&h, snapshot, t->record.policies[p]);
		accessor = t->record.parent;
	}
	sha256_final(&h, ret);
}

static void append_rights(struct buf *b, const struct snapshot *snapshot, const struct call *c)
{
	uint8_t digest[HASH_BYTES];

	hash_rights(digest, snapshot, c->principal->accessor);
	hex_append(b, digest, sizeof digest);
}

void idempotency_add_permission(struct buf *lines, uint32_t mask, struct slice path)
{
	buf_printf(lines, "%u %.*s\n", mask, SLICE_ARGS(path));
}

static void append_kept(struct buf *b, const struct call *c,
			const struct idempotency_record *record)
{
	const struct shared_body *body = c->out.body;

	buf_append_text(b, KEPT_MARK);
	buf_append_char(b, c->out.is_created ? '1' : '0');
	buf_append_text(b, c->out.etag);
	buf_append_char(b, '\n');
	append_rights(b, record->snapshot, c);
	buf_append_char(b, '\n');
	buf_append_slice(b, record->permissions);
	buf_printf(b, "\n%zu\n", body != NULL ? body->bytes.len : 0);
	if (body != NULL) {
		buf_append_slice(b, buf_slice(&body->bytes));
		buf_append_slice(b, record->short_body);
	}
}

enum result idempotency_keep(const struct idempotency *i, struct call *c,
			     const struct idempotency_record *record, int64_t time_ms,
			     struct error *err)
{
	CLEANUP(buf_clear) struct buf kept = BUF_NULL;
	struct idempotent_row row = {
		.key = i->key,
		.fingerprint = slice_make((const char *)i->fingerprint, HASH_BYTES),
		.time_ms = time_ms,
	};
	enum result rc;

	if (i->key.len == 0)
		return OK;
	append_kept(&kept, c, record);
	rc = buf_check(&kept, err);
	if (rc != OK)
		return rc;
	row.response = buf_slice(&kept);
	rc = store_put_idempotent(c->service->state.store, &row, time_ms - KEPT_MS, err);
	/* The store's "a row exists already" is no conflict of the client's. */
	return rc == E_CONFLICT ? fail(err, E_STALE, "the key was used meanwhile") : rc;
}

struct replaying {
	struct verb_context *ctx;
	bool may_see_all;
};

static enum result refuse_malformed(struct error *err)
{
	return fail(err, E_CORRUPT, "the response kept under this key is malformed");
}

/* All that the request took then must be allowed now. */
static enum result check_rights(const struct verb_context *ctx, struct slice *kept,
				struct error *err)
{
	struct slice line, mask_text;
	uint64_t mask;

	while (slice_next_part(kept, '\n', &line) && line.len != 0) {
		if (!slice_next_part(&line, ' ', &mask_text) ||
		    !slice_to_u64(mask_text, UINT32_MAX, &mask))
			return refuse_malformed(err);
		for (uint64_t bit = 1; bit <= mask; bit <<= 1) {
			if ((mask & bit) == 0 ||
			    rights_may(ctx->rights, (enum permission)bit, line))
				continue;
			if (!audit_draft_touch(ctx->call, line, 0, NULL))
				return fail(err, E_UNAVAILABLE, "cannot record the refusal");
			return fail(err, E_FORBIDDEN,
				    "may not do what the key stands for any more");
		}
	}
	return OK;
}

/* The kept body is JSON, whatever form the request asked for; the engine turns it into YAML
 * afterwards. */
static enum result replay_body(struct replaying *r, struct slice kept, struct error *err)
{
	struct call *c = r->ctx->call;
	CLEANUP(buf_clear) struct buf body = BUF_NULL;
	struct slice line;
	uint64_t len;

	if (!slice_next_part(&kept, '\n', &line) || !slice_to_u64(line, kept.len, &len))
		return refuse_malformed(err);
	if (len == 0) {
		response_empty(c);
		return OK;
	}
	buf_append_slice(&body, r->may_see_all ? slice_first(kept, len) : slice_from(kept, len));
	response_json(c, &body);
	return c->out.result == OK ? OK : fail(err, E_MEMORY, "out of memory");
}

/* Called with the kept bytes, which the store lends for this call. A mark of another form is from
 * another version of the server. */
static enum result replay(void *arg, struct slice kept, struct error *err)
{
	struct replaying *r = arg;
	struct call *c = r->ctx->call;
	CLEANUP(buf_clear) struct buf rights = BUF_NULL;
	struct slice head, line;
	enum result rc;

	if (!slice_starts_with(kept, SLICE_LITERAL(KEPT_MARK)))
		return fail(err, E_CONFLICT,
			    "the idempotency key was used before an upgrade: use a new one");
	if (!slice_next_part(&kept, '\n', &head) || head.len < 2 || head.len - 2 >= ETAG_BYTES ||
	    !slice_next_part(&kept, '\n', &line))
		return refuse_malformed(err);
	append_rights(&rights, r->ctx->snapshot, c);
	rc = buf_check(&rights, err);
	if (rc != OK)
		return rc;
	r->may_see_all = slice_is_equal(line, buf_slice(&rights));
	rc = check_rights(r->ctx, &kept, err);
	if (rc == OK)
		rc = replay_body(r, kept, err);
	if (rc != OK)
		return rc;
	memcpy(c->out.etag, head.data + 2, head.len - 2);
	c->out.etag[head.len - 2] = '\0';
	c->out.is_created = head.data[1] == '1';
	return OK;
}

enum result idempotency_replay(struct verb_context *ctx, struct error *err)
{
	struct call *c = ctx->call;
	struct replaying r = {.ctx = ctx};
	struct idempotency i;
	enum result rc = idempotency_make(&i, ctx->service, c, err);

	if (rc != OK)
		return rc;
	return store_get_idempotent(ctx->session, i.key,
				    slice_make((const char *)i.fingerprint, HASH_BYTES), replay, &r,
				    err);
}
