/*
 * Revisions of the store, listed and one by one.
 *
 * A revision is shown to a reader that may list at least one document that it changed, and of its
 * changes only those to documents that the reader may list or read. Differences are shown to
 * readers of the document; a secret that is opened for them is in the call's audit entry. Runs in
 * workers: each revision costs a query for its changes.
 */
#include "service/engine/audit_draft.h"
#include "service/engine/response.h"
#include "service/read/read.h"
#include "service/state/diff.h"

#include <string.h>

#define LOOK_STEPS   500	/* of one revision: a query for its changes */
#define SCANNED_MAX  10000	/* revisions that are read for one page */
#define READ_AT_ONCE 101	/* of these, in one query */
#define IS_VISIBLE   E_CONFLICT /* ends a walk through changes; no store function returns it here */

/* Revisions that were read together. They are copied, since the session takes no other query during
 * a walk. */
struct chunk {
	struct verb_context *ctx;
	struct arena arena; /* of the items and their texts */
	struct revision_item *items;
	uint32_t count, size;
};

static bool keep_text(struct arena *a, struct slice *ret, struct slice s)
{
	const char *copy = arena_text(a, s);

	*ret = copy != NULL ? slice_make(copy, s.len) : SLICE_NULL;
	return copy != NULL;
}

struct author_item author_item_make(const struct snapshot *s, struct slice name,
				    struct slice accessor)
{
	const struct token *t = accessor.len != 0 ? snapshot_token(s, accessor) : NULL;

	return (struct author_item){name, accessor, t != NULL ? t->record.parent : SLICE_NULL};
}

static enum result keep_revision(void *ctx, const struct revision_row *row, struct error *err)
{
	struct chunk *chunk = ctx;
	struct revision_item *item;
	struct slice name, accessor;

	if (chunk->count == chunk->size)
		return fail(err, E_INTERNAL, "more revisions than were asked for");
	item = &chunk->items[chunk->count++];
	item->revision = row->revision;
	item->time_ms = row->time_ms;
	if (!keep_text(&chunk->arena, &name, row->author) ||
	    !keep_text(&chunk->arena, &accessor, row->accessor) ||
	    !keep_text(&chunk->arena, &item->message, row->message) ||
	    !keep_text(&chunk->arena, &item->source, row->source) ||
	    !keep_text(&chunk->arena, &item->request_id, row->request_id))
		return fail(err, E_MEMORY, "out of memory");
	item->author = author_item_make(chunk->ctx->snapshot, name, accessor);
	return OK;
}

/* Whether a change to `path` is one that the request asked for: an exact path, or a prefix that
 * ends in '/'. */
static bool is_asked_for(struct slice wanted, struct slice path)
{
	if (wanted.len == 0)
		return true;
	return wanted.data[wanted.len - 1] == '/' ? slice_starts_with(path, wanted)
						  : slice_is_equal(path, wanted);
}

/* One visible change is enough to show the revision, so it ends the walk. */
static enum result look_at_change(void *arg, const struct change_row *row, struct error *err)
{
	const struct verb_context *ctx = arg;

	(void)err;
	return is_asked_for(ctx->call->in.page.path, row->path) &&
			       rights_may(ctx->rights, MAY_LIST, row->path)
		       ? IS_VISIBLE
		       : OK;
}

static enum result check_visible(struct verb_context *ctx, uint64_t revision, bool *ret,
				 struct error *err)
{
	enum result rc = budget_take(ctx->budget, LOOK_STEPS, err);

	if (rc == OK)
		rc = store_each_change(ctx->session, revision, look_at_change, ctx, err);
	if (rc != OK && rc != IS_VISIBLE)
		return rc;
	*ret = rc == IS_VISIBLE;
	return OK;
}

/* The next `size` revisions below `before`; 0: from the newest. The chunk before it is freed, so a
 * page needs memory for one chunk only. */
static enum result read_chunk(struct chunk *chunk, uint64_t before, struct error *err)
{
	struct verb_context *ctx = chunk->ctx;

	arena_clear(&chunk->arena);
	chunk->count = 0;
	chunk->items = arena_alloc_array(&chunk->arena, chunk->size, sizeof *chunk->items);
	if (chunk->items == NULL)
		return fail(err, E_MEMORY, "out of memory");
	return store_each_revision(ctx->session, ctx->call->in.page.path,
				   (struct row_page){before, chunk->size}, keep_revision, chunk,
				   err);
}

/* One page of the list: what a chunk holds may all be invisible, so chunks are read until the page
 * is full. */
static enum result write_page(struct chunk *chunk, struct buf *b, uint64_t before,
			      struct error *err)
{
	struct call *c = chunk->ctx->call;
	uint32_t limit = list_limit(chunk->ctx->service, c->in.page.limit), shown = 0, scanned = 0;
	bool is_visible = false;
	enum result rc;

	do {
		rc = read_chunk(chunk, before, err);
		for (uint32_t i = 0; rc == OK && i < chunk->count; i++) {
			if (shown == limit || ++scanned > SCANNED_MAX) {
				response_next_number(c, before);
				return OK;
			}
			/* The next page begins below the last revision that was read, shown or
			 * not. */
			before = chunk->items[i].revision;
			rc = check_visible(chunk->ctx, before, &is_visible, err);
			if (rc != OK || !is_visible)
				continue;
			c->codec->revision(b, &chunk->items[i]);
			shown++;
		}
	} while (rc == OK && chunk->count == chunk->size && before > 1);
	return rc;
}

static bool may_list_some(const struct verb_context *ctx)
{
	struct slice path = ctx->call->in.page.path;

	if (path.len != 0 && path.data[path.len - 1] != '/')
		return rights_may(ctx->rights, MAY_LIST, path);
	return rights_may_under(ctx->rights, MAY_LIST, path);
}

enum step revision_list_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct chunk chunk = {.ctx = ctx, .size = READ_AT_ONCE};
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	struct error err = ERROR_NULL;
	enum result rc = OK;

	if (!may_list_some(ctx))
		return response_fail(c, E_FORBIDDEN, "you may not list anything under this path");
	c->codec->list_begin(&b);
	if (!c->in.page.below.is_given || c->in.page.below.number > 1)
		rc = write_page(&chunk, &b, c->in.page.below.number, &err);
	c->codec->list_end(&b);
	arena_clear(&chunk.arena);
	return rc == OK ? response_json(c, &b) : response_error(c, rc, &err);
}

/* One document's change in a revision. */
struct part {
	struct slice path;
	enum change_action action;
	struct slice origin;
	uint64_t version;
	struct part *next;
};

/* One revision on its way into the response. */
struct reading {
	struct verb_context *ctx;
	struct part *first, **last;
	uint64_t revision;
	struct doc_record *record; /* the version that was read last */
	bool is_shredded;	   /* a content that the comparison needs was destroyed since */
};

static enum result keep_part(void *arg, const struct change_row *row, struct error *err)
{
	struct reading *r = arg;
	struct arena *a = &r->ctx->call->arena;
	struct part *part;

	if (!rights_may(r->ctx->rights, MAY_LIST, row->path) &&
	    !rights_may(r->ctx->rights, MAY_READ, row->path))
		return OK;
	part = arena_alloc(a, sizeof *part);
	if (part == NULL || !keep_text(a, &part->path, row->path) ||
	    !keep_text(a, &part->origin, row->origin))
		return fail(err, E_MEMORY, "out of memory");
	part->action = row->action;
	part->version = row->version;
	*r->last = part;
	r->last = &part->next;
	return OK;
}

/* The content of the record where it is live; a secret's is noted as read. */
static enum result open_record(struct reading *r, struct tree *ret, bool *ret_exists,
			       struct error *err)
{
	const struct version_row *row = r->record != NULL ? &r->record->row : NULL;
	CLEANUP(buf_clear) struct buf content = BUF_NULL;
	enum result rc;

	*ret_exists = row != NULL && row->state == VERSION_LIVE && !row->is_shredded;
	r->is_shredded |= row != NULL && row->state == VERSION_LIVE && row->is_shredded;
	if (!*ret_exists)
		return OK;
	rc = content_for_call(r->ctx->call, row, &content, err);
	return rc == OK ? tree_of_content(buf_slice(&content), row->content_type, r->ctx->budget,
					  ret, NULL, err)
			: rc;
}

/* The document's content at a revision; revision 0: there was none. E_NOT_FOUND of the store is no
 * error either: the document did not exist yet. */
static enum result open_at(struct reading *r, struct slice path, uint64_t revision,
			   struct tree *ret, bool *ret_exists, struct error *err)
{
	enum result rc = OK;

	if (revision != 0)
		rc = store_get_version_at(r->ctx->session, &(struct version_at){path, 0, revision},
					  doc_record_keep, &r->record, err);
	if (rc == OK || rc == E_NOT_FOUND)
		rc = open_record(r, ret, ret_exists, err);
	doc_record_unref(r->record);
	r->record = NULL;
	return rc;
}

/* The revision destroyed a version: says which state that had, and that all of it is gone. */
static enum result write_destroyed(struct reading *r, struct buf *b, struct change_item *item,
				   struct error *err)
{
	const struct codec *codec = r->ctx->call->codec;
	static const struct difference_item all = {.op = DIFF_REMOVE, .is_secret = true};
	enum result rc = store_get_version_at(r->ctx->session,
					      &(struct version_at){item->path, item->version,
								   r->revision - 1},
					      doc_record_keep, &r->record, err);
	bool was_live = rc == OK && r->record->row.state == VERSION_LIVE;

	doc_record_unref(r->record);
	r->record = NULL;
	if (rc != OK && rc != E_NOT_FOUND)
		return rc;
	item->detail = CHANGE_SHOWN;
	item->has_state_before = true;
	item->state_before = was_live ? VERSION_LIVE : VERSION_DELETED;
	codec->change_begin(b, item);
	codec->difference(b, &all);
	codec->change_end(b, item);
	return OK;
}

/* Compares the document before and after the revision. Both contents live until the item is
 * written; those of a secret are wiped. */
static enum result write_compared(struct reading *r, struct buf *b, struct change_item *item,
				  struct error *err)
{
	const struct codec *codec = r->ctx->call->codec;
	bool is_secret = slice_starts_with(item->path, SLICE_LITERAL("secrets/"));
	CLEANUP(tree_clear) struct tree before = TREE_INIT(0, is_secret);
	CLEANUP(tree_clear) struct tree after = TREE_INIT(0, is_secret);
	struct difference_writer writer = {b, codec};
	const struct diff_sink sink = {response_difference, &writer, r->ctx->budget,
				       r->ctx->rights};
	bool had, has;
	enum result rc;

	r->is_shredded = false;
	rc = open_at(r, item->path, r->revision - 1, &before, &had, err);
	if (rc == OK)
		rc = open_at(r, item->path, r->revision, &after, &has, err);
	if (rc != OK)
		return rc;
	/* An empty list of differences would claim that nothing changed. */
	item->detail = r->is_shredded ? CHANGE_LOST : CHANGE_SHOWN;
	codec->change_begin(b, item);
	if (item->detail == CHANGE_SHOWN && (had || has))
		rc = diff_documents(had ? &before.root : NULL, has ? &after.root : NULL, is_secret,
				    &sink, err);
	codec->change_end(b, item);
	return rc;
}

/* A reader that may list the document but not read it learns that it changed, and nothing of
 * how. */
static enum result write_part(struct reading *r, struct buf *b, const struct part *part,
			      struct error *err)
{
	struct change_item item = {.path = part->path,
				   .action = part->origin,
				   .version = part->version};

	if (rights_may(r->ctx->rights, MAY_READ, part->path))
		return part->action == CHANGE_DESTROY ? write_destroyed(r, b, &item, err)
						      : write_compared(r, b, &item, err);
	r->ctx->call->codec->change_begin(b, &item);
	r->ctx->call->codec->change_end(b, &item);
	return OK;
}

/* The changes are collected before any is written: comparing needs the session, which takes no
 * other query during a walk. Without a visible change the revision is refused as a whole, since its
 * author and message tell about documents too. */
static enum result write_revision(struct reading *r, struct chunk *chunk, struct buf *b,
				  struct error *err)
{
	const struct codec *codec = r->ctx->call->codec;
	enum result rc =
		store_get_revision(r->ctx->session, r->revision, keep_revision, chunk, err);

	if (rc == E_NOT_FOUND)
		return fail(err, rc, "revision %llu does not exist",
			    (unsigned long long)r->revision);
	if (rc == OK)
		rc = store_each_change(r->ctx->session, r->revision, keep_part, r, err);
	if (rc == OK && r->first == NULL)
		rc = fail(err, E_FORBIDDEN,
			  "you may not list any document that the revision changed");
	if (rc != OK)
		return rc;
	codec->revision_begin(b, &chunk->items[0]);
	for (const struct part *part = r->first; rc == OK && part != NULL; part = part->next)
		rc = write_part(r, b, part, err);
	codec->revision_end(b);
	return rc;
}

enum step revision_get_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct revision_item item = {0};
	struct chunk chunk = {.ctx = ctx, .items = &item, .size = 1};
	struct reading r = {.ctx = ctx, .revision = c->in.numbered.number};
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	struct error err = ERROR_NULL;
	enum result rc;

	r.last = &r.first;
	rc = write_revision(&r, &chunk, &b, &err);
	arena_clear(&chunk.arena);
	if (rc == OK)
		return response_json(c, &b);
	return response_error(c, rc, &err);
}
