/*
 * What a committed write tells those that wait for changes.
 *
 * The record names what may have changed for a reader: each document that was written, and each
 * configuration that came out different or can no longer be made. A changed policy is not traced to
 * the configurations that it hides: `has_less_rights` makes the readers of the feed look at all.
 *
 * Runs in the committer, after the snapshot is published and before the response leaves. Without
 * memory the feed gets a gap, and its readers look at everything: so a wake may be one too many,
 * never one too few.
 */
#include "service/write/write_published.h"

#include "service/engine/change_feed.h"
#include "service/engine/engine.h"
#include "service/write/write.h"

static bool changes_policies(const struct write *w)
{
	for (uint32_t i = 0; i < w->changes_count; i++) {
		if (w->changes[i].kind == KIND_POLICIES && w->changes[i].is_changed)
			return true;
	}
	return false;
}

static uint32_t collect_documents(struct changed_document *ret, const struct write *w)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < w->changes_count; i++) {
		const struct change *c = &w->changes[i];

		if (c->is_changed)
			ret[count++] = (struct changed_document){.path = c->path,
								 .kind = c->kind,
								 .action = c->action,
								 .version = c->version};
	}
	return count;
}

/* "config/app/name" of "profiles/app/name", in the arena. */
static struct slice config_of(struct arena *a, struct slice profile)
{
	static const struct slice folder = SLICE_INIT("config/");
	struct slice rest = slice_from(profile, strlen("profiles/"));
	char *text = arena_alloc(a, folder.len + rest.len);

	if (text == NULL)
		return SLICE_NULL;
	memcpy(text, folder.data, folder.len);
	memcpy(text + folder.len, rest.data, rest.len);
	return slice_make(text, folder.len + rest.len);
}

/* False: no memory. */
static bool collect_configs(struct slice *ret, uint32_t *ret_count, struct write *w)
{
	*ret_count = 0;
	for (uint32_t i = 0; i < w->affected_count; i++) {
		const struct affected *f = &w->affected[i];

		if (f->kind != KIND_PROFILES || (!f->is_changed && f->has_entry))
			continue;
		ret[*ret_count] = config_of(&w->arena, f->path);
		if (ret[*ret_count].data == NULL)
			return false;
		++*ret_count;
	}
	return true;
}

/* NULL: no memory. */
static struct change_record *record_of(struct write *w)
{
	struct changed_document *documents =
		arena_alloc_array(&w->arena, w->changes_count, sizeof *documents);
	struct slice *configs = arena_alloc_array(&w->arena, w->affected_count, sizeof *configs);
	struct change_record like = {.epoch = w->call->out.epoch,
				     .revision = w->revision,
				     .has_less_rights = changes_policies(w),
				     .documents = documents,
				     .configs = configs};

	if (documents == NULL || configs == NULL ||
	    !collect_configs(configs, &like.configs_count, w))
		return NULL;
	like.documents_count = collect_documents(documents, w);
	return change_record_new(&like);
}

void write_published(struct commit_job *job, struct service *s)
{
	struct write *w = (struct write *)job;

	if (w->has_revision)
		change_feed_append(s->changes, record_of(w));
}
