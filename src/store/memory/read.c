/*
 * Sessions of the memory store. Every call reads from one state: the session's snapshot, or outside
 * of begin and end a copy of what is committed then. Walks look at rows one after the other and
 * take work from the budget for each.
 */
#include "base/memory.h"
#include "store/memory/internal.h"

/* Of the budget for one row that is looked at: about what the SQLite store takes for one. */
#define STEPS_PER_ROW 20

static struct memory_session *session_of(struct store_session *ss)
{
	return (struct memory_session *)ss;
}

struct memory_state memory_state_now(const struct memory_session *s)
{
	struct memory_state ret;

	if (s->has_begun) {
		state_copy(&ret, &s->snapshot);
		return ret;
	}
	pthread_mutex_lock(&s->disk->mutex);
	state_copy(&ret, &s->disk->committed);
	pthread_mutex_unlock(&s->disk->mutex);
	return ret;
}

/* Called before each row, wanted or not: looking at a row is the work. */
static enum result look(const struct memory_session *s, struct error *err)
{
	return budget_take(s->budget, STEPS_PER_ROW, err);
}

/* `pinned` makes shred() wait, as a reader's transaction does on disk. */
static enum result begin(struct store_session *ss, struct error *err)
{
	struct memory_session *s = session_of(ss);

	if (s->has_begun)
		return fail(err, E_INTERNAL, "a session begun twice");
	s->snapshot = memory_state_now(s);
	s->has_begun = true;
	pthread_mutex_lock(&s->disk->mutex);
	s->disk->pinned++;
	pthread_mutex_unlock(&s->disk->mutex);
	return OK;
}

static void end(struct store_session *ss)
{
	struct memory_session *s = session_of(ss);

	if (!s->has_begun)
		return;
	state_clear(&s->snapshot);
	s->has_begun = false;
	pthread_mutex_lock(&s->disk->mutex);
	s->disk->pinned--;
	pthread_mutex_unlock(&s->disk->mutex);
}

static void close_session(struct store_session *ss)
{
	end(ss);
	alloc_free(ss);
}

static void set_budget(struct store_session *ss, struct budget *budget)
{
	session_of(ss)->budget = budget;
}

/* A walk over rows [from, to) of one table, in their order or backward. `give` hands a wanted row
 * to the callback. */
struct walk {
	const struct memory_session *session;
	const struct memory_state *state;
	enum table_id id;
	uint32_t from, to;
	bool is_backward;
	uint32_t limit; /* of rows given; 0: none */
	bool (*is_wanted)(const struct walk *w, const void *row);
	enum result (*give)(const struct walk *w, const void *row, struct error *err);
	/* what is asked for, and the callback */
	struct slice path;
	uint64_t number;
	union {
		version_fn *version;
		revision_fn *revision;
		change_fn *change;
		effective_fn *effective;
		edge_fn *edge;
		token_fn *token;
		key_fn *key;
		audit_path_fn *audit_path;
	} each;
	void *ctx;
};

static enum result run(struct walk *w, struct error *err)
{
	uint32_t given = 0;

	if (w->to > state_count(w->state, w->id))
		w->to = state_count(w->state, w->id);
	for (uint32_t i = 0; w->from + i < w->to && (w->limit == 0 || given < w->limit); i++) {
		const void *row =
			state_row(w->state, w->id, w->is_backward ? w->to - 1 - i : w->from + i);
		enum result rc = look(w->session, err);

		if (rc == OK && (w->is_wanted == NULL || w->is_wanted(w, row))) {
			rc = w->give(w, row, err);
			given++;
		}
		if (rc != OK)
			return rc;
	}
	return OK;
}

/* Every row; the caller narrows it and sets the callback. */
static struct walk walk_all(struct store_session *ss, const struct memory_state *now,
			    enum table_id id)
{
	return (struct walk){.session = session_of(ss), .state = now, .id = id, .to = UINT32_MAX};
}

/* The exclusive end of a page; 0 stands for no end. */
static uint64_t below(uint64_t before)
{
	return before != 0 ? before : UINT64_MAX;
}

static enum result give_version(const struct walk *w, const void *row, struct error *err)
{
	return w->each.version(w->ctx, row, err);
}

/* Leaves out what store.h says that a history does not have, although it is at hand. */
static enum result give_bare_version(const struct walk *w, const void *row, struct error *err)
{
	struct version_row bare = *(const struct version_row *)row;

	bare.sealed = bare.wrapped_key = SLICE_NULL;
	return w->each.version(w->ctx, &bare, err);
}

static enum result give_version_key(const struct walk *w, const void *row, struct error *err)
{
	struct version_row bare = *(const struct version_row *)row;

	bare.sealed = SLICE_NULL;
	return w->each.version(w->ctx, &bare, err);
}

/* The last version of its path, changed after revision `number`. */
static bool is_head(const struct walk *w, const void *row)
{
	const struct version_row *v = row, *next;
	uint32_t at = state_lower(w->state, w->id, v) + 1;

	if (v->state_revision <= w->number)
		return false;
	if (at == state_count(w->state, w->id))
		return true;
	next = state_row(w->state, w->id, at);
	return !slice_is_equal(next->path, v->path);
}

static enum result each_head(struct store_session *ss, uint64_t since, version_fn *each, void *ctx,
			     struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	struct walk w = walk_all(ss, &now, TABLE_VERSIONS);

	w.is_wanted = is_head;
	w.give = give_version;
	w.number = since;
	w.each.version = each;
	w.ctx = ctx;
	return run(&w, err);
}

static enum result get_version(struct store_session *ss, struct slice path, uint64_t version,
			       version_fn *each, void *ctx, struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	const struct version_row key = {.path = path, .version = version};
	const struct version_row *row = state_find(&now, TABLE_VERSIONS, &key);

	if (row == NULL)
		return fail(err, E_NOT_FOUND, "there is no such version");
	return each(ctx, row, err);
}

/* The state that the last change up to a revision has left. The state of the row is that of today;
 * if it is older than the revision, nothing has changed it since. */
static void set_state_at(const struct memory_state *s, struct version_row *row, uint64_t revision)
{
	static const enum version_state states[] = {[CHANGE_PUT] = VERSION_LIVE,
						    [CHANGE_DELETE] = VERSION_DELETED,
						    [CHANGE_UNDELETE] = VERSION_LIVE,
						    [CHANGE_DESTROY] = VERSION_DESTROYED};

	if (row->state_revision <= revision)
		return;
	row->state = VERSION_LIVE;
	row->state_revision = row->revision;
	for (uint32_t i = 0; i < state_count(s, TABLE_CHANGES); i++) {
		const struct change_row *c = state_row(s, TABLE_CHANGES, i);

		if (c->revision > revision)
			return;
		if (c->version == row->version && slice_is_equal(c->path, row->path)) {
			row->state = states[c->action];
			row->state_revision = c->revision;
		}
	}
}

static enum result get_version_at(struct store_session *ss, const struct version_at *at,
				  version_fn *each, void *ctx, struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	const struct version_row last = {.path = at->path,
					 .version = at->version != 0 ? at->version : UINT64_MAX};
	uint32_t i = state_lower(&now, TABLE_VERSIONS, &last);
	struct version_row row;

	/* `last` is then the wanted version itself, so the search begins at it and not before
	 * it. */
	if (at->version != 0 && i < state_count(&now, TABLE_VERSIONS))
		i++; /* the row itself, where it is there */
	while (i-- > 0) {
		row = *(const struct version_row *)state_row(&now, TABLE_VERSIONS, i);
		if (!slice_is_equal(row.path, at->path) || row.version < at->version)
			break;
		if (row.revision > at->revision || row.version > last.version)
			continue;
		set_state_at(&now, &row, at->revision);
		return each(ctx, &row, err);
	}
	return fail(err, E_NOT_FOUND, "the document did not exist then");
}

static enum result each_version(struct store_session *ss, struct slice path, struct row_page page,
				version_fn *each, void *ctx, struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	const struct version_row first = {.path = path};
	const struct version_row last = {.path = path, .version = below(page.before)};
	struct walk w = walk_all(ss, &now, TABLE_VERSIONS);

	w.from = state_lower(&now, TABLE_VERSIONS, &first);
	w.to = state_lower(&now, TABLE_VERSIONS, &last);
	w.is_backward = true;
	w.limit = page.limit;
	w.give = give_bare_version;
	w.each.version = each;
	w.ctx = ctx;
	return run(&w, err);
}

static bool is_wrapped_below(const struct walk *w, const void *row)
{
	const struct version_row *v = row;

	return v->state != VERSION_DESTROYED && v->key_generation < w->number;
}

static enum result each_wrapped_below(struct store_session *ss, uint32_t generation, uint32_t limit,
				      version_fn *each, void *ctx, struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	struct walk w = walk_all(ss, &now, TABLE_VERSIONS);

	w.limit = limit;
	w.is_wanted = is_wrapped_below;
	w.give = give_version_key;
	w.number = generation;
	w.each.version = each;
	w.ctx = ctx;
	return run(&w, err);
}

static enum result give_revision(const struct walk *w, const void *row, struct error *err)
{
	return w->each.revision(w->ctx, row, err);
}

/* Whether it changed the path, or one below it. */
static bool has_changed_path(const struct walk *w, const void *row)
{
	uint64_t revision = ((const struct revision_row *)row)->revision;
	const struct change_row first = {.revision = revision};
	bool is_tree = w->path.len != 0 && w->path.data[w->path.len - 1] == '/';

	for (uint32_t i = state_lower(w->state, TABLE_CHANGES, &first);
	     i < state_count(w->state, TABLE_CHANGES); i++) {
		const struct change_row *c = state_row(w->state, TABLE_CHANGES, i);

		if (c->revision != revision)
			return false;
		if (is_tree ? slice_starts_with(c->path, w->path)
			    : slice_is_equal(c->path, w->path))
			return true;
	}
	return false;
}

static enum result each_revision(struct store_session *ss, struct slice path, struct row_page page,
				 revision_fn *each, void *ctx, struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	const struct revision_row last = {.revision = below(page.before)};
	struct walk w = walk_all(ss, &now, TABLE_REVISIONS);

	w.to = state_lower(&now, TABLE_REVISIONS, &last);
	w.is_backward = true;
	w.limit = page.limit;
	w.is_wanted = path.len != 0 ? has_changed_path : NULL;
	w.give = give_revision;
	w.path = path;
	w.each.revision = each;
	w.ctx = ctx;
	return run(&w, err);
}

static enum result get_revision(struct store_session *ss, uint64_t revision, revision_fn *each,
				void *ctx, struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	const struct revision_row *row =
		state_find(&now, TABLE_REVISIONS, &(struct revision_row){.revision = revision});

	if (row == NULL)
		return fail(err, E_NOT_FOUND, "there is no revision %llu",
			    (unsigned long long)revision);
	return each(ctx, row, err);
}

static enum result revision_at(struct store_session *ss, int64_t time_ms, uint64_t *ret,
			       struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	uint32_t i = state_count(&now, TABLE_REVISIONS);

	(void)err;
	*ret = 0;
	while (i-- > 0 && *ret == 0) {
		const struct revision_row *row = state_row(&now, TABLE_REVISIONS, i);

		if (row->time_ms <= time_ms)
			*ret = row->revision;
	}
	return OK;
}

static enum result give_change(const struct walk *w, const void *row, struct error *err)
{
	return w->each.change(w->ctx, row, err);
}

static enum result each_change(struct store_session *ss, uint64_t revision, change_fn *each,
			       void *ctx, struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	struct walk w = walk_all(ss, &now, TABLE_CHANGES);

	w.from = state_lower(&now, TABLE_CHANGES, &(struct change_row){.revision = revision});
	w.give = give_change;
	w.each.change = each;
	w.ctx = ctx;
	if (revision != UINT64_MAX)
		w.to = state_lower(&now, TABLE_CHANGES,
				   &(struct change_row){.revision = revision + 1});
	return run(&w, err);
}

static bool is_of_path(const struct walk *w, const void *row)
{
	return slice_is_equal(((const struct change_row *)row)->path, w->path);
}

static enum result each_change_after(struct store_session *ss, struct slice path, uint64_t revision,
				     change_fn *each, void *ctx, struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	struct walk w = walk_all(ss, &now, TABLE_CHANGES);

	w.is_wanted = is_of_path;
	w.give = give_change;
	w.path = path;
	w.each.change = each;
	w.ctx = ctx;
	if (revision == UINT64_MAX)
		return OK;
	w.from = state_lower(&now, TABLE_CHANGES, &(struct change_row){.revision = revision + 1});
	return run(&w, err);
}

static enum result give_effective(const struct walk *w, const void *row, struct error *err)
{
	const struct effective_row *e = row;

	return w->each.effective(w->ctx, e->revision, e->digest, err);
}

static enum result each_effective(struct store_session *ss, struct slice config,
				  struct row_page page, effective_fn *each, void *ctx,
				  struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	const struct effective_row first = {.config = config};
	const struct effective_row last = {.config = config, .revision = below(page.before)};
	struct walk w = walk_all(ss, &now, TABLE_EFFECTIVES);

	w.from = state_lower(&now, TABLE_EFFECTIVES, &first);
	w.to = state_lower(&now, TABLE_EFFECTIVES, &last);
	w.is_backward = true;
	w.limit = page.limit;
	w.give = give_effective;
	w.each.effective = each;
	w.ctx = ctx;
	return run(&w, err);
}

static enum result give_edge(const struct walk *w, const void *row, struct error *err)
{
	return w->each.edge(w->ctx, row, err);
}

static enum result each_edge(struct store_session *ss, edge_fn *each, void *ctx, struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	struct walk w = walk_all(ss, &now, TABLE_EDGES);

	w.give = give_edge;
	w.each.edge = each;
	w.ctx = ctx;
	return run(&w, err);
}

static bool is_changed_since(const struct walk *w, const void *row)
{
	return ((const struct token_row *)row)->changed_revision >= w->number;
}

static enum result give_token(const struct walk *w, const void *row, struct error *err)
{
	return w->each.token(w->ctx, row, err);
}

static enum result each_token(struct store_session *ss, uint64_t since, token_fn *each, void *ctx,
			      struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	struct walk w = walk_all(ss, &now, TABLE_TOKENS);

	w.is_wanted = since != 0 ? is_changed_since : NULL;
	w.number = since;
	w.give = give_token;
	w.each.token = each;
	w.ctx = ctx;
	return run(&w, err);
}

static enum result give_key(const struct walk *w, const void *row, struct error *err)
{
	const struct wrap_key_row *key = row;

	return w->each.key(w->ctx, key->generation, key->wrapped, err);
}

static enum result each_key(struct store_session *ss, key_fn *each, void *ctx, struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	struct walk w = walk_all(ss, &now, TABLE_KEYS);

	w.give = give_key;
	w.each.key = each;
	w.ctx = ctx;
	return run(&w, err);
}

static enum result give_audit_path(const struct walk *w, const void *row, struct error *err)
{
	const struct audit_path *p = row;

	return w->each.audit_path(w->ctx, p->index, p->path, err);
}

static enum result each_audit_path(struct store_session *ss, uint64_t first, uint64_t last,
				   audit_path_fn *each, void *ctx, struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	struct walk w = walk_all(ss, &now, TABLE_AUDIT_PATHS);

	w.from = state_lower(&now, TABLE_AUDIT_PATHS, &(struct audit_path){.index = first});
	w.to = state_lower(&now, TABLE_AUDIT_PATHS, &(struct audit_path){.index = last});
	w.give = give_audit_path;
	w.each.audit_path = each;
	w.ctx = ctx;
	return run(&w, err);
}

static enum result get_log(struct store_session *ss, log_fn *each, void *ctx, struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));

	if (state_count(&now, TABLE_LOG) == 0)
		return fail(err, E_NOT_FOUND, "the log has no head yet");
	return each(ctx, state_row(&now, TABLE_LOG, 0), err);
}

static enum result get_meta(struct store_session *ss, const char *name, bytes_fn *each, void *ctx,
			    struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	const struct meta_entry *row =
		state_find(&now, TABLE_META, &(struct meta_entry){.name = slice_text(name)});

	if (row == NULL)
		return fail(err, E_NOT_FOUND, "the store has no %s", name);
	return each(ctx, row->value, err);
}

static enum result get_idempotent(struct store_session *ss, struct slice key,
				  struct slice fingerprint, bytes_fn *each, void *ctx,
				  struct error *err)
{
	CLEANUP(state_clear) struct memory_state now = memory_state_now(session_of(ss));
	const struct idempotent_row *row =
		state_find(&now, TABLE_IDEMPOTENT, &(struct idempotent_row){.key = key});

	if (row == NULL)
		return fail(err, E_NOT_FOUND, "the idempotency key is new");
	if (!slice_is_equal(row->fingerprint, fingerprint))
		return fail(err, E_CONFLICT, "the idempotency key was used for another request");
	return each(ctx, row->response, err);
}

static const struct store_session_ops memory_session_ops = {
	.close = close_session,
	.begin = begin,
	.end = end,
	.set_budget = set_budget,
	.each_head = each_head,
	.get_version = get_version,
	.get_version_at = get_version_at,
	.each_version = each_version,
	.each_wrapped_below = each_wrapped_below,
	.each_revision = each_revision,
	.get_revision = get_revision,
	.revision_at = revision_at,
	.each_change = each_change,
	.each_change_after = each_change_after,
	.each_effective = each_effective,
	.each_edge = each_edge,
	.each_token = each_token,
	.each_key = each_key,
	.each_audit = memory_each_audit,
	.each_audit_path = each_audit_path,
	.get_log = get_log,
	.get_meta = get_meta,
	.get_idempotent = get_idempotent,
	.each_head_name = memory_each_head_name,
	.check_integrity = memory_check_nothing,
	.check_definitions = memory_check_nothing,
	.sum_rows = memory_sum_rows,
	.check_derived = memory_check_derived,
};

enum result memory_session_open(struct store_session **ret, struct memory_disk *disk,
				const struct row_auth *auth, struct error *err)
{
	struct memory_session *s = alloc_zero(sizeof *s);

	if (s == NULL)
		return fail(err, E_MEMORY, "open a session: out of memory");
	s->base.ops = &memory_session_ops;
	s->base.auth = auth;
	s->disk = disk;
	*ret = &s->base;
	return OK;
}
