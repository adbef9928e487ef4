/* The errors of libyaml as sentences for the author of the file. They never quote the input. */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <yaml.h>

/* Explains why the parser stopped in `input`, with line and column. E_MALFORMED, E_MEMORY. */
enum result yaml_fail_parser(const yaml_parser_t *parser, struct slice input, struct error *err);
