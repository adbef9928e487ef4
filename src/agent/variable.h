/*
 * Names of environment variables, and which of them a configuration may not set.
 *
 * The rule: a variable steers where some program or library that never asked for our configuration
 * reads it by itself and then runs other code, trusts other roots, speaks to other hosts, or reads
 * or writes other files. Who writes a configuration must not decide that for who runs a command.
 * New rows go into the table of variable.c when a program turns up that fits the rule; that such a
 * list is never complete is why `--env-all` goes by an allow-list first.
 */
#pragma once

#include "base/slice.h"

/* Letters, digits and _, not a digit first (POSIX.1-2017, Base Definitions, 8.1). */
bool variable_is_name(struct slice name);

/* What the variable steers, such as "proxies"; NULL where nothing is known to be steered by it. */
const char *variable_steers(struct slice name);

/* Whether the name fits the pattern, in which each * stands for any number of characters. */
bool variable_matches(const char *pattern, struct slice name);

/* A pattern holds the characters of a name and *. */
bool variable_is_pattern(const char *pattern);
