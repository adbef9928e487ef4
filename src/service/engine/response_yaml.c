/* Responses as YAML. The codec turns the finished JSON into YAML, so that verbs write one form only
 * and only clients that ask for YAML pay for it. On failure the JSON stays in its place. */
#include "service/engine/response_yaml.h"

#include "service/codec.h"
#include "service/engine/response.h"
#include "service/state/open_content.h"

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
	struct shared_body *body;
	enum result rc =
		c->codec->to_yaml(&yaml, buf_slice(&json->bytes), json->is_secret, budget, err);

	if (rc == OK)
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
