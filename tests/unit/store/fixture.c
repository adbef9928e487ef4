#include "../temporary.h"
#include "fixture.h"

#include "base/memory.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const char digest_32[33] = "0123456789abcdef0123456789abcdef";

struct folder folder_new(void)
{
	struct folder f = {.disk = NULL};

	cr_assert(temporary_folder(f.path, sizeof f.path));
	return f;
}

struct folder folder_new_in_memory(void)
{
	struct folder f = {.disk = NULL};

	EXPECT_OK(memory_disk_new(&f.disk, err));
	return f;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void folder_remove(const struct folder *f)
{
	if (f->disk != NULL)
		memory_disk_free(f->disk);
	else
		nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *folder_file(const struct folder *f, const char *name)
{
	static _Thread_local char path[256];

	snprintf(path, sizeof path, "%s/%s", f->path, name);
	return path;
}

struct store *store_make(const struct folder *f)
{
	struct store *s = NULL;

	if (f->disk != NULL)
		EXPECT_OK(store_open_memory(&s, f->disk, err));
	else
		EXPECT_OK(store_open_sqlite(&s, f->path, true, err));
	return s;
}

struct store *store_reopen(const struct folder *f)
{
	struct store *s = NULL;

	if (f->disk != NULL)
		EXPECT_OK(store_open_memory(&s, f->disk, err));
	else
		EXPECT_OK(store_open_sqlite(&s, f->path, false, err));
	return s;
}

struct store_session *session_make(struct store *s)
{
	struct store_session *ss = NULL;

	EXPECT_OK(store_session_open(&ss, s, err));
	return ss;
}

struct version_row version_of(const char *path, uint64_t version, uint64_t revision)
{
	return (struct version_row){
		.path = slice_text(path),
		.version = version,
		.revision = revision,
		.created_ms = 1000 + (int64_t)revision,
		.created_by = SLICE_LITERAL("ada"),
		.message = SLICE_LITERAL("because"),
		.content_type = SLICE_LITERAL("application/yaml"),
		.digest = slice_text(digest_32),
		.state = VERSION_LIVE,
		.state_revision = revision,
		.wrapped_key = SLICE_LITERAL("a wrapped key"),
		.key_generation = 1,
		.sealed = SLICE_LITERAL("a sealed content"),
	};
}

struct revision_row revision_of(uint64_t revision)
{
	return (struct revision_row){
		.revision = revision,
		.time_ms = 1000 + (int64_t)revision * 10,
		.author = SLICE_LITERAL("ada"),
		.accessor = SLICE_LITERAL("acc"),
		.message = SLICE_LITERAL("because"),
		.source = SLICE_LITERAL("repo@1"),
		.request_id = SLICE_LITERAL("req"),
	};
}

struct audit_row audit_of(uint64_t index, const char *actor, const char *action,
			  const char *outcome, const struct slice *path)
{
	return (struct audit_row){
		.index = index,
		.time_ms = 1000 + (int64_t)index,
		.actor = slice_text(actor),
		.action = slice_text(action),
		.outcome = slice_text(outcome),
		.paths = path,
		.paths_count = path != NULL ? 1 : 0,
		.entry = SLICE_LITERAL("{\"v\":1}"),
		.leaf = slice_text(digest_32),
	};
}

static enum result see(struct seen *seen, const char *fmt, ...) PRINTF_LIKE(2, 3);

static enum result see(struct seen *seen, const char *fmt, ...)
{
	va_list args;

	cr_assert(seen->count < SEEN_MAX);
	va_start(args, fmt);
	vsnprintf(seen->texts[seen->count], sizeof seen->texts[0], fmt, args);
	va_end(args);
	seen->count++;
	return seen->stop_after != 0 && seen->count >= seen->stop_after ? E_LIMIT : OK;
}

enum result see_version(void *ctx, const struct version_row *row, struct error *err)
{
	static const char *const states[] = {"live", "deleted", "destroyed"};
	struct seen *seen = ctx;

	(void)err;
	seen->is_shredded = row->is_shredded;
	snprintf(seen->sealed, sizeof seen->sealed, "%.*s", SLICE_ARGS(row->sealed));
	snprintf(seen->wrapped_key, sizeof seen->wrapped_key, "%.*s", SLICE_ARGS(row->wrapped_key));
	return see(seen, "%.*s v%llu r%llu %s@%llu", SLICE_ARGS(row->path),
		   (unsigned long long)row->version, (unsigned long long)row->revision,
		   states[row->state], (unsigned long long)row->state_revision);
}

enum result see_revision(void *ctx, const struct revision_row *row, struct error *err)
{
	(void)err;
	return see(ctx, "r%llu", (unsigned long long)row->revision);
}

enum result see_change(void *ctx, const struct change_row *row, struct error *err)
{
	static const char *const actions[] = {"put", "delete", "undelete", "destroy"};

	(void)err;
	return see(ctx, "r%llu %s %.*s v%llu by %.*s", (unsigned long long)row->revision,
		   actions[row->action], SLICE_ARGS(row->path), (unsigned long long)row->version,
		   SLICE_ARGS(row->origin));
}

enum result see_edge(void *ctx, const struct edge_row *row, struct error *err)
{
	(void)err;
	return see(ctx, "%.*s -%d-> %.*s", SLICE_ARGS(row->source), (int)row->kind,
		   SLICE_ARGS(row->target));
}

enum result see_token(void *ctx, const struct token_row *row, struct error *err)
{
	(void)err;
	return see(ctx, "%.*s %.*s until %lld uses %lld%s", SLICE_ARGS(row->accessor),
		   SLICE_ARGS(row->record), (long long)row->expires_ms, (long long)row->uses_left,
		   row->is_revoked ? " revoked" : "");
}

enum result see_audit(void *ctx, const struct audit_row *row, struct error *err)
{
	(void)err;
	return see(ctx, "%llu", (unsigned long long)row->index);
}

enum result see_key(void *ctx, uint32_t generation, struct slice wrapped, struct error *err)
{
	(void)err;
	return see(ctx, "g%u %.*s", generation, SLICE_ARGS(wrapped));
}

enum result see_bytes(void *ctx, struct slice value, struct error *err)
{
	(void)err;
	return see(ctx, "%.*s", SLICE_ARGS(value));
}

enum result see_effective(void *ctx, uint64_t revision, struct slice digest, struct error *err)
{
	(void)err;
	return see(ctx, "r%llu %.*s", (unsigned long long)revision, SLICE_ARGS(digest));
}

enum result see_log(void *ctx, const struct log_row *row, struct error *err)
{
	(void)err;
	return see(ctx, "%llu %.*s %.*s at %lld", (unsigned long long)row->size,
		   SLICE_ARGS(row->peaks), SLICE_ARGS(row->checkpoint), (long long)row->time_ms);
}

const char *seen_text(const struct seen *seen)
{
	static _Thread_local char text[SEEN_MAX * 162];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < seen->count; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s",
					 i != 0 ? ", " : "", seen->texts[i]);
	return text;
}
