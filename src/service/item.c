/* How a stored row becomes an item. Only the detail that the caller may see is filled in; the codec
 * shows what is there and asks for no rights. */
#include "service/item.h"

struct version_item version_item_make(const struct version_row *row, enum version_detail detail)
{
	struct version_item item = {.path = row->path,
				    .version = row->version,
				    .revision = row->revision,
				    .created_ms = row->created_ms};

	if (detail >= VERSION_AUTHOR) {
		item.has_author = true;
		item.created_by = row->created_by;
		item.message = row->message;
	}
	if (detail >= VERSION_DIGEST) {
		item.digest = row->digest;
		item.is_keyed = slice_starts_with(row->path, SLICE_LITERAL("secrets/"));
	}
	return item;
}
