/* Who nobody is, counted by address in a bounded table. */
#pragma once

struct refusals;
struct service;

struct refusals *refusals_new(void); /* NULL: no memory */
void refusals_free(struct refusals *r);

/* Hands what was counted to the committer, from time to time. */
void refusals_fold(struct service *s);
