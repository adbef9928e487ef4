/* The rule: a revision is shown to who may list something that it touched, and of it only what they may. */
#include "base/text.h"
#include "service/read/read.h"
#include "service/engine/audit_draft.h"
#include "service/engine/response.h"
#include "doc/json_member.h"
#include "service/state/diff.h"

#include <string.h>

#define LOOK_STEPS  500	       /* of one revision: a query for its changes */
#define SCANNED_MAX 10000      /* revisions looked at for one page */
#define FOUND	    E_CONFLICT /* ends a walk: nothing of the store's own gives it here */

/* A copy of a row: while the store walks, nothing else is asked of its session. */
struct entry {
	uint64_t revision;
	int64_t time_ms;
	struct slice author, accessor, message, source, request_id;
};

struct page {
	struct verb_context *ctx;
	struct arena arena;
	struct entry *entries;
	uint32_t count, size;
	struct slice path; /* asked for */
	bool is_visible;
};

static bool keep_text(struct arena *a, struct slice *ret, struct slice s)
{
	const char *copy = arena_text(a, s);

	*ret = copy != NULL ? slice_make(copy, s.len) : SLICE_NULL;
	return copy != NULL;
}

static enum result keep_entry(void *ctx, const struct revision_row *row, struct error *err)
{
	struct page *p = ctx;
	struct entry *e;

	if (p->count == p->size)
		return fail(err, E_INTERNAL, "more revisions than were asked for");
	e = &p->entries[p->count++];
	e->revision = row->revision;
	e->time_ms = row->time_ms;
	if (!keep_text(&p->arena, &e->author, row->author) ||
	    !keep_text(&p->arena, &e->accessor, row->accessor) ||
	    !keep_text(&p->arena, &e->message, row->message) ||
	    !keep_text(&p->arena, &e->source, row->source) ||
	    !keep_text(&p->arena, &e->request_id, row->request_id))
		return fail(err, E_MEMORY, "out of memory");
	return OK;
}

static bool is_asked_for(struct slice wanted, struct slice path)
{
	if (wanted.len == 0)
		return true;
	return wanted.data[wanted.len - 1] == '/' ? slice_starts_with(path, wanted)
						  : slice_is_equal(path, wanted);
}

static enum result look_at_change(void *arg, const struct change_row *row, struct error *err)
{
	struct page *p = arg;

	(void)err;
	if (!is_asked_for(p->path, row->path) || !rights_may(p->ctx->rights, MAY_LIST, row->path))
		return OK;
	p->is_visible = true;
	return FOUND;
}

static enum result check_visible(struct page *p, uint64_t revision, struct error *err)
{
	enum result rc;

	p->is_visible = false;
	rc = budget_take(p->ctx->budget, LOOK_STEPS, err);
	if (rc != OK)
		return rc;
	rc = store_each_change(p->ctx->session, revision, look_at_change, p, err);
	return rc == FOUND ? OK : rc;
}

static void write_entry(struct buf *b, const struct page *p, const struct entry *e)
{
	buf_append_char(b, '{');
	json_member_u64(b, "revision", e->revision);
	json_member_time(b, "time", e->time_ms);
	json_member_author(b, p->ctx->snapshot, e->author, e->accessor);
	json_member_text(b, "message", e->message);
	json_member_text(b, "source", e->source);
	json_member_text(b, "request_id", e->request_id);
}

/* The next `size` rows below `before`; `before` 0 only at the very first. */
static enum result read_page(struct page *p, uint64_t before, struct error *err)
{
	arena_clear(&p->arena);
	p->count = 0;
	p->entries = arena_alloc_array(&p->arena, p->size, sizeof *p->entries);
	if (p->entries == NULL)
		return fail(err, E_MEMORY, "out of memory");
	return store_each_revision(p->ctx->session, p->path, (struct row_page){before, p->size},
				   keep_entry, p, err);
}

static enum result write_pages(struct page *p, struct buf *b, uint64_t before, struct error *err)
{
	struct call *c = p->ctx->call;
	uint32_t limit = list_limit(p->ctx->service, c->in.page.limit), shown = 0, scanned = 0;
	enum result rc;

	do {
		rc = read_page(p, before, err);
		for (uint32_t i = 0; rc == OK && i < p->count; i++) {
			if (shown == limit || ++scanned > SCANNED_MAX) {
				response_next_number(c, before);
				return OK;
			}
			rc = check_visible(p, p->entries[i].revision, err);
			before = p->entries[i].revision;
			if (rc != OK || !p->is_visible)
				continue;
			json_comma(b);
			write_entry(b, p, &p->entries[i]);
			buf_append_char(b, '}');
			shown++;
		}
	} while (rc == OK && p->count == p->size && before > 1);
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
	struct page p = {.ctx = ctx, .size = 101, .path = c->in.page.path};
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	struct error err = ERROR_NULL;
	enum result rc = OK;

	if (!may_list_some(ctx))
		return response_fail(c, E_FORBIDDEN, "may not list anything there");
	buf_append_text(&b, "{\"items\":[");
	if (!c->in.page.below.is_given || c->in.page.below.number > 1)
		rc = write_pages(&p, &b, c->in.page.below.number, &err);
	buf_append_text(&b, "]}");
	arena_clear(&p.arena);
	return rc == OK ? response_json(c, &b) : response_error(c, rc, &err);
}

/* One document's part of a revision. */
struct part {
	struct slice path;
	enum change_action action;
	struct slice origin;
	uint64_t version;
	struct part *next;
};

struct reading {
	struct verb_context *ctx;
	struct part *first, **last;
	uint64_t revision;
	struct doc_record *record; /* of the look at one version */
	bool is_shredded;	   /* something that a difference needs is gone for good */
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

static enum result keep_record(void *ctx, const struct version_row *row, struct error *err)
{
	struct reading *r = ctx;
	enum doc_kind kind;
	enum result rc = path_check(row->path, &kind, err);

	if (rc != OK)
		return rc;
	r->record = doc_record_new(kind, row);
	return r->record != NULL ? OK : fail(err, E_MEMORY, "out of memory");
}

/* The content that the record held, if it is still there; noted as read where it is a secret's. */
static enum result open_record(struct reading *r, struct tree *ret, bool *ret_is_there,
			       struct error *err)
{
	const struct version_row *row = r->record != NULL ? &r->record->row : NULL;
	CLEANUP(buf_clear) struct buf content = BUF_NULL;
	enum result rc;

	*ret_is_there = row != NULL && row->state == VERSION_LIVE && !row->is_shredded;
	r->is_shredded |= row != NULL && row->state == VERSION_LIVE && row->is_shredded;
	if (!*ret_is_there)
		return OK;
	rc = content_for_call(r->ctx->call, row, &content, err);
	return rc == OK ? tree_of_content(buf_slice(&content), row->content_type, r->ctx->budget,
					  ret, NULL, err)
			: rc;
}

/* What the document was at a revision, whatever became of it since. */
static enum result open_at(struct reading *r, struct slice path, uint64_t revision,
			   struct tree *ret, bool *ret_is_there, struct error *err)
{
	enum result rc = OK;

	if (revision != 0)
		rc = store_get_version_at(r->ctx->session, &(struct version_at){path, 0, revision},
					  keep_record, r, err);
	if (rc == OK || rc == E_NOT_FOUND)
		rc = open_record(r, ret, ret_is_there, err);
	doc_record_unref(r->record);
	r->record = NULL;
	return rc;
}

/* The version is gone for good: what went is said, and what state it had, without opening any. */
static enum result write_destroyed(struct reading *r, struct buf *b, const struct part *part,
				   struct error *err)
{
	enum result rc = store_get_version_at(r->ctx->session,
					      &(struct version_at){part->path, part->version,
								   r->revision - 1},
					      keep_record, r, err);
	bool was_live = rc == OK && r->record->row.state == VERSION_LIVE;

	doc_record_unref(r->record);
	r->record = NULL;
	if (rc != OK && rc != E_NOT_FOUND)
		return rc;
	json_member_text(b, "state_before", slice_text(was_live ? "live" : "deleted"));
	buf_append_text(b, ",\"diff\":[{\"pointer\":\"\",\"op\":\"remove\",\"secret\":true}]");
	return OK;
}

static enum result write_part_diff(struct reading *r, struct buf *b, const struct part *part,
				   struct error *err)
{
	bool is_secret = slice_starts_with(part->path, SLICE_LITERAL("secrets/"));
	CLEANUP(tree_clear) struct tree before = TREE_INIT(0, is_secret);
	CLEANUP(tree_clear) struct tree after = TREE_INIT(0, is_secret);
	struct difference_writer writer = {b, r->ctx->call->codec};
	const struct diff_sink sink = {response_difference, &writer, r->ctx->budget,
				       r->ctx->rights};
	bool had, has;
	enum result rc;

	if (part->action == CHANGE_DESTROY)
		return write_destroyed(r, b, part, err);
	r->is_shredded = false;
	rc = open_at(r, part->path, r->revision - 1, &before, &had, err);
	if (rc == OK)
		rc = open_at(r, part->path, r->revision, &after, &has, err);
	if (rc != OK)
		return rc;
	/* Against what was destroyed since no difference can be told: an empty one would be
	 * untrue. */
	if (r->is_shredded) {
		json_member_bool(b, "destroyed", true);
		return OK;
	}
	json_member(b, "diff");
	buf_append_char(b, '[');
	if (had || has)
		rc = diff_documents(had ? &before.root : NULL, has ? &after.root : NULL, is_secret,
				    &sink, err);
	buf_append_char(b, ']');
	return rc;
}

static enum result write_part(struct reading *r, struct buf *b, const struct part *part,
			      struct error *err)
{
	enum result rc = OK;

	json_comma(b);
	buf_append_char(b, '{');
	json_member_text(b, "path", part->path);
	json_member_text(b, "action", part->origin);
	json_member_u64(b, "version", part->version);
	if (rights_may(r->ctx->rights, MAY_READ, part->path))
		rc = write_part_diff(r, b, part, err);
	buf_append_char(b, '}');
	return rc;
}

static enum result write_revision(struct reading *r, struct page *p, struct buf *b,
				  struct error *err)
{
	enum result rc = store_get_revision(r->ctx->session, r->revision, keep_entry, p, err);

	if (rc == E_NOT_FOUND)
		return fail(err, rc, "revision %llu does not exist",
			    (unsigned long long)r->revision);
	if (rc == OK)
		rc = store_each_change(r->ctx->session, r->revision, keep_part, r, err);
	if (rc == OK && r->first == NULL)
		rc = fail(err, E_FORBIDDEN, "may not list anything that the revision touched");
	if (rc != OK)
		return rc;
	write_entry(b, p, &p->entries[0]);
	json_member(b, "changes");
	buf_append_char(b, '[');
	for (const struct part *part = r->first; rc == OK && part != NULL; part = part->next)
		rc = write_part(r, b, part, err);
	buf_append_text(b, "]}");
	return rc;
}

enum step revision_get_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct entry entry = {0};
	struct page p = {.ctx = ctx, .entries = &entry, .size = 1};
	struct reading r = {.ctx = ctx, .revision = c->in.numbered.number};
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	struct error err = ERROR_NULL;
	enum result rc;

	r.last = &r.first;
	rc = write_revision(&r, &p, &b, &err);
	arena_clear(&p.arena);
	if (rc == OK)
		return response_json(c, &b);
	return response_error(c, rc, &err);
}
