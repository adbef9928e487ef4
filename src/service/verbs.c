/*
 * The verb table: for each verb its action word, guard, functions and key use. It stands here
 * because the engine, which uses it, may not include the verbs.
 *
 * A new verb is a value of enum verb, a row here, a row in call.c and a route in http/. The first
 * function runs in an event loop and must be quick; NULL sends the call straight to a worker.
 */
#include "service/write/verbs.h"

#include "service/read/read.h"
#include "service/token/tokens.h"
#include "service/write/idempotency.h"

/* An action that begins with a dot has "secret", "policy" or "document" before it. */
const struct verb_row verb_table[VERB_COUNT] = {
	[VERB_DOCUMENT_LIST] = {".list", GUARD_UNDER, NULL, document_list_on_worker},
	[VERB_DOCUMENT_GET] = {".read", GUARD_PATH, document_get_on_loop, document_get_on_worker},
	[VERB_DOCUMENT_PUT] = {".put", GUARD_PATH, NULL, document_write_on_worker,
			       .replay = idempotency_replay},
	[VERB_DOCUMENT_PATCH] = {".patch", GUARD_PATH, NULL, document_write_on_worker,
				 .replay = idempotency_replay},
	[VERB_DOCUMENT_DELETE] = {".delete", GUARD_PATH, NULL, document_write_on_worker,
				  .replay = idempotency_replay},
	[VERB_DOCUMENT_UNDELETE] = {".undelete", GUARD_PATH, NULL, document_write_on_worker,
				    .replay = idempotency_replay},
	[VERB_DOCUMENT_DESTROY] = {".destroy", GUARD_PATH, NULL, document_write_on_worker,
				   .replay = idempotency_replay},
	[VERB_DOCUMENT_ROLLBACK] = {".rollback", GUARD_PATH, NULL, document_write_on_worker,
				    .replay = idempotency_replay},
	[VERB_DOCUMENT_VERSIONS] = {".versions", GUARD_PATH, NULL, document_versions_on_worker},
	[VERB_DOCUMENT_DIFF] = {".diff", GUARD_PATH, NULL, document_diff_on_worker},
	[VERB_DOCUMENT_DEPENDENTS] = {".dependents", GUARD_PATH, NULL,
				      document_dependents_on_worker},
	[VERB_BATCH] = {"batch.write", GUARD_VERB, NULL, batch_on_worker,
			.replay = idempotency_replay},
	[VERB_REVISION_LIST] = {"revision.list", GUARD_VERB, NULL, revision_list_on_worker},
	[VERB_REVISION_GET] = {"revision.read", GUARD_VERB, NULL, revision_get_on_worker},
	[VERB_REVISION_REVERT] = {"revision.revert", GUARD_VERB, NULL, revert_on_worker,
				  .replay = idempotency_replay},
	[VERB_CONFIG_GET] = {"config.read", GUARD_PATH, config_get_on_loop, config_get_on_worker},
	[VERB_CONFIG_VERSIONS] = {"config.versions", GUARD_PATH, NULL, config_versions_on_worker},
	[VERB_CONFIG_DIFF] = {"config.diff", GUARD_PATH, NULL, config_diff_on_worker},
	[VERB_AUDIT_LIST] = {"audit.list", GUARD_VERB, NULL, audit_list_on_worker},
	[VERB_AUDIT_ENTRY] = {"audit.read", GUARD_PATH, NULL, audit_entry_on_worker},
	[VERB_AUDIT_CHECKPOINT] = {"audit.checkpoint", GUARD_PATH, audit_checkpoint_on_loop, NULL},
	[VERB_TOKEN_CREATE] = {"token.create", GUARD_PATH, NULL, token_create_on_worker,
			       .has_credential = true},
	[VERB_TOKEN_LIST] = {"token.list", GUARD_PATH, NULL, token_list_on_worker},
	[VERB_TOKEN_REVOKE] = {"token.revoke", GUARD_VERB, NULL, token_revoke_on_worker},
	[VERB_TOKEN_SELF] = {"token.self", GUARD_VERB, token_self_on_loop, NULL},
	[VERB_TOKEN_RENEW] = {"token.renew", GUARD_VERB, NULL, token_renew_on_worker},
	[VERB_ACCESS_CHECK] = {"access.check", GUARD_VERB, access_check_on_loop, NULL},
	[VERB_STATUS] = {"status.read", GUARD_PATH, NULL, status_on_worker},
	[VERB_METRICS] = {"metrics.read", GUARD_PATH, metrics_on_loop, NULL},
	[VERB_BACKUP] = {"backup.read", GUARD_PATH, NULL, backup_on_worker},
};
