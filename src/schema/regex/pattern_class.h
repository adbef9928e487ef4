/* Sets of code points: ranges are added while a pattern is read, then sorted and merged. */
#pragma once

#include "schema/regex/pattern_tree.h"

/* False without memory. Surrogates are left out: no valid text holds one. */
bool class_add(struct pattern_class *set, struct arena *a, uint32_t first, uint32_t last);

/* Adds the set of \d \D \s \S \w or \W (ECMA-262 section 22.2.2.9); `letter` is one of these. False
 * without memory. */
bool class_add_escape(struct pattern_class *set, struct arena *a, char letter);

/* Sorts and merges. */
void class_normalise(struct pattern_class *set);

/* Replaces `set`, which is normalised and has no properties, by its complement. False without
 * memory. */
bool class_complement(struct pattern_class *set, struct arena *a);

/* Writes the property that \p{name} names in PCRE2's syntax to `ret`; false where ECMA-262 (section
 * 22.2.1.1, tables 67 to 69) has no such property. Whether a script of that name exists is left to
 * PCRE2. */
bool property_translate(char ret[static 80], struct slice name, bool is_negated);
