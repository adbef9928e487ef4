/*
 * Checks a whole store through one of its sessions, and names everything that is wrong with it
 * instead of stopping at the first fault:
 *
 *   - the engine's own check of the file, indexes included;
 *   - the definitions of the tables and indexes;
 *   - the audit log, as audit/verify.h says, with the columns that queries use;
 *   - each version, head and token against the last entry that names it;
 *   - that no revision is missing, the counters, and the log's stored state;
 *   - that each version that is not destroyed has a content;
 *   - with the keyring: that each content opens, is the one whose digest and value MAC are stored,
 *     and that every row is one that reeved wrote and none is missing.
 *
 * All but the last needs only the log's public key. An entry of the log cannot be changed unseen,
 * so what it says is the measure of the rest. Without the keyring nothing is known of: messages,
 * authors and times of versions and revisions, dependencies, digests of configurations, kept
 * responses, the uses that a token has left, and of entries that older releases wrote only what
 * words.h says.
 *
 * Memory: see words.h. One thread.
 */
#pragma once

#include "store/check/report.h"

/* OK: nothing is wrong. E_CORRUPT: there are findings, and `err` has the first. Any other result:
 * the store could not be checked. `ret` is filled in every case; the caller clears
 * `ret->checkpoint`. */
MUST_USE enum result store_check(struct store_check_report *ret, const struct store_check *what,
				 struct error *err);
