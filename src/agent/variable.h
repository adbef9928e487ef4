/*
 * Names of environment variables, and which of them a configuration may not set.
 *
 * The rule: a variable steers a program if the program, or a library in it, reads the variable by
 * itself and then runs other code, trusts other roots, connects to other hosts, or reads or writes
 * other files. The author of a configuration must not control that for the user who runs the
 * command. A program that fits the rule and is missing gets a row in the table of variable.c. Such
 * a list is never complete, so `--env-all` applies an allow-list before it.
 */
#pragma once

#include "base/slice.h"

/* Letters, digits and _, beginning with no digit (POSIX.1-2017, Base Definitions, 8.1). */
bool variable_is_name(struct slice name);

/* The thing that the variable steers, such as "proxies and package sources", a constant; NULL where
 * the table has no row for the name. */
const char *variable_steers(struct slice name);

/* Whether the name matches the pattern, in which each * stands for any number of characters. */
bool variable_matches(const char *pattern, struct slice name);

/* A pattern contains only the characters of a name and *. */
bool variable_is_pattern(const char *pattern);
