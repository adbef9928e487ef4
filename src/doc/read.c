#include "doc/read.h"

#include "doc/json_read.h"

enum result doc_read(struct tree *ret, enum doc_format format, struct slice input,
		     const struct doc_limits *limits, struct doc_warnings *warnings,
		     struct error *err)
{
	if (warnings != NULL)
		warnings->count = warnings->dropped = 0;
	if (input.len > limits->bytes_max || input.len >= UINT32_MAX)
		return fail(err, E_TOO_LARGE, "the document is larger than %zu bytes",
			    limits->bytes_max);
	if (format == DOC_JSON)
		return json_read(ret, input, limits, err);
	return fail(err, E_UNSUPPORTED, "only JSON can be read as yet");
}
