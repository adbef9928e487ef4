/* Builds paths within PATH_MAX, and makes the folder durably. */
#include "app/data_folder.h"

#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

enum result data_path(char ret[static PATH_MAX], struct slice folder, const char *name,
		      struct error *err)
{
	int len = snprintf(ret, PATH_MAX, "%.*s/%s", SLICE_ARGS(folder), name);

	if (len < 0 || len >= PATH_MAX)
		return fail(err, E_TOO_LARGE,
			    "the data folder's path is too long: at most %d bytes", PATH_MAX - 1);
	return OK;
}

static enum result given_or_in(char ret[static PATH_MAX], struct slice folder, struct slice given,
			       const char *name, struct error *err)
{
	if (given.len == 0)
		return data_path(ret, folder, name, err);
	if (given.len >= PATH_MAX)
		return fail(err, E_TOO_LARGE, "%.*s…: the path is longer than %d bytes", 40,
			    given.data, PATH_MAX - 1);
	snprintf(ret, PATH_MAX, "%.*s", SLICE_ARGS(given));
	return OK;
}

enum result data_root_key_path(char ret[static PATH_MAX], struct slice folder,
			       struct slice root_key, struct error *err)
{
	return given_or_in(ret, folder, root_key, ROOT_KEY_FILE, err);
}

enum result data_token_path(char ret[static PATH_MAX], struct slice folder, struct slice token_file,
			    struct error *err)
{
	return given_or_in(ret, folder, token_file, ADMIN_TOKEN_FILE, err);
}

enum result data_make_folder(struct slice folder, struct error *err)
{
	char path[PATH_MAX];

	if (folder.len == 0 || folder.len >= sizeof path)
		return fail(err, E_MALFORMED, "the data folder's path must have 1 to %d bytes",
			    PATH_MAX - 1);
	snprintf(path, sizeof path, "%.*s", SLICE_ARGS(folder));
	/* The store refuses a folder that other users can open (store/sqlite/sqlite.h). */
	if (mkdir(path, 0700) == 0)
		return file_sync_folder(path, err);
	return errno == EEXIST ? OK : fail_errno(err, E_IO, "create folder %s", path);
}
