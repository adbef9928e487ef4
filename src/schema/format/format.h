/* The `format` keyword's checks (2020-12 validation, section 7.3; draft 7, section 7.3), each by its RFC. */
#pragma once

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct format; /* a row of a const table */

/* NULL for a name that we do not know: it asserts nothing. Names are the same in both drafts. */
const struct format *format_find(struct slice name);

/* "must be a date such as 2026-11-20" */
const char *format_sentence(const struct format *f);

/* What format_is_valid() may take, in steps (schema/price.h). */
uint64_t format_price(const struct format *f, struct slice text);

/* `text` is valid UTF-8. Linear in its length. */
bool format_is_valid(const struct format *f, struct slice text);
