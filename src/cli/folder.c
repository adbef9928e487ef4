/*
 * Reads a directory of documents for `apply` and `check`. The author of the directory is not
 * trusted: in a pull request, links may lead to other files of the machine that runs the check, and
 * their content would appear in messages or on the server.
 *
 * So every file and folder is resolved with realpath() and must lie below the root: the directory
 * itself, or the git repository that holds it, where links between folders are allowed. Bounds:
 * FOLDER_DOCUMENTS_MAX documents, FOLDER_ENTRIES_MAX entries looked at (links may form loops),
 * PATH_SEGMENTS_MAX levels, DOC_BYTES_MAX per file.
 *
 * struct folder owns all texts and is sorted by path once the walk has ended; folder_get() and the
 * search for duplicates rely on that.
 */
#include "cli/folder.h"

#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Secrets are not files: they are stored with `reeve secret`. */
static const char *const kinds[] = {"schemas", "policies", "profiles"};

static void document_clear(struct folder_document *d)
{
	alloc_free(d->path);
	alloc_free(d->file);
	buf_clear(&d->source);
}

void folder_clear(struct folder *f)
{
	for (size_t i = 0; i < f->count; i++)
		document_clear(&f->documents[i]);
	alloc_free(f->documents);
	*f = (struct folder)FOLDER_NULL;
}

/* "base.yaml" is the stem "base" in YAML. False for other endings and for names without a stem,
 * such as ".yaml". */
static bool split_ending(struct slice name, struct slice *stem, enum doc_format *format)
{
	static const struct {
		const char *ending;
		enum doc_format format;
	} endings[] = {{".yaml", DOC_YAML}, {".yml", DOC_YAML}, {".json", DOC_JSON}};

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		size_t len = strlen(endings[i].ending);

		if (name.len > len &&
		    slice_is_text(slice_from(name, name.len - len), endings[i].ending)) {
			*stem = slice_first(name, name.len - len);
			*format = endings[i].format;
			return true;
		}
	}
	return false;
}

/* Pointers to documents are valid only until the next add(), which may move the array. */
static struct folder_document *add(struct folder *f, struct error *err)
{
	if (f->count == FOLDER_DOCUMENTS_MAX) {
		(void)fail(err, E_LIMIT, "more than %d documents", FOLDER_DOCUMENTS_MAX);
		return NULL;
	}
	if (f->count == f->room) {
		size_t room = f->room == 0 ? 32 : f->room * 2;
		struct folder_document *more = alloc_resize(f->documents, room * sizeof *more);

		if (more == NULL) {
			(void)fail(err, E_MEMORY, "out of memory");
			return NULL;
		}
		f->documents = more;
		f->room = room;
	}
	f->documents[f->count] = (struct folder_document){.source = BUF_NULL};
	return &f->documents[f->count++];
}

/* Adds one document. `parent` is its path so far: "profiles/orders". A file with the right ending
 * but no valid path is an error and is not skipped: a misspelt file would silently be left out. */
static enum result add_file(struct folder *f, const char *file, struct slice parent,
			    struct slice name, struct error *err)
{
	CLEANUP(buf_clear) struct buf path = BUF_NULL;
	struct folder_document *d;
	struct slice stem;
	enum doc_format format;
	enum doc_kind kind;
	enum result rc;

	if (!split_ending(name, &stem, &format))
		return OK;
	buf_append_slice(&path, parent);
	buf_append_char(&path, '/');
	buf_append_slice(&path, stem);
	rc = buf_check(&path, err);
	if (rc == OK)
		rc = path_check(buf_slice(&path), &kind, err);
	if (rc != OK)
		return wrap(err, rc, "%s", file);
	d = add(f, err);
	if (d == NULL)
		return f->count == FOLDER_DOCUMENTS_MAX ? E_LIMIT : E_MEMORY;
	d->path = alloc_text(path.data, path.len);
	d->file = alloc_text(file, strlen(file));
	d->kind = kind;
	d->format = format;
	if (d->path == NULL || d->file == NULL)
		return fail(err, E_MEMORY, "out of memory");
	return file_read(&d->source, file, DOC_BYTES_MAX, err);
}

static void closedirp(DIR **d)
{
	if (*d != NULL)
		closedir(*d);
}

/* A link in the directory must not make us read and print other files of this machine, nor walk the
 * same folders for ever: paths are resolved and compared with the root, and entries are counted. */
struct walk_state {
	struct folder *folder;
	/* Links may lead to what is below: the git repository that holds the directory, or the
	 * directory itself. */
	char root[PATH_MAX];
	uint32_t entries; /* visited so far */
};

/* Sets the root. False, with errno, where the directory does not exist. */
static bool find_root(struct walk_state *w, const char *directory)
{
	char marker[PATH_MAX + 8];
	size_t len;

	if (realpath(directory, w->root) == NULL)
		return false;
	for (len = strlen(w->root); len > 1; len--) {
		/* Only at the ends of folders: /a/b/c, /a/b, /a. */
		if (w->root[len] != '\0' && w->root[len] != '/')
			continue;
		snprintf(marker, sizeof marker, "%.*s/.git", (int)len, w->root);
		if (access(marker, F_OK) == 0) {
			w->root[len] = '\0';
			break;
		}
	}
	return true;
}

/* Whether the file, with all links resolved, is below the root. Files in .git are not: they may
 * hold the tokens of the repository's host. A root of length 1 is "/", below which everything
 * is. */
static bool is_inside(const struct walk_state *w, const char *file)
{
	size_t len = strlen(w->root);
	char real[PATH_MAX];

	return realpath(file, real) != NULL && strncmp(real, w->root, len) == 0 &&
	       (real[len] == '/' || real[len] == '\0' || len == 1) &&
	       strstr(real + len, "/.git/") == NULL;
}

static enum result walk(struct walk_state *w, const char *place, struct slice path, unsigned depth,
			struct error *err);

/* One entry of a folder. Names of other endings are skipped before the check of links, since they
 * are never opened: a README may be a link to anywhere. */
static enum result visit(struct walk_state *w, const char *place, struct slice path,
			 const char *name, unsigned depth, struct error *err)
{
	CLEANUP(buf_clear) struct buf inner = BUF_NULL;
	char file[PATH_MAX];
	struct slice ignored;
	enum doc_format format;
	struct stat st;
	enum result rc;

	if (name[0] == '.')
		return OK;
	if (++w->entries > FOLDER_ENTRIES_MAX)
		return fail(err, E_LIMIT, "%s: more than %d files and folders", place,
			    FOLDER_ENTRIES_MAX);
	if (snprintf(file, sizeof file, "%s/%s", place, name) >= (int)sizeof file)
		return fail(err, E_TOO_LARGE, "%s: the path is too long", place);
	if (stat(file, &st) != 0)
		return fail_errno(err, E_IO, "%s", file);
	if (!S_ISDIR(st.st_mode) &&
	    (!S_ISREG(st.st_mode) || !split_ending(slice_text(name), &ignored, &format)))
		return OK;
	if (!is_inside(w, file))
		return fail(err, E_INVALID,
			    "%s is a link to a file outside of %s: replace it by a copy", file,
			    w->root);
	if (S_ISREG(st.st_mode))
		return add_file(w->folder, file, path, slice_text(name), err);
	buf_append_slice(&inner, path);
	buf_append_char(&inner, '/');
	buf_append_text(&inner, name);
	rc = buf_check(&inner, err);
	return rc == OK ? walk(w, file, buf_slice(&inner), depth + 1, err) : rc;
}

/* `place` is the folder on disk, `path` the part of the document's path that it stands for:
 * "conf/profiles/orders" and "profiles/orders". */
static enum result walk(struct walk_state *w, const char *place, struct slice path, unsigned depth,
			struct error *err)
{
	CLEANUP(closedirp) DIR *d = NULL;
	const char *name;
	enum result rc = OK;

	/* No deeper file could have a valid path. */
	if (depth > PATH_SEGMENTS_MAX)
		return fail(err, E_LIMIT, "%s: folders are nested too deep", place);
	d = file_open_folder(place);
	if (d == NULL)
		return fail_errno(err, errno == ENOENT ? E_NOT_FOUND : E_IO, "open %s", place);
	while (rc == OK && (name = file_next_name(d)) != NULL)
		rc = visit(w, place, path, name, depth, err);
	/* A folder that is read in part must not be taken for the whole one. */
	if (rc == OK && errno != 0)
		rc = fail_errno(err, E_IO, "read %s", place);
	return rc;
}

static int by_path(const void *a, const void *b)
{
	const struct folder_document *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* base.yaml and base.json are one document. After sorting they are neighbours. */
static enum result check_duplicates(const struct folder *f, struct error *err)
{
	for (size_t i = 1; i < f->count; i++) {
		if (strcmp(f->documents[i - 1].path, f->documents[i].path) == 0)
			return fail(err, E_CONFLICT, "%s and %s are both the document %s",
				    f->documents[i - 1].file, f->documents[i].file,
				    f->documents[i].path);
	}
	return OK;
}

enum result folder_read(struct folder *ret, const char *directory, struct error *err)
{
	struct walk_state w = {.folder = ret};
	size_t found = 0;

	if (!find_root(&w, directory))
		return fail_errno(err, errno == ENOENT ? E_NOT_FOUND : E_IO, "open %s", directory);
	/* Any of the three folders may be missing, but not all: that is most likely a wrong DIR. */
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		char place[PATH_MAX];
		enum result rc;

		if (snprintf(place, sizeof place, "%s/%s", directory, kinds[i]) >=
		    (int)sizeof place)
			return fail(err, E_TOO_LARGE, "%s: the path is too long", directory);
		if (access(place, F_OK) == 0 && !is_inside(&w, place))
			return fail(err, E_INVALID,
				    "%s is a link to a folder outside of %s: replace it by a copy",
				    place, w.root);
		rc = walk(&w, place, slice_text(kinds[i]), 1, err);
		if (rc == E_NOT_FOUND)
			continue;
		if (rc != OK)
			return rc;
		found++;
	}
	if (found == 0)
		return fail(err, E_NOT_FOUND,
			    "%s has none of the folders schemas, policies and profiles", directory);
	if (ret->count != 0)
		qsort(ret->documents, ret->count, sizeof *ret->documents, by_path);
	return check_duplicates(ret, err);
}

const struct folder_document *folder_get(const struct folder *f, struct slice path)
{
	size_t low = 0, high = f->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = slice_compare(path, slice_text(f->documents[middle].path));

		if (order == 0)
			return &f->documents[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
