/*
 * Comparisons of documents and of effective configurations.
 *
 * Two trees are compared by doc/diff.h; this file decides what of a difference may be shown.
 * Differences are handed to the sink one by one while they are found, so that a comparison holds no
 * list of them. All work is charged to the sink's budget.
 *
 * Two configurations can be equal as trees and still differ: a reference "${secret:a#b}" is the
 * same text after the secret was rotated. So a second pass compares the versions that equal
 * references mean; the references of one side are sorted by a hash, so that it takes n log n.
 */
#include "service/state/diff.h"

#include "doc/diff.h"

#include <stdlib.h>

#define REFERENCE_STEPS 20 /* of one reference to a secret, but for its pointer */

struct document_diff {
	const struct diff_sink *sink;
	bool is_secret;
};

/* Of a secret document only pointer and operation are given; values stay NULL. */
static enum result give_document_difference(void *ctx, enum diff_op op, struct slice pointer,
					    const struct tree_node *from,
					    const struct tree_node *to, struct error *err)
{
	const struct document_diff *d = ctx;
	struct difference_item item = {.pointer = pointer, .op = op, .is_secret = d->is_secret};

	if (!d->is_secret) {
		item.from = from;
		item.to = to;
	}
	return d->sink->each(d->sink->ctx, &item, err);
}

enum result diff_documents(const struct tree_node *from, const struct tree_node *to, bool is_secret,
			   const struct diff_sink *sink, struct error *err)
{
	struct document_diff d = {sink, is_secret};

	return diff_trees(from, to, give_document_difference, &d, sink->budget, err);
}

struct config_diff {
	const struct effective_entry *from, *to;
	const struct schema *schema;
	const struct diff_sink *sink;
};

/* Absent where no document wrote the value (line 0). The reader learns of an origin only if it may
 * read that document: even its path could tell of a parent that it may not know. */
static struct origin_item origin_of(const struct effective_entry *e, const struct rights *reader,
				    const struct tree_node *n)
{
	const struct effective *from = &e->effective;

	if (n->line == 0 || n->source >= from->sources_count ||
	    !rights_may(reader, MAY_READ, from->sources[n->source].path))
		return (struct origin_item){.path = SLICE_NULL};
	return (struct origin_item){from->sources[n->source].path, from->sources[n->source].version,
				    n->line, n->column};
}

/* Adds how a consumer may take the change on, as the schema's x-reload says, and hands the
 * difference to the sink. */
static enum result give(const struct config_diff *d, struct difference_item *item,
			struct error *err)
{
	item->has_reload = true;
	item->reload = RELOAD_NEXT_RUN;
	if (d->schema != NULL && !schema_reload_at(d->schema, item->pointer, &item->reload))
		return fail(err, E_MEMORY, "out of memory");
	return d->sink->each(d->sink->ctx, item, err);
}

static bool is_reference(const struct tree_node *n)
{
	return n != NULL && (n->flags & TREE_IS_SECRET) != 0;
}

/* The origin is that of the new value; of a removed one, the old value's. */
static enum result give_config_difference(void *ctx, enum diff_op op, struct slice pointer,
					  const struct tree_node *from, const struct tree_node *to,
					  struct error *err)
{
	const struct config_diff *d = ctx;
	struct difference_item item = {.pointer = pointer,
				       .op = op,
				       .from = from,
				       .to = to,
				       .is_secret = is_reference(from) || is_reference(to)};

	if (to != NULL)
		item.origin = origin_of(d->to, d->sink->reader, to);
	else if (from != NULL)
		item.origin = origin_of(d->from, d->sink->reader, from);
	return give(d, &item, err);
}

/* A reference of the older configuration, by a hash of its place, path and pinned version,
 * which a bisection finds: a configuration may hold thousands of them. */
struct ref_slot {
	uint64_t hash;
	uint32_t at;
};

/* The constant (2^64 divided by the golden ratio) keeps path and pointer from cancelling each
 * other. A collision only costs a comparison. */
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

/* The first slot whose hash is not lower. */
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

/* Whether the i-th reference of the newer configuration now means another version. Equal references
 * of one configuration all mean the same version. */
static bool is_rotated(const struct config_diff *d, const struct ref_slot *slots, uint32_t i)
{
	const struct effective *from = &d->from->effective;
	const struct secret_ref *ref = &d->to->effective.secrets[i];
	uint64_t hash = hash_ref(ref);
	uint32_t at = first_slot(slots, from->secrets_count, hash);

	for (; at < from->secrets_count && slots[at].hash == hash; at++) {
		if (!budget_spend(d->sink->budget, 2))
			return false;
		if (is_same_reference(&from->secrets[slots[at].at], ref))
			return d->from->secret_versions[slots[at].at] != d->to->secret_versions[i];
	}
	return false;
}

/* The new version is named only to readers who may read the secret. */
static enum result give_rotated(const struct config_diff *d, uint32_t i, struct error *err)
{
	const struct secret_ref *ref = &d->to->effective.secrets[i];
	struct difference_item item = {.pointer = ref->pointer,
				       .op = DIFF_REPLACE,
				       .is_secret = true};

	if (rights_may(d->sink->reader, MAY_READ, ref->path)) {
		item.origin.path = ref->path;
		item.origin.version = d->to->secret_versions[i];
	}
	return give(d, &item, err);
}

/* References that stand where they stood and say what they said, and now mean another version. Each
 * costs steps by the length of its pointer, which is hashed here and may be written by the sink. */
static enum result give_each_rotated(const struct config_diff *d, struct error *err)
{
	const struct effective *from = &d->from->effective, *to = &d->to->effective;
	struct budget *budget = d->sink->budget;
	CLEANUP(alloc_freep)
	struct ref_slot *slots = alloc_zero_array(from->secrets_count, sizeof *slots);
	enum result rc = OK;

	if (slots == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; i < from->secrets_count; i++) {
		slots[i] = (struct ref_slot){hash_ref(&from->secrets[i]), i};
		if (!budget_spend(budget, REFERENCE_STEPS + from->secrets[i].pointer.len / 16))
			return budget_result(budget, err);
	}
	qsort(slots, from->secrets_count, sizeof *slots, compare_slots);
	for (uint32_t i = 0; rc == OK && i < to->secrets_count; i++) {
		if (!budget_spend(budget, REFERENCE_STEPS + to->secrets[i].pointer.len / 8))
			break;
		if (is_rotated(d, slots, i))
			rc = give_rotated(d, i, err);
	}
	return rc == OK ? budget_result(budget, err) : rc;
}

enum result diff_configs(const struct effective_entry *from, const struct effective_entry *to,
			 const struct schema *schema, const struct diff_sink *sink,
			 struct error *err)
{
	struct config_diff d = {from, to, schema, sink};
	enum result rc = diff_trees(from != NULL ? &from->effective.tree.root : NULL,
				    to != NULL ? &to->effective.tree.root : NULL,
				    give_config_difference, &d, sink->budget, err);

	return rc == OK && from != NULL && to != NULL ? give_each_rotated(&d, err) : rc;
}
