/* The rule: of every leaf it can be said which document, version, line and column set it, to who may read that document. */
#include "service/read/config.h"
#include "service/read/read.h"
#include "service/engine/response.h"
#include "doc/json_member.h"

#include "base/text.h"
#include "doc/diff.h"
#include "doc/pointer.h"
#include "doc/write.h"

#include <stdlib.h>

#define LEAF_STEPS 20 /* of one explained, or shown in a diff, but for its pointer */

static void append_origin(struct buf *b, const struct effective_entry *e,
			  const struct rights *reader, const struct tree_node *n)
{
	const struct effective *from = &e->effective;

	if (n->line == 0 || n->source >= from->sources_count ||
	    !rights_may(reader, MAY_READ, from->sources[n->source].path))
		return;
	json_member(b, "origin");
	buf_append_char(b, '{');
	json_member_text(b, "path", from->sources[n->source].path);
	json_member_u64(b, "version", from->sources[n->source].version);
	json_member_u64(b, "line", n->line);
	json_member_u64(b, "column", n->column);
	buf_append_char(b, '}');
}

enum reading { NOT_ASKED, MAY_NOT_READ_IT, MAY_READ_IT };

struct explaining {
	struct buf *out;
	const struct effective_entry *entry;
	const struct rights *reader;
	struct budget *budget;
	struct buf pointer;
	uint8_t sources
		[PROFILE_LAYERS_MAX]; /* enum reading, of each document that values come from */
};

static bool may_read_source(struct explaining *x, uint16_t source)
{
	const struct effective *e = &x->entry->effective;

	if (x->sources[source] == NOT_ASKED)
		x->sources[source] = rights_may(x->reader, MAY_READ, e->sources[source].path)
					     ? MAY_READ_IT
					     : MAY_NOT_READ_IT;
	return x->sources[source] == MAY_READ_IT;
}

static void explain_leaf(struct explaining *x, const struct tree_node *n)
{
	const struct effective *e = &x->entry->effective;
	struct buf *b = x->out;

	if (n->line == 0 || n->source >= e->sources_count ||
	    !budget_spend(x->budget, LEAF_STEPS + x->pointer.len / 8))
		return;
	json_comma(b);
	json_append_string(b, buf_slice(&x->pointer));
	buf_append_text(b, ":{");
	if (may_read_source(x, n->source)) {
		json_member_text(b, "path", e->sources[n->source].path);
		json_member_u64(b, "version", e->sources[n->source].version);
		json_member_u64(b, "line", n->line);
		json_member_u64(b, "column", n->column);
	}
	buf_append_char(b, '}');
}

/* No deeper than the tree, which its reader has bounded. */
static void explain_under(struct explaining *x, const struct tree_node *n)
{
	size_t len = x->pointer.len;

	if ((n->kind != TREE_OBJECT && n->kind != TREE_ARRAY) || n->count == 0) {
		explain_leaf(x, n);
		return;
	}
	for (uint32_t i = 0; i < n->count && !buf_is_failed(x->out); i++) {
		if (n->kind == TREE_OBJECT) {
			pointer_append_key(&x->pointer, tree_key(&n->of.members[i]));
			explain_under(x, &n->of.members[i].value);
		} else {
			pointer_append_index(&x->pointer, i);
			explain_under(x, &n->of.items[i]);
		}
		buf_cut(&x->pointer, len);
	}
}

/* Whether the place is the key's or lies below it: "/ab" is not below "/a". */
static bool is_under(struct slice pointer, struct slice key)
{
	return slice_starts_with(pointer, key) &&
	       (pointer.len == key.len || pointer.data[key.len] == '/');
}

/* Which secret it is stands there for who may read it; that a secret stands at the place, for all. */
static void append_secrets(struct buf *b, const struct effective_entry *e,
			   const struct rights *reader, struct slice key)
{
	json_member(b, "secrets");
	buf_append_char(b, '{');
	for (uint32_t i = 0; i < e->effective.secrets_count && !buf_is_failed(b); i++) {
		const struct secret_ref *ref = &e->effective.secrets[i];

		if (!is_under(ref->pointer, key))
			continue;
		json_comma(b);
		json_append_string(b, ref->pointer);
		buf_append_text(b, ":{");
		if (rights_may(reader, MAY_READ, ref->path)) {
			json_member_text(b, "path", ref->path);
			json_member_text(b, "key", ref->key);
			json_member_u64(b, "version", e->secret_versions[i]);
		}
		buf_append_char(b, '}');
	}
	buf_append_char(b, '}');
}

enum result explain_write(struct buf *ret, struct verb_context *ctx,
			  const struct effective_entry *e, const struct tree_node *n,
			  struct slice key, struct error *err)
{
	struct explaining x = {ret, e, ctx->rights, ctx->budget, BUF_NULL, {NOT_ASKED}};
	enum result rc;
	const struct doc_warnings *w = &e->effective.warnings;

	buf_append_slice(&x.pointer, key);
	buf_append_text(ret, "{\"content\":");
	json_write(ret, n);
	json_member(ret, "origins");
	buf_append_char(ret, '{');
	explain_under(&x, n);
	buf_append_char(ret, '}');
	append_secrets(ret, e, ctx->rights, key);
	json_member(ret, "warnings");
	buf_append_char(ret, '[');
	for (uint32_t i = 0; i < w->count; i++) {
		json_comma(ret);
		json_append_string(ret, slice_text(w->items[i].text));
	}
	buf_append_text(ret, "]}");
	ret->is_failed |= buf_is_failed(&x.pointer);
	buf_clear(&x.pointer);
	rc = budget_result(ctx->budget, err);
	return rc == OK ? response_check(ret, err) : rc;
}

struct diffing {
	struct buf *out;
	const struct effective_entry *from, *to;
	const struct schema *schema;
	const struct rights *reader;
	struct budget *budget;
};

static void begin_item(struct diffing *d, struct slice pointer, enum diff_op op)
{
	json_comma(d->out);
	buf_append_char(d->out, '{');
	json_member_text(d->out, "pointer", pointer);
	json_member_text(d->out, "op", slice_text(diff_op_name(op)));
}

static void end_item(struct diffing *d, struct slice pointer, bool is_secret)
{
	enum schema_reload reload = RELOAD_NEXT_RUN;

	if (d->schema != NULL && !schema_reload_at(d->schema, pointer, &reload))
		d->out->is_failed = true;
	json_member_bool(d->out, "secret", is_secret);
	json_member_text(d->out, "reload", slice_text(schema_reload_name(reload)));
}

static enum result write_difference(void *ctx, enum diff_op op, struct slice pointer,
				    const struct tree_node *from, const struct tree_node *to,
				    struct error *err)
{
	struct diffing *d = ctx;
	bool is_secret = (from != NULL && (from->flags & TREE_IS_SECRET) != 0) ||
			 (to != NULL && (to->flags & TREE_IS_SECRET) != 0);

	begin_item(d, pointer, op);
	if (from != NULL) {
		json_member(d->out, "from");
		json_write(d->out, from);
	}
	if (to != NULL) {
		json_member(d->out, "to");
		json_write(d->out, to);
	}
	end_item(d, pointer, is_secret);
	if (to != NULL)
		append_origin(d->out, d->to, d->reader, to);
	else if (from != NULL)
		append_origin(d->out, d->from, d->reader, from);
	buf_append_char(d->out, '}');
	return response_check(d->out, err);
}

/* A reference of the older configuration by what it says and where. */
struct ref_slot {
	uint64_t hash;
	uint32_t at;
};

static uint64_t hash_ref(const struct secret_ref *ref)
{
	return hash_fold(slice_hash(ref->pointer) ^ ref->version,
			 slice_hash(ref->path) ^ UINT64_C(0x9e3779b97f4a7c15));
}

static int compare_slots(const void *x, const void *y)
{
	const struct ref_slot *a = x, *b = y;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* Where slots of the hash, or of a higher one, begin. */
static uint32_t first_slot(const struct ref_slot *slots, uint32_t count, uint64_t hash)
{
	uint32_t low = 0;

	while (low < count) {
		uint32_t middle = low + (count - low) / 2;

		if (slots[middle].hash < hash)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

static bool is_same_reference(const struct secret_ref *a, const struct secret_ref *b)
{
	return a->version == b->version && slice_is_equal(a->path, b->path) &&
	       slice_is_equal(a->pointer, b->pointer);
}

/* Whether it now means another version. Of one path and version all references mean the same. */
static bool is_rotated(const struct diffing *d, const struct ref_slot *slots, uint32_t i)
{
	const struct effective *from = &d->from->effective;
	const struct secret_ref *ref = &d->to->effective.secrets[i];
	uint64_t hash = hash_ref(ref);
	uint32_t at = first_slot(slots, from->secrets_count, hash);

	for (; at < from->secrets_count && slots[at].hash == hash; at++) {
		if (!budget_spend(d->budget, 2))
			return false;
		if (is_same_reference(&from->secrets[slots[at].at], ref))
			return d->from->secret_versions[slots[at].at] != d->to->secret_versions[i];
	}
	return false;
}

static void write_rotated(struct diffing *d, uint32_t i)
{
	const struct secret_ref *ref = &d->to->effective.secrets[i];

	begin_item(d, ref->pointer, DIFF_REPLACE);
	end_item(d, ref->pointer, true);
	if (rights_may(d->reader, MAY_READ, ref->path)) {
		json_member(d->out, "origin");
		buf_append_char(d->out, '{');
		json_member_text(d->out, "path", ref->path);
		json_member_u64(d->out, "version", d->to->secret_versions[i]);
		buf_append_char(d->out, '}');
	}
	buf_append_char(d->out, '}');
}

/* The same reference at the same place, which now means another version. */
static enum result append_rotated(struct diffing *d, struct error *err)
{
	const struct effective *from = &d->from->effective, *to = &d->to->effective;
	CLEANUP(alloc_freep)
	struct ref_slot *slots = alloc_zero_array(from->secrets_count, sizeof *slots);

	if (slots == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; i < from->secrets_count; i++) {
		slots[i] = (struct ref_slot){hash_ref(&from->secrets[i]), i};
		if (!budget_spend(d->budget, LEAF_STEPS + from->secrets[i].pointer.len / 16))
			return budget_result(d->budget, err);
	}
	qsort(slots, from->secrets_count, sizeof *slots, compare_slots);
	for (uint32_t i = 0; i < to->secrets_count && !buf_is_failed(d->out); i++) {
		if (!budget_spend(d->budget, LEAF_STEPS + to->secrets[i].pointer.len / 8))
			break;
		if (is_rotated(d, slots, i))
			write_rotated(d, i);
	}
	return budget_result(d->budget, err);
}

enum result config_diff_write(struct buf *ret, const struct effective_entry *from,
			      const struct effective_entry *to, const struct schema *schema,
			      const struct verb_context *ctx, struct error *err)
{
	struct diffing d = {ret, from, to, schema, ctx->rights, ctx->budget};
	enum result rc;

	buf_append_char(ret, '[');
	rc = diff_trees(from != NULL ? &from->effective.tree.root : NULL,
			to != NULL ? &to->effective.tree.root : NULL, write_difference, &d,
			ctx->budget, err);
	if (rc == OK && from != NULL && to != NULL)
		rc = append_rotated(&d, err);
	buf_append_char(ret, ']');
	return rc == OK ? response_check(ret, err) : rc;
}
