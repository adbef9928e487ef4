/*
 * The objects of a snapshot, and the changes of a fork.
 *
 * What must hold:
 * - A published snapshot never changes. A fork shares everything with its origin until it is
 *   changed, by one thread, before it is published.
 * - Every object is counted: the maps of all snapshots that name it hold one reference each. The
 *   last snapshot that goes frees it, in whichever thread that happens.
 * - `edges` is the reverse of the documents' own edges: it holds (target, source) exactly for each
 *   edge of the current snap_doc of source. snapshot_put_doc() changes both together.
 * - A token stands in tokens_by_hash and tokens_by_accessor until it is removed, and in
 *   tokens_by_name while it is neither revoked nor used up.
 *
 * Functions that end in "_take" arguments own these also on failure. A fork on which a change
 * failed may have taken half of it; its owner throws it away.
 */
#include "service/state/snapshot.h"

#include "base/memory.h"

#include <string.h>

static void count_up(atomic_uint *refs)
{
	atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}

/* Whether that was the last. */
static bool count_down(atomic_uint *refs)
{
	return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

/* Copies a text to `*at` and points there. One byte, which alloc_zero() left 0, stays behind each
 * text. */
static void take_bytes(struct slice *s, char **at)
{
	if (s->len != 0)
		memcpy(*at, s->data, s->len);
	s->data = *at;
	*at += s->len + 1;
}

/* One block holds the struct and all its texts, since a snapshot has a record for each document.
 * ARRAY_SIZE(texts) is the room for the zero bytes behind them. */
struct doc_record *doc_record_new(enum doc_kind kind, const struct version_row *row)
{
	struct doc_record *r;
	struct slice *texts[7];
	char *at;

	r = alloc_zero(sizeof *r + row->path.len + row->created_by.len + row->message.len +
		       row->content_type.len + row->digest.len + row->wrapped_key.len +
		       row->sealed.len + ARRAY_SIZE(texts));
	if (r == NULL)
		return NULL;
	atomic_init(&r->refs, 1);
	r->kind = kind;
	r->row = *row;
	texts[0] = &r->row.path;
	texts[1] = &r->row.created_by;
	texts[2] = &r->row.message;
	texts[3] = &r->row.content_type;
	texts[4] = &r->row.digest;
	texts[5] = &r->row.wrapped_key;
	texts[6] = &r->row.sealed;
	at = r->bytes;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		take_bytes(texts[i], &at);
	return r;
}

enum result doc_record_keep(void *ret_record, const struct version_row *row, struct error *err)
{
	struct doc_record **ret = ret_record;
	enum doc_kind kind;
	enum result rc = path_check(row->path, &kind, err);

	if (rc != OK)
		return rc;
	*ret = doc_record_new(kind, row);
	return *ret != NULL ? OK : fail(err, E_MEMORY, "out of memory");
}

struct doc_record *doc_record_ref(struct doc_record *r)
{
	if (r != NULL)
		count_up(&r->refs);
	return r;
}

void doc_record_unref(struct doc_record *r)
{
	if (r != NULL && count_down(&r->refs))
		alloc_free(r);
}

/* The texts lie behind the array, in the same block. */
struct doc_edges *doc_edges_new(const struct doc_edge *items, uint32_t count)
{
	struct doc_edges *e;
	size_t bytes = 0;
	char *at;

	for (uint32_t i = 0; i < count; i++)
		bytes += items[i].target.len + 1;
	e = alloc_zero(sizeof *e + count * sizeof e->items[0] + bytes);
	if (e == NULL)
		return NULL;
	atomic_init(&e->refs, 1);
	e->count = count;
	at = (char *)&e->items[count];
	for (uint32_t i = 0; i < count; i++) {
		e->items[i] = items[i];
		take_bytes(&e->items[i].target, &at);
	}
	return e;
}

struct doc_edges *doc_edges_ref(struct doc_edges *e)
{
	if (e != NULL)
		count_up(&e->refs);
	return e;
}

void doc_edges_unref(struct doc_edges *e)
{
	if (e != NULL && count_down(&e->refs))
		alloc_free(e);
}

bool doc_edges_are_equal(const struct doc_edges *a, const struct doc_edges *b)
{
	uint32_t count = a != NULL ? a->count : 0;

	if (count != (b != NULL ? b->count : 0))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (a->items[i].kind != b->items[i].kind ||
		    !slice_is_equal(a->items[i].target, b->items[i].target))
			return false;
	}
	return true;
}

struct snap_doc *snap_doc_new(struct doc_record *record_take, struct doc_edges *edges_take,
			      uint64_t changed_revision)
{
	struct snap_doc *d = record_take != NULL ? alloc_zero(sizeof *d) : NULL;

	if (d == NULL) {
		doc_record_unref(record_take);
		doc_edges_unref(edges_take);
		return NULL;
	}
	atomic_init(&d->refs, 1);
	d->changed_revision = changed_revision;
	d->record = record_take;
	d->edges = edges_take;
	return d;
}

struct snap_doc *snap_doc_ref(struct snap_doc *d)
{
	if (d != NULL)
		count_up(&d->refs);
	return d;
}

/* The cache goes first: it still reads the document's links. */
void snap_doc_unref(struct snap_doc *d)
{
	if (d == NULL || !count_down(&d->refs))
		return;
	if (d->cache != NULL)
		d->cache->drop(d->cache, d);
	schema_unref(atomic_load(&d->schema));
	doc_record_unref(d->record);
	doc_edges_unref(d->edges);
	alloc_free(d);
}

static struct slice doc_key(const void *value)
{
	return ((const struct snap_doc *)value)->record->row.path;
}

static void doc_ref(void *value)
{
	snap_doc_ref(value);
}

static void doc_unref(void *value)
{
	snap_doc_unref(value);
}

static const struct pmap_ops doc_ops = {doc_key, doc_ref, doc_unref};

/* The key is target, NUL, source, so that all edges to one target stand together. */
static struct snap_edge *snap_edge_new(struct slice target, struct slice source,
				       enum edge_kind kind)
{
	struct snap_edge *e = alloc_zero(sizeof *e + target.len + source.len + 2);

	if (e == NULL)
		return NULL;
	atomic_init(&e->refs, 1);
	e->kind = kind;
	memcpy(e->bytes, target.data, target.len);
	memcpy(e->bytes + target.len + 1, source.data, source.len);
	e->key = slice_make(e->bytes, target.len + 1 + source.len);
	e->target = slice_make(e->bytes, target.len);
	e->source = slice_make(e->bytes + target.len + 1, source.len);
	return e;
}

static struct slice edge_key(const void *value)
{
	return ((const struct snap_edge *)value)->key;
}

static void edge_ref(void *value)
{
	count_up(&((struct snap_edge *)value)->refs);
}

static void edge_unref(void *value)
{
	if (count_down(&((struct snap_edge *)value)->refs))
		alloc_free(value);
}

static const struct pmap_ops edge_ops = {edge_key, edge_ref, edge_unref};

struct snap_policy *snap_policy_new(struct slice name, struct policy *policy_take,
				    uint64_t changed_revision)
{
	struct snap_policy *p = alloc_zero(sizeof *p + name.len + 1);

	if (p == NULL) {
		policy_unref(policy_take);
		return NULL;
	}
	p->changed_revision = changed_revision;
	atomic_init(&p->refs, 1);
	if (name.len != 0)
		memcpy(p->bytes, name.data, name.len);
	p->name = slice_make(p->bytes, name.len);
	p->policy = policy_take;
	return p;
}

static struct slice policy_key(const void *value)
{
	return ((const struct snap_policy *)value)->name;
}

static void policy_count_up(void *value)
{
	count_up(&((struct snap_policy *)value)->refs);
}

static void policy_count_down(void *value)
{
	struct snap_policy *p = value;

	if (!count_down(&p->refs))
		return;
	policy_unref(p->policy);
	alloc_free(p);
}

static const struct pmap_ops policy_ops = {policy_key, policy_count_up, policy_count_down};

static struct slice token_hash_key(const void *value)
{
	return slice_make((const char *)((const struct token *)value)->hash, HASH_BYTES);
}

static struct slice token_accessor_key(const void *value)
{
	return ((const struct token *)value)->record.accessor;
}

static struct slice token_name_key(const void *value)
{
	return ((const struct token *)value)->name_key;
}

static void token_count_up(void *value)
{
	token_ref(value);
}

static void token_count_down(void *value)
{
	token_unref(value);
}

static const struct pmap_ops token_hash_ops = {token_hash_key, token_count_up, token_count_down};
static const struct pmap_ops token_accessor_ops = {token_accessor_key, token_count_up,
						   token_count_down};
static const struct pmap_ops token_name_ops = {token_name_key, token_count_up, token_count_down};

struct snapshot *snapshot_new(void)
{
	struct snapshot *s = alloc_zero(sizeof *s);

	if (s == NULL)
		return NULL;
	atomic_init(&s->refs, 1);
	s->docs = PMAP_INIT(&doc_ops);
	s->edges = PMAP_INIT(&edge_ops);
	s->policies = PMAP_INIT(&policy_ops);
	s->tokens_by_hash = PMAP_INIT(&token_hash_ops);
	s->tokens_by_accessor = PMAP_INIT(&token_accessor_ops);
	s->tokens_by_name = PMAP_INIT(&token_name_ops);
	return s;
}

/* It costs one reference for each of the six maps, however large they are. */
struct snapshot *snapshot_fork(const struct snapshot *from)
{
	struct snapshot *s = alloc_zero(sizeof *s);

	if (s == NULL)
		return NULL;
	atomic_init(&s->refs, 1);
	s->epoch = from->epoch;
	s->revision = from->revision;
	s->time_ms = from->time_ms;
	s->docs = pmap_copy(&from->docs);
	s->edges = pmap_copy(&from->edges);
	s->policies = pmap_copy(&from->policies);
	s->tokens_by_hash = pmap_copy(&from->tokens_by_hash);
	s->tokens_by_accessor = pmap_copy(&from->tokens_by_accessor);
	s->tokens_by_name = pmap_copy(&from->tokens_by_name);
	return s;
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
	count_up(&s->refs);
	return s;
}

void snapshot_unref(struct snapshot *s)
{
	if (s == NULL || !count_down(&s->refs))
		return;
	pmap_clear(&s->docs);
	pmap_clear(&s->edges);
	pmap_clear(&s->policies);
	pmap_clear(&s->tokens_by_hash);
	pmap_clear(&s->tokens_by_accessor);
	pmap_clear(&s->tokens_by_name);
	alloc_free(s);
}

void snapshot_unrefp(struct snapshot **s)
{
	snapshot_unref(*s);
	*s = NULL;
}

struct snap_doc *snapshot_doc(const struct snapshot *s, struct slice path)
{
	return pmap_get(&s->docs, path);
}

struct snap_doc *snapshot_live(const struct snapshot *s, struct slice path)
{
	struct snap_doc *d = snapshot_doc(s, path);

	return snap_doc_is_live(d) ? d : NULL;
}

const struct policy *snapshot_policy(const struct snapshot *s, struct slice name)
{
	const struct snap_policy *p = pmap_get(&s->policies, name);

	return p != NULL ? p->policy : NULL;
}

struct token *snapshot_token(const struct snapshot *s, struct slice accessor)
{
	return pmap_get(&s->tokens_by_accessor, accessor);
}

void snapshot_tokens_named(struct token_walk *w, const struct snapshot *s, struct slice name)
{
	if (name.len > TOKEN_NAME_BYTES_MAX) {
		*w = (struct token_walk){.len = 0}; /* walks nothing */
		return;
	}
	w->len = token_name_fold(w->folded, name);
	w->folded[w->len++] = '\0';
	pmap_walk_from(&w->walk, &s->tokens_by_name, slice_make(w->folded, w->len));
}

/* The tokens of a name come in the order "last to end first", so the first that has expired ends
 * the walk. */
const struct token *snapshot_token_named_next(struct token_walk *w, int64_t now_ms)
{
	const struct token *t = pmap_walk_next(&w->walk);

	if (t == NULL || !slice_starts_with(t->name_key, slice_make(w->folded, w->len)) ||
	    (t->expires_ms != 0 && t->expires_ms <= now_ms))
		return NULL;
	return t;
}

void snapshot_edges_to(struct pmap_walk *w, const struct snapshot *s, struct slice target)
{
	pmap_walk_from(w, &s->edges, target);
}

/* No path holds a byte below '-', so behind "a\0…" stands nothing of another target before
 * "a\1". */
const struct snap_edge *snapshot_edge_next(struct pmap_walk *w, struct slice target)
{
	const struct snap_edge *e = pmap_walk_next(w);

	return e != NULL && slice_is_equal(e->target, target) ? e : NULL;
}

/* The key alone finds an edge; the kind of the one that is made here to carry the key does not
 * matter. */
static bool drop_edges(struct snapshot *s, const struct snap_doc *d)
{
	for (uint32_t i = 0; d->edges != NULL && i < d->edges->count; i++) {
		struct snap_edge *e =
			snap_edge_new(d->edges->items[i].target, d->record->row.path, EDGE_EXTENDS);
		bool is_done = e != NULL && pmap_remove(&s->edges, e->key);

		alloc_free(e);
		if (!is_done)
			return false;
	}
	return true;
}

static bool put_edges(struct snapshot *s, const struct snap_doc *d)
{
	for (uint32_t i = 0; d->edges != NULL && i < d->edges->count; i++) {
		struct snap_edge *e = snap_edge_new(d->edges->items[i].target, d->record->row.path,
						    d->edges->items[i].kind);

		if (e == NULL || !pmap_put(&s->edges, e))
			return false;
	}
	return true;
}

/* A new snap_doc with the very same edges (a document whose configuration changed and whose content
 * did not) leaves the map of edges as it is. */
bool snapshot_put_doc(struct snapshot *s, struct snap_doc *d_take)
{
	const struct snap_doc *before = snapshot_doc(s, d_take->record->row.path);
	bool is_done = true;

	if (before == NULL || before->edges != d_take->edges)
		is_done = (before == NULL || drop_edges(s, before)) && put_edges(s, d_take);
	if (!is_done) {
		snap_doc_unref(d_take);
		return false;
	}
	return pmap_put(&s->docs, d_take);
}

bool snapshot_put_policy(struct snapshot *s, struct slice name, struct policy *policy_take,
			 uint64_t changed_revision)
{
	struct snap_policy *p = snap_policy_new(name, policy_take, changed_revision);

	return p != NULL && pmap_put(&s->policies, p);
}

bool snapshot_remove_policy(struct snapshot *s, struct slice name)
{
	return pmap_remove(&s->policies, name);
}

/* What stood for the token before leaves first: a renewal changes its expiry, and with it the key.
 */
static bool put_token_name(struct snapshot *s, struct token *t)
{
	const struct token *before = snapshot_token(s, t->record.accessor);

	if (before != NULL && !pmap_remove(&s->tokens_by_name, before->name_key))
		return false;
	if (t->is_revoked || t->uses_left == 0)
		return true;
	return pmap_put(&s->tokens_by_name, token_ref(t));
}

bool snapshot_put_token(struct snapshot *s, struct token *t_take)
{
	if (!put_token_name(s, t_take) || !pmap_put(&s->tokens_by_hash, token_ref(t_take))) {
		token_unref(t_take);
		return false;
	}
	return pmap_put(&s->tokens_by_accessor, t_take);
}

/* The caller's reference keeps the keys alive while the maps give up theirs. */
bool snapshot_remove_token(struct snapshot *s, const struct token *t)
{
	return pmap_remove(&s->tokens_by_name, t->name_key) &&
	       pmap_remove(&s->tokens_by_hash, token_hash_key(t)) &&
	       pmap_remove(&s->tokens_by_accessor, t->record.accessor);
}
