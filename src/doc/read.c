/* Chooses the reader and bounds the length of the input before any work. Lengths of texts in a tree
 * have 32 bits, so no limit may exceed that. */
#include "doc/read.h"

#include "base/text.h"
#include "doc/json_read.h"
#include "doc/yaml_read.h"
#include "doc/yaml_scalar.h"

enum result doc_read(struct tree *ret, enum doc_format format, struct slice input,
		     const struct doc_limits *limits, struct doc_warnings *warnings,
		     struct error *err)
{
	if (warnings != NULL)
		warnings->count = warnings->dropped = 0;
	if (input.len > limits->bytes_max || input.len >= UINT32_MAX)
		return fail(err, E_TOO_LARGE, "the document is larger than %zu bytes",
			    limits->bytes_max);
	return format == DOC_JSON ? json_read(ret, input, limits, err)
				  : yaml_read(ret, input, limits, warnings, err);
}

enum result doc_read_scalar(struct tree_node *ret, struct arena *a, struct slice text,
			    struct error *err)
{
	if (utf8_check(text) != SIZE_MAX)
		return fail(err, E_MALFORMED, "the text is not valid UTF-8");
	return yaml_set_scalar(ret, a, yaml_classify(text), text, err);
}
