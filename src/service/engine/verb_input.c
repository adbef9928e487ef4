/* What verbs need of their input and context: limits of lists, revisions of the past, bodies,
 * views. Each function reads the call and the settings only, so it runs in the thread that has the
 * call. */
#include "service/engine/engine.h"

#define LIMIT_DEFAULT 100

uint32_t list_limit(const struct service *s, uint32_t requested)
{
	uint32_t limit = requested != 0 ? requested : LIMIT_DEFAULT;

	return limit < s->state.settings.limit_max ? limit : s->state.settings.limit_max;
}

/* A time means the last revision that was committed by then; a revision must exist already. */
enum result revision_asked(struct verb_context *ctx, const struct past_state *at, uint64_t *ret,
			   struct error *err)
{
	uint64_t revision = at->revision;
	enum result rc;

	if (at->at_ms != 0) {
		rc = store_revision_at(ctx->session, at->at_ms, &revision, err);
		if (rc != OK)
			return rc;
		if (revision == 0)
			return fail(err, E_NOT_FOUND, "nothing was stored yet at that time");
	}
	if (revision > ctx->snapshot->revision)
		return fail(err, E_NOT_FOUND, "revision %llu does not exist",
			    (unsigned long long)revision);
	*ret = revision;
	return OK;
}

struct config_source verb_config_source(const struct verb_context *ctx)
{
	return (struct config_source){&ctx->service->state, ctx->snapshot, ctx->session,
				      ctx->budget};
}

struct body_input verb_body(const struct verb_context *ctx)
{
	const struct service_settings *settings = &ctx->service->state.settings;

	return (struct body_input){.text = ctx->call->in.body,
				   .format = ctx->call->in.body_format,
				   .budget = ctx->budget,
				   .batch_bytes_max = settings->batch_bytes_max,
				   .changes_max = settings->batch_changes_max};
}

void verb_view_init(struct view *ret, const struct verb_context *ctx, uint64_t at_revision,
		    const struct rights *reader)
{
	view_init(ret, &ctx->service->state, ctx->snapshot, ctx->session, ctx->budget);
	ret->at_revision = at_revision;
	ret->reader = reader;
}
