/* SQLite's default file system with failures that a test asks for, in the files whose names end in
 * `faulty_ending`. One thread; once a process. */
#pragma once

#include <stdbool.h>

/* What fails, from the (faulty_after + 1)-th call of the kind on, `faulty_times` times. */
enum faulty_kind {
	FAULTY_NOTHING,
	FAULTY_WRITE_FULL, /* half of it is written, then there is no space; nor to cut a file */
	FAULTY_WRITE_FULL_LIE, /* all of it is written, and there was no space: as where a frame of
				* an earlier round had the same bytes */
	FAULTY_SYNC,
};

extern enum faulty_kind faulty_kind;
extern const char *faulty_ending;
extern int faulty_after, faulty_times;
extern int faulty_failed; /* so often */

/* Before the first store is opened. */
void faulty_vfs_register(void);
