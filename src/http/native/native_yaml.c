/*
 * Turns a finished body into YAML. Only the JSON form of a response is written by hand; its YAML is
 * made from it, so both always say the same. It costs one more parse, which the call's budget pays
 * for.
 */
#include "http/native/native_json.h"

#include "doc/read.h"
#include "doc/write.h"

enum result native_to_yaml(struct buf *ret, struct slice body, bool is_secret,
			   struct budget *budget, struct error *err)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, is_secret);
	/* Our own objects stand around a document that may be as deep as a document can be. */
	const struct doc_limits limits = {body.len, 2 * DOC_DEPTH_MAX, UINT32_MAX, budget};
	enum result rc = doc_read(&tree, DOC_JSON, body, &limits, NULL, err);

	if (rc == OK)
		yaml_write(ret, &tree.root);
	return rc;
}
