/*
 * format/ owns the checks of the `format` keyword (2020-12 validation, section 7.3; draft 7,
 * section 7.3): a table of names (format.c) and one file for each family of formats, each written
 * from the RFC that it names.
 *
 * A check is a pure function of a text, linear in its length, and needs no memory except that of
 * idn-hostname and regex.
 */
#pragma once

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct format; /* a row of a const table */

/* NULL for an unknown name, which asserts nothing. Names mean the same in both drafts. */
const struct format *format_find(struct slice name);

/* The sentence for a failure: "must be a date such as 2026-11-20". */
const char *format_sentence(const struct format *f);

/* The price of format_is_valid(), in steps (schema/price.h). */
uint64_t format_price(const struct format *f, struct slice text);

/* Whether the whole `text`, which is valid UTF-8, has the format. */
bool format_is_valid(const struct format *f, struct slice text);
