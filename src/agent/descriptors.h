/*
 * Which open files a child gets: those that we were started with, such as a listening socket that
 * was passed on, and none that we or a library opened since, such as the connection to the server.
 */
#pragma once

#include <stddef.h>

#define DESCRIPTORS_MAX 256

struct descriptors {
	int items[DESCRIPTORS_MAX]; /* from 3, rising */
	size_t count;
};

/* Notes what is open now. Of more than DESCRIPTORS_MAX the highest are forgotten, and not passed
 * on. */
void descriptors_note(struct descriptors *ret);

/* Has all others closed by the next exec. May be called between fork and exec. */
void descriptors_pass_only(const struct descriptors *d);
