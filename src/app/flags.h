/*
 * The flags of `reeved`: --name VALUE, --name=VALUE, and --name alone for a yes.
 *
 * They differ from the options of `reeve` (cli/options.h): the rows come from the table of
 * settings, there are no operands and no short forms, a flag that is given twice is an error, and
 * an unknown flag gets a suggestion, because a mistyped setting must not start a server.
 */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>

#define FLAGS_MAX 80 /* rows among which a suggestion is looked for */

struct flag_row {
	const char *name; /* without dashes: "admin-token-file" */
	bool is_yes_no;	  /* may stand without a value, which is "true" then */
};

struct flag_set {
	const struct flag_row *rows;
	size_t count;
};

/* Puts the value of `flags.rows[i]` into `values[i]`, borrowed from `argv`; leaves `values[i]`
 * alone where the flag is absent. `argv` begins behind the command's name. --help sets
 * `*ret_is_help` and ends the parsing. E_MALFORMED, naming the flag, for an unknown or repeated
 * flag, a missing value, and an argument that is not a flag. */
MUST_USE enum result flags_parse(struct slice *values, bool *ret_is_help, struct flag_set flags,
				 int argc, char *const *argv, struct error *err);
