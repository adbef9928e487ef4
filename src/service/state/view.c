/*
 * A view: documents as one reader or writer sees them, parsed and compiled on first use.
 *
 * What must hold:
 * - The view gives the same result for a path from the first look to the last. Every path that was
 *   looked at stays in `docs`, also if it does not exist: a write's commit checks that none of them
 *   has changed since.
 * - A change is laid over its path before that path is looked at, so that no result of the old
 *   content can have been used.
 * - A compiled schema is shared with other views, through the snap_doc, only if it was made of the
 *   snapshot's own content (may_share).
 * - The value of a secret leaves the view only if its read is recorded, or if the value came with
 *   the call itself. Else an opaque node takes its place, which has the kind of the value and
 *   nothing of its content.
 * - Without a session (an event loop) nothing is read from the store, and only small JSON is
 *   parsed; the rest is E_NEEDS_STORE, and a worker does it from the start.
 *
 * What is parsed is charged to the request's budget, and released when the view forgets it. One
 * thread at a time; no locks. view_clear() frees everything at once.
 */
#include "service/state/change.h"
#include "service/state/view.h"

#include "doc/read.h"

#include <stdio.h>
#include <string.h>

#define LAYER_STEPS 20 /* of looking at one layer of a profile that is parsed already */

static struct slice view_doc_key(const void *value)
{
	return ((const struct view_doc *)value)->key;
}

/* They live in the view's arena and go with it. */
static void count_nothing(void *value)
{
	(void)value;
}

static const struct pmap_ops view_doc_ops = {view_doc_key, count_nothing, count_nothing};

void view_init(struct view *v, struct state *state, struct snapshot *snapshot,
	       struct store_session *session, struct budget *budget)
{
	*v = (struct view){.state = state,
			   .snapshot = snapshot_ref(snapshot),
			   .session = session,
			   .budget = budget,
			   .docs = PMAP_INIT(&view_doc_ops),
			   .arena = ARENA_INIT(0, true)};
}

/* Frees the parsed tree; the record stays, so that the tree can be read again. */
static void forget(struct view *v, struct view_doc *d)
{
	if (d->is_parsed) {
		v->parsed_bytes -= d->parsed_bytes;
		budget_release(v->budget, d->parsed_bytes);
	}
	tree_clear(&d->tree);
	d->is_parsed = false;
	d->has_header = false;
	d->warnings = NULL;
}

void view_trim(struct view *v)
{
	if (v->parsed_bytes <= VIEW_PARSED_BYTES_MAX)
		return;
	for (struct view_doc *d = v->first; d != NULL; d = d->next) {
		if (d->change == NULL)
			forget(v, d);
	}
}

void view_clear(struct view *v)
{
	for (struct view_doc *d = v->first; d != NULL; d = d->next) {
		forget(v, d);
		schema_unref(d->schema);
		snap_doc_unref(d->doc);
		doc_record_unref(d->record);
	}
	pmap_clear(&v->docs);
	arena_clear(&v->arena);
	snapshot_unref(v->snapshot);
	*v = (struct view){.docs = PMAP_INIT(&view_doc_ops)};
}

/* `key` is the path, or for an old version path, NUL and number; the path is its first part. */
static enum result add_doc(struct view *v, struct slice path, struct slice key,
			   struct view_doc **ret, struct error *err)
{
	struct view_doc *d;
	enum doc_kind kind;
	enum result rc = path_check(path, &kind, err);

	if (rc != OK)
		return rc;
	d = arena_alloc(&v->arena, sizeof *d);
	if (d != NULL)
		d->key.data = arena_text(&v->arena, key);
	if (d == NULL || d->key.data == NULL)
		return fail(err, E_MEMORY, "out of memory");
	d->key.len = key.len;
	d->path = slice_first(d->key, path.len);
	d->kind = kind;
	d->tree = (struct tree)TREE_INIT(0, kind == KIND_SECRETS);
	d->next = v->first;
	if (!pmap_put(&v->docs, d))
		return fail(err, E_MEMORY, "out of memory");
	v->first = d;
	*ret = d;
	return OK;
}

static enum result keep_record(void *ctx, const struct version_row *row, struct error *err)
{
	struct view_doc *d = ctx;

	d->record = doc_record_new(d->kind, row);
	return d->record != NULL ? OK : fail(err, E_MEMORY, "out of memory");
}

/* Version and state are those of the row that was found. */
static void take_record(struct view_doc *d)
{
	if (d->record == NULL)
		return;
	d->version = d->record->row.version;
	d->exists = d->record->row.state == VERSION_LIVE;
}

/* A read that failed keeps its error in `load_rc` and is tried again the next time: a lack of
 * memory must not become "does not exist". E_NOT_FOUND of the store is no failure: the document did
 * not exist at that revision. */
enum result view_find(struct view *v, struct slice path, struct view_doc **ret, struct error *err)
{
	struct view_doc *d = pmap_get(&v->docs, path);
	enum result rc = OK;

	if (d != NULL && d->load_rc == OK) {
		*ret = d;
		return OK;
	}
	if (d == NULL)
		rc = add_doc(v, path, path, &d, err);
	if (rc != OK)
		return rc;
	if (v->at_revision != 0) {
		rc = store_get_version_at(v->session, &(struct version_at){path, 0, v->at_revision},
					  keep_record, d, err);
		if (rc == E_NOT_FOUND)
			rc = OK;
	} else {
		d->doc = snap_doc_ref(snapshot_doc(v->snapshot, path));
		d->record = d->doc != NULL ? doc_record_ref(d->doc->record) : NULL;
	}
	take_record(d);
	d->load_rc = rc;
	*ret = d;
	return rc;
}

/* New content replaces the record, so that view_parse() reads the content of the change. A delete
 * or an undelete leaves the record: only its state changes. */
enum result view_lay(struct view *v, const struct change *change, struct error *err)
{
	struct view_doc *d;
	enum result rc = view_find(v, change->path, &d, err);

	if (rc != OK)
		return rc;
	d->change = change;
	d->exists = change->exists;
	d->version = change->version;
	if (change->action == CHANGE_PUT && change->is_changed) {
		doc_record_unref(d->record);
		d->record = NULL;
	}
	v->has_new_schemas |= change->kind == KIND_SCHEMAS && change->is_changed;
	return OK;
}

/* The state of one version after the change that is being prepared. */
static enum version_state state_under(const struct change *c, uint64_t version,
				      enum version_state state)
{
	for (uint32_t i = 0; c != NULL && c->action != CHANGE_PUT && i < c->versions_count; i++) {
		if (c->versions[i] != version)
			continue;
		return c->action == CHANGE_UNDELETE ? VERSION_LIVE
		       : c->action == CHANGE_DELETE ? VERSION_DELETED
						    : VERSION_DESTROYED;
	}
	return state;
}

/* The newest version is in the snapshot; an older one is read from the store. */
static enum result load_version(struct view *v, struct view_doc *newest, uint64_t version,
				struct view_doc *d, struct error *err)
{
	enum result rc;

	if (newest->record != NULL && newest->record->row.version == version) {
		d->record = doc_record_ref(newest->record);
		return OK;
	}
	if (v->session == NULL)
		return fail(err, E_NEEDS_STORE, "an old version is read by a worker");
	if (v->at_revision != 0)
		rc = store_get_version_at(v->session,
					  &(struct version_at){d->path, version, v->at_revision},
					  keep_record, d, err);
	else
		rc = store_get_version(v->session, d->path, version, keep_record, d, err);
	return rc == E_NOT_FOUND ? fail(err, rc, "%.*s has no version %llu", SLICE_ARGS(d->path),
					(unsigned long long)version)
				 : rc;
}

/* The live version needs no entry of its own. Another version is looked up once; then only its
 * state is worked out each time, because the change that is laid over may delete or restore it. */
enum result view_find_version(struct view *v, struct slice path, uint64_t version,
			      struct view_doc **ret, struct error *err)
{
	char key[PATH_BYTES_MAX + 24];
	struct view_doc *newest, *d;
	enum version_state state;
	enum result rc = view_find(v, path, &newest, err);
	int len;

	if (rc != OK)
		return rc;
	if (newest->exists && newest->version == version) {
		*ret = newest;
		return OK;
	}
	len = snprintf(key, sizeof key, "%.*s%c%llu", SLICE_ARGS(path), '\0',
		       (unsigned long long)version);
	d = pmap_get(&v->docs, slice_make(key, (size_t)len));
	if (d == NULL)
		rc = add_doc(v, path, slice_make(key, (size_t)len), &d, err);
	if (rc != OK)
		return rc;
	if (!d->is_pinned || (d->load_rc != OK && d->load_rc != E_NOT_FOUND)) {
		d->is_pinned = true;
		d->load_rc = load_version(v, newest, version, d, err);
		if (d->load_rc != OK)
			return d->load_rc;
		take_record(d);
	}
	*ret = d;
	if (d->record == NULL)
		return fail(err, E_NOT_FOUND, "%.*s has no version %llu", SLICE_ARGS(path),
			    (unsigned long long)version);
	state = state_under(newest->change, version, d->record->row.state);
	if (state != VERSION_LIVE)
		return fail(err, E_NOT_FOUND, "%.*s version %llu is %s", SLICE_ARGS(path),
			    (unsigned long long)version,
			    state == VERSION_DESTROYED ? "destroyed" : "deleted");
	return OK;
}

/* The most that an event loop may parse: little, and JSON, because libyaml is slow. */
static bool is_small(const struct view_doc *d)
{
	return d->record != NULL && d->record->row.sealed.len <= LOOP_BYTES_MAX &&
	       slice_is_text(d->record->row.content_type, CONTENT_JSON);
}

/* New content collects warnings, because its writer gets them. Stored content was warned about when
 * it was written. */
enum result view_parse(struct view *v, struct view_doc *d, struct error *err)
{
	enum result rc;

	if (d->is_parsed)
		return OK;
	if (v->session == NULL && !is_small(d))
		return fail(err, E_NEEDS_STORE, "a large document is parsed by a worker");
	if (d->record != NULL) {
		rc = tree_of_row(v->state, &d->record->row, v->budget, &d->tree, err);
	} else if (d->change != NULL) {
		d->warnings = arena_alloc(&v->arena, sizeof *d->warnings);
		if (d->warnings == NULL)
			return fail(err, E_MEMORY, "out of memory");
		rc = tree_of_content(buf_slice(&d->change->plain), d->change->content_type,
				     v->budget, &d->tree, d->warnings, err);
	} else {
		rc = fail(err, E_NOT_FOUND, "%.*s does not exist", SLICE_ARGS(d->path));
	}
	d->parsed_bytes = d->tree.arena.used_bytes;
	if (rc == OK && !budget_hold(v->budget, d->parsed_bytes))
		rc = budget_result(v->budget, err);
	if (rc != OK) {
		tree_clear(&d->tree);
		return rc;
	}
	d->is_parsed = true;
	v->parsed_bytes += d->parsed_bytes;
	return OK;
}

/* For profile/: one layer of a profile. A path that no document can have is "does not exist" here,
 * because the reference to it came from a document. */
static enum result load_layer(void *ctx, struct slice path, const struct profile_layer **ret,
			      struct error *err)
{
	struct view *v = ctx;
	struct view_doc *d;
	enum result rc = budget_take(v->budget, LAYER_STEPS, err);

	if (rc == OK)
		rc = view_find(v, path, &d, err);
	if (rc == E_MALFORMED || (rc == OK && !d->exists))
		return fail(err, E_NOT_FOUND, "%.*s does not exist", SLICE_ARGS(path));
	if (rc == OK)
		rc = view_parse(v, d, err);
	if (rc == OK && !d->has_header)
		rc = profile_read_header(&d->header, &d->tree.arena, d->path, &d->tree.root, err);
	if (rc != OK)
		return rc;
	d->has_header = true;
	d->layer = (struct profile_layer){d->path, d->version, &d->tree.root, &d->header};
	*ret = &d->layer;
	return OK;
}

#define SCHEMA_BASE "reeve:///"

/* For schema/: the document that a "$ref" names. No other base is looked up, so that a schema
 * cannot make the server fetch anything. */
static enum result load_referred_schema(void *ctx, struct slice uri, const struct tree_node **ret,
					struct error *err)
{
	struct view *v = ctx;
	struct slice path = slice_from(uri, strlen(SCHEMA_BASE));
	struct view_doc *d;
	enum result rc;

	if (!slice_starts_with(uri, SLICE_LITERAL(SCHEMA_BASE "schemas/")))
		return fail(err, E_NOT_FOUND, "only " SCHEMA_BASE "schemas/… is looked up");
	rc = view_find(v, path, &d, err);
	if (rc == E_MALFORMED || (rc == OK && !d->exists))
		return fail(err, E_NOT_FOUND, "%.*s does not exist", SLICE_ARGS(path));
	if (rc == OK)
		rc = view_parse(v, d, err);
	if (rc == OK)
		*ret = &d->tree.root;
	return rc;
}

/* Unknown keywords are refused (is_strict) only in a schema that is being written: a stored one was
 * accepted under the rules of its time. */
static enum result compile(struct view *v, struct view_doc *d, struct schema **ret,
			   struct schema_report *report, struct error *err)
{
	CLEANUP(buf_clear) struct buf base = BUF_NULL;
	struct schema_options options = {.is_format_asserted =
						 v->state->settings.is_format_asserted,
					 .is_strict = d->change != NULL && d->record == NULL,
					 .is_listed_only = true,
					 .load = load_referred_schema,
					 .load_ctx = v,
					 .limits = SCHEMA_LIMITS_DEFAULT,
					 .budget = v->budget};
	enum result rc;

	buf_append_text(&base, SCHEMA_BASE);
	buf_append_slice(&base, d->path);
	rc = buf_check(&base, err);
	if (rc == OK)
		rc = view_parse(v, d, err);
	if (rc != OK)
		return rc;
	options.base_uri = buf_slice(&base);
	return schema_compile(ret, &d->tree.root, &options, report, err);
}

/* A schema that refers to a changed schema is another one too, so with any new schema nothing is
 * shared. */
static bool may_share(const struct view *v, const struct view_doc *d)
{
	return v->at_revision == 0 && d->doc != NULL && d->change == NULL && !v->has_new_schemas;
}

/* Several threads may compile one schema at the same time; the first to store it wins, and the
 * others keep theirs for the view only. */
enum result view_schema(struct view *v, struct slice path, const struct schema **ret,
			struct schema_report *report, struct error *err)
{
	struct view_doc *d;
	struct schema *none = NULL;
	enum result rc = view_find(v, path, &d, err);

	if (rc != OK)
		return rc;
	if (!d->exists)
		return fail(err, E_NOT_FOUND, "%.*s does not exist", SLICE_ARGS(path));
	if (d->schema == NULL && may_share(v, d) && atomic_load(&d->doc->schema) != NULL)
		d->schema = schema_ref(atomic_load(&d->doc->schema));
	if (d->schema == NULL) {
		rc = compile(v, d, &d->schema, report, err);
		if (rc != OK)
			return rc;
		if (may_share(v, d)) {
			schema_ref(d->schema);
			if (!atomic_compare_exchange_strong(&d->doc->schema, &none, d->schema))
				schema_unref(d->schema);
		}
	}
	*ret = d->schema;
	return OK;
}

static enum result load_schema(void *ctx, struct slice path, const struct schema **ret,
			       struct error *err)
{
	return view_schema(ctx, path, ret, NULL, err);
}

/* A reference without a version means the newest version, which must be live. */
static enum result find_secret(struct view *v, const struct secret_ref *ref, struct view_doc **ret,
			       struct error *err)
{
	enum result rc;

	if (ref->version != 0)
		return view_find_version(v, ref->path, ref->version, ret, err);
	rc = view_find(v, ref->path, ret, err);
	if (rc == OK && !(*ret)->exists)
		return fail(err, E_NOT_FOUND, "%.*s does not exist", SLICE_ARGS(ref->path));
	return rc;
}

enum result view_secret_version(struct view *v, const struct secret_ref *ref, uint64_t *ret,
				struct error *err)
{
	struct view_doc *d = NULL;
	enum result rc = find_secret(v, ref, &d, err);

	if (rc == OK)
		*ret = d->version;
	return rc;
}

/* Whether the value came with the call itself: to learn something of it is no read. */
static bool is_brought(const struct view_doc *d, struct slice key)
{
	const struct change *c = d->record == NULL ? d->change : NULL;
	const struct tree_node *patched;

	if (c == NULL)
		return false;
	if (c->is_known_to_writer)
		return true;
	/* An object is merged into what is there, which the patch does not show. */
	patched = c->patch != NULL && key.len != 0 ? tree_get(c->patch, key) : NULL;
	return patched != NULL && patched->kind != TREE_OBJECT;
}

/* Without a recorder no secret is opened, whatever the rights. */
static bool may_open(const struct view *v, const struct view_doc *d)
{
	return v->for_whom.record != NULL &&
	       (v->reader == NULL || rights_may(v->reader, MAY_READ, d->path));
}

/* New content of a rollback is that of the version it goes back to; of a patch, what it leaves
 * alone is the live version's. */
static enum result record_changed(struct view *v, const struct change *c, struct error *err)
{
	struct version_row row = {.path = c->path, .version = c->from_version};
	CLEANUP(buf_clear) struct buf content = BUF_NULL;

	if (c->op == CHANGE_OP_ROLLBACK)
		return v->for_whom.record(v->for_whom.ctx, &row, buf_slice(&c->plain), err);
	if (c->before == NULL)
		return OK;
	return content_for_caller(v->state, &v->for_whom, snap_doc_row(c->before), &content, err);
}

enum result view_record_read(struct view *v, struct view_doc *d, struct error *err)
{
	CLEANUP(buf_clear) struct buf content = BUF_NULL;
	enum result rc = OK;

	if (d->is_recorded)
		return OK;
	if (d->record != NULL)
		rc = content_for_caller(v->state, &v->for_whom, &d->record->row, &content, err);
	else if (d->change != NULL)
		rc = record_changed(v, d->change, err);
	d->is_recorded = rc == OK;
	return rc;
}

/* Kind and "is an integer" are kept: writers may have existence and JSON type checked without the
 * right to read. The content is empty, "" or 0. */
static const struct tree_node *opaque(struct view *v, const struct tree_node *value)
{
	struct tree_node *n = arena_alloc(&v->arena, sizeof *n);

	if (n == NULL)
		return NULL;
	n->kind = value->kind;
	n->flags = (uint8_t)((value->flags & TREE_IS_INTEGER) | TREE_IS_SECRET | TREE_IS_OPAQUE);
	if (value->kind == TREE_STRING)
		tree_set_string(n, SLICE_LITERAL(""));
	else if (value->kind == TREE_NUMBER)
		n->of.text = "0";
	n->flags = (uint8_t)((value->flags & TREE_IS_INTEGER) | TREE_IS_SECRET | TREE_IS_OPAQUE);
	return n;
}

/* The value is looked up before the rights are asked, so that a missing key is reported alike to
 * all; then it is recorded, or hidden. */
enum result view_secret_value(void *view, const struct secret_ref *ref,
			      const struct tree_node **ret, struct error *err)
{
	struct view *v = view;
	struct view_doc *d;
	const struct tree_node *value;
	enum result rc = find_secret(v, ref, &d, err);

	if (rc == E_MALFORMED)
		return fail(err, E_NOT_FOUND, "%.*s is no secret's path", SLICE_ARGS(ref->path));
	if (rc == OK)
		rc = view_parse(v, d, err);
	if (rc != OK)
		return rc;
	value = TREE_GET(&d->tree.root, "data");
	if (value != NULL && ref->key.len != 0)
		value = tree_get(value, ref->key);
	if (value == NULL)
		return fail(err, E_NOT_FOUND, "%.*s has no such key", SLICE_ARGS(ref->path));
	if (!is_brought(d, ref->key)) {
		if (may_open(v, d))
			rc = view_record_read(v, d, err);
		else
			value = opaque(v, value);
	}
	if (value == NULL)
		return fail(err, E_MEMORY, "out of memory");
	if (rc == OK)
		*ret = value;
	return rc;
}

/* An old revision is resolved without the values of secrets: they are checked at the write, and the
 * configuration is compared by digest. */
struct check_source view_source(struct view *v)
{
	return (struct check_source){load_layer, load_schema,
				     v->at_revision == 0 ? view_secret_value : NULL, v, v->budget};
}
