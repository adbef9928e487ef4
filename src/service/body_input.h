/*
 * What the bodies of requests say: one small struct for each, filled by a reader of the codec
 * (codec.h).
 *
 * A reader checks form and type, and refuses keys that it does not know: passing one over would
 * ignore what its sender wanted. It looks at no state and asks for no rights. E_MALFORMED says
 * where the body is wrong. Texts and lists that a struct points to live in the arena that the
 * reader was given. A member that was not sent is empty, NULL or 0 unless said otherwise.
 */
#pragma once

#include "access/permission.h"
#include "access/token.h"
#include "base/arena.h"
#include "base/budget.h"
#include "doc/read.h"

/* A body, and what reading it may cost. */
struct body_input {
	struct slice text;
	enum doc_format format;
	struct budget *budget; /* NULL in the caller's thread, for what is small */
	size_t batch_bytes_max;
	uint32_t changes_max; /* of a batch; also versions of a list */
};

/* How far the reading of a new token came; each step includes those above it. */
enum token_request_read {
	TOKEN_READ_NOTHING,  /* the body is not an object with these keys only */
	TOKEN_READ_OBJECT,   /* no member yet */
	TOKEN_READ_NAME,     /* and the first `policies_count` policies */
	TOKEN_READ_POLICIES, /* all policies */
};

/* A new token. It and each renewal of it last at most `ttl_ms`, and none leads beyond `max_ttl_ms`
 * after the creation. 0: not sent. */
struct token_request {
	enum token_request_read read;
	struct slice name; /* at most TOKEN_NAME_BYTES_MAX, on one line */
	struct slice *policies;
	uint32_t policies_count; /* 1 to TOKEN_POLICIES_MAX */
	int64_t ttl_ms, max_ttl_ms;
	struct address_range *addresses;
	uint32_t addresses_count;
	int64_t uses; /* -1: not sent */
};

/* A question about rights: whether a token has a permission on a path. */
struct access_request {
	enum permission permission;
	struct slice path;
	struct slice accessor; /* of the token in question; empty: the caller's own */
};

/* What is asked for. It becomes a put, delete, undelete or destroy of versions (enum
 * change_action). */
enum change_op {
	CHANGE_OP_PUT,
	CHANGE_OP_PATCH,
	CHANGE_OP_DELETE,
	CHANGE_OP_UNDELETE,
	CHANGE_OP_DESTROY,
	CHANGE_OP_ROLLBACK,
	CHANGE_OP_COUNT
};

/* The name in batches, the history and error texts. */
const char *change_op_name(enum change_op op); /* "put" … */

/* Version numbers of one document. */
struct version_list {
	uint64_t *items; /* each once */
	uint32_t count;
};

/* One change of a batch. The members behind a name of operations are for these only. */
struct change_request {
	struct slice path;
	enum change_op op;
	bool has_if_version;
	uint64_t if_version; /* 0: must not exist */
	struct slice body;   /* put, patch */
	enum doc_format body_format;
	uint64_t version;	      /* rollback */
	struct version_list versions; /* undelete */
};

/* A batch, with its changes in the order in which they were sent. */
struct batch_request {
	bool has_message, has_source;
	struct slice message, source;
	struct change_request *changes;
	uint32_t changes_count; /* on failure, with the one that failed: those that were read */
};
