/* A service over a real store in a temporary folder (or in memory, where the environment says
 * REEVE_TEST_STORE=memory), and calls made as one who waits for the answer. */
#pragma once

#include "crypto/note.h"
#include "service/service.h"
#include "store/memory/memory.h"

#include <criterion/criterion.h>

struct fixture {
	char folder[80];
	struct memory_disk *disk; /* NULL: the store is in the folder */
	struct store *store;	  /* borrowed while the service is open */
	struct secret_memory *memory;
	struct service *service;
	struct buf root_token;
	struct vkey log_key;
	struct service_settings settings; /* of the next start */
	const struct clock *clock;	  /* of the next start; NULL: the system's */
	int64_t uses;			  /* of the next fixture_token(); 0: unlimited */
	bool (*may_call)(void *ctx, const char *name); /* of fixture_open_failing() */
	void *may_call_ctx;
};

/* A new store with one policy, "all", that allows everything, and a token of it; opened and served.
 */
void fixture_open(struct fixture *f);
/* As fixture_open() with a store that asks before each call, until fixture_restart(). */
void fixture_open_failing(struct fixture *f, bool (*may_call)(void *ctx, const char *name),
			  void *ctx);
void fixture_close(struct fixture *f);
/* Skips the test where the store is in memory. */
#define NEEDS_BACKUPS(f)                                                  \
	do {                                                              \
		if ((f)->disk != NULL)                                    \
			cr_skip_test("a store in memory has no backups"); \
	} while (0)
/* The public key of the audit log. */
struct vkey fixture_log_key(struct fixture *f);
/* Stops and starts again over the same data. */
void fixture_restart(struct fixture *f);
/* The same with `*left`, which is negative otherwise, at `n` while it starts: whether that did not
 * come down to 0, and it serves. Else it may have failed. */
bool fixture_restart_failing(struct fixture *f, atomic_int *left, int n);

/* Stores a policy of rules in YAML and a token that has only it; the token's text. */
struct buf fixture_token(struct fixture *f, const char *name, const char *rules);

/* What a test asks. Fields as in struct call_input; NULL texts are not given. */
struct ask {
	enum verb verb;
	enum permission permission;
	const char *path;
	const char *body;
	bool is_yaml;
	const char *token; /* NULL: the root's */
	bool is_dry_run, is_forced, is_revealed, is_explained, wants_source, wants_yaml;
	bool has_if_version;
	uint64_t if_version;
	uint64_t version, revision;
	int64_t at_ms, from_ms, to_ms;
	const char *key, *etag, *idempotency_key;
	enum config_format format;
	int64_t wait_ms;
	const char *prefix, *after, *accessor;
	uint64_t from, to, after_number;
	bool has_after_number, wants_lines;
	uint32_t limit;
	const char *actor, *action, *outcome, *audit_path;
};

struct told {
	struct call call;
	bool has_call;
	enum result result;
	char *body;	/* "" for none */
	char *problems; /* "" for none */
};

/* Waits for the answer. */
struct told ask(struct fixture *f, struct ask what);
void told_clear(struct told *t);

/* Asks, wants `result`, and whether the body holds `text` (NULL: any); the version in the answer's
 * ETag, 0 for none. */
#define expect(f, wanted, text, ...) \
	expect_at((f), (wanted), (text), (struct ask){__VA_ARGS__}, __FILE__, __LINE__)
uint64_t expect_at(struct fixture *f, enum result wanted, const char *text, struct ask what,
		   const char *file, int line);

#define PUT    .verb = VERB_DOCUMENT_PUT, .permission = MAY_WRITE
#define PATCH  .verb = VERB_DOCUMENT_PATCH, .permission = MAY_WRITE
#define GET    .verb = VERB_DOCUMENT_GET, .permission = MAY_READ
#define CONFIG .verb = VERB_CONFIG_GET, .permission = MAY_READ
#define DELETE .verb = VERB_DOCUMENT_DELETE, .permission = MAY_DELETE
#define LIST   .verb = VERB_DOCUMENT_LIST, .permission = MAY_LIST
#define AUDIT  .verb = VERB_AUDIT_LIST, .permission = MAY_AUDIT, .path = "sys/audit"
#define CREATE .verb = VERB_TOKEN_CREATE, .permission = MAY_WRITE, .path = "sys/tokens"

/* Starts a call without waiting for it; ask_end() does. */
struct asking;
struct asking *ask_begin(struct fixture *f, struct ask what);
enum call_state ask_state(const struct asking *a);
/* Whether an answer came within the time. */
bool ask_wait(struct asking *a, int64_t ms);
struct call *ask_call(struct asking *a);
void ask_free(struct asking *a);
