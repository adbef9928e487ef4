/*
 * The JSON pointer of a place. It is made from the places above it when it is needed: for the
 * location of a subschema and for the pointer in a refusal.
 */
#include "schema/compile/resource_index.h"

#include "doc/pointer.h"
#include "doc/read.h"

/* Collects the places up to the root, then appends their steps in the order of the pointer. */
void index_append_pointer(const struct resource_index *idx, uint32_t place, bool is_in_resource,
			  struct buf *ret)
{
	uint32_t chain[DOC_DEPTH_MAX * 4];
	uint32_t depth = 0;

	for (uint32_t at = place; at != NONE && depth < ARRAY_SIZE(chain);
	     at = index_place(idx, at)->parent) {
		const struct place *p = index_place(idx, at);

		if (p->parent == NONE ||
		    (is_in_resource && index_resource(idx, p->resource)->root == at))
			break;
		chain[depth++] = at;
	}
	while (depth-- > 0) {
		const struct place *p = index_place(idx, chain[depth]);

		if (p->keyword.len != 0 && p->keyword.data[0] == '/')
			buf_append_slice(ret, p->keyword); /* part of the pointer in a reference */
		else
			pointer_append_key(ret, p->keyword);
		if (p->key.data != NULL)
			pointer_append_key(ret, p->key);
		if (p->index != NONE)
			pointer_append_index(ret, p->index);
	}
}
