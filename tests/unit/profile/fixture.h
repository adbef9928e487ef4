/* A handful of profiles in memory, written as JSON with ' for ", and what comes of them. */
#pragma once

#include "profile/profile.h"

#define FIXTURE_DOCS_MAX 300

struct fixture {
	struct arena arena;
	struct tree trees[FIXTURE_DOCS_MAX];
	struct profile_header headers[FIXTURE_DOCS_MAX];
	struct profile_layer layers[FIXTURE_DOCS_MAX];
	uint32_t count;
	uint32_t loads;
	struct budget *budget; /* of all that is made; NULL: none */
	struct effective effective;
	struct profile_problems problems;
	struct error err;
	struct buf text; /* the last answer of fixture_json() and fixture_order() */
};

struct fixture *fixture_new(void);
void fixture_free(struct fixture *f);
void fixture_freep(struct fixture **f);

/* Adds a document; a failure to read it fails the test. */
void fixture_put(struct fixture *f, const char *path, const char *json);
void fixture_put_yaml(struct fixture *f, const char *path, const char *yaml);
/* The result of reading the header instead. */
enum result fixture_try_put(struct fixture *f, const char *path, const char *json);

enum result fixture_load(void *ctx, struct slice path, const struct profile_layer **ret,
			 struct error *err);

/* "a b c": the names of the layers in the order in which they apply. The result fails the test
 * unless OK. */
const char *fixture_order(struct fixture *f, const char *path);
enum result fixture_try_order(struct fixture *f, const char *path);

/* Into f->effective, problems and err. */
enum result fixture_resolve(struct fixture *f, const char *path);

/* The effective configuration of profiles/app/x, alone, as JSON with ' for "; fails the test unless
 * OK. */
const char *fixture_json(struct fixture *f, const char *path);
const char *fixture_node_json(struct fixture *f, const struct tree_node *n);

/* The first problem's message and pointer, "" for none. */
const char *fixture_problem(const struct fixture *f);
const char *fixture_pointer(const struct fixture *f);
