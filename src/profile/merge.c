/*
 * Merging layers in the manner of RFC 7396: maps merge, null removes, every other value replaces.
 *
 * All layers are merged at once and key by key, not one layer after the other, so that the work is
 * linear in the size of the layers. For each key, the contributions of the layers are linked from
 * the last layer (which wins) down.
 *
 * Invariants: a value that a later layer replaces is never read, so it can cause no problem. The
 * number of merged values is bounded by DOC_NODES_MAX, the depth by DOC_DEPTH_MAX, the search in a
 * table by PROBES_MAX. Recursion goes merge_maps() - merge_entries() - merge_contributions(), one
 * level for each level of the tree.
 */
#include "profile/merge.h"

#include "doc/pointer.h"
#include "profile/special_key.h"
#include "profile/problem.h"

/* A key that some layer has, with the contributions to it. */
struct merge_entry {
	struct merged_key key;
	const struct contribution *top;
};

struct merge_table {
	struct merge_entry *entries;
	uint32_t *slots; /* positions + 1 */
	uint32_t mask;
	uint32_t count;
	uint32_t probes; /* slots that the last search passed */
};

/* A power of two, so that a mask gives the slot, and at least twice the count, so that searches
 * stay short. The product fits: callers bound the count by DOC_NODES_MAX * PROFILE_LAYERS_MAX. */
static uint32_t slots_for(uint32_t count)
{
	uint32_t size = 4;

	while (size < 2 * count)
		size *= 2;
	return size;
}

struct merged_node *merged_get(const struct merged_node *object, struct slice key,
			       struct budget *budget)
{
	uint64_t hash = slice_hash(key);
	uint32_t slot = (uint32_t)hash & object->table_mask;

	budget_spend_bytes_read(budget, key.len);
	if (object->from.kind != TREE_OBJECT)
		return NULL;
	for (uint32_t i = 0; i < PROBES_MAX && object->table[slot] != 0; i++) {
		budget_spend(budget, 1);
		const struct merged_key *k = &object->keys[object->table[slot] - 1];

		if (k->hash == hash && slice_is_equal(slice_make(k->text, k->len), key))
			return &object->children[object->table[slot] - 1];
		slot = (slot + 1) & object->table_mask;
	}
	return NULL;
}

/* From the root down, by recursion up the parents: at most DOC_DEPTH_MAX levels. */
void merged_append_name(struct buf *ret, const struct merged_node *d)
{
	if (d->parent == NULL) {
		if (d->is_var)
			buf_append_text(ret, "var:");
		return;
	}
	merged_append_name(ret, d->parent);
	if (d->parent->from.kind == TREE_OBJECT)
		pointer_append_key(ret, slice_make(d->parent->keys[d->position].text,
						   d->parent->keys[d->position].len));
	else
		pointer_append_index(ret, d->position);
}

/* Counts before it allocates, so that a profile over the bound costs no memory for it. */
enum result merged_alloc_children(struct merger *m, struct merged_node *d, uint32_t count)
{
	if (count > DOC_NODES_MAX || m->nodes > DOC_NODES_MAX - count)
		return fail(m->report->err, E_LIMIT, "merges to more than %d values",
			    DOC_NODES_MAX);
	m->nodes += count;
	if (!budget_spend(m->report->budget, (uint64_t)count * NODE_STEPS))
		return budget_result(m->report->budget, m->report->err);
	d->children = arena_alloc_array(m->arena, count, sizeof *d->children);
	if (d->from.kind == TREE_OBJECT)
		d->keys = arena_alloc_array(m->arena, count, sizeof *d->keys);
	if (d->children == NULL || (d->from.kind == TREE_OBJECT && d->keys == NULL))
		return arena_failure(m->arena, m->report->err);
	for (uint32_t i = 0; i < count; i++) {
		d->children[i].parent = d;
		d->children[i].position = i;
		d->children[i].is_var = d->is_var;
	}
	return OK;
}

enum result merge_fail_collisions(const struct merger *m)
{
	return fail(m->report->err, E_LIMIT, "holds too many keys or items of one hash");
}

enum result merged_index_keys(struct merger *m, struct merged_node *d)
{
	uint32_t size = slots_for(d->from.count);

	d->table = arena_alloc_array(m->arena, size, sizeof *d->table);
	if (d->table == NULL)
		return arena_failure(m->arena, m->report->err);
	d->table_mask = size - 1;
	for (uint32_t i = 0; i < d->from.count; i++) {
		uint32_t slot = (uint32_t)d->keys[i].hash & d->table_mask, probes = 0;

		for (; d->table[slot] != 0; slot = (slot + 1) & d->table_mask) {
			if (++probes == PROBES_MAX)
				return merge_fail_collisions(m);
		}
		d->table[slot] = i + 1;
		if (!budget_spend(m->report->budget, probes + 1))
			break;
	}
	return budget_result(m->report->budget, m->report->err);
}

/* The reader has made the hash of the key as written; only a key `$$x` needs a new one. */
static struct merged_key make_key(const struct tree_member *from)
{
	struct slice key = key_unescape(tree_key(from));

	return (struct merged_key){
		.text = key.data,
		.len = (uint32_t)key.len,
		.hash = key.len == from->key_len ? from->hash : slice_hash(key),
		.line = from->line,
		.column = from->column,
	};
}

/* Keys are unescaped here too: `$$x` is the key `$x` also inside lists and `$value`. */
enum result merge_literal(struct merger *m, struct merged_node *ret, const struct tree_node *n,
			  uint16_t source, unsigned depth)
{
	enum result rc;

	ret->from = *n;
	ret->from.source = source;
	if (n->kind != TREE_ARRAY && n->kind != TREE_OBJECT)
		return OK;
	if (depth > DOC_DEPTH_MAX)
		return fail(m->report->err, E_LIMIT, "nested deeper than %d", DOC_DEPTH_MAX);
	rc = merged_alloc_children(m, ret, n->count);
	for (uint32_t i = 0; i < n->count && rc == OK; i++) {
		const struct tree_node *child = &n->of.items[i];

		if (n->kind == TREE_OBJECT) {
			child = &n->of.members[i].value;
			ret->keys[i] = make_key(&n->of.members[i]);
		}
		rc = merge_literal(m, &ret->children[i], child, source, depth + 1);
	}
	if (rc == OK && n->kind == TREE_OBJECT)
		rc = merged_index_keys(m, ret);
	return rc;
}

enum contribution_form contribution_form(const struct contribution *v,
					 struct contribution *ret_meant)
{
	*ret_meant = *v;
	if (v->is_literal)
		return CONTRIBUTION_VALUE;
	if (v->node->kind == TREE_NULL)
		return CONTRIBUTION_REMOVE;
	if (v->node->kind != TREE_OBJECT)
		return CONTRIBUTION_VALUE;
	switch (map_form(v->node)) {
	case MAP_VALUE:
		ret_meant->node = &v->node->of.members[0].value;
		ret_meant->is_literal = true;
		return CONTRIBUTION_VALUE;
	case MAP_LIST_EDIT:
		return CONTRIBUTION_EDIT;
	default:
		return CONTRIBUTION_MAP;
	}
}

/* The entry of the key, which is added when it is missing; NULL when too many keys collide. */
static struct merge_entry *find_entry(struct merge_table *t, const struct merged_key *key)
{
	uint32_t slot = (uint32_t)key->hash & t->mask;
	struct slice text = slice_make(key->text, key->len);

	for (t->probes = 0; t->slots[slot] != 0; slot = (slot + 1) & t->mask) {
		struct merge_entry *e = &t->entries[t->slots[slot] - 1];

		if (e->key.hash == key->hash &&
		    slice_is_equal(slice_make(e->key.text, e->key.len), text))
			return e;
		if (++t->probes == PROBES_MAX)
			return NULL;
	}
	t->slots[slot] = ++t->count;
	t->entries[t->count - 1].key = *key;
	return &t->entries[t->count - 1];
}

/* Adds the members of a map on top of those in the table. Header keys, which are the only keys with
 * one `$` in a map that profile_read_header() passed, are no data. */
static enum result add_contributions(struct merger *m, struct merge_table *t,
				     const struct contribution *map)
{
	struct contribution *contributions =
		arena_alloc_array(m->arena, map->node->count, sizeof *contributions);

	if (contributions == NULL)
		return arena_failure(m->arena, m->report->err);
	for (uint32_t i = 0; i < map->node->count; i++) {
		const struct tree_member *member = &map->node->of.members[i];
		struct merged_key key = make_key(member);
		struct merge_entry *e;

		if (key_is_special(tree_key(member)))
			continue;
		e = find_entry(t, &key);
		if (e == NULL)
			return merge_fail_collisions(m);
		if (!budget_spend(m->report->budget, NODE_STEPS + t->probes + key.len / 16))
			return budget_result(m->report->budget, m->report->err);
		contributions[i] =
			(struct contribution){&member->value, e->top, map->source, map->is_literal};
		e->top = &contributions[i];
		/* The highest layer comes last, so its place of the key stays. */
		e->key.line = key.line;
		e->key.column = key.column;
	}
	return OK;
}

/* Fills the table from consecutive maps, the lowest layer first. */
static enum result gather_contributions(struct merger *m, struct merge_table *t,
					const struct contribution *maps, uint32_t maps_count)
{
	uint64_t members = 0;
	uint32_t size;
	enum result rc = OK;

	for (uint32_t i = 0; i < maps_count; i++)
		members += maps[i].node->count;
	if (members > (uint64_t)DOC_NODES_MAX * PROFILE_LAYERS_MAX)
		return fail(m->report->err, E_LIMIT, "merges too many values");
	size = slots_for((uint32_t)members);
	t->entries = arena_alloc_array(m->arena, members, sizeof *t->entries);
	t->slots = arena_alloc_array(m->arena, size, sizeof *t->slots);
	if (t->entries == NULL || t->slots == NULL)
		return arena_failure(m->arena, m->report->err);
	t->mask = size - 1;
	for (uint32_t i = 0; i < maps_count && rc == OK; i++)
		rc = add_contributions(m, t, &maps[i]);
	return rc;
}

static enum result merge_contributions(struct merger *m, struct merged_node *ret,
				       const struct contribution *top, bool *ret_is_absent,
				       unsigned depth);

/* Merges every key, in the order in which the lowest layers have them. A key that is removed leaves
 * no gap: the next one takes its place. The table of keys is built at the end, when it is known
 * which are left. */
static enum result merge_entries(struct merger *m, struct merged_node *ret, struct merge_table *t,
				 unsigned depth)
{
	uint32_t count = 0;
	enum result rc = merged_alloc_children(m, ret, t->count);

	if (rc != OK)
		return rc;
	for (uint32_t i = 0; i < t->count; i++) {
		const struct merge_entry *e = &t->entries[i];
		size_t pointer_len = m->pointer.len;
		bool is_absent = false;

		pointer_append_key(&m->pointer, slice_make(e->key.text, e->key.len));
		rc = merge_contributions(m, &ret->children[count], e->top, &is_absent, depth + 1);
		buf_cut(&m->pointer, pointer_len);
		if (rc != OK)
			return rc;
		if (!is_absent)
			ret->keys[count++] = e->key;
	}
	ret->from.count = count;
	return merged_index_keys(m, ret);
}

/* The merged map has the place of the highest layer that contributes to it. */
static enum result merge_maps(struct merger *m, struct merged_node *ret,
			      const struct contribution *maps, uint32_t maps_count, unsigned depth)
{
	struct merge_table t = {0};
	enum result rc;

	if (depth > DOC_DEPTH_MAX)
		return fail(m->report->err, E_LIMIT, "nested deeper than %d", DOC_DEPTH_MAX);
	if (maps_count != 0) {
		ret->from.line = maps[maps_count - 1].node->line;
		ret->from.column = maps[maps_count - 1].node->column;
		ret->from.source = maps[maps_count - 1].source;
	}
	ret->from.kind = TREE_OBJECT;
	rc = gather_contributions(m, &t, maps, maps_count);
	if (rc == OK)
		rc = merge_entries(m, ret, &t, depth);
	return rc;
}

/* Merges the maps from the top layer down to the first contribution that does not merge. That one
 * takes part if it is a map under `$value`. */
static enum result merge_map_run(struct merger *m, struct merged_node *ret,
				 const struct contribution *top, unsigned depth)
{
	struct contribution *maps;
	uint32_t length = 0, first;

	for (const struct contribution *v = top; v != NULL; v = v->below)
		length++;
	if (!budget_spend(m->report->budget, 2 * length))
		return budget_result(m->report->budget, m->report->err);
	maps = arena_alloc_array(m->arena, length, sizeof *maps);
	if (maps == NULL)
		return arena_failure(m->arena, m->report->err);
	first = length;
	for (const struct contribution *v = top; v != NULL; v = v->below) {
		struct contribution meant;
		enum contribution_form form = contribution_form(v, &meant);
		bool is_map = meant.node->kind == TREE_OBJECT;

		if (form == CONTRIBUTION_MAP || (form == CONTRIBUTION_VALUE && is_map))
			maps[--first] = meant;
		if (form != CONTRIBUTION_MAP)
			break;
	}
	return merge_maps(m, ret, &maps[first], length - first, depth);
}

static enum result merge_contributions(struct merger *m, struct merged_node *ret,
				       const struct contribution *top, bool *ret_is_absent,
				       unsigned depth)
{
	struct contribution meant;

	switch (contribution_form(top, &meant)) {
	case CONTRIBUTION_REMOVE:
		*ret_is_absent = true;
		return OK;
	case CONTRIBUTION_VALUE:
		return merge_literal(m, ret, meant.node, meant.source, depth);
	case CONTRIBUTION_EDIT:
		return merge_list_edits(m, ret, top, depth);
	default:
		return merge_map_run(m, ret, top, depth);
	}
}

enum result merge_layers(struct merged_node *ret, struct arena *scratch,
			 const struct profile_report *report, uint32_t layers_count, bool is_vars)
{
	struct merger m = {scratch, report, BUF_NULL, 0, is_vars, false};
	struct contribution maps[PROFILE_LAYERS_MAX];
	uint32_t count = 0;
	enum result rc;

	for (uint32_t i = 0; i < layers_count; i++) {
		const struct tree_node *root = report->layers[i]->root;

		if (is_vars)
			root = TREE_GET(root, "$vars");
		if (root != NULL)
			maps[count++] = (struct contribution){root, NULL, (uint16_t)i, false};
	}
	ret->is_var = is_vars;
	rc = merge_maps(&m, ret, maps, count, 1);
	if (rc == OK && m.has_problems)
		rc = E_INVALID;
	if (rc == OK)
		rc = buf_check(&m.pointer, report->err);
	buf_clear(&m.pointer);
	return rc;
}
