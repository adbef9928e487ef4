/*
 * Validates the documents of a folder as a server would validate a write of all of them, without a
 * server. Secrets are taken to exist and to be of the type that the reference asks for; keywords
 * that look at a secret's value are counted as unchecked. One thread.
 */
#pragma once

#include "cli/folder.h"
#include "profile/check.h"

struct checked_document;

/* A growing list of problems. Their texts live in the arena of the check, or in that of its
 * report. */
struct problem_list {
	struct check_problem *items;
	uint32_t count, room;
	uint32_t dropped; /* not kept, because memory ran out */
};

/* One check. Its parts borrow from each other, so they are freed together. */
struct folder_check {
	struct folder folder;
	struct checked_document *documents; /* one for each of the folder's documents */
	struct arena arena;
	struct check_report report; /* of the profiles; `unchecked` is read here */
	/* All problems: those found outside of profile_check(), then those of `report`. */
	struct problem_list errors, warnings;
};

#define FOLDER_CHECK_NULL                                  \
	{                                                  \
		.folder = FOLDER_NULL, .arena = ARENA_NULL \
	}

/* Reads and checks the folder. OK also where documents have errors: `errors` and `warnings` list
 * them. Fails as folder_read() does. The caller clears `ret` in every case. */
MUST_USE enum result folder_check_run(struct folder_check *ret, const char *directory,
				      struct error *err);
void folder_check_clear(struct folder_check *c);

/* The number of errors, including those that were not kept. */
uint32_t folder_check_count_errors(const struct folder_check *c);
