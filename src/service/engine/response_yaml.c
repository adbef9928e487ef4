#include "service/engine/response_yaml.h"
#include "service/engine/response.h"

#include "doc/read.h"
#include "doc/write.h"

bool render_is_needed(const struct call *c)
{
	if (!c->in.wants_yaml || c->out.result != OK || c->out.body == NULL)
		return false;
	return c->out.kind == BODY_JSON ||
	       (c->out.kind == BODY_SOURCE && slice_is_text(c->out.content_type, CONTENT_JSON));
}

enum result render_yaml(struct call *c, struct budget *budget, struct error *err)
{
	const struct shared_body *json = c->out.body;
	CLEANUP(buf_clear) struct buf yaml = BUF_RESPONSE;
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, json->is_secret);
	const struct doc_limits limits = {json->bytes.len, 2 * DOC_DEPTH_MAX, UINT32_MAX, budget};
	struct shared_body *body;
	enum result rc = doc_read(&tree, DOC_JSON, buf_slice(&json->bytes), &limits, NULL, err);

	if (rc != OK)
		return rc;
	yaml_write(&yaml, &tree.root);
	rc = response_check(&yaml, err);
	if (rc != OK)
		return rc;
	body = shared_body_new(&yaml, json->is_secret);
	if (body == NULL)
		return fail(err, E_MEMORY, "out of memory");
	shared_body_unref(c->out.body);
	c->out.body = body;
	c->out.kind = BODY_YAML;
	return OK;
}
