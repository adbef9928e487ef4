/*
 * The table of the native codec, and its lists. A function that service/codec.h gains needs its row
 * here: a verb calls it without looking whether it is there.
 */
#include "http/native/native.h"
#include "http/native/native_body.h"
#include "http/native/native_json.h"

const struct codec native_codec = {
	.to_yaml = native_to_yaml,
	.list_begin = native_list_begin,
	.list_end = native_list_end,
	.document = native_document,
	.version = native_version,
	.dependent = native_dependent,
	.revision = native_revision,
	.revision_begin = native_revision_begin,
	.change_begin = native_change_begin,
	.change_end = native_change_end,
	.revision_end = native_revision_end,
	.config_version = native_config_version,
	.explanation_begin = native_explanation_begin,
	.explained_value = native_explained_value,
	.explanation_secrets = native_explanation_secrets,
	.explained_secret = native_explained_secret,
	.explanation_end = native_explanation_end,
	.document_diff_begin = native_document_diff_begin,
	.config_diff_begin = native_config_diff_begin,
	.difference = native_difference,
	.diff_end = native_diff_end,
	.token = native_token,
	.written_begin = native_written_begin,
	.written_end = native_written_end,
	.batch_begin = native_batch_begin,
	.batch_written_end = native_batch_written_end,
	.batch_end = native_batch_end,
	.dry_run_begin = native_dry_run_begin,
	.planned_change_begin = native_planned_change_begin,
	.planned_change_end = native_planned_change_end,
	.planned_configs_begin = native_planned_configs_begin,
	.planned_config_begin = native_planned_config_begin,
	.planned_config_end = native_planned_config_end,
	.planned_configs_end = native_planned_configs_end,
	.dry_run_end = native_dry_run_end,
	.problems_begin = native_problems_begin,
	.problem = native_problem,
	.problems_end = native_problems_end,
	.read_token = native_read_token,
	.read_ttl = native_read_ttl,
	.read_access = native_read_access,
	.read_version = native_read_version,
	.read_versions = native_read_versions,
	.read_batch = native_read_batch,
	.audit_entry = native_audit_entry,
	.audit_line = native_audit_line,
	.decision = native_decision,
	.status = native_status,
};

void native_list_begin(struct buf *b)
{
	buf_append_text(b, "{\"items\":[");
}

void native_list_end(struct buf *b)
{
	buf_append_text(b, "]}");
}
