/* Sets of code points: built while a pattern is read, sorted and merged when complete. */
#pragma once

#include "schema/regex/pattern_parse.h"

/* False without memory. Surrogates are left out: no valid text holds one. */
bool class_add(struct pattern_class *set, struct arena *a, uint32_t first, uint32_t last);

/* \d \D \s \S \w \W by letter (ECMA-262 section 22.2.2.9). */
bool class_add_escape(struct pattern_class *set, struct arena *a, char letter);

/* Sorts and merges. */
void class_normalise(struct pattern_class *set);

/* A class of `set`'s complement in place; `set` is normalised and has no properties. */
bool class_complement(struct pattern_class *set, struct arena *a);

/* `name` is what stands between \p{ and }; false where ECMA-262 (section 22.2.1.1, tables 67 to 69) has no such property. Text for
 * PCRE2 in `ret`. Names of scripts are left to PCRE2 to know. */
bool property_translate(char ret[static 80], struct slice name, bool is_negated);
