/*
 * A store whose n-th call fails, for tests of its callers: a test lets call 1, 2, 3 … fail in turn,
 * until a run in which none failed, and checks each time that nothing was lost.
 *
 * Each call asks `may_call` and is then handed to the inner store, which does the work. A call that
 * is made to fail changes nothing, with one exception: a commit that fails at "commit_sync" has
 * happened and is not acknowledged, as after a power cut between the two. After a commit that
 * failed, writing calls give E_UNAVAILABLE until the store is opened again, as those of the SQLite
 * store do.
 *
 * Calls that cannot fail (close, rollback, end of a session) are handed on without a question.
 * Threads: those of the inner store; `may_call` is called on the thread of the call.
 */
#include "store/failing.h"

#include "base/memory.h"
#include "store/backend.h"

#include <stdatomic.h>

struct failing_store {
	struct store base;
	struct store *inner;
	bool (*may_call)(void *ctx, const char *name);
	void *ctx;
	/* A commit failed: only the writing thread reads and sets it. */
	bool is_failed;
	atomic_bool is_full; /* what fails is E_FULL */
};

struct failing_session {
	struct store_session base;
	struct store_session *inner;
	const struct failing_store *store;
};

static struct failing_store *failing_of(struct store *s)
{
	return (struct failing_store *)s;
}

static struct failing_session *failing_session_of(struct store_session *ss)
{
	return (struct failing_session *)ss;
}

static enum result ask(const struct failing_store *f, const char *name, struct error *err)
{
	if (f->may_call(f->ctx, name))
		return OK;
	return fail(err, atomic_load(&f->is_full) ? E_FULL : E_IO, "%s: made to fail", name);
}

/* The refusal comes before the question: it is no call that reaches the disk, so it is not
 * counted. */
static enum result ask_to_write(const struct failing_store *f, const char *name, struct error *err)
{
	if (f->is_failed)
		return fail(err, E_UNAVAILABLE, "the store takes no writes since a commit failed");
	return ask(f, name, err);
}

/* Hands the writing call of this name to the inner store, unless it is made to fail. `err` stands
 * twice in a call: once for the failure, once in the arguments of the inner call. */
#define WRITE(s, name, err, ...)                                               \
	do {                                                                   \
		struct failing_store *f_ = failing_of(s);                      \
		enum result rc_ = ask_to_write(f_, #name, err);                \
		return rc_ == OK ? store_##name(f_->inner, __VA_ARGS__) : rc_; \
	} while (0)

/* The same for a reader. Reads go on after a commit that failed. */
#define READ(ss, name, err, ...)                                               \
	do {                                                                   \
		struct failing_session *f_ = failing_session_of(ss);           \
		enum result rc_ = ask(f_->store, #name, err);                  \
		return rc_ == OK ? store_##name(f_->inner, __VA_ARGS__) : rc_; \
	} while (0)

static void failing_close(struct store *s)
{
	store_close(failing_of(s)->inner);
	alloc_free(s);
}

/* A commit refused before it began is rolled back, as the SQLite store does. A failure of the inner
 * store itself is its own to remember. */
static enum result failing_commit(struct store *s, struct error *err)
{
	struct failing_store *f = failing_of(s);
	enum result rc = ask_to_write(f, "commit", err);

	if (rc != OK) {
		store_rollback(f->inner);
		f->is_failed = rc != E_FULL;
		return rc;
	}
	rc = store_commit(f->inner, err);
	if (rc != OK)
		return rc;
	rc = ask(f, "commit_sync", err);
	if (rc != OK)
		f->is_failed = true;
	return rc;
}

static void failing_rollback(struct store *s)
{
	store_rollback(failing_of(s)->inner);
}

static enum result failing_begin(struct store *s, struct store_position *ret, struct error *err)
{
	WRITE(s, begin, err, ret, err);
}

static enum result failing_savepoint(struct store *s, struct error *err)
{
	WRITE(s, savepoint, err, err);
}

static enum result failing_release(struct store *s, struct error *err)
{
	WRITE(s, release, err, err);
}

static enum result failing_rollback_to(struct store *s, struct error *err)
{
	WRITE(s, rollback_to, err, err);
}

static enum result failing_put_versions(struct store *s, const struct version_row *rows,
					uint32_t count, struct error *err)
{
	WRITE(s, put_versions, err, rows, count, err);
}

static enum result failing_set_states(struct store *s, const struct state_row *rows, uint32_t count,
				      struct error *err)
{
	WRITE(s, set_states, err, rows, count, err);
}

static enum result failing_rewrap_versions(struct store *s, const struct rewrap_row *rows,
					   uint32_t count, struct error *err)
{
	WRITE(s, rewrap_versions, err, rows, count, err);
}

static enum result failing_put_revisions(struct store *s, const struct revision_row *rows,
					 uint32_t count, struct error *err)
{
	WRITE(s, put_revisions, err, rows, count, err);
}

static enum result failing_put_changes(struct store *s, const struct change_row *rows,
				       uint32_t count, struct error *err)
{
	WRITE(s, put_changes, err, rows, count, err);
}

static enum result failing_put_effectives(struct store *s, const struct effective_row *rows,
					  uint32_t count, struct error *err)
{
	WRITE(s, put_effectives, err, rows, count, err);
}

static enum result failing_replace_edges(struct store *s, const struct edge_set *sets,
					 uint32_t count, struct error *err)
{
	WRITE(s, replace_edges, err, sets, count, err);
}

static enum result failing_put_tokens(struct store *s, const struct token_row *rows, uint32_t count,
				      struct error *err)
{
	WRITE(s, put_tokens, err, rows, count, err);
}

static enum result failing_update_tokens(struct store *s, const struct token_row *rows,
					 uint32_t count, struct error *err)
{
	WRITE(s, update_tokens, err, rows, count, err);
}

static enum result failing_remove_tokens(struct store *s, const struct slice *hashes,
					 uint32_t count, struct error *err)
{
	WRITE(s, remove_tokens, err, hashes, count, err);
}

static enum result failing_put_audit(struct store *s, const struct audit_row *rows, uint32_t count,
				     struct error *err)
{
	WRITE(s, put_audit, err, rows, count, err);
}

static enum result failing_put_log(struct store *s, const struct log_row *row, struct error *err)
{
	WRITE(s, put_log, err, row, err);
}

static enum result failing_put_keys(struct store *s, const struct wrap_key_row *rows,
				    uint32_t count, struct error *err)
{
	WRITE(s, put_keys, err, rows, count, err);
}

static enum result failing_put_meta(struct store *s, const struct meta_row *rows, uint32_t count,
				    struct error *err)
{
	WRITE(s, put_meta, err, rows, count, err);
}

static enum result failing_put_idempotent(struct store *s, const struct idempotent_row *row,
					  int64_t forget_before_ms, struct error *err)
{
	WRITE(s, put_idempotent, err, row, forget_before_ms, err);
}

static enum result failing_shred(struct store *s, struct error *err)
{
	WRITE(s, shred, err, err);
}

static enum result failing_backup(struct store *s, const struct backup_target *target,
				  struct buf *ret_file, struct error *err)
{
	WRITE(s, backup, err, target, ret_file, err);
}

static struct row_auth *failing_auth(struct store *s)
{
	struct store *inner = failing_of(s)->inner;

	return inner->ops->auth(inner);
}

/* Not a call that reaches the disk, so it is not counted. */
static enum result failing_sums(struct store *s, struct row_sums *ret, struct error *err)
{
	struct store *inner = failing_of(s)->inner;

	return inner->ops->sums(inner, ret, err);
}

static enum result failing_put_macs(struct store *s, struct error *err)
{
	WRITE(s, put_macs, err, err);
}

static void failing_session_close(struct store_session *ss)
{
	store_session_close(failing_session_of(ss)->inner);
	alloc_free(ss);
}

static void failing_session_end(struct store_session *ss)
{
	store_session_end(failing_session_of(ss)->inner);
}

static void failing_session_set_budget(struct store_session *ss, struct budget *budget)
{
	store_session_set_budget(failing_session_of(ss)->inner, budget);
}

static enum result failing_session_begin(struct store_session *ss, struct error *err)
{
	READ(ss, session_begin, err, err);
}

static enum result failing_each_head(struct store_session *ss, uint64_t since, version_fn *each,
				     void *ctx, struct error *err)
{
	READ(ss, each_head, err, since, each, ctx, err);
}

static enum result failing_get_version(struct store_session *ss, struct slice path,
				       uint64_t version, version_fn *each, void *ctx,
				       struct error *err)
{
	READ(ss, get_version, err, path, version, each, ctx, err);
}

static enum result failing_get_version_at(struct store_session *ss, const struct version_at *at,
					  version_fn *each, void *ctx, struct error *err)
{
	READ(ss, get_version_at, err, at, each, ctx, err);
}

static enum result failing_each_version(struct store_session *ss, struct slice path,
					struct row_page page, version_fn *each, void *ctx,
					struct error *err)
{
	READ(ss, each_version, err, path, page, each, ctx, err);
}

static enum result failing_each_wrapped_below(struct store_session *ss, uint32_t generation,
					      uint32_t limit, version_fn *each, void *ctx,
					      struct error *err)
{
	READ(ss, each_wrapped_below, err, generation, limit, each, ctx, err);
}

static enum result failing_each_revision(struct store_session *ss, struct slice path,
					 struct row_page page, revision_fn *each, void *ctx,
					 struct error *err)
{
	READ(ss, each_revision, err, path, page, each, ctx, err);
}

static enum result failing_get_revision(struct store_session *ss, uint64_t revision,
					revision_fn *each, void *ctx, struct error *err)
{
	READ(ss, get_revision, err, revision, each, ctx, err);
}

static enum result failing_revision_at(struct store_session *ss, int64_t time_ms, uint64_t *ret,
				       struct error *err)
{
	READ(ss, revision_at, err, time_ms, ret, err);
}

static enum result failing_each_change(struct store_session *ss, uint64_t revision, change_fn *each,
				       void *ctx, struct error *err)
{
	READ(ss, each_change, err, revision, each, ctx, err);
}

static enum result failing_each_change_after(struct store_session *ss, struct slice path,
					     uint64_t revision, change_fn *each, void *ctx,
					     struct error *err)
{
	READ(ss, each_change_after, err, path, revision, each, ctx, err);
}

static enum result failing_each_effective(struct store_session *ss, struct slice config,
					  struct row_page page, effective_fn *each, void *ctx,
					  struct error *err)
{
	READ(ss, each_effective, err, config, page, each, ctx, err);
}

static enum result failing_each_edge(struct store_session *ss, edge_fn *each, void *ctx,
				     struct error *err)
{
	READ(ss, each_edge, err, each, ctx, err);
}

static enum result failing_each_token(struct store_session *ss, uint64_t since, token_fn *each,
				      void *ctx, struct error *err)
{
	READ(ss, each_token, err, since, each, ctx, err);
}

static enum result failing_each_key(struct store_session *ss, key_fn *each, void *ctx,
				    struct error *err)
{
	READ(ss, each_key, err, each, ctx, err);
}

static enum result failing_each_audit(struct store_session *ss, const struct audit_filter *filter,
				      audit_fn *each, void *ctx, struct error *err)
{
	READ(ss, each_audit, err, filter, each, ctx, err);
}

static enum result failing_each_audit_path(struct store_session *ss, uint64_t first, uint64_t last,
					   audit_path_fn *each, void *ctx, struct error *err)
{
	READ(ss, each_audit_path, err, first, last, each, ctx, err);
}

static enum result failing_get_log(struct store_session *ss, log_fn *each, void *ctx,
				   struct error *err)
{
	READ(ss, get_log, err, each, ctx, err);
}

static enum result failing_get_meta(struct store_session *ss, const char *name, bytes_fn *each,
				    void *ctx, struct error *err)
{
	READ(ss, get_meta, err, name, each, ctx, err);
}

static enum result failing_get_idempotent(struct store_session *ss, struct slice key,
					  struct slice fingerprint, bytes_fn *each, void *ctx,
					  struct error *err)
{
	READ(ss, get_idempotent, err, key, fingerprint, each, ctx, err);
}

static enum result failing_each_head_name(struct store_session *ss, head_fn *each, void *ctx,
					  struct error *err)
{
	READ(ss, each_head_name, err, each, ctx, err);
}

static enum result failing_check_integrity(struct store_session *ss, fault_fn *each, void *ctx,
					   struct error *err)
{
	READ(ss, check_integrity, err, each, ctx, err);
}

static enum result failing_check_definitions(struct store_session *ss, fault_fn *each, void *ctx,
					     struct error *err)
{
	READ(ss, check_definitions, err, each, ctx, err);
}

static enum result failing_sum_rows(struct store_session *ss, struct row_sums *ret,
				    struct error *err)
{
	READ(ss, sum_rows, err, ret, err);
}

static enum result failing_check_derived(struct store_session *ss, struct error *err)
{
	READ(ss, check_derived, err, err);
}

static const struct store_session_ops failing_session_ops = {
	.close = failing_session_close,
	.begin = failing_session_begin,
	.end = failing_session_end,
	.set_budget = failing_session_set_budget,
	.each_head = failing_each_head,
	.get_version = failing_get_version,
	.get_version_at = failing_get_version_at,
	.each_version = failing_each_version,
	.each_wrapped_below = failing_each_wrapped_below,
	.each_revision = failing_each_revision,
	.get_revision = failing_get_revision,
	.revision_at = failing_revision_at,
	.each_change = failing_each_change,
	.each_change_after = failing_each_change_after,
	.each_effective = failing_each_effective,
	.each_edge = failing_each_edge,
	.each_token = failing_each_token,
	.each_key = failing_each_key,
	.each_audit = failing_each_audit,
	.each_audit_path = failing_each_audit_path,
	.get_log = failing_get_log,
	.get_meta = failing_get_meta,
	.get_idempotent = failing_get_idempotent,
	.each_head_name = failing_each_head_name,
	.check_integrity = failing_check_integrity,
	.check_definitions = failing_check_definitions,
	.sum_rows = failing_sum_rows,
	.check_derived = failing_check_derived,
};

static enum result failing_session_open(struct store_session **ret, struct store *s,
					struct error *err)
{
	struct failing_store *f = failing_of(s);
	CLEANUP(alloc_freep) struct failing_session *session = alloc_zero(sizeof *session);
	enum result rc = ask(f, "session_open", err);

	if (rc != OK)
		return rc;
	if (session == NULL)
		return fail(err, E_MEMORY, "open a session: out of memory");
	session->base.ops = &failing_session_ops;
	session->base.auth = failing_auth(s);
	session->store = f;
	rc = store_session_open(&session->inner, f->inner, err);
	if (rc != OK)
		return rc;
	*ret = &session->base;
	session = NULL;
	return OK;
}

static const struct store_ops failing_ops = {
	.close = failing_close,
	.begin = failing_begin,
	.commit = failing_commit,
	.rollback = failing_rollback,
	.savepoint = failing_savepoint,
	.release = failing_release,
	.rollback_to = failing_rollback_to,
	.put_versions = failing_put_versions,
	.set_states = failing_set_states,
	.rewrap_versions = failing_rewrap_versions,
	.put_revisions = failing_put_revisions,
	.put_changes = failing_put_changes,
	.put_effectives = failing_put_effectives,
	.replace_edges = failing_replace_edges,
	.put_tokens = failing_put_tokens,
	.update_tokens = failing_update_tokens,
	.remove_tokens = failing_remove_tokens,
	.put_audit = failing_put_audit,
	.put_log = failing_put_log,
	.put_keys = failing_put_keys,
	.put_meta = failing_put_meta,
	.put_idempotent = failing_put_idempotent,
	.auth = failing_auth,
	.sums = failing_sums,
	.put_macs = failing_put_macs,
	.shred = failing_shred,
	.backup = failing_backup,
	.session_open = failing_session_open,
};

enum result store_wrap_failing(struct store **ret, struct store *inner,
			       bool (*may_call)(void *ctx, const char *name), void *ctx,
			       struct error *err)
{
	struct failing_store *f = alloc_zero(sizeof *f);

	/* `inner` is taken, so it is closed here. */
	if (f == NULL) {
		store_close(inner);
		return fail(err, E_MEMORY, "wrap a store: out of memory");
	}
	f->base.ops = &failing_ops;
	f->inner = inner;
	f->may_call = may_call;
	f->ctx = ctx;
	*ret = &f->base;
	return OK;
}

void store_failing_set_full(struct store *s, bool is_full)
{
	atomic_store(&failing_of(s)->is_full, is_full);
}
