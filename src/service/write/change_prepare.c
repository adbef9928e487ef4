/*
 * The result of one change by itself, from the snapshot and the request. Put, patch and rollback
 * all end as content for a new version (become_version); delete, undelete and destroy change the
 * state of versions (set_state).
 *
 * No other change of the write is looked at, and nothing is checked beyond what makes the result
 * possible. Version numbers go on from the newest version of any state. What a caller without the
 * right to read could learn from an equality, a size or a digest is left out on the way. In a
 * worker.
 */
#include "service/write/change_prepare.h"

#include "service/engine/engine.h"
#include "service/write/patch_without_read.h"
#include "service/write/write.h"

#include "crypto/content.h"
#include "doc/diff.h"
#include "doc/read.h"
#include "doc/write.h"

#include <string.h>

/* If-Match and If-None-Match, against the newest version; a deleted document does not exist for
 * them. E_PRECONDITION. */
static enum result check_if_version(const struct change *c, struct error *err)
{
	bool is_live = snap_doc_is_live(c->before);
	uint64_t version = c->before != NULL ? snap_doc_row(c->before)->version : 0;

	if (!c->has_if_version)
		return OK;
	if (c->if_version == 0)
		return is_live ? fail(err, E_PRECONDITION, "%.*s exists already",
				      SLICE_ARGS(c->path))
			       : OK;
	if (is_live && (version == c->if_version || c->if_version == IF_VERSION_ANY))
		return OK;
	return is_live ? fail(err, E_PRECONDITION, "%.*s is at version %llu", SLICE_ARGS(c->path),
			      (unsigned long long)version)
		       : fail(err, E_PRECONDITION, "%.*s does not exist", SLICE_ARGS(c->path));
}

static enum result need_live(const struct change *c, struct error *err)
{
	return snap_doc_is_live(c->before)
		       ? OK
		       : fail(err, E_NOT_FOUND, "%.*s does not exist", SLICE_ARGS(c->path));
}

/* Content that cannot be read counts as different; change_check() reports it. */
static enum result is_same_json(struct verb_context *ctx, const struct change *c, bool *ret,
				struct error *err)
{
	CLEANUP(tree_clear) struct tree before = TREE_INIT(0, false), after = TREE_INIT(0, false);
	struct error ignored = ERROR_NULL;
	enum result rc = tree_of_content(buf_slice(&c->plain), SLICE_LITERAL(CONTENT_JSON),
					 ctx->budget, &after, NULL, &ignored);

	if (rc == E_MALFORMED || rc == E_INVALID)
		return OK;
	if (rc == OK)
		rc = tree_of_row(&ctx->service->state, snap_doc_row(c->before), ctx->budget,
				 &before, &ignored);
	if (rc == OK)
		*ret = tree_is_equal(&before.root, &after.root);
	else
		*err = ignored;
	return rc;
}

/* Whether the content equals the stored one: YAML byte for byte with its comments, JSON by its
 * values. A caller who may not read the document always makes a new version, since equality tells
 * of the content; so does everyone with a secret. */
static enum result is_same_content(struct verb_context *ctx, const struct change *c, bool *ret,
				   struct error *err)
{
	const struct version_row *row = c->before != NULL ? snap_doc_row(c->before) : NULL;

	*ret = false;
	if (c->kind == KIND_SECRETS || !snap_doc_is_live(c->before) ||
	    !rights_may(ctx->rights, MAY_READ, c->path))
		return OK;
	*ret = slice_is_equal(row->content_type, c->content_type) &&
	       slice_is_equal(row->digest, slice_make((const char *)c->digest, HASH_BYTES));
	if (*ret || !slice_is_text(row->content_type, CONTENT_JSON))
		return OK;
	/* JSON that was stored may come back as YAML, since the type may come from a file's
	 * name. */
	return is_same_json(ctx, c, ret, err);
}

static size_t bytes_max(const struct verb_context *ctx, const struct change *c)
{
	const struct service_settings *settings = &ctx->service->state.settings;

	return c->kind == KIND_SECRETS ? settings->secret_bytes_max : settings->document_bytes_max;
}

/* A rollback brings back content that was within the bounds when it was stored. A patch without
 * the right to read may exceed the bound by a factor: a patch that just fits would tell the size
 * of the stored content. */
static size_t result_bytes_max(const struct verb_context *ctx, const struct change *c)
{
	if (c->op == CHANGE_OP_ROLLBACK)
		return SIZE_MAX;
	if (c->op == CHANGE_OP_PATCH && !rights_may(ctx->rights, MAY_READ, c->path))
		return CONTENT_GROWTH_MAX * bytes_max(ctx, c);
	return bytes_max(ctx, c);
}

/* The content is in c->plain. */
static enum result become_version(struct verb_context *ctx, struct change *c, struct error *err)
{
	uint64_t before = c->before != NULL ? snap_doc_row(c->before)->version : 0;
	bool is_same;
	enum result rc;

	if (buf_is_failed(&c->plain))
		return fail(err, E_MEMORY, "out of memory");
	if (c->plain.len > result_bytes_max(ctx, c))
		return fail(err, E_TOO_LARGE, "%.*s: at most %zu bytes", SLICE_ARGS(c->path),
			    bytes_max(ctx, c));
	c->version = before + 1;
	audit_content_digest(c->digest,
			     keyring_derived(ctx->service->state.keyring, DERIVED_DIGEST_MAC),
			     c->path, c->version, buf_slice(&c->plain));
	c->action = CHANGE_PUT;
	c->exists = true;
	c->state = VERSION_LIVE;
	rc = is_same_content(ctx, c, &is_same, err);
	if (rc != OK)
		return rc;
	c->is_changed = !is_same;
	if (is_same)
		c->version = before;
	audit_value_mac(c->mac, keyring_derived(ctx->service->state.keyring, DERIVED_VALUE_MAC),
			c->path, c->version, buf_slice(&c->plain));
	return OK;
}

static enum result prepare_put(struct verb_context *ctx, struct write *w, struct change *c,
			       struct error *err)
{
	(void)w;
	buf_append_slice(&c->plain, c->body);
	c->content_type = c->body_format == DOC_YAML ? SLICE_LITERAL(CONTENT_YAML)
						     : SLICE_LITERAL(CONTENT_JSON);
	c->is_known_to_writer = true;
	return become_version(ctx, c, err);
}

/* RFC 7396, on the parsed content. The result is stored as JSON, since the comments of YAML cannot
 * be kept through a merge. */
static enum result prepare_patch(struct verb_context *ctx, struct write *w, struct change *c,
				 struct error *err)
{
	CLEANUP(tree_clear) struct tree base = TREE_INIT(0, true), scratch = TREE_INIT(0, true);
	struct doc_limits limits = DOC_LIMITS_DEFAULT;
	bool is_blind = change_is_blind(w, c);
	struct tree_node merged;
	enum result rc = need_live(c, err);

	limits.budget = ctx->budget;
	if (rc == OK)
		rc = tree_of_row(&ctx->service->state, snap_doc_row(c->before), ctx->budget, &base,
				 err);
	if (rc == OK)
		rc = doc_read(&c->patch_tree, c->body_format, c->body, &limits, NULL, err);
	if (rc == OK && is_blind)
		rc = blind_patch_check(c, bytes_max(ctx, c), err);
	if (rc == OK)
		rc = merge_patch(&merged, &w->arena, &base.root, &c->patch_tree.root, err);
	if (rc == OK && is_blind)
		rc = blind_patch_finish(w, c, &scratch, &merged, err);
	if (rc != OK)
		return rc;
	if (c->kind == KIND_SECRETS)
		c->patch = TREE_GET(&c->patch_tree.root, "data");
	c->content_type = SLICE_LITERAL(CONTENT_JSON);
	/* A patch that changes nothing leaves the stored text as it is, with its comments. */
	if (c->kind != KIND_SECRETS && !is_blind && tree_is_equal(&merged, &base.root)) {
		c->content_type = snap_doc_row(c->before)->content_type;
		rc = content_of_row(&ctx->service->state, snap_doc_row(c->before), &c->plain, err);
		return rc == OK ? become_version(ctx, c, err) : rc;
	}
	json_write_pretty(&c->plain, &merged);
	return become_version(ctx, c, err);
}

/* For one row of the store. */
struct reading {
	struct verb_context *ctx;
	struct change *change;
	struct arena *arena;
	enum version_state state;
};

/* The content is copied while the store lends the row. A deleted version must be undeleted first.
 */
static enum result read_old(void *arg, const struct version_row *row, struct error *err)
{
	struct reading *r = arg;
	struct change *c = r->change;
	const char *type;

	if (row->state != VERSION_LIVE)
		return fail(err, E_CONFLICT, "%.*s version %llu is %s", SLICE_ARGS(c->path),
			    (unsigned long long)row->version,
			    row->state == VERSION_DESTROYED ? "destroyed" : "deleted");
	type = arena_text(r->arena, row->content_type);
	if (type == NULL)
		return fail(err, E_MEMORY, "out of memory");
	c->content_type = slice_make(type, row->content_type.len);
	return content_of_row(&r->ctx->service->state, row, &c->plain, err);
}

/* The old content becomes a new version, and is checked like one that was sent. */
static enum result prepare_rollback(struct verb_context *ctx, struct write *w, struct change *c,
				    struct error *err)
{
	struct reading r = {ctx, c, &w->arena, VERSION_LIVE};
	enum result rc;

	if (c->before == NULL)
		return fail(err, E_NOT_FOUND, "%.*s does not exist", SLICE_ARGS(c->path));
	rc = store_get_version(ctx->session, c->path, c->from_version, read_old, &r, err);
	if (rc == E_NOT_FOUND)
		return fail(err, rc, "%.*s has no version %llu", SLICE_ARGS(c->path),
			    (unsigned long long)c->from_version);
	return rc == OK ? become_version(ctx, c, err) : rc;
}

/* The state of the newest version after the change. */
static void set_state(struct change *c, enum version_state after)
{
	const struct version_row *row = snap_doc_row(c->before);

	c->version = row->version;
	c->state = row->state;
	c->is_changed = c->versions_count != 0;
	for (uint32_t i = 0; i < c->versions_count; i++) {
		if (c->versions[i] == row->version)
			c->state = after;
	}
	c->exists = c->state == VERSION_LIVE;
}

/* A document that is deleted already is not there: E_NOT_FOUND, not success. */
static enum result prepare_current_delete(struct write *w, struct change *c, struct error *err)
{
	enum result rc = need_live(c, err);

	if (rc != OK)
		return rc;
	c->versions = arena_alloc_array(&w->arena, 1, sizeof *c->versions);
	if (c->versions == NULL)
		return fail(err, E_MEMORY, "out of memory");
	c->versions[0] = snap_doc_row(c->before)->version;
	c->versions_count = 1;
	c->action = CHANGE_DELETE;
	set_state(c, VERSION_DELETED);
	return OK;
}

static enum result read_state(void *ctx, const struct version_row *row, struct error *err)
{
	struct reading *r = ctx;

	(void)err;
	r->state = row->state;
	return OK;
}

/* Leaves only the versions whose state changes. E_CONFLICT: a destroyed version cannot get
 * another state. */
static enum result choose_versions(struct verb_context *ctx, struct change *c,
				   enum version_state after, struct error *err)
{
	struct reading r = {ctx, c, NULL, VERSION_LIVE};
	uint32_t kept = 0;
	enum result rc;

	for (uint32_t i = 0; i < c->versions_count; i++) {
		rc = store_get_version(ctx->session, c->path, c->versions[i], read_state, &r, err);
		if (rc == E_NOT_FOUND)
			return fail(err, rc, "%.*s has no version %llu", SLICE_ARGS(c->path),
				    (unsigned long long)c->versions[i]);
		if (rc != OK)
			return rc;
		if (r.state == VERSION_DESTROYED && after != VERSION_DESTROYED)
			return fail(err, E_CONFLICT, "%.*s version %llu is destroyed",
				    SLICE_ARGS(c->path), (unsigned long long)c->versions[i]);
		if (r.state != after)
			c->versions[kept++] = c->versions[i];
	}
	c->versions_count = kept;
	return OK;
}

static enum result prepare_states(struct verb_context *ctx, struct change *c,
				  enum change_action action, enum version_state after,
				  struct error *err)
{
	enum result rc;

	if (c->before == NULL)
		return fail(err, E_NOT_FOUND, "%.*s does not exist", SLICE_ARGS(c->path));
	if (c->versions_count == 0)
		return fail(err, E_MALFORMED, "`versions` names none");
	rc = choose_versions(ctx, c, after, err);
	if (rc != OK)
		return rc;
	c->action = action;
	set_state(c, after);
	return OK;
}

/* Deletes the current version, or the given versions where a revert undoes an undelete. */
static enum result prepare_delete(struct verb_context *ctx, struct write *w, struct change *c,
				  struct error *err)
{
	return c->versions_count != 0 ? prepare_states(ctx, c, CHANGE_DELETE, VERSION_DELETED, err)
				      : prepare_current_delete(w, c, err);
}

static enum result prepare_undelete(struct verb_context *ctx, struct write *w, struct change *c,
				    struct error *err)
{
	(void)w;
	return prepare_states(ctx, c, CHANGE_UNDELETE, VERSION_LIVE, err);
}

static enum result prepare_destroy(struct verb_context *ctx, struct write *w, struct change *c,
				   struct error *err)
{
	(void)w;
	if (c->kind != KIND_SECRETS)
		return fail(err, E_MALFORMED, "only versions of secrets can be destroyed");
	return prepare_states(ctx, c, CHANGE_DESTROY, VERSION_DESTROYED, err);
}

/* The precondition comes first: it is about the state that the caller has seen. */
enum result change_prepare(struct verb_context *ctx, struct write *w, struct change *c,
			   struct error *err)
{
	static enum result (*const prepare[CHANGE_OP_COUNT])(struct verb_context *, struct write *,
							     struct change *, struct error *) = {
		[CHANGE_OP_PUT] = prepare_put,	       [CHANGE_OP_PATCH] = prepare_patch,
		[CHANGE_OP_DELETE] = prepare_delete,   [CHANGE_OP_UNDELETE] = prepare_undelete,
		[CHANGE_OP_DESTROY] = prepare_destroy, [CHANGE_OP_ROLLBACK] = prepare_rollback,
	};
	enum result rc;

	c->before = snap_doc_ref(snapshot_doc(ctx->snapshot, c->path));
	rc = check_if_version(c, err);
	return rc == OK ? prepare[c->op](ctx, w, c, err) : rc;
}
