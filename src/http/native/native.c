#include "http/native/native.h"
#include "http/native/native_json.h"

const struct codec native_codec = {
	.list_begin = native_list_begin,
	.list_end = native_list_end,
	.version = native_version,
	.dependent = native_dependent,
};

void native_list_begin(struct buf *b)
{
	buf_append_text(b, "{\"items\":[");
}

void native_list_end(struct buf *b)
{
	buf_append_text(b, "]}");
}
