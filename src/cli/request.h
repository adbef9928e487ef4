/* Request targets from what was typed. */
#pragma once

#include "base/buf.h"
#include "cli/command.h"

#include <stdbool.h>

/* "/v1/profiles/orders/base" and `:verb` (NULL: none). False, said so and `*ret_exit` set, for what is no document's path. */
bool target_document(struct buf *ret, const struct command *command, const char *path,
		     const char *verb, int *ret_exit);

/* "/v1/secrets/orders/warehouse" from "orders/warehouse" or "secrets/orders/warehouse". */
bool target_secret(struct buf *ret, const struct command *command, const char *path,
		   const char *verb, int *ret_exit);

/* "/v1/config/orders/production" from "orders/production" or "config/orders/production". */
bool target_config(struct buf *ret, const struct command *command, const char *name,
		   const char *verb, int *ret_exit);

/* A whole number from 1; false, said so, for anything else. */
bool number_parse(const struct command *command, const char *what, const char *text, uint64_t *ret,
		  int *ret_exit);

/* "1,2,5" as a JSON list of numbers. */
bool versions_append(struct buf *json, const struct command *command, const char *text,
		     int *ret_exit);

/* Appends `"name":"value"` with a comma before it where the object is not empty. Nothing for NULL. */
void member_append_text(struct buf *json, const char *name, const char *value);
