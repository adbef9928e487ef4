/*
 * Reads of the audit log: a page of entries, one entry, the signed checkpoint.
 *
 * A reader with `audit` on sys/audit gets entries byte for byte as they were hashed. A reader with
 * `audit` on some documents must ask for a path, and gets entries from which all other documents
 * are cut: their paths, and a reason that may name one.
 */
#include "service/read/read.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"

/* A page is full after this many bytes of entries, whatever limit the client asked for. */
#define PAGE_BYTES_MAX ((size_t)16 << 20)
#define SCANNED_MAX    10000	  /* entries looked at for one page */
#define PAGE_IS_FULL   E_CONFLICT /* ends a walk; no store function returns it here */

/* Entries of one page, in the order of the walk; in the call's arena. */
struct found {
	struct call *call;
	const struct rights *rights;
	struct slice *lines;
	uint32_t count, limit, scanned;
	uint64_t next; /* of a full page: the first entry that was not read */
	size_t bytes;
	bool is_full, is_whole; /* whole: the reader may see every entry in full */
};

/* The reason of a failure may name other documents than the touched ones, for example a parent that
 * does not exist. Such a path must not reach a reader without `audit` on it. */
static bool names_others(const struct found *f, struct slice reason)
{
	struct slice path;

	while (path_next_in_text(&reason, &path)) {
		if (!rights_may(f->rights, MAY_AUDIT, path))
			return true;
	}
	return false;
}

/* The entry as a reader of some documents may see it. E_NOT_FOUND: nothing of it. Paths that are
 * cut are still counted in `touched_more`: the entry does not claim to be whole. Its bytes are no
 * longer those that were hashed, so this reader cannot verify it. */
static enum result cut_entry(const struct found *f, struct slice line, struct buf *ret,
			     struct error *err)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct audit_entry e;
	struct audit_touch *touched;
	uint32_t count = 0;
	enum result rc = audit_entry_read(&e, &tree, line, err);

	if (rc != OK)
		return rc;
	touched = arena_alloc_array(&tree.arena, e.touched_count, sizeof *touched);
	if (touched == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; i < e.touched_count; i++) {
		if (rights_may(f->rights, MAY_AUDIT, e.touched[i].path))
			touched[count++] = e.touched[i];
	}
	if (count == 0)
		return E_NOT_FOUND;
	e.touched_more += e.touched_count - count;
	if (count != e.touched_count || e.touched_more != 0 || names_others(f, e.reason))
		e.reason = SLICE_NULL; /* it may name another document */
	e.touched = touched;
	e.touched_count = count;
	return audit_entry_write(ret, &e, err);
}

/* Copies: the row ends with its step of the walk. `lines` has room for `limit` entries, which the
 * caller has compared. */
static enum result keep_line(struct found *f, struct slice line, struct error *err)
{
	const char *copy = arena_text(&f->call->arena, line);

	if (copy == NULL)
		return fail(err, E_MEMORY, "out of memory");
	f->lines[f->count++] = slice_make(copy, line.len);
	f->bytes += line.len;
	return OK;
}

/* The page is full only when the log has one entry more, so the last page of a log names no next
 * one. For a reader of some documents also the entries that it may not see count, because they
 * cost as much. */
static enum result keep_entry(void *ctx, const struct audit_row *row, struct error *err)
{
	struct found *f = ctx;
	CLEANUP(buf_clear) struct buf cut = BUF_NULL;
	enum result rc;

	if (f->count == f->limit || f->bytes > PAGE_BYTES_MAX ||
	    (!f->is_whole && f->scanned++ == SCANNED_MAX)) {
		f->is_full = true;
		f->next = row->index;
		return PAGE_IS_FULL;
	}
	if (f->is_whole)
		return keep_line(f, row->entry, err);
	rc = cut_entry(f, row->entry, &cut, err);
	if (rc == E_NOT_FOUND)
		return OK;
	return rc == OK ? keep_line(f, buf_slice(&cut), err) : rc;
}

/* A filter on many paths: "profiles/orders/", with or without two stars behind it. */
static bool is_prefix(struct slice path)
{
	return path.len != 0 && (path.data[path.len - 1] == '/' || path.data[path.len - 1] == '*');
}

/* The prefix "profiles/orders/" without the stars behind it: rights can be asked for that. */
static struct slice prefix_of(struct slice path)
{
	while (path.len != 0 && path.data[path.len - 1] != '/')
		path.len--;
	return path;
}

/* A reader that may not read the whole log must name a path. */
static enum result authorise(struct verb_context *ctx, bool *ret_is_whole, struct error *err)
{
	const struct call *c = ctx->call;
	struct slice path = c->in.audit.path;

	*ret_is_whole = rights_may(ctx->rights, MAY_AUDIT, c->path);
	if (*ret_is_whole)
		return OK;
	if (path.len == 0)
		return fail(
			err, E_FORBIDDEN,
			"you may not read the whole audit log: name a path to read its entries");
	if (is_prefix(path) ? rights_may_under(ctx->rights, MAY_AUDIT, prefix_of(path))
			    : rights_may(ctx->rights, MAY_AUDIT, path))
		return OK;
	return fail(err, E_FORBIDDEN, "you may not read the audit log of this path");
}

/* Without a start the newest entries are shown. */
static struct audit_filter filter_of(const struct audit_input *in)
{
	bool has_begin = in->start.is_given || in->from_ms != 0;

	return (struct audit_filter){.actor = in->actor,
				     .action = in->action,
				     .outcome = in->outcome,
				     .path = in->path,
				     .from_ms = in->from_ms,
				     .to_ms = in->to_ms,
				     .after = has_begin ? in->start.number : 0,
				     .is_newest_first = !has_begin};
}

/* A response is always in the order of the log. A walk from the newest found the entries in the
 * other order. */
static void write_found(struct buf *b, const struct found *f, bool is_reversed)
{
	const struct call *c = f->call;

	for (uint32_t i = 0; i < f->count; i++) {
		struct slice line = f->lines[is_reversed ? f->count - 1 - i : i];

		if (c->in.audit.wants_lines)
			c->codec->audit_line(b, line);
		else
			c->codec->audit_entry(b, line);
	}
}

static enum step response_found(const struct found *f, bool is_newest_first)
{
	struct call *c = f->call;
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;

	if (f->is_full && !is_newest_first)
		response_next_number(c, f->next);
	if (c->in.audit.wants_lines) {
		write_found(&b, f, is_newest_first);
		return response_body(c, BODY_NDJSON, &b, false);
	}
	c->codec->list_begin(&b);
	write_found(&b, f, is_newest_first);
	c->codec->list_end(&b);
	return response_json(c, &b);
}

enum step audit_list_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct found f = {.call = c, .rights = ctx->rights};
	struct audit_filter filter;
	struct error err = ERROR_NULL;
	enum result rc = authorise(ctx, &f.is_whole, &err);

	if (rc != OK)
		return response_error(c, rc, &err);
	f.limit = list_limit(ctx->service, c->in.audit.limit);
	filter = filter_of(&c->in.audit);
	f.lines = arena_alloc_array(&c->arena, f.limit, sizeof *f.lines);
	if (f.lines == NULL)
		return response_fail(c, E_MEMORY, "out of memory");
	rc = store_each_audit(ctx->session, &filter, keep_entry, &f, &err);
	if (rc != OK && rc != PAGE_IS_FULL)
		return response_error(c, rc, &err);
	return response_found(&f, filter.is_newest_first);
}

enum step audit_entry_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct audit_filter filter = {.after = c->in.numbered.number, .limit = 1};
	struct slice line;
	struct found f = {
		.call = c, .rights = ctx->rights, .lines = &line, .limit = 1, .is_whole = true};
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	struct error err = ERROR_NULL;
	enum result rc = store_each_audit(ctx->session, &filter, keep_entry, &f, &err);

	if (rc != OK)
		return response_error(c, rc, &err);
	if (f.count == 0)
		return response_fail(c, E_NOT_FOUND, "there is no entry %llu",
				     (unsigned long long)c->in.numbered.number);
	c->codec->audit_entry(&b, line);
	return response_json(c, &b);
}

enum step audit_checkpoint_on_loop(struct verb_context *ctx)
{
	struct service *s = ctx->service;
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;

	pthread_mutex_lock(&s->head_mutex);
	buf_append_slice(&b, buf_slice(&s->checkpoint));
	pthread_mutex_unlock(&s->head_mutex);
	return response_body(ctx->call, BODY_TEXT, &b, false);
}
