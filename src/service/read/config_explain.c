/*
 * The explained form of an effective configuration: its content, the origin of each value, its
 * secrets and its warnings.
 *
 * The cached entry is shared by all readers, so everything here depends on the reader's rights: the
 * origin of a value is absent for readers that may not read the document, and so is the name of a
 * secret. That a secret stands at a place is shown to all. Runs in workers, since a configuration
 * may have very many values.
 */
#include "service/read/config_explain.h"

#include "doc/pointer.h"
#include "service/engine/response.h"

#define VALUE_STEPS 20 /* of one value, but for its pointer */

enum reading { NOT_ASKED, MAY_NOT_READ_IT, MAY_READ_IT };

struct explaining {
	struct buf *out;
	const struct codec *codec;
	const struct effective_entry *entry;
	const struct rights *reader;
	struct budget *budget;
	struct buf pointer;		      /* of the value at hand */
	uint8_t readings[PROFILE_LAYERS_MAX]; /* enum reading, of each document that values come
						 from */
};

/* Asks once for each document and not for each value: a configuration of thousands of values comes
 * from few documents. */
static bool may_read_source(struct explaining *x, uint16_t source)
{
	const struct effective *e = &x->entry->effective;

	if (x->readings[source] == NOT_ASKED)
		x->readings[source] = rights_may(x->reader, MAY_READ, e->sources[source].path)
					      ? MAY_READ_IT
					      : MAY_NOT_READ_IT;
	return x->readings[source] == MAY_READ_IT;
}

static void explain_value(struct explaining *x, const struct tree_node *n)
{
	const struct effective *e = &x->entry->effective;
	struct origin_item origin = {.path = SLICE_NULL};

	/* A node without a line was made and not read, so it has no origin. */
	if (n->line == 0 || n->source >= e->sources_count ||
	    !budget_spend(x->budget, VALUE_STEPS + x->pointer.len / 8))
		return;
	if (may_read_source(x, n->source))
		origin = (struct origin_item){e->sources[n->source].path,
					      e->sources[n->source].version, n->line, n->column};
	x->codec->explained_value(x->out, buf_slice(&x->pointer), &origin);
}

/* The recursion goes no deeper than the tree, whose parser has bounded it. */
static void explain_under(struct explaining *x, const struct tree_node *n)
{
	size_t len = x->pointer.len;

	if ((n->kind != TREE_OBJECT && n->kind != TREE_ARRAY) || n->count == 0) {
		explain_value(x, n);
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

/* Whether `pointer` is `key` or lies below it: "/ab" is not below "/a". */
static bool is_under(struct slice pointer, struct slice key)
{
	return slice_starts_with(pointer, key) &&
	       (pointer.len == key.len || pointer.data[key.len] == '/');
}

static void explain_secrets(const struct explaining *x, struct slice key)
{
	const struct effective_entry *e = x->entry;

	for (uint32_t i = 0; i < e->effective.secrets_count && !buf_is_failed(x->out); i++) {
		const struct secret_ref *ref = &e->effective.secrets[i];
		struct secret_item item = {.pointer = ref->pointer};

		if (!is_under(ref->pointer, key))
			continue;
		if (rights_may(x->reader, MAY_READ, ref->path)) {
			item.path = ref->path;
			item.key = ref->key;
			item.version = e->secret_versions[i];
		}
		x->codec->explained_secret(x->out, &item);
	}
}

enum result config_explain_write(struct buf *ret, struct verb_context *ctx,
				 const struct effective_entry *e, const struct tree_node *n,
				 struct error *err)
{
	const struct codec *codec = ctx->call->codec;
	struct slice key = ctx->call->in.config.key;
	struct explaining x = {ret, codec, e, ctx->rights, ctx->budget, BUF_NULL, {NOT_ASKED}};
	enum result rc;

	buf_append_slice(&x.pointer, key);
	codec->explanation_begin(ret, n);
	explain_under(&x, n);
	codec->explanation_secrets(ret);
	explain_secrets(&x, key);
	codec->explanation_end(ret, &e->effective.warnings);
	ret->is_failed |= buf_is_failed(&x.pointer);
	buf_clear(&x.pointer);
	rc = budget_result(ctx->budget, err);
	return rc == OK ? response_check(ret, err) : rc;
}
