/* A directory of documents: schemas/, policies/ and profiles/ under it, one file a document. */
#pragma once

#include "base/buf.h"
#include "base/result.h"
#include "doc/path.h"
#include "doc/read.h"

#define FOLDER_DOCUMENTS_MAX 10000
#define FOLDER_ENTRIES_MAX   100000 /* files and folders looked at */

struct folder_document {
	char *path; /* "profiles/orders/base": the file's place without .yaml, .yml or .json */
	char *file;
	enum doc_kind kind;
	enum doc_format format;
	struct buf source;
};

struct folder {
	struct folder_document *documents; /* by path */
	size_t count;
	size_t room;
};

#define FOLDER_NULL        \
	{                  \
		NULL, 0, 0 \
	}

/* E_NOT_FOUND where the directory, or all three folders in it, is missing; E_CONFLICT for two files of one path; E_MALFORMED for a name that is no path; E_INVALID for a link
 * that leads out of the directory, or out of the git repository that holds it; E_LIMIT for too many files. Other files and hidden ones are passed over. */
MUST_USE enum result folder_read(struct folder *ret, const char *directory, struct error *err);
void folder_clear(struct folder *f);

const struct folder_document *folder_get(const struct folder *f, struct slice path);
