/*
 * The parts of a request that come from words on the command line. Each function prints an error
 * and sets `*ret_exit` where it returns false.
 */
#pragma once

#include "base/buf.h"
#include "cli/command.h"

#include <stdbool.h>

/* Appends "/v1/profiles/orders/base", percent-encoded, and ":verb" where `verb` is not NULL. False
 * where `path` is not a document's path; `*ret_exit` is then EXIT_USAGE. */
bool target_document(struct buf *ret, const struct command *command, const char *path,
		     const char *verb, int *ret_exit);

/* The same for a secret: "orders/warehouse" or "secrets/orders/warehouse". */
bool target_secret(struct buf *ret, const struct command *command, const char *path,
		   const char *verb, int *ret_exit);

/* The same for a configuration: "orders/production" or "config/orders/production". */
bool target_config(struct buf *ret, const struct command *command, const char *name,
		   const char *verb, int *ret_exit);

/* Parses a whole number from 1 to INT64_MAX, the range of versions and revisions. `name` is its
 * name in the error ("--to"). */
bool number_parse(const struct command *command, const char *name, const char *text, uint64_t *ret,
		  int *ret_exit);

/* Appends the JSON list [1,2,5] for "1,2,5". Each number is at least 1. On failure `json` keeps the
 * part that was appended already. */
bool versions_append(struct buf *json, const struct command *command, const char *text,
		     int *ret_exit);

/* Appends `"name":"value"` with a comma before it where the object is not empty
 * (json_member_text()). Appends nothing where `value` is NULL, as for an option that was not
 * given. */
void member_append_text(struct buf *json, const char *name, const char *value);
