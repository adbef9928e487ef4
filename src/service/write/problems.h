/* The problems of a write: its report, and the part of it that a response shows. */
#pragma once

#include "service/write/write.h"

/* A list of the report's problems as far as the writer may see them; the hidden ones
 * are counted in one problem that names nothing. A failed buffer where the report ran out of
 * memory. */
void problems_write(struct buf *ret, const struct write *w, enum problem_list list);
/* Replaces an error text that names a document which the caller may not read; its line and column
 * too. */
void problems_hide_names(const struct write *w, struct error *err);
/* Adds a problem to the report. The texts of `place` are copied. */
void report_add_error(struct check_report *r, const struct check_problem *place,
		      const char *message);
void report_add_warning(struct check_report *r, const struct check_problem *place,
			const char *message);
