/* libyaml's complaints in words for the person who wrote the file. Never a piece of the input. */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <yaml.h>

/* Says what stopped the parser over `input`, with line and column. */
enum result yaml_fail_parser(const yaml_parser_t *parser, struct slice input, struct error *err);
