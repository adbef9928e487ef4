/*
 * Lists: documents, the versions of a document, and the documents that depend on one.
 *
 * A list of documents shows those that its reader may list, and says nothing of the others: neither
 * its length nor the place where the next page begins depends on these.
 */
#include "service/read/read.h"
#include "service/codec.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"

#include <string.h>

/* A prefix and a name in it may each be as long as a path: join() compares the sum with the room,
 * and no document is found at a path that is too long. */
#define LOOK_STEPS     100 /* of one document: mostly for the decision whether it may be listed */
#define TEXT_BYTES_MAX (2 * PATH_BYTES_MAX)

/* ?prefix= and ?after= as whole paths. */
struct listing {
	char prefix_text[TEXT_BYTES_MAX], after_text[TEXT_BYTES_MAX];
	struct slice prefix, after;
};

/* `name` under `folder`: "orders/" under "profiles/". With `may_be_whole`, a name that begins with
 * the folder is a path already. */
static enum result join(char text[static TEXT_BYTES_MAX], struct slice folder, struct slice name,
			bool may_be_whole, struct slice *ret, struct error *err)
{
	if (may_be_whole && slice_starts_with(name, folder))
		folder.len = 0;
	if (folder.len + name.len > TEXT_BYTES_MAX)
		return fail(err, E_MALFORMED, "the path is longer than a path can be");
	memcpy(text, folder.data, folder.len);
	if (name.len != 0)
		memcpy(text + folder.len, name.data, name.len);
	*ret = slice_make(text, folder.len + name.len);
	return OK;
}

/* The part of a prefix that consists of whole segments, for which rights can be asked: "orders/ba"
 * may end within a segment. */
static struct slice folder_of(struct slice prefix)
{
	while (prefix.len != 0 && prefix.data[prefix.len - 1] != '/')
		prefix.len--;
	return prefix;
}

static void write_version(const struct verb_context *ctx, struct buf *b,
			  const struct version_row *row)
{
	bool may_read = rights_may(ctx->rights, MAY_READ, row->path);
	struct version_item item =
		version_item_make(row, may_read ? VERSION_DIGEST : VERSION_AUTHOR);

	ctx->call->codec->version(b, &item);
}

static void write_versions(struct verb_context *ctx, struct buf *b, const struct listing *l)
{
	uint32_t limit = list_limit(ctx->service, ctx->call->in.page.limit), count = 0;
	/* The walk begins at the later of the two. An `after` that lies before the prefix skips
	 * nothing. */
	bool is_after = slice_compare(l->after, l->prefix) > 0;
	const struct snap_doc *d, *last = NULL;
	struct pmap_walk w;

	pmap_walk_from(&w, &ctx->snapshot->docs, is_after ? l->after : l->prefix);
	while ((d = pmap_walk_next(&w)) != NULL) {
		struct slice path = snap_doc_row(d)->path;

		if (!slice_starts_with(path, l->prefix) || !budget_spend(ctx->budget, LOOK_STEPS))
			break;
		if (!snap_doc_is_live(d) || slice_is_equal(path, l->after) ||
		    !rights_may(ctx->rights, MAY_LIST, path))
			continue;
		/* There is one more, so the page has a successor. It begins after the last path
		 * shown, which the reader may know; the next path belongs to the next page. */
		if (count++ == limit) {
			response_next(ctx->call, snap_doc_row(last)->path);
			break;
		}
		write_version(ctx, b, snap_doc_row(d));
		last = d;
	}
}

enum step document_list_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	struct error err = ERROR_NULL;
	struct listing l = {.after = SLICE_NULL};
	enum result rc = join(l.prefix_text, c->path, c->in.page.prefix, false, &l.prefix, &err);

	if (rc == OK && c->in.page.after.len != 0)
		rc = join(l.after_text, c->path, c->in.page.after, true, &l.after, &err);
	if (rc == OK && !rights_may_under(ctx->rights, MAY_LIST, folder_of(l.prefix)))
		rc = fail(&err, E_FORBIDDEN, "you may not list anything under this path");
	if (rc != OK)
		return response_error(c, rc, &err);
	c->codec->list_begin(&b);
	write_versions(ctx, &b, &l);
	c->codec->list_end(&b);
	return response_json(c, &b);
}

/* A document that its reader may neither list nor read is left out, so a write may affect more
 * documents than the list has. The source of an edge may be deleted by now; it is then skipped. */
enum step document_dependents_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	const struct snap_edge *e;
	struct pmap_walk w;

	if (snapshot_live(ctx->snapshot, c->path) == NULL)
		return response_fail(c, E_NOT_FOUND, "%.*s does not exist", SLICE_ARGS(c->path));
	c->codec->list_begin(&b);
	snapshot_edges_to(&w, ctx->snapshot, c->path);
	while ((e = snapshot_edge_next(&w, c->path)) != NULL &&
	       budget_spend(ctx->budget, LOOK_STEPS)) {
		if (snapshot_live(ctx->snapshot, e->source) == NULL ||
		    (!rights_may(ctx->rights, MAY_LIST, e->source) &&
		     !rights_may(ctx->rights, MAY_READ, e->source)))
			continue;
		c->codec->dependent(&b, &(struct dependent_item){e->source, e->kind});
	}
	c->codec->list_end(&b);
	return response_json(c, &b);
}

/* One page of versions, newest first. */
struct versions {
	const struct codec *codec;
	struct buf out;
	uint32_t count, limit;
	uint64_t last; /* version that was written */
	bool has_more;
};

static enum result add_version(void *ctx, const struct version_row *row, struct error *err)
{
	struct versions *v = ctx;
	struct version_item item = version_item_make(row, VERSION_DIGEST);

	(void)err;
	if (v->count == v->limit) {
		v->has_more = true;
		return OK;
	}
	v->count++;
	v->last = row->version;
	item.has_state = true;
	item.state = row->state;
	v->codec->version(&v->out, &item);
	return OK;
}

enum step document_versions_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct versions v = {.codec = c->codec,
			     .out = BUF_RESPONSE,
			     .limit = list_limit(ctx->service, c->in.page.limit)};
	struct error err = ERROR_NULL;
	enum step step;
	enum result rc;

	if (snapshot_doc(ctx->snapshot, c->path) == NULL)
		return response_fail(c, E_NOT_FOUND, "%.*s does not exist", SLICE_ARGS(c->path));
	c->codec->list_begin(&v.out);
	rc = c->in.page.below.is_given && c->in.page.below.number <= 1
		     ? OK
		     : store_each_version(ctx->session, c->path,
					  (struct row_page){c->in.page.below.number, v.limit + 1},
					  add_version, &v, &err);
	c->codec->list_end(&v.out);
	if (v.has_more)
		response_next_number(c, v.last);
	step = rc == OK ? response_json(c, &v.out) : response_error(c, rc, &err);
	buf_clear(&v.out);
	return step;
}
