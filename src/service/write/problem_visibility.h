/* Problems cut down to what the writer may know. */
#pragma once

#include "service/write/write.h"

/* Removes from a problem all that tells of content which the caller neither wrote nor may read:
 * the message, and the place where needed. */
void problem_cut_content(const struct write *w, struct check_problem *p);
/* Whether a problem is left out because it would tell of a profile's content to a caller who may
 * not read it. */
bool problem_is_left_out(const struct write *w, const struct check_problem *p);
/* Whether a text quotes words that the caller did not send, while documents took part which the
 * caller may not read. */
bool problem_quotes_hidden(const struct write *w, struct slice text);
