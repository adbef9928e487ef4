/*
 * The history of an effective configuration: the revisions at which it changed, and what differs
 * between two.
 *
 * The store keeps a row for each revision at which the content or a secret's version changed,
 * whatever document caused it: the profile itself, a parent, a schema or a secret.
 */
#include "service/engine/response.h"
#include "service/read/read.h"
#include "service/state/diff.h"

#include <string.h>

struct config_change {
	uint64_t revision;
	bool is_served; /* since then */
};

/* One page, newest first. The rows are collected: the session takes no other query during a walk,
 * and each needs one for its revision. */
struct config_changes {
	struct config_change *items;
	uint32_t count, size;
};

static enum result add_config_change(void *ctx, uint64_t revision, struct slice digest,
				     struct error *err)
{
	struct config_changes *m = ctx;

	if (m->count == m->size)
		return fail(err, E_INTERNAL, "more revisions than were asked for");
	m->items[m->count++] = (struct config_change){revision, digest.len != 0};
	return OK;
}

static enum result read_config_changes(struct verb_context *ctx, uint64_t before, uint32_t limit,
				       struct config_changes *ret, struct error *err)
{
	ret->size = limit;
	ret->items = arena_alloc_array(&ctx->call->arena, limit, sizeof *ret->items);
	if (ret->items == NULL)
		return fail(err, E_MEMORY, "out of memory");
	return store_each_effective(ctx->session, ctx->call->path, (struct row_page){before, limit},
				    add_config_change, ret, err);
}

struct config_change_writer {
	struct buf *out;
	const struct verb_context *ctx;
	bool is_served;
};

static enum result write_config_change(void *arg, const struct revision_row *row, struct error *err)
{
	const struct config_change_writer *w = arg;
	struct author_item author = author_item_make(w->ctx->snapshot, row->author, row->accessor);

	(void)err;
	w->ctx->call->codec->config_version(
		w->out, &(struct config_version_item){row->revision, row->time_ms, author,
						      row->message, w->is_served});
	return OK;
}

/* One row more than the limit is read: it shows that there is a next page. A configuration that has
 * no rows at all does not exist, but an empty page further down is no error. */
static enum result write_config_changes(struct verb_context *ctx, struct buf *b, uint64_t before,
					struct error *err)
{
	uint32_t limit = list_limit(ctx->service, ctx->call->in.page.limit);
	struct config_change_writer writer = {.out = b, .ctx = ctx};
	struct config_changes m = {0};
	enum result rc = read_config_changes(ctx, before, limit + 1, &m, err);

	if (rc == OK && m.count == 0 && before == 0)
		rc = fail(err, E_NOT_FOUND, "%.*s does not exist", SLICE_ARGS(ctx->call->path));
	for (uint32_t i = 0; rc == OK && i < m.count && i < limit; i++) {
		writer.is_served = m.items[i].is_served;
		rc = store_get_revision(ctx->session, m.items[i].revision, write_config_change,
					&writer, err);
	}
	if (rc == OK && m.count > limit)
		response_next_number(ctx->call, m.items[limit - 1].revision);
	return rc;
}

enum step config_versions_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	struct error err = ERROR_NULL;
	enum result rc = OK;

	c->codec->list_begin(&b);
	if (!c->in.page.below.is_given || c->in.page.below.number > 1)
		rc = write_config_changes(ctx, &b, c->in.page.below.number, &err);
	c->codec->list_end(&b);
	return rc == OK ? response_json(c, &b) : response_error(c, rc, &err);
}

struct comparing {
	struct verb_context *ctx;
	uint64_t from, to;
	struct effective_entry *before, *after;
};

/* The defaults: as it is now, and as it was before its last change. */
static enum result choose(struct comparing *x, struct error *err)
{
	const struct call *c = x->ctx->call;
	uint64_t now = x->ctx->snapshot->revision;
	struct config_changes m = {0};
	enum result rc;

	/* Both revisions may be ones at which the configuration did not change. */
	x->to = c->in.diff.to != 0 ? c->in.diff.to : now;
	x->from = c->in.diff.from;
	if (x->to > now || x->from > now)
		return fail(err, E_NOT_FOUND, "revision %llu does not exist",
			    (unsigned long long)(x->to > now ? x->to : x->from));
	if (x->from != 0)
		return OK;
	rc = read_config_changes(x->ctx, x->to + 1, 2, &m, err);
	if (rc == OK && m.count == 0)
		rc = fail(err, E_NOT_FOUND, "%.*s does not exist", SLICE_ARGS(c->path));
	/* The second newest row is the state before the last change. */
	if (rc == OK && m.count == 2)
		x->from = m.items[1].revision;
	return rc;
}

/* NULL where the configuration did not exist or was not served. */
static enum result open_entry(struct comparing *x, uint64_t revision, struct effective_entry **ret,
			      struct error *err)
{
	struct config_source source = verb_config_source(x->ctx);
	uint64_t now = x->ctx->snapshot->revision;
	struct error ignored = ERROR_NULL;
	enum result rc;

	if (revision == 0)
		return OK;
	/* The current one is asked for as 0, which the cache serves. That a side was not served is
	 * a difference and no error: the text of the reason is dropped. */
	rc = config_at(&source, x->ctx->call->path, revision == now ? 0 : revision, ret, &ignored);
	if (rc == E_NOT_FOUND || rc == E_UNSUPPORTED || rc == E_INVALID)
		return OK;
	if (rc != OK)
		*err = ignored;
	return rc;
}

/* NULL where the schema is gone or does not compile; every difference then has the default
 * `reload`. */
static enum result find_schema(struct view *view, struct slice path, const struct schema **ret,
			       struct error *err)
{
	struct error why = ERROR_NULL;
	enum result rc = OK;

	*ret = NULL;
	if (path.len != 0)
		rc = view_schema(view, path, ret, NULL, &why);
	if (rc == OK || rc == E_NOT_FOUND || rc == E_MALFORMED || rc == E_INVALID)
		return OK;
	*err = why;
	return rc;
}

static enum result write_comparison(struct comparing *x, struct buf *b, struct error *err)
{
	struct verb_context *ctx = x->ctx;
	const struct effective_entry *shown = x->after != NULL ? x->after : x->before;
	struct difference_writer writer = {b, ctx->call->codec};
	const struct diff_sink sink = {response_difference, &writer, ctx->budget, ctx->rights};
	const struct schema *schema = NULL;
	struct config_diff_item head;
	struct view view;
	enum result rc;

	/* The schema as it is at the revision `to` says how a consumer takes a change on. */
	verb_view_init(&view, ctx, x->to == ctx->snapshot->revision ? 0 : x->to, NULL);
	rc = find_schema(&view, shown->effective.schema, &schema, err);
	if (rc != OK) {
		view_clear(&view);
		return rc;
	}
	head = (struct config_diff_item){slice_from(ctx->call->path, strlen("config/")), x->from,
					 x->to, x->before != NULL, x->after != NULL};
	ctx->call->codec->config_diff_begin(b, &head);
	rc = diff_configs(x->before, x->after, schema, &sink, err);
	ctx->call->codec->diff_end(b);
	view_clear(&view);
	return rc;
}

enum step config_diff_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct comparing x = {.ctx = ctx};
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	struct error err = ERROR_NULL;
	enum result rc = choose(&x, &err);

	if (rc == OK)
		rc = open_entry(&x, x.from, &x.before, &err);
	if (rc == OK)
		rc = open_entry(&x, x.to, &x.after, &err);
	if (rc == OK && x.before == NULL && x.after == NULL)
		rc = fail(&err, E_NOT_FOUND, "%.*s was served at neither revision",
			  SLICE_ARGS(c->path));
	if (rc == OK)
		rc = write_comparison(&x, &b, &err);
	effective_entry_unref(x.before);
	effective_entry_unref(x.after);
	return rc == OK ? response_json(c, &b) : response_error(c, rc, &err);
}
