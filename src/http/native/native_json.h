/*
 * The functions of the native codec (service/codec.h says what each is for), and the parts of
 * objects that several of them write.
 *
 * Objects and their members follow each other in one buffer; json_comma() knows from its last byte
 * whether a comma is due.
 */
#pragma once

#include "service/codec.h"

/* Appends a finished JSON body as YAML. E_LIMIT when `budget` is used up. */
MUST_USE enum result native_to_yaml(struct buf *ret, struct slice body, bool is_secret,
				    struct budget *budget, struct error *err);

/* {"items":[ … ]} */
void native_list_begin(struct buf *b);
void native_list_end(struct buf *b);

/* Items of lists, each an object with the comma before it where one is due. */
void native_document(struct buf *b, const struct document_item *d);
void native_version(struct buf *b, const struct version_item *v);
void native_dependent(struct buf *b, const struct dependent_item *d);

/* A revision as an item of a list; or alone, from begin to end, with its changes between. A change
 * that is shown has its differences between its own begin and end. */
void native_revision(struct buf *b, const struct revision_item *r);
void native_revision_begin(struct buf *b, const struct revision_item *r);
void native_change_begin(struct buf *b, const struct change_item *c);
void native_change_end(struct buf *b, const struct change_item *c);
void native_revision_end(struct buf *b);

/* An item of a configuration's history. */
void native_config_version(struct buf *b, const struct config_version_item *v);

/* {"content":…,"origins":{ … },"secrets":{ … },"warnings":[ … ]}: the values' origins follow the
 * begin, then the secrets. */
void native_explanation_begin(struct buf *b, const struct tree_node *content);
void native_explained_value(struct buf *b, struct slice pointer, const struct origin_item *o);
void native_explanation_secrets(struct buf *b);
void native_explained_secret(struct buf *b, const struct secret_item *s);
void native_explanation_end(struct buf *b, const struct doc_warnings *w);

/* {"path":…,"from":1,"to":2,"diff":[ … ]}, with "config" for "path" in the second. Differences also
 * fill the "diff" of revisions and dry runs. */
void native_document_diff_begin(struct buf *b, const struct document_diff_item *d);
void native_config_diff_begin(struct buf *b, const struct config_diff_item *d);
void native_difference(struct buf *b, const struct difference_item *d);
void native_diff_end(struct buf *b);

/* A token's record, alone or as an item of a list. */
void native_token(struct buf *b, const struct token_item *t);

/* A written document stays open for its lists of problems. A batch has the documents in "items",
 * then its own lists of problems. */
void native_written_begin(struct buf *b, const struct written_item *w);
void native_written_end(struct buf *b);
void native_batch_begin(struct buf *b, const struct batch_item *r);
void native_batch_written_end(struct buf *b);
void native_batch_end(struct buf *b);

/* {"dry_run":true,"changes":[ … ],"effective":[ … ], …}: lists of problems may stand before the
 * end. */
void native_dry_run_begin(struct buf *b);
void native_planned_change_begin(struct buf *b, const struct planned_change_item *c);
void native_planned_change_end(struct buf *b);
void native_planned_configs_begin(struct buf *b);
void native_planned_config_begin(struct buf *b, const struct planned_config_item *c);
void native_planned_config_end(struct buf *b, const struct planned_config_item *c);
void native_planned_configs_end(struct buf *b);
void native_dry_run_end(struct buf *b);

/* A list of problems: a member ("errors", "warnings", "unchecked") of the open object, or in an
 * empty buffer an array that stands alone. */
void native_problems_begin(struct buf *b, enum problem_list list);
void native_problem(struct buf *b, const struct check_problem *p);
void native_problems_end(struct buf *b);

/* An entry of the audit log, byte by byte: as an item, or as a line of NDJSON. */
void native_audit_entry(struct buf *b, struct slice entry);
void native_audit_line(struct buf *b, struct slice entry);
/* Whole objects: a decision about access, the server's status. */
void native_decision(struct buf *b, const struct decision_item *d);
void native_status(struct buf *b, const struct status_item *s);

/* A version's members from "path" to "digest" or "state", as far as they are there; without
 * braces. */
void native_version_members(struct buf *b, const struct version_item *v);
const char *native_state_name(enum version_state state); /* "live", "deleted", "destroyed" */
/* The text, or null where it is empty. */
void native_text_or_null(struct buf *b, const char *name, struct slice text);
const char *native_served_name(bool is_served); /* "live", "gone" */
/* The members "path", "version", "line" and "column", as far as they are known; without braces. */
void native_origin_members(struct buf *b, const struct origin_item *o);
