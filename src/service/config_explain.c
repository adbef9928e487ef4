/* The rule: of every leaf it can be said which document, version, line and column set it, to who may read that document. */
#include "service/config.h"

#include "base/text.h"
#include "doc/diff.h"
#include "doc/pointer.h"
#include "doc/write.h"

#define ROTATED_COMPARES_MAX 10000000

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

struct explaining {
	struct buf *out;
	const struct effective_entry *entry;
	const struct rights *reader;
	struct buf pointer;
};

static void explain_leaf(struct explaining *x, const struct tree_node *n)
{
	const struct effective *e = &x->entry->effective;
	struct buf *b = x->out;

	if (n->line == 0 || n->source >= e->sources_count)
		return;
	json_comma(b);
	json_append_string(b, buf_slice(&x->pointer));
	buf_append_text(b, ":{");
	if (rights_may(x->reader, MAY_READ, e->sources[n->source].path)) {
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

static void append_secrets(struct buf *b, const struct effective_entry *e, struct slice key)
{
	json_member(b, "secrets");
	buf_append_char(b, '{');
	for (uint32_t i = 0; i < e->effective.secrets_count && !buf_is_failed(b); i++) {
		const struct secret_ref *ref = &e->effective.secrets[i];

		if (!slice_starts_with(ref->pointer, key))
			continue;
		json_comma(b);
		json_append_string(b, ref->pointer);
		buf_append_text(b, ":{");
		json_member_text(b, "path", ref->path);
		json_member_text(b, "key", ref->key);
		json_member_u64(b, "version", e->secret_versions[i]);
		buf_append_char(b, '}');
	}
	buf_append_char(b, '}');
}

enum result explain_write(struct buf *ret, struct scene *scene, const struct effective_entry *e,
			  const struct tree_node *n, struct slice key, struct error *err)
{
	struct explaining x = {ret, e, scene->rights, BUF_NULL};
	const struct doc_warnings *w = &e->effective.warnings;

	buf_append_slice(&x.pointer, key);
	buf_append_text(ret, "{\"content\":");
	json_write(ret, n);
	json_member(ret, "origins");
	buf_append_char(ret, '{');
	explain_under(&x, n);
	buf_append_char(ret, '}');
	append_secrets(ret, e, key);
	json_member(ret, "warnings");
	buf_append_char(ret, '[');
	for (uint32_t i = 0; i < w->count; i++) {
		json_comma(ret);
		json_append_string(ret, slice_text(w->items[i].text));
	}
	buf_append_text(ret, "]}");
	ret->is_failed |= buf_is_failed(&x.pointer);
	buf_clear(&x.pointer);
	return answer_check(ret, err);
}

struct diffing {
	struct buf *out;
	const struct effective_entry *from, *to;
	const struct schema *schema;
	const struct rights *reader;
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
	enum schema_reload reload =
		d->schema != NULL ? schema_reload_at(d->schema, pointer) : RELOAD_NEXT_RUN;

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
	return answer_check(d->out, err);
}

/* The same reference at the same place, which now means another version. */
static void append_rotated(struct diffing *d)
{
	const struct effective *from = &d->from->effective, *to = &d->to->effective;

	if ((uint64_t)from->secrets_count * to->secrets_count > ROTATED_COMPARES_MAX)
		return;
	for (uint32_t i = 0; i < to->secrets_count; i++) {
		for (uint32_t j = 0; j < from->secrets_count; j++) {
			const struct secret_ref *a = &from->secrets[j], *b = &to->secrets[i];

			if (!slice_is_equal(a->pointer, b->pointer) ||
			    !slice_is_equal(a->path, b->path) || a->version != b->version ||
			    d->from->secret_versions[j] == d->to->secret_versions[i])
				continue;
			begin_item(d, b->pointer, DIFF_REPLACE);
			end_item(d, b->pointer, true);
			json_member(d->out, "origin");
			buf_append_char(d->out, '{');
			json_member_text(d->out, "path", b->path);
			json_member_u64(d->out, "version", d->to->secret_versions[i]);
			buf_append_char(d->out, '}');
			buf_append_char(d->out, '}');
			break;
		}
	}
}

enum result config_diff_write(struct buf *ret, const struct effective_entry *from,
			      const struct effective_entry *to, const struct schema *schema,
			      const struct rights *reader, struct error *err)
{
	struct diffing d = {ret, from, to, schema, reader};
	enum result rc;

	buf_append_char(ret, '[');
	rc = diff_trees(from != NULL ? &from->effective.tree.root : NULL,
			to != NULL ? &to->effective.tree.root : NULL, write_difference, &d, err);
	if (rc != OK)
		return rc;
	if (from != NULL && to != NULL)
		append_rotated(&d);
	buf_append_char(ret, ']');
	return answer_check(ret, err);
}
