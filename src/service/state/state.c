/*
 * The access to the current snapshot, and the way from a configuration's path to its profile.
 *
 * The mutex covers the load of `current` and its reference together: without it the committer could
 * free the snapshot between the two.
 */
#include "service/state/state.h"

#include <string.h>

struct snapshot *state_snapshot(struct state *s)
{
	struct snapshot *now;

	pthread_mutex_lock(&s->snapshot_mutex);
	now = snapshot_ref(s->current);
	pthread_mutex_unlock(&s->snapshot_mutex);
	return now;
}

/* "config/orders/production" is served from the profile "profiles/orders/production". */
bool config_profile_path(char ret[static PROFILE_PATH_BYTES], struct slice config,
			 struct slice *path)
{
	struct slice rest = slice_from(config, strlen("config/"));

	if (!slice_starts_with(config, SLICE_LITERAL("config/")) || rest.len > PATH_BYTES_MAX)
		return false;
	memcpy(ret, "profiles/", 9);
	memcpy(ret + 9, rest.data, rest.len);
	*path = slice_make(ret, 9 + rest.len);
	return true;
}

struct snap_doc *config_doc(const struct snapshot *snapshot, struct slice config)
{
	char text[PATH_BYTES_MAX + 16];
	struct slice path;

	return config_profile_path(text, config, &path) ? snapshot_live(snapshot, path) : NULL;
}
