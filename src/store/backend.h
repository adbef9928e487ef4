/*
 * How a back end plugs in under store.h: one table of functions for the writer, one for a reader.
 * The structs of a back end begin with these. Each function does what store.h says of the function
 * of its name; store.c has checked the arguments that it can check for every back end.
 *
 * On a database server begin() locks the row that holds the position, so that there is one writer,
 * and reads it in the same statement. A batch is one INSERT of many rows. A connection that is lost
 * during commit() is E_IO: whether the rows are in is then unknown.
 */
#pragma once

#include "base/budget.h"
#include "base/buf.h"
#include "store/row_auth.h"

struct store;
struct store_session;
struct backup_target;

/* The writer. One thread calls these, but for `backup` and `session_open`, which any thread may
 * call while that thread writes. Every member is set: a back end that cannot do one gives
 * E_UNSUPPORTED from it.
 *
 * The members stand in the order of store.h: life, transaction, rows, upkeep. */
struct store_ops {
	/* Rolls back an open transaction and frees `s` with all that the back end holds. */
	void (*close)(struct store *s);
	/* `ret` is never NULL here: store.c gives its own where the caller gave NULL. */
	enum result (*begin)(struct store *s, struct store_position *ret, struct error *err);
	enum result (*commit)(struct store *s, struct error *err);
	void (*rollback)(struct store *s);
	enum result (*savepoint)(struct store *s, struct error *err);
	enum result (*release)(struct store *s, struct error *err);
	enum result (*rollback_to)(struct store *s, struct error *err);
	/* Batches: `rows` has `count` items, which may be 0. They are put one after the other, so a
	 * later row of a batch sees the earlier ones. The caller undoes a batch that failed
	 * half-way. */
	enum result (*put_versions)(struct store *s, const struct version_row *rows, uint32_t count,
				    struct error *err);
	enum result (*set_states)(struct store *s, const struct state_row *rows, uint32_t count,
				  struct error *err);
	enum result (*rewrap_versions)(struct store *s, const struct rewrap_row *rows,
				       uint32_t count, struct error *err);
	enum result (*put_revisions)(struct store *s, const struct revision_row *rows,
				     uint32_t count, struct error *err);
	enum result (*put_changes)(struct store *s, const struct change_row *rows, uint32_t count,
				   struct error *err);
	enum result (*put_effectives)(struct store *s, const struct effective_row *rows,
				      uint32_t count, struct error *err);
	enum result (*replace_edges)(struct store *s, const struct edge_set *sets, uint32_t count,
				     struct error *err);
	enum result (*put_tokens)(struct store *s, const struct token_row *rows, uint32_t count,
				  struct error *err);
	enum result (*update_tokens)(struct store *s, const struct token_row *rows, uint32_t count,
				     struct error *err);
	enum result (*remove_tokens)(struct store *s, const struct slice *hashes, uint32_t count,
				     struct error *err);
	enum result (*put_audit)(struct store *s, const struct audit_row *rows, uint32_t count,
				 struct error *err);
	enum result (*put_log)(struct store *s, const struct log_row *row, struct error *err);
	enum result (*put_keys)(struct store *s, const struct wrap_key_row *rows, uint32_t count,
				struct error *err);
	enum result (*put_meta)(struct store *s, const struct meta_row *rows, uint32_t count,
				struct error *err);
	enum result (*put_idempotent)(struct store *s, const struct idempotent_row *row,
				      int64_t forget_before_ms, struct error *err);
	/* Authentication. `auth` gives the store's own, or that of the store behind it. `sums`
	 * gives the sums of the rows that are in with the open transaction; `put_macs` gives every
	 * row its MAC and adds it to the sums, which are empty before. */
	struct row_auth *(*auth)(struct store *s);
	enum result (*sums)(struct store *s, struct row_sums *ret, struct error *err);
	enum result (*put_macs)(struct store *s, struct error *err);
	/* Upkeep. `shred` never waits for a reader; `backup` may take minutes and must not hold the
	 * writer's lock meanwhile. */
	enum result (*shred)(struct store *s, struct error *err);
	enum result (*backup)(struct store *s, const struct backup_target *target,
			      struct buf *ret_file, struct error *err);
	/* On success `*ret` begins with a struct store_session whose `ops` is set. */
	enum result (*session_open)(struct store_session **ret, struct store *s, struct error *err);
};

/* One reader. One thread at a time calls these. A walk (each_…) gives row by row to the callback,
 * spends the budget for each row that it looks at, and ends at the first result that is not OK,
 * which becomes its own. A callback may read from the same session: see query_open() in
 * sqlite/db.h. */
struct store_session_ops {
	void (*close)(struct store_session *ss);
	/* Between begin and end all calls see one committed state. */
	enum result (*begin)(struct store_session *ss, struct error *err);
	void (*end)(struct store_session *ss);
	void (*set_budget)(struct store_session *ss, struct budget *budget);
	enum result (*each_head)(struct store_session *ss, uint64_t since, version_fn *each,
				 void *ctx, struct error *err);
	enum result (*get_version)(struct store_session *ss, struct slice path, uint64_t version,
				   version_fn *each, void *ctx, struct error *err);
	enum result (*get_version_at)(struct store_session *ss, const struct version_at *at,
				      version_fn *each, void *ctx, struct error *err);
	enum result (*each_version)(struct store_session *ss, struct slice path,
				    struct row_page page, version_fn *each, void *ctx,
				    struct error *err);
	enum result (*each_wrapped_below)(struct store_session *ss, uint32_t generation,
					  uint32_t limit, version_fn *each, void *ctx,
					  struct error *err);
	enum result (*each_revision)(struct store_session *ss, struct slice path,
				     struct row_page page, revision_fn *each, void *ctx,
				     struct error *err);
	enum result (*get_revision)(struct store_session *ss, uint64_t revision, revision_fn *each,
				    void *ctx, struct error *err);
	enum result (*revision_at)(struct store_session *ss, int64_t time_ms, uint64_t *ret,
				   struct error *err);
	enum result (*each_change)(struct store_session *ss, uint64_t revision, change_fn *each,
				   void *ctx, struct error *err);
	enum result (*each_change_after)(struct store_session *ss, struct slice path,
					 uint64_t revision, change_fn *each, void *ctx,
					 struct error *err);
	enum result (*each_effective)(struct store_session *ss, struct slice config,
				      struct row_page page, effective_fn *each, void *ctx,
				      struct error *err);
	enum result (*each_edge)(struct store_session *ss, edge_fn *each, void *ctx,
				 struct error *err);
	enum result (*each_token)(struct store_session *ss, uint64_t since, token_fn *each,
				  void *ctx, struct error *err);
	enum result (*each_key)(struct store_session *ss, key_fn *each, void *ctx,
				struct error *err);
	/* The filter may fit few of many rows: `scan_max` bounds the rows that are looked at, and a
	 * back end may count them in its own way. */
	enum result (*each_audit)(struct store_session *ss, const struct audit_filter *filter,
				  audit_fn *each, void *ctx, struct error *err);
	enum result (*each_audit_path)(struct store_session *ss, uint64_t first, uint64_t last,
				       audit_path_fn *each, void *ctx, struct error *err);
	enum result (*get_log)(struct store_session *ss, log_fn *each, void *ctx,
			       struct error *err);
	enum result (*get_meta)(struct store_session *ss, const char *name, bytes_fn *each,
				void *ctx, struct error *err);
	enum result (*get_idempotent)(struct store_session *ss, struct slice key,
				      struct slice fingerprint, bytes_fn *each, void *ctx,
				      struct error *err);
	enum result (*each_head_name)(struct store_session *ss, head_fn *each, void *ctx,
				      struct error *err);
	/* A back end whose engine needs no such check calls nothing. */
	enum result (*check_integrity)(struct store_session *ss, fault_fn *each, void *ctx,
				       struct error *err);
	enum result (*check_definitions)(struct store_session *ss, fault_fn *each, void *ctx,
					 struct error *err);
	/* Reads and checks every row that has a MAC. */
	enum result (*sum_rows)(struct store_session *ss, struct row_sums *ret, struct error *err);
	/* Whether what a back end derives from the rows for itself (heads, indexes) still fits
	 * them. */
	enum result (*check_derived)(struct store_session *ss, struct error *err);
};

/* The first member of a back end's own struct, which the back end allocates (zeroed) and frees.
 * store.c reads nothing else of it. */
struct store {
	const struct store_ops *ops;
	struct row_auth auth; /* used where `ops->auth` gives it */
};

/* The same for a reader. */
struct store_session {
	const struct store_session_ops *ops;
	const struct row_auth *auth; /* of its store */
};
