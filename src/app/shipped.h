/* The policies of a new store: the files in policies/, which scripts/embed puts into the program.
 * They are stored as revision 1 and are ordinary documents from then on: a later version of the
 * program does not change them. To add one, add its file to meson.build, and its name to the list
 * of shipped policies in cli/apply.c. */
#pragma once

#include "service/service.h"

/* Constant; "policies/administrator" comes from policies/administrator.yaml. */
extern const struct shipped_document shipped_policies[];
extern const size_t shipped_policies_count;
