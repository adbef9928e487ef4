/* A test that cannot run here says so, and scripts/count-tests counts its line: Criterion itself
 * tells of a skip only when it is verbose, and takes a logged warning for a failure. */
#pragma once

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SKIP_TEST(reason)                                 \
	do {                                              \
		fprintf(stderr, "[SKIP] %s\n", (reason)); \
		cr_skip_test(reason);                     \
	} while (0)

/* The folder `name` of the public test suites under REEVE_SUITES, written to `ret`; skips the test
 * where it is not there. */
static inline void find_suite_or_skip(const char *name, char *ret, size_t size)
{
	const char *suites = getenv("REEVE_SUITES");

	if (suites == NULL || suites[0] == '\0')
		SKIP_TEST("REEVE_SUITES is not set: a public suite was not run");
	cr_assert_lt((size_t)snprintf(ret, size, "%s/%s", suites, name), size);
	if (access(ret, F_OK) != 0)
		SKIP_TEST("REEVE_SUITES lacks a folder: a public suite was not run");
}
