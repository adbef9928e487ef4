/*
 * Effective configurations of now and of old revisions, for workers.
 *
 * What must hold:
 * - A configuration is shown only if it was served at that revision: the store's log of effective
 *   digests says so. A forced write can leave a profile that resolves and yet was not served.
 * - An old configuration is not stored. It is resolved again from the old versions and compared
 *   with the digest of then, so that a change of the resolver itself gives E_CONFLICT and never
 *   another content under an old revision's number.
 * - Only the newest state goes to the cache; an old one is resolved for each request.
 *
 * The result does not depend on the reader: the caller checks the rights before it uses the entry.
 */
#include "service/state/config_at.h"

#include "service/state/view.h"

#include <string.h>

/* The newest row of the store's history that is not above a revision. */
struct recorded {
	bool is_served;
	uint8_t digest[HASH_BYTES];
};

/* A digest of another length (an empty one) records that the configuration stopped being served. */
static enum result keep_recorded(void *ctx, uint64_t revision, struct slice digest,
				 struct error *err)
{
	struct recorded *r = ctx;

	(void)revision;
	(void)err;
	r->is_served = digest.len == HASH_BYTES;
	if (r->is_served)
		memcpy(r->digest, digest.data, HASH_BYTES);
	return OK;
}

/* The page begins below `revision + 1` and has one row, so at most the newest row that counts at
 * `revision` comes. Without any row `ret` stays "not served". */
static enum result read_recorded(const struct config_source *source, struct slice config,
				 uint64_t revision, struct recorded *ret, struct error *err)
{
	*ret = (struct recorded){0};
	return store_each_effective(source->session, config, (struct row_page){revision + 1, 1},
				    keep_recorded, ret, err);
}

static enum result resolve(const struct config_source *source, struct slice path, uint64_t revision,
			   struct effective_entry **ret, struct error *err)
{
	/* The cached entry is shared by all readers, and whether it is served must not tell them
	 * what a secret holds. So it is resolved for a reader without rights. */
	struct rights nobody = {.levels_count = 1};
	struct check_report report = {.arena = ARENA_NULL};
	struct view view;
	enum result rc;

	nobody.levels = &nobody.first;
	view_init(&view, source->state, source->snapshot, source->session, source->budget);
	view.at_revision = revision;
	view.reader = &nobody;
	rc = effective_entry_new(ret, &view, path, &report, err);
	view_clear(&view);
	check_report_clear(&report);
	return rc;
}

/* The configuration of now. A forced write may have left it invalid; that was recorded when its
 * values could be checked, and is read here, because the check without rights may not see it. The
 * log is read only after a miss: an entry in the cache was found to be served. */
static enum result entry_now(const struct config_source *source, struct slice config,
			     struct slice path, struct effective_entry **ret, struct error *err)
{
	struct snap_doc *d = snapshot_live(source->snapshot, path);
	struct effective_entry *e = d != NULL ? config_cache_get(source->state->cache, d) : NULL;
	struct recorded recorded;
	enum result rc = OK;

	if (e == NULL) {
		rc = resolve(source, path, 0, &e, err);
		if (rc == OK)
			rc = read_recorded(source, config, source->snapshot->revision, &recorded,
					   err);
		if (rc == OK && !recorded.is_served)
			rc = fail(err, E_INVALID, "a forced write left it invalid");
		if (rc == OK && d != NULL)
			config_cache_put(source->state->cache, d, e);
	}
	if (rc != OK) {
		effective_entry_unref(e);
		return rc;
	}
	*ret = e;
	return OK;
}

/* The error of a configuration that was not served at a revision: it resolves the configuration
 * once more, only to tell "did not exist" and "abstract" from "invalid". */
static enum result why_not_served(const struct config_source *source, struct slice path,
				  uint64_t revision, struct error *err)
{
	struct effective_entry *e = NULL;
	enum result rc = resolve(source, path, revision, &e, err);

	effective_entry_unref(e);
	return rc == OK || rc == E_INVALID ? fail(err, E_INVALID, "it was not served then") : rc;
}

/* The configuration of an old revision, if it still resolves to what was served then. */
static enum result entry_then(const struct config_source *source, struct slice config,
			      struct slice path, uint64_t revision, struct effective_entry **ret,
			      struct error *err)
{
	struct effective_entry *e = NULL;
	struct recorded recorded;
	enum result rc = read_recorded(source, config, revision, &recorded, err);

	if (rc != OK)
		return rc;
	if (!recorded.is_served)
		return why_not_served(source, path, revision, err);
	rc = resolve(source, path, revision, &e, err);
	if (rc != OK && rc != E_INVALID)
		return rc;
	if (rc == OK && memcmp(e->digest, recorded.digest, HASH_BYTES) == 0) {
		*ret = e;
		return OK;
	}
	effective_entry_unref(e);
	return fail(err, E_CONFLICT,
		    "%.*s cannot be shown as it was at revision %llu: what it comes to now differs "
		    "from what was served then",
		    SLICE_ARGS(config), (unsigned long long)revision);
}

enum result config_at(const struct config_source *source, struct slice config, uint64_t revision,
		      struct effective_entry **ret, struct error *err)
{
	char text[PROFILE_PATH_BYTES];
	struct slice path;
	enum result rc;

	if (!config_profile_path(text, config, &path))
		return fail(err, E_MALFORMED,
			    "not the path of a configuration: config/app/profile");
	rc = revision == 0 ? entry_now(source, config, path, ret, err)
			   : entry_then(source, config, path, revision, ret, err);
	if (rc != E_NOT_FOUND)
		return rc;
	return revision == 0 ? fail(err, rc, "%.*s does not exist", SLICE_ARGS(config))
			     : fail(err, rc, "%.*s did not exist at revision %llu",
				    SLICE_ARGS(config), (unsigned long long)revision);
}
