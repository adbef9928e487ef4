/* What a check of a store asks of the store in memory, which has no file. */
#include "store/memory/internal.h"

enum result memory_check_nothing(struct store_session *ss, fault_fn *each, void *ctx,
				 struct error *err)
{
	(void)ss;
	(void)each;
	(void)ctx;
	(void)err;
	return OK;
}

struct head_names {
	head_fn *each;
	void *ctx;
};

static enum result give_name(void *ctx, const struct version_row *row, struct error *err)
{
	const struct head_names *names = ctx;

	return names->each(names->ctx, row->path, row->version, err);
}

enum result memory_each_head_name(struct store_session *ss, head_fn *each, void *ctx,
				  struct error *err)
{
	struct head_names names = {each, ctx};

	return ss->ops->each_head(ss, 0, give_name, &names, err);
}
