/* Refused callers without a valid token, counted by address in a bounded table. */
#pragma once

struct refusals;
struct service;

struct refusals *refusals_new(void); /* NULL: no memory */
void refusals_free(struct refusals *r);

/* Hands the counts to the committer as audit entries, every few seconds. */
void refusals_fold(struct service *s);
