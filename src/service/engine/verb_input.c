#include "service/engine/engine.h"

uint32_t call_limit(const struct service *s, const struct call *c)
{
	uint32_t limit = c->in.limit != 0 ? c->in.limit : 100;

	return limit < s->state.settings.limit_max ? limit : s->state.settings.limit_max;
}

enum result revision_asked(struct verb_context *ctx, uint64_t *ret, struct error *err)
{
	const struct call_input *in = &ctx->call->in;
	uint64_t revision = in->revision;
	enum result rc;

	if (in->at_ms != 0) {
		rc = store_revision_at(ctx->session, in->at_ms, &revision, err);
		if (rc != OK)
			return rc;
		if (revision == 0)
			return fail(err, E_NOT_FOUND, "there was nothing yet at that time");
	}
	if (revision > ctx->snapshot->revision)
		return fail(err, E_NOT_FOUND, "revision %llu does not exist",
			    (unsigned long long)revision);
	*ret = revision;
	return OK;
}

void verb_view_init(struct view *ret, const struct verb_context *ctx, uint64_t at_revision,
		    const struct rights *reader)
{
	view_init(ret, &ctx->service->state, ctx->snapshot, ctx->session, ctx->budget);
	ret->at_revision = at_revision;
	ret->reader = reader;
}
