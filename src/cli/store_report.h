/*
 * What a check of a store (store/check/check.h) found, for a person: each finding as it is met, on
 * standard error, and at the end what was checked and what could not be.
 */
#pragma once

#include "cli/command.h"
#include "store/check/check.h"

struct store_report {
	const struct command *command; /* for the names of messages */
	const char *remedy;	       /* that was printed last: it is not repeated */
};

/* For store_check.finding and .progress; `ctx` is a struct store_report. */
void store_report_finding(void *ctx, const struct store_finding *finding);
void store_report_progress(void *ctx, const char *part, uint64_t done);

/* The log's part of a sound report: entries, times and root. */
void store_report_log(const struct audit_report *r);
/* What was compared, beside the log, and what was not. `has_keys`: with the root key. */
void store_report_sound(const struct store_check_report *r, bool has_keys);
/* The closing sentence where store_check() gave `rc`, which is not OK. */
void store_report_unsound(const struct store_report *to, const struct store_check_report *r,
			  enum result rc, const struct error *err);
