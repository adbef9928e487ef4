/* The contents of stored versions, opened: ciphertext to plain bytes, plain bytes to a tree. Any
 * thread. */
#pragma once

#include "base/budget.h"
#include "doc/read.h"
#include "doc/tree.h"
#include "service/state/state.h"
#include "store/store.h"

/* Records that a secret is opened for a principal. `ctx` is the recorder's own. */
struct read_recorder {
	/* E_UNAVAILABLE: it cannot be recorded, so the content must not be used. */
	enum result (*record)(void *ctx, const struct version_row *row, struct slice content,
			      struct error *err);
	void *ctx;
};

/* Appends the plain content of one version, for the call's principal. For a secret, the call's
 * audit entry then names the version. A principal gets a secret's content only through this
 * function or a view. */
MUST_USE enum result content_for_caller(struct state *s, const struct read_recorder *for_whom,
					const struct version_row *row, struct buf *ret,
					struct error *err);

/* The same for no principal: the content is merged, compared or stored, and never shown.
 * scripts/check-layers lists the files that may call it. */
MUST_USE enum result content_of_row(struct state *s, const struct version_row *row, struct buf *ret,
				    struct error *err);
/* How much beyond the bounds of a document patches may let it grow whose writers may not read
 * it. */
#define CONTENT_GROWTH_MAX 4
#define CONTENT_YAML	   "application/yaml"
#define CONTENT_JSON	   "application/json"

/* Parses plain content into `ret`, which the caller made with TREE_INIT and clears. `budget` and
 * `warnings` may be NULL. */
MUST_USE enum result tree_of_content(struct slice content, struct slice content_type,
				     struct budget *budget, struct tree *ret,
				     struct doc_warnings *warnings, struct error *err);
/* Read and parsed into `ret` (made with TREE_INIT by the caller; is_secret for secrets). */
MUST_USE enum result tree_of_row(struct state *s, const struct version_row *row,
				 struct budget *budget, struct tree *ret, struct error *err);
