/* Where a place is in its document. */
#include "schema/compile/resource_index.h"

#include "doc/pointer.h"
#include "doc/read.h"

/* Places up to the root, or to the resource's, in the order of the pointer. */
void index_append_pointer(const struct resource_index *f, uint32_t place, bool is_in_resource,
			  struct buf *ret)
{
	uint32_t chain[DOC_DEPTH_MAX * 4];
	uint32_t depth = 0;

	for (uint32_t at = place; at != NONE && depth < ARRAY_SIZE(chain);
	     at = index_place(f, at)->parent) {
		const struct place *p = index_place(f, at);

		if (p->parent == NONE ||
		    (is_in_resource && index_resource(f, p->resource)->root == at))
			break;
		chain[depth++] = at;
	}
	while (depth-- > 0) {
		const struct place *p = index_place(f, chain[depth]);

		if (p->keyword.len != 0 && p->keyword.data[0] == '/')
			buf_append_slice(ret, p->keyword); /* a pointer that a reference named */
		else
			pointer_append_key(ret, p->keyword);
		if (p->key.data != NULL)
			pointer_append_key(ret, p->key);
		if (p->index != NONE)
			pointer_append_index(ret, p->index);
	}
}
