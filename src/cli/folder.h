/*
 * A directory of documents on disk: schemas/, policies/ and profiles/ in it, one file for each
 * document. The author of the directory is not trusted, because a pull request may have written it;
 * folder.c says how it is kept from reading other files. One thread.
 */
#pragma once

#include "base/buf.h"
#include "base/result.h"
#include "doc/path.h"
#include "doc/read.h"

/* A directory with more is refused (E_LIMIT), before it uses up memory or time. */
#define FOLDER_DOCUMENTS_MAX 10000
#define FOLDER_ENTRIES_MAX   100000 /* files and folders looked at */

struct folder_document {
	char *path; /* of the document: "profiles/orders/base" */
	char *file; /* with the directory: "examples/profiles/orders/base.yaml" */
	/* From the first segment of the path. */
	enum doc_kind kind;
	/* From the ending of the file: .json is JSON, .yaml and .yml are YAML. */
	enum doc_format format;
	/* The bytes of the file, at most DOC_BYTES_MAX; not yet parsed. */
	struct buf source;
};

/* The documents of a directory; all texts belong to it. */
struct folder {
	struct folder_document *documents; /* sorted by path */
	size_t count;
	size_t room;
};

#define FOLDER_NULL        \
	{                  \
		NULL, 0, 0 \
	}

/* Reads all documents of the directory. Skips hidden files and files with other endings than .yaml,
 * .yml and .json. E_NOT_FOUND where the directory, or each of its three folders, is missing;
 * E_CONFLICT for two files of one path; E_MALFORMED for a file name that gives no valid path;
 * E_INVALID for a link that leads out of the directory, or out of the git repository that holds it;
 * E_LIMIT for too many files. The caller clears `ret`, also after a failure. */
MUST_USE enum result folder_read(struct folder *ret, const char *directory, struct error *err);
/* Frees all documents; also after a failure, and more than once. */
void folder_clear(struct folder *f);

/* The document of that path, or NULL. */
const struct folder_document *folder_get(const struct folder *f, struct slice path);
