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
