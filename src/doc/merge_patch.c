/*
 * JSON Merge Patch, RFC 7396: members of the patch replace those of the target, null removes,
 * everything that is no object replaces the whole value, arrays included.
 *
 * Copies nothing but arrays of members: values are shared with target and patch, which must outlive
 * the result. The order of the target is kept, so that a diff of the result is short. The recursion
 * is bounded by the depth of the patch.
 */
#include "doc/diff.h"

static enum result fail_memory(const struct arena *a, struct error *err)
{
	if (a->is_exhausted)
		return fail(err, E_LIMIT, "the patched document needs more memory than it may use");
	return fail(err, E_MEMORY, "out of memory");
}

/* The new value of a member: the patch's value merged into `target` (NULL: the target has no such
 * key). The key has the place of the patch. */
static enum result patch_member(struct tree_member *ret, struct arena *a,
				const struct tree_node *target, const struct tree_member *patch,
				struct error *err)
{
	struct tree_member member = *patch;
	enum result rc = merge_patch(&member.value, a, target, &patch->value, err);

	if (rc == OK)
		*ret = member;
	return rc;
}

/* The members of the target after the patch, in their order, then those that the patch adds (RFC
 * 7396, section 2). */
static enum result patch_members(struct tree_member *ret, uint32_t *ret_count, struct arena *a,
				 const struct tree_node *target, const struct tree_node *patch,
				 struct error *err)
{
	uint32_t count = 0, targets = target != NULL ? target->count : 0;
	enum result rc;

	for (uint32_t i = 0; i < targets; i++) {
		const struct tree_member *m = &target->of.members[i];
		const struct tree_member *p = tree_get_member_hashed(patch, tree_key(m), m->hash);

		if (p == NULL) {
			ret[count++] = *m;
		} else if (p->value.kind != TREE_NULL) {
			rc = patch_member(&ret[count++], a, &m->value, p, err);
			if (rc != OK)
				return rc;
		}
	}
	for (uint32_t i = 0; i < patch->count; i++) {
		const struct tree_member *p = &patch->of.members[i];

		if (p->value.kind == TREE_NULL ||
		    tree_get_hashed(target, tree_key(p), p->hash) != NULL)
			continue;
		rc = patch_member(&ret[count++], a, NULL, p, err);
		if (rc != OK)
			return rc;
	}
	*ret_count = count;
	return OK;
}

enum result merge_patch(struct tree_node *ret, struct arena *a, const struct tree_node *target,
			const struct tree_node *patch, struct error *err)
{
	struct tree_member *members;
	struct tree_node merged;
	uint32_t count = 0;
	enum result rc;

	if (patch->kind != TREE_OBJECT) {
		*ret = *patch;
		return OK;
	}
	/* Section 2: a target that is no object counts as an empty one. Nulls within the patch are
	 * dropped also there. */
	if (target != NULL && target->kind != TREE_OBJECT)
		target = NULL;
	members = arena_alloc_array(a, (size_t)patch->count + (target != NULL ? target->count : 0),
				    sizeof *members);
	if (members == NULL)
		return fail_memory(a, err);
	rc = patch_members(members, &count, a, target, patch, err);
	if (rc == OK)
		rc = tree_set_object(&merged, a, members, count, err);
	if (rc != OK)
		return rc;
	merged.line = target != NULL ? target->line : patch->line;
	merged.column = target != NULL ? target->column : patch->column;
	*ret = merged;
	return OK;
}
