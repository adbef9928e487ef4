/* The calls of store.h, each handed to the back end that is behind it. */

#include "store/store.h"

#include "store/backend.h"

void store_close(struct store *s)
{
	if (s != NULL)
		s->ops->close(s);
}

enum result store_begin(struct store *s, struct error *err)
{
	return s->ops->begin(s, err);
}

enum result store_commit(struct store *s, struct error *err)
{
	return s->ops->commit(s, err);
}

void store_rollback(struct store *s)
{
	s->ops->rollback(s);
}

enum result store_savepoint(struct store *s, struct error *err)
{
	return s->ops->savepoint(s, err);
}

enum result store_release(struct store *s, struct error *err)
{
	return s->ops->release(s, err);
}

enum result store_rollback_to(struct store *s, struct error *err)
{
	return s->ops->rollback_to(s, err);
}

enum result store_put_version(struct store *s, const struct version_row *row, struct error *err)
{
	return s->ops->put_version(s, row, err);
}

enum result store_set_version_state(struct store *s, struct slice path, uint64_t version,
				    enum version_state state, uint64_t revision, struct error *err)
{
	return s->ops->set_version_state(s, path, version, state, revision, err);
}

enum result store_rewrap_version(struct store *s, struct slice path, uint64_t version,
				 uint32_t generation, struct slice wrapped_key, struct error *err)
{
	return s->ops->rewrap_version(s, path, version, generation, wrapped_key, err);
}

enum result store_put_revision(struct store *s, const struct revision_row *row, struct error *err)
{
	return s->ops->put_revision(s, row, err);
}

enum result store_put_change(struct store *s, const struct change_row *row, struct error *err)
{
	return s->ops->put_change(s, row, err);
}

enum result store_put_effective(struct store *s, struct slice config, uint64_t revision,
				struct slice digest, struct error *err)
{
	return s->ops->put_effective(s, config, revision, digest, err);
}

enum result store_replace_edges(struct store *s, struct slice source, const struct edge_row *edges,
				uint32_t count, struct error *err)
{
	return s->ops->replace_edges(s, source, edges, count, err);
}

enum result store_put_token(struct store *s, const struct token_row *row, struct error *err)
{
	return s->ops->put_token(s, row, err);
}

enum result store_update_token(struct store *s, const struct token_row *row, struct error *err)
{
	return s->ops->update_token(s, row, err);
}

enum result store_put_audit(struct store *s, const struct audit_row *row, struct error *err)
{
	return s->ops->put_audit(s, row, err);
}

enum result store_put_log(struct store *s, const struct log_row *row, struct error *err)
{
	return s->ops->put_log(s, row, err);
}

enum result store_put_key(struct store *s, uint32_t generation, struct slice wrapped,
			  struct error *err)
{
	return s->ops->put_key(s, generation, wrapped, err);
}

enum result store_put_meta(struct store *s, const char *name, struct slice value, struct error *err)
{
	return s->ops->put_meta(s, name, value, err);
}

enum result store_put_idempotent(struct store *s, struct slice key, struct slice fingerprint,
				 struct slice response, int64_t time_ms, int64_t forget_before_ms,
				 struct error *err)
{
	return s->ops->put_idempotent(s, key, fingerprint, response, time_ms, forget_before_ms,
				      err);
}

enum result store_shred(struct store *s, struct error *err)
{
	return s->ops->shred(s, err);
}

enum result store_backup(struct store *s, const char *file,
			 void (*progress)(void *ctx, uint64_t done, uint64_t left), void *ctx,
			 struct error *err)
{
	return s->ops->backup(s, file, progress, ctx, err);
}

const char *store_place(const struct store *s)
{
	return s->ops->place(s);
}

enum result store_session_open(struct store_session **ret, struct store *s, struct error *err)
{
	return s->ops->session_open(ret, s, err);
}

void store_session_close(struct store_session *ss)
{
	if (ss != NULL)
		ss->ops->close(ss);
}

enum result store_session_begin(struct store_session *ss, struct error *err)
{
	return ss->ops->begin(ss, err);
}

void store_session_end(struct store_session *ss)
{
	ss->ops->end(ss);
}

void store_session_set_budget(struct store_session *ss, struct budget *budget)
{
	ss->ops->set_budget(ss, budget);
}

enum result store_each_head(struct store_session *ss, version_fn *each, void *ctx,
			    struct error *err)
{
	return ss->ops->each_head(ss, each, ctx, err);
}

enum result store_get_version(struct store_session *ss, struct slice path, uint64_t version,
			      version_fn *each, void *ctx, struct error *err)
{
	return ss->ops->get_version(ss, path, version, each, ctx, err);
}

enum result store_get_version_at(struct store_session *ss, struct slice path, uint64_t version,
				 uint64_t revision, version_fn *each, void *ctx, struct error *err)
{
	return ss->ops->get_version_at(ss, path, version, revision, each, ctx, err);
}

enum result store_each_version(struct store_session *ss, struct slice path, uint64_t before,
			       uint32_t limit, version_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_version(ss, path, before, limit, each, ctx, err);
}

enum result store_each_wrapped_below(struct store_session *ss, uint32_t generation, uint32_t limit,
				     version_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_wrapped_below(ss, generation, limit, each, ctx, err);
}

enum result store_each_revision(struct store_session *ss, struct slice path, uint64_t before,
				uint32_t limit, revision_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_revision(ss, path, before, limit, each, ctx, err);
}

enum result store_get_revision(struct store_session *ss, uint64_t revision, revision_fn *each,
			       void *ctx, struct error *err)
{
	return ss->ops->get_revision(ss, revision, each, ctx, err);
}

enum result store_revision_at(struct store_session *ss, int64_t time_ms, uint64_t *ret,
			      struct error *err)
{
	return ss->ops->revision_at(ss, time_ms, ret, err);
}

enum result store_each_change(struct store_session *ss, uint64_t revision, change_fn *each,
			      void *ctx, struct error *err)
{
	return ss->ops->each_change(ss, revision, each, ctx, err);
}

enum result store_each_change_after(struct store_session *ss, struct slice path, uint64_t revision,
				    change_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_change_after(ss, path, revision, each, ctx, err);
}

enum result store_each_effective(struct store_session *ss, struct slice config, uint64_t before,
				 uint32_t limit, effective_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_effective(ss, config, before, limit, each, ctx, err);
}

enum result store_each_edge(struct store_session *ss, edge_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_edge(ss, each, ctx, err);
}

enum result store_each_token(struct store_session *ss, token_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_token(ss, each, ctx, err);
}

enum result store_each_key(struct store_session *ss, key_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_key(ss, each, ctx, err);
}

enum result store_each_audit(struct store_session *ss, const struct audit_filter *filter,
			     audit_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_audit(ss, filter, each, ctx, err);
}

enum result store_each_audit_path(struct store_session *ss, uint64_t first, uint64_t last,
				  audit_path_fn *each, void *ctx, struct error *err)
{
	return ss->ops->each_audit_path(ss, first, last, each, ctx, err);
}

enum result store_get_log(struct store_session *ss, log_fn *each, void *ctx, struct error *err)
{
	return ss->ops->get_log(ss, each, ctx, err);
}

enum result store_get_meta(struct store_session *ss, const char *name, bytes_fn *each, void *ctx,
			   struct error *err)
{
	return ss->ops->get_meta(ss, name, each, ctx, err);
}

enum result store_get_idempotent(struct store_session *ss, struct slice key,
				 struct slice fingerprint, bytes_fn *each, void *ctx,
				 struct error *err)
{
	return ss->ops->get_idempotent(ss, key, fingerprint, each, ctx, err);
}
