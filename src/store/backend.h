/*
 * How a back end plugs in under store.h: one table of calls for the writer, one for a reader. A back end's own structs begin
 * with these. Each call has the meaning that store.h gives to the function of its name.
 */
#pragma once

#include "base/budget.h"
#include "store/rows.h"

struct store;
struct store_session;

struct store_ops {
	void (*close)(struct store *s);
	enum result (*begin)(struct store *s, struct error *err);
	enum result (*commit)(struct store *s, struct error *err);
	void (*rollback)(struct store *s);
	enum result (*savepoint)(struct store *s, struct error *err);
	enum result (*release)(struct store *s, struct error *err);
	enum result (*rollback_to)(struct store *s, struct error *err);
	enum result (*put_version)(struct store *s, const struct version_row *row,
				   struct error *err);
	enum result (*set_version_state)(struct store *s, struct slice path, uint64_t version,
					 enum version_state state, uint64_t revision,
					 struct error *err);
	enum result (*rewrap_version)(struct store *s, struct slice path, uint64_t version,
				      uint32_t generation, struct slice wrapped_key,
				      struct error *err);
	enum result (*put_revision)(struct store *s, const struct revision_row *row,
				    struct error *err);
	enum result (*put_change)(struct store *s, const struct change_row *row, struct error *err);
	enum result (*put_effective)(struct store *s, struct slice config, uint64_t revision,
				     struct slice digest, struct error *err);
	enum result (*replace_edges)(struct store *s, struct slice source,
				     const struct edge_row *edges, uint32_t count,
				     struct error *err);
	enum result (*put_token)(struct store *s, const struct token_row *row, struct error *err);
	enum result (*update_token)(struct store *s, const struct token_row *row,
				    struct error *err);
	enum result (*put_audit)(struct store *s, const struct audit_row *row, struct error *err);
	enum result (*put_log)(struct store *s, const struct log_row *row, struct error *err);
	enum result (*put_key)(struct store *s, uint32_t generation, struct slice wrapped,
			       struct error *err);
	enum result (*put_meta)(struct store *s, const char *name, struct slice value,
				struct error *err);
	enum result (*put_idempotent)(struct store *s, struct slice key, struct slice fingerprint,
				      struct slice response, int64_t time_ms,
				      int64_t forget_before_ms, struct error *err);
	enum result (*shred)(struct store *s, struct error *err);
	enum result (*backup)(struct store *s, const char *file,
			      void (*progress)(void *ctx, uint64_t done, uint64_t left), void *ctx,
			      struct error *err);
	const char *(*place)(const struct store *s);
	enum result (*session_open)(struct store_session **ret, struct store *s, struct error *err);
};

struct store_session_ops {
	void (*close)(struct store_session *ss);
	enum result (*begin)(struct store_session *ss, struct error *err);
	void (*end)(struct store_session *ss);
	void (*set_budget)(struct store_session *ss, struct budget *budget);
	enum result (*each_head)(struct store_session *ss, version_fn *each, void *ctx,
				 struct error *err);
	enum result (*get_version)(struct store_session *ss, struct slice path, uint64_t version,
				   version_fn *each, void *ctx, struct error *err);
	enum result (*get_version_at)(struct store_session *ss, struct slice path, uint64_t version,
				      uint64_t revision, version_fn *each, void *ctx,
				      struct error *err);
	enum result (*each_version)(struct store_session *ss, struct slice path, uint64_t before,
				    uint32_t limit, version_fn *each, void *ctx, struct error *err);
	enum result (*each_wrapped_below)(struct store_session *ss, uint32_t generation,
					  uint32_t limit, version_fn *each, void *ctx,
					  struct error *err);
	enum result (*each_revision)(struct store_session *ss, struct slice path, uint64_t before,
				     uint32_t limit, revision_fn *each, void *ctx,
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
				      uint64_t before, uint32_t limit, effective_fn *each,
				      void *ctx, struct error *err);
	enum result (*each_edge)(struct store_session *ss, edge_fn *each, void *ctx,
				 struct error *err);
	enum result (*each_token)(struct store_session *ss, token_fn *each, void *ctx,
				  struct error *err);
	enum result (*each_key)(struct store_session *ss, key_fn *each, void *ctx,
				struct error *err);
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
};

struct store {
	const struct store_ops *ops;
};

struct store_session {
	const struct store_session_ops *ops;
};
