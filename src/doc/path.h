/* Paths of documents: "profiles/orders/production". */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>

/* Segments of a path, the kind included, and bytes of a segment. */
#define PATH_SEGMENTS_MAX      16
#define PATH_SEGMENT_BYTES_MAX 128
#define PATH_BYTES_MAX	       (PATH_SEGMENTS_MAX * (PATH_SEGMENT_BYTES_MAX + 1))

/* The kinds of documents; KIND_COUNT is their number. */
enum doc_kind { KIND_SCHEMAS, KIND_PROFILES, KIND_POLICIES, KIND_SECRETS, KIND_COUNT };

/* "schemas", "profiles", "policies", "secrets": the first segment of every document's path.
 * kind_parse() is false for any other word. */
const char *kind_name(enum doc_kind kind);
bool kind_parse(struct slice name, enum doc_kind *ret);

/* [A-Za-z0-9_][A-Za-z0-9._@=~-]{0,127}: never "." or "..". */
bool path_segment_is_valid(struct slice segment);

/* Checks a path: a kind and 1 to 15 segments; a profile has exactly two. E_MALFORMED with a
 * sentence that names the rule. */
MUST_USE enum result path_check(struct slice path, enum doc_kind *ret_kind, struct error *err);

/* Finds the next path of a document or a configuration in a text such as that of an error; `rest`
 * moves past it. False when there is none. */
bool path_next_in_text(struct slice *rest, struct slice *ret);
