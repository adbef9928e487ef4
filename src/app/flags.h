/* The command line: --name VALUE, --name=VALUE, and --name alone for what is a yes. */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>

struct flag_row {
	const char *name; /* without dashes: "admin-token-file" */
	bool is_flag;	  /* may stand without a value, then "true" */
};

#define FLAGS_MAX 80 /* for "did you mean" */

/* `values[i]` is what rows[i] was given; untouched where it was not. Texts are argv's. E_MALFORMED, naming the option, with "did
 * you mean"; also for one given twice and for an argument that is no option. `--help` sets `*ret_is_help`. */
MUST_USE enum result flags_parse(struct slice *values, bool *ret_is_help,
				 const struct flag_row *rows, size_t count, int argc,
				 char *const *argv, struct error *err);
