/*
 * Opens stored content: into wiped memory, one version at a time, and only if it is bound to the
 * path and version that it is stored under.
 *
 * The associated data of the ciphertext name kind, path, version and content type
 * (crypto/content.h), so a row whose ciphertext was exchanged for another row's does not open.
 *
 * A secret goes to a principal only through content_for_caller(), which records the read before it
 * hands the content on. Any thread; no state.
 */
#include "audit/entry.h"
#include "base/log.h"
#include "crypto/content.h"
#include "doc/read.h"
#include "service/state/open_content.h"

/* "secrets" of "secrets/orders/warehouse". */
static struct slice kind_of(struct slice path)
{
	struct slice kind = path;

	slice_next_part(&path, '/', &kind);
	return kind;
}

/* Two restores of one backup have the same keys, paths and versions, so only the digest, which the
 * row's own MAC covers, tells the content of one from that of the other. */
static enum result check_digest(const struct state *s, const struct version_row *row,
				struct slice content, struct error *err)
{
	uint8_t digest[HASH_BYTES];

	audit_content_digest(digest, keyring_derived(s->keyring, DERIVED_DIGEST_MAC), row->path,
			     row->version, content);
	return slice_is_equal(row->digest, slice_make((const char *)digest, sizeof digest))
		       ? OK
		       : fail(err, E_CORRUPT, "the content is not the one of this version");
}

enum result content_of_row(struct state *s, const struct version_row *row, struct buf *ret,
			   struct error *err)
{
	struct content_place place = {.kind = kind_of(row->path),
				      .path = row->path,
				      .version = row->version,
				      .content_type = row->content_type};
	size_t before = ret->len;
	enum result rc;

	/* It existed at the requested revision, so no other version may take its place. */
	if (row->is_shredded)
		return fail(err, E_CONFLICT,
			    "%.*s version %llu was destroyed: what it held is gone",
			    SLICE_ARGS(row->path), (unsigned long long)row->version);
	rc = content_open(ret, s->keyring, &place, row->sealed, row->wrapped_key, err);
	if (rc == OK)
		rc = check_digest(s, row, slice_from(buf_slice(ret), before), err);
	if (rc == OK)
		return OK;
	buf_cut(ret, before);
	log_line(LOG_ERROR, "content_unreadable", "path=%.*s version=%llu error=%s",
		 SLICE_ARGS(row->path), (unsigned long long)row->version, result_name(rc));
	return wrap(err, rc, "%.*s version %llu", SLICE_ARGS(row->path),
		    (unsigned long long)row->version);
}

/* On a failed record the buffer is wiped whole: the caller must not get content that the audit log
 * does not name. */
enum result content_for_caller(struct state *s, const struct read_recorder *for_whom,
			       const struct version_row *row, struct buf *ret, struct error *err)
{
	size_t before = ret->len;
	enum result rc = content_of_row(s, row, ret, err);

	if (rc != OK || !slice_is_text(kind_of(row->path), "secrets"))
		return rc;
	rc = for_whom->record(for_whom->ctx, row, slice_from(buf_slice(ret), before), err);
	if (rc != OK)
		buf_clear(ret);
	return rc;
}

/* Content that was stored under larger bounds stays readable: its bytes are bounded by its own
 * length, and its nodes by what patches may have let it grow to. A content type that is not YAML is
 * JSON. */
enum result tree_of_content(struct slice content, struct slice content_type, struct budget *budget,
			    struct tree *ret, struct doc_warnings *warnings, struct error *err)
{
	struct doc_limits limits = DOC_LIMITS_DEFAULT;
	enum doc_format format = slice_is_text(content_type, CONTENT_YAML) ? DOC_YAML : DOC_JSON;

	limits.budget = budget;
	limits.nodes_max = CONTENT_GROWTH_MAX * DOC_NODES_MAX;
	if (content.len > limits.bytes_max)
		limits.bytes_max = content.len;
	return doc_read(ret, format, content, &limits, warnings, err);
}

enum result tree_of_row(struct state *s, const struct version_row *row, struct budget *budget,
			struct tree *ret, struct error *err)
{
	CLEANUP(buf_clear) struct buf content = BUF_NULL;
	enum result rc = content_of_row(s, row, &content, err);

	if (rc != OK)
		return rc;
	rc = tree_of_content(buf_slice(&content), row->content_type, budget, ret, NULL, err);
	return rc == OK ? OK : wrap(err, rc, "%.*s", SLICE_ARGS(row->path));
}
