/* What the readers of bodies have in common: JSON or YAML, an object of known keys, members of
 * one type. */
#pragma once

#include "doc/tree.h"
#include "service/body_input.h"

/* Whether `key` is among `keys`. */
bool native_is_known(struct slice key, const struct slice *keys, size_t count);

/* An empty body is an empty object. E_MALFORMED with its place for what is no object and for a
 * key that is not among `keys` ("did you mean"). `ret` is made with TREE_INIT by the caller. */
MUST_USE enum result native_read_object(struct tree *ret, const struct body_input *body,
					const struct slice *keys, size_t keys_count,
					struct error *err);

/* A member that is a plain string of 1 to `max` bytes on one line, copied to `a`; E_NOT_FOUND,
 * without a text, where there is none. */
MUST_USE enum result native_read_text(struct slice *ret, const struct tree_node *object,
				      struct slice key, size_t max, struct arena *a,
				      struct error *err);

/* A member that is a duration ("1h", or a number of seconds) from a second to TOKEN_TTL_MS_MAX;
 * `ret` is untouched where there is none. */
MUST_USE enum result native_read_duration(int64_t *ret, const struct tree_node *object,
					  struct slice key, struct error *err);

/* A copy of a text in `a`. */
MUST_USE enum result native_keep_text(struct slice *ret, struct slice text, struct arena *a,
				      struct error *err);

/* The readers of the native codec (service/codec.h). This one: {"name":…,"policies":[…]}, and as
 * members that may be missing ttl, max_ttl, addresses, uses. */
MUST_USE enum result native_read_token(struct token_request *ret, const struct body_input *body,
				       struct arena *a, struct error *err);
/* {"ttl":…} or an empty body, which leaves `ret` as it is. */
MUST_USE enum result native_read_ttl(int64_t *ret, const struct body_input *body,
				     struct error *err);
/* {"permission":…,"path":…}, and as a member that may be missing accessor. */
MUST_USE enum result native_read_access(struct access_request *ret, const struct body_input *body,
					struct arena *a, struct error *err);
/* {"version":3}, of a rollback. */
MUST_USE enum result native_read_version(uint64_t *ret, const struct body_input *body,
					 struct error *err);
/* {"versions":[1,2]}, of undelete and destroy; each number once. */
MUST_USE enum result native_read_versions(struct version_list *ret, const struct body_input *body,
					  struct arena *a, struct error *err);
/* {"changes":[…]}, and as members that may be missing message and source. E_TOO_LARGE for more than
 * body->changes_max changes. */
MUST_USE enum result native_read_batch(struct batch_request *ret, const struct body_input *body,
				       struct arena *a, struct error *err);
