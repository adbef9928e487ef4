/* The functions of the verbs that change nothing (service/engine/verb.h says what such a function
 * must keep), and what some of them share. */
#pragma once

#include "service/engine/engine.h"
#include "service/item.h"

/* _on_loop may run in the caller's thread, an event loop, and must not wait for the store;
 * _on_worker has a session of the store and a budget. */
verb_fn document_get_on_loop, document_get_on_worker;
verb_fn config_get_on_loop, config_get_on_worker;
verb_fn document_list_on_worker;
verb_fn document_versions_on_worker, document_diff_on_worker, document_dependents_on_worker;
verb_fn revision_list_on_worker, revision_get_on_worker;
verb_fn config_versions_on_worker, config_diff_on_worker;
verb_fn audit_list_on_worker, audit_entry_on_worker, audit_checkpoint_on_loop;
verb_fn access_check_on_loop, status_on_worker, metrics_on_loop, backup_on_worker;

/* The author of a revision, with the parent of its token where the snapshot still has that. Borrows
 * from the texts and the snapshot. */
struct author_item author_item_make(const struct snapshot *s, struct slice name,
				    struct slice accessor);
