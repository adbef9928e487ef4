/*
 * The audit entry of a call: collected here while the call runs, and appended to the log by the
 * committer.
 *
 * An entry names the principal, its address, the action, the versions touched and the outcome. Of a
 * value it has a keyed hash only, so that the log can be given to auditors.
 *
 * What must hold:
 * - A call with a draft gets no response before its entry is durable. So what a verb touches is
 *   noted before its content is used.
 * - A touch with a hash (`has_mac`) means that a secret's content was opened. Such an entry always
 *   names all of them, if need be in several entries; only an entry that says nothing but "failed"
 *   may be shortened or counted together with others.
 * - A draft lives in the call's arena and dies with it; it is written again from nothing each time
 *   the call runs.
 *
 * The call's thread collects; the committer appends, in its transaction.
 */
#include "service/engine/audit_write.h"
#include "service/engine/audit_draft.h"
#include "service/engine/engine.h"

#include <stdio.h>
#include <string.h>

/* The most that one entry names of the things touched, as bytes of its text: well below
 * AUDIT_ENTRY_BYTES_MAX, the bound of the whole entry. A touch is its path and at most TOUCH_BYTES
 * for version, hash, state and punctuation. */
#define ENTRY_TOUCHED_BYTES  ((size_t)48 << 10)
#define FAILED_TOUCHED_BYTES ((size_t)4 << 10)
#define TOUCH_BYTES	     ((size_t)160)
#define ACTION_BYTES	     64
#define NOTED_LOOKED_AT	     256

/* The first part of an action that begins with a dot: ".read" of a secret is "secret.read". */
static const char *noun_of(struct slice path)
{
	if (slice_starts_with(path, SLICE_LITERAL("secrets/")))
		return "secret";
	if (slice_starts_with(path, SLICE_LITERAL("policies/")))
		return "policy";
	return "document";
}

bool audit_draft_begin(struct call *c)
{
	const char *action = verb_table[c->verb].action;
	char text[ACTION_BYTES];

	if (c->audit_draft != NULL)
		return true;
	if (action[0] == '.')
		snprintf(text, sizeof text, "%s%s", noun_of(c->path), action);
	else
		snprintf(text, sizeof text, "%s", action);
	c->audit_draft = arena_alloc(&c->arena, sizeof *c->audit_draft);
	if (c->audit_draft == NULL)
		return false;
	c->audit_draft->action.len = strlen(text);
	c->audit_draft->action.data = arena_text(&c->arena, slice_text(text));
	if (c->audit_draft->action.data != NULL)
		return true;
	c->audit_draft = NULL;
	return false;
}

static bool grow(struct call *c, struct audit_draft *r)
{
	uint32_t size = r->touched_size != 0 ? r->touched_size * 2 : 2;
	struct audit_touch *items = arena_alloc_array(&c->arena, size, sizeof *items);

	if (items == NULL)
		return false;
	if (r->touched_count != 0)
		memcpy(items, r->touched, r->touched_count * sizeof *items);
	r->touched = items;
	r->touched_size = size;
	return true;
}

/* A path that is too long is cut: it came from a refused request, since no stored path is so long.
 */
bool audit_draft_change(struct call *c, const struct audit_touch *touch)
{
	struct slice path = slice_first(touch->path, AUDIT_PATH_BYTES_MAX);
	struct audit_draft *r;
	struct audit_touch *t;

	if (!audit_draft_begin(c))
		return false;
	r = c->audit_draft;
	if (r->touched_count == r->touched_size && !grow(c, r))
		return false;
	t = &r->touched[r->touched_count];
	*t = *touch;
	t->path = slice_make(arena_text(&c->arena, path), path.len);
	if (t->path.data == NULL)
		return false;
	r->touched_count++;
	return true;
}

bool audit_draft_touch(struct call *c, struct slice path, uint64_t version, const uint8_t *mac)
{
	struct audit_touch touch = {.path = path, .version = version, .has_mac = mac != NULL};

	if (mac != NULL)
		memcpy(touch.mac, mac, HASH_BYTES);
	return audit_draft_change(c, &touch);
}

/* Looks at the last ones only, where a repetition usually stands; a version that is named twice
 * does no harm. */
static bool is_noted(const struct audit_draft *r, const struct version_row *row)
{
	uint32_t first;

	if (r == NULL)
		return false;
	first = r->touched_count > NOTED_LOOKED_AT ? r->touched_count - NOTED_LOOKED_AT : 0;
	for (uint32_t i = first; i < r->touched_count; i++) {
		if (r->touched[i].version == row->version && r->touched[i].has_mac &&
		    slice_is_equal(r->touched[i].path, row->path))
			return true;
	}
	return false;
}

bool audit_draft_has(const struct call *c, struct slice path)
{
	const struct audit_draft *r = c->audit_draft;

	for (uint32_t i = 0; r != NULL && i < r->touched_count; i++) {
		if (slice_is_equal(r->touched[i].path, path))
			return true;
	}
	return false;
}

bool audit_draft_says_only_failure(const struct call *c)
{
	const struct audit_draft *r = c->audit_draft;

	if (r == NULL || c->principal == NULL || c->out.result == OK)
		return false;
	for (uint32_t i = 0; i < r->touched_count; i++) {
		if (r->touched[i].has_mac)
			return false;
	}
	return true;
}

void audit_draft_dry_run(struct call *c)
{
	if (c->audit_draft == NULL || c->out.result == E_FORBIDDEN)
		return;
	c->audit_draft->action = SLICE_LITERAL("secret.read");
	c->audit_draft->reason = SLICE_LITERAL("dry run");
}

enum result audit_draft_read(struct service *s, struct call *c, const struct version_row *row,
			     struct slice content, struct error *err)
{
	uint8_t mac[HASH_BYTES];

	if (is_noted(c->audit_draft, row))
		return OK;
	audit_value_mac(mac, keyring_derived(s->state.keyring, DERIVED_VALUE_MAC), row->path,
			row->version, content);
	return audit_draft_touch(c, row->path, row->version, mac)
		       ? OK
		       : fail(err, E_UNAVAILABLE, "cannot record the read");
}

/* The entry of a failed call names only some of the things that it was about: a principal must not
 * fill the log with refusals. */
static bool take_few(struct audit_entry *e, const struct audit_draft *r, uint32_t *at)
{
	size_t bytes = 0;

	e->touched = r->touched;
	while (*at < r->touched_count && (*at == 0 || bytes < FAILED_TOUCHED_BYTES))
		bytes += r->touched[(*at)++].path.len + TOUCH_BYTES;
	e->touched_count = *at;
	e->touched_more = r->touched_count - *at;
	return false;
}

/* The next part of the things touched. All of them are named, in as many entries as that takes. */
static bool take_part(struct audit_entry *e, const struct audit_draft *r, uint32_t *at)
{
	size_t bytes = 0;

	e->touched = r->touched + *at;
	e->touched_count = 0;
	while (*at < r->touched_count && (e->touched_count == 0 || bytes < ENTRY_TOUCHED_BYTES)) {
		bytes += r->touched[*at].path.len + TOUCH_BYTES;
		e->touched_count++;
		++*at;
	}
	return *at < r->touched_count;
}

static enum result record_read(void *ctx, const struct version_row *row, struct slice content,
			       struct error *err)
{
	struct call *c = ctx;

	return audit_draft_read(c->service, c, row, content, err);
}

struct read_recorder audit_draft_recorder(struct call *c)
{
	return (struct read_recorder){record_read, c};
}

enum result content_for_call(struct call *c, const struct version_row *row, struct buf *ret,
			     struct error *err)
{
	struct read_recorder recorder = audit_draft_recorder(c);

	return content_for_caller(&c->service->state, &recorder, row, ret, err);
}

/* A call that failed changed nothing, whatever it was prepared to change. */
static void drop_states(struct audit_draft *r)
{
	for (uint32_t i = 0; i < r->touched_count; i++) {
		r->touched[i].state = AUDIT_STATE_NONE;
		r->touched[i].has_digest = false;
	}
}

/* The response carries the index of the first entry. `touched_more` says how many touches a
 * shortened entry leaves out. A failure in the middle leaves the log moved on; the committer goes
 * back to its copy. */
enum result audit_draft_append(struct service *s, struct audit_log *log, struct call *c,
			       uint64_t revision, int64_t now_ms, struct error *err)
{
	struct audit_entry e = {
		.epoch = log->epoch,
		.revision = revision,
		.auth = c->principal != NULL ? slice_text(principal_proof_name(c->principal->proof))
					     : SLICE_LITERAL("none"),
		.source = slice_text(c->address_text),
		.action = c->audit_draft->action,
		.outcome = slice_text(result_name(c->out.result)),
		.reason = c->audit_draft->reason,
		.request_id = slice_text(c->request_id),
	};
	uint32_t at = 0;
	bool has_more;
	enum result rc;

	if (c->principal != NULL) {
		e.actor = c->principal->name;
		e.accessor = c->principal->accessor;
	}
	if (e.reason.len == 0 && c->out.result != OK)
		e.reason = slice_text(c->out.error.text);
	if (c->out.result != OK)
		drop_states(c->audit_draft);
	do {
		has_more = audit_draft_says_only_failure(c) ? take_few(&e, c->audit_draft, &at)
							    : take_part(&e, c->audit_draft, &at);
		rc = audit_rows_add(&s->audit_rows, log, &e, now_ms, err);
		if (rc != OK)
			return rc;
		if (!c->out.has_audit_index)
			c->out.audit_index = e.index;
		c->out.has_audit_index = true;
		atomic_fetch_add(&s->counters.audit_entries, 1);
	} while (has_more);
	return OK;
}
