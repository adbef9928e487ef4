/*
 * The open files that a child inherits: those that this process was started with, such as a
 * listening socket, and none that it or a library opened later, such as the connection to the
 * server.
 */
#pragma once

#include <stddef.h>

#define DESCRIPTORS_MAX 256

struct descriptors {
	int items[DESCRIPTORS_MAX]; /* 3 and above, in rising order */
	size_t count;
};

/* Lists the open descriptors, to be called at the start. Of more than DESCRIPTORS_MAX some are not
 * listed, and so not inherited. */
void descriptors_note(struct descriptors *ret);

/* Marks all other descriptors so that the next exec closes them. Async-signal-safe: it may be
 * called between fork and exec. */
void descriptors_pass_only(const struct descriptors *d);
