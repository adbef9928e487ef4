/* Seals and digests a document that ships as any written document is, so that later reads cannot
 * tell the difference. */
#include "service/setup/shipped_document.h"

#include "access/policy.h"
#include "crypto/content.h"
#include "service/engine/audit_draft.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"

#include <string.h>

/* Documents that ship are checked like all others: a policy that cannot be read later would leave
 * nobody who can administer. */
static enum result check_shipped(struct slice path, struct slice source, enum doc_kind *ret_kind,
				 struct error *err)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct policy *policy;
	enum result rc = path_check(path, ret_kind, err);

	if (rc == OK && *ret_kind != KIND_POLICIES)
		rc = fail(err, E_UNSUPPORTED, "only policies can ship");
	if (rc == OK)
		rc = tree_of_content(source, SLICE_LITERAL(CONTENT_YAML), NULL, &tree, NULL, err);
	if (rc == OK)
		rc = policy_compile(&policy, slice_from(path, strlen("policies/")), &tree.root,
				    err);
	if (rc == OK)
		policy_unref(policy);
	return rc;
}

/* The version, its content sealed under a data key of its own, and the line of the history that
 * says it was put. */
static enum result put_rows(struct bootstrap *f, const struct content_place *place,
			    struct slice source, struct slice digest, struct error *err)
{
	CLEANUP(buf_clear) struct buf sealed = BUF_NULL, wrapped = BUF_NULL;
	struct change_row change = {
		.revision = f->revision,
		.path = place->path,
		.action = CHANGE_PUT,
		.origin = SLICE_LITERAL("put"),
		.version = place->version,
	};
	struct version_row row = {
		.path = place->path,
		.version = place->version,
		.revision = f->revision,
		.created_ms = f->now_ms,
		.created_by = SLICE_LITERAL(SERVER_AUTHOR),
		.message = SLICE_LITERAL("shipped"),
		.content_type = place->content_type,
		.digest = digest,
		.state = VERSION_LIVE,
		.state_revision = f->revision,
		.key_generation = keyring_generation(f->keyring),
	};
	enum result rc = content_seal(&sealed, &wrapped, f->keyring, place, source, err);

	if (rc != OK)
		return rc;
	row.sealed = buf_slice(&sealed);
	row.wrapped_key = buf_slice(&wrapped);
	rc = store_put_versions(f->store, &row, 1, err);
	return rc == OK ? store_put_changes(f->store, &change, 1, err) : rc;
}

enum result shipped_document_put(struct bootstrap *f, const struct shipped_document *d,
				 uint64_t version, struct audit_touch *touch, struct error *err)
{
	struct slice source = slice_make(d->source, d->len);
	struct content_place place = {
		.path = slice_text(d->path),
		.version = version,
		.content_type = SLICE_LITERAL(CONTENT_YAML),
	};
	uint8_t digest[HASH_BYTES];
	enum doc_kind kind;
	enum result rc = check_shipped(place.path, source, &kind, err);

	if (rc != OK)
		return wrap(err, rc, "%s", d->path);
	place.kind = slice_text(kind_name(kind));
	sha256_slice(digest, source);
	touch->path = place.path;
	touch->version = place.version;
	touch->has_mac = true;
	touch->state = AUDIT_STATE_LIVE;
	audit_value_mac(touch->mac, keyring_derived(f->keyring, DERIVED_VALUE_MAC), place.path,
			place.version, source);
	return put_rows(f, &place, source, slice_make((const char *)digest, sizeof digest), err);
}
