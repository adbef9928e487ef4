/* A folder of its own for each test, under TMPDIR: scripts/test fails where something is left in
 * there. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Makes a folder and writes its path to `ret` of `size` bytes; false where it could not, or TMPDIR
 * is too long. */
static inline bool temporary_folder(char *ret, size_t size)
{
	const char *root = getenv("TMPDIR");
	int length = snprintf(ret, size, "%s/reeve-XXXXXX", root != NULL ? root : "/tmp");

	return length > 0 && (size_t)length < size && mkdtemp(ret) != NULL;
}
