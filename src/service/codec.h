/*
 * How items become the bytes of a response. Each surface of the server has a codec: the native JSON
 * has one, and other interfaces and pages get their own. The front end chooses it (call->codec), so
 * that service/ knows no member names.
 *
 * A verb hands over one item after the other while it looks them up; nothing large is collected.
 * A function that writes appends to `b`, a BUF_RESPONSE, and returns no result: a failure stays in
 * the buffer, and response_check() finds it. to_yaml() and those that read bodies return one. None
 * keeps any state but what it is given, so all may run in any thread.
 *
 * Functions that end in _begin open something that a function in _end closes. The comment at the
 * first says what may stand between them.
 */
#pragma once

#include "base/budget.h"
#include "base/buf.h"
#include "service/item.h"
#include "service/body_input.h"

struct codec {
	/* A finished JSON body (BODY_JSON, or a source in JSON) as YAML, for a client that asked
	 * for it. The tree that it needs is wiped where `is_secret`. `budget` may be NULL. E_LIMIT:
	 * the budget ran out. */
	enum result (*to_yaml)(struct buf *ret, struct slice body, bool is_secret,
			       struct budget *budget, struct error *err);

	/* A page of items of one kind. */
	void (*list_begin)(struct buf *b);
	void (*list_end)(struct buf *b);

	/* Documents. */
	/* One version with its content. */
	void (*document)(struct buf *b, const struct document_item *d);
	/* A line of a list of documents, or of the versions of one. */
	void (*version)(struct buf *b, const struct version_item *v);
	/* A document that needs the requested one, in a list. */
	void (*dependent)(struct buf *b, const struct dependent_item *d);

	/* Revisions: in a list; alone, with each change that it made and the differences of those
	 * that are shown. */
	void (*revision)(struct buf *b, const struct revision_item *r);
	void (*revision_begin)(struct buf *b, const struct revision_item *r);
	void (*change_begin)(struct buf *b, const struct change_item *c);
	void (*change_end)(struct buf *b, const struct change_item *c);
	void (*revision_end)(struct buf *b);

	/* A line of a configuration's history: one revision at which it changed. */
	void (*config_version)(struct buf *b, const struct config_version_item *v);

	/* An explained configuration: the origin of each value, then explanation_secrets, then each
	 * secret. */
	void (*explanation_begin)(struct buf *b, const struct tree_node *content);
	void (*explained_value)(struct buf *b, struct slice pointer, const struct origin_item *o);
	void (*explanation_secrets)(struct buf *b);
	void (*explained_secret)(struct buf *b, const struct secret_item *s);
	void (*explanation_end)(struct buf *b, const struct doc_warnings *w);

	/* A comparison, and between its begin and end each `difference`. */
	void (*document_diff_begin)(struct buf *b, const struct document_diff_item *d);
	void (*config_diff_begin)(struct buf *b, const struct config_diff_item *d);
	void (*difference)(struct buf *b, const struct difference_item *d);
	void (*diff_end)(struct buf *b);

	/* Tokens; alone, or in a list. */
	void (*token)(struct buf *b, const struct token_item *t);

	/* A written document; lists of problems may stand between. */
	void (*written_begin)(struct buf *b, const struct written_item *w);
	void (*written_end)(struct buf *b);
	/* Several documents written in one revision: they come first, then batch_written_end, then
	 * lists of problems. */
	void (*batch_begin)(struct buf *b, const struct batch_item *r);
	void (*batch_written_end)(struct buf *b);
	void (*batch_end)(struct buf *b);

	/* A dry run: changes, each with its differences between begin and end; then configurations
	 * likewise; then lists of problems. */
	void (*dry_run_begin)(struct buf *b);
	void (*planned_change_begin)(struct buf *b, const struct planned_change_item *c);
	void (*planned_change_end)(struct buf *b);
	void (*planned_configs_begin)(struct buf *b);
	void (*planned_config_begin)(struct buf *b, const struct planned_config_item *c);
	void (*planned_config_end)(struct buf *b, const struct planned_config_item *c);
	void (*planned_configs_end)(struct buf *b);
	void (*dry_run_end)(struct buf *b);

	/* Problems of one list; it belongs to what is open, or stands alone. */
	void (*problems_begin)(struct buf *b, enum problem_list list);
	void (*problem)(struct buf *b, const struct check_problem *p);
	void (*problems_end)(struct buf *b);

	/* Bodies of requests (body_input.h). What is read lives in `a`; `ret` is zero before, and
	 * after a failure holds what was read until then. */
	/* A new token: name, policies and limits. */
	enum result (*read_token)(struct token_request *ret, const struct body_input *body,
				  struct arena *a, struct error *err);
	/* A renewal: how long the token is to live, in milliseconds. Where that was not sent,
	 * `ret_ms` stays as it was. */
	enum result (*read_ttl)(int64_t *ret_ms, const struct body_input *body, struct error *err);
	/* A question about rights. */
	enum result (*read_access)(struct access_request *ret, const struct body_input *body,
				   struct arena *a, struct error *err);
	/* The version that a rollback goes back to. */
	enum result (*read_version)(uint64_t *ret, const struct body_input *body,
				    struct error *err);
	/* The versions whose state is to change, each once in `ret`. */
	enum result (*read_versions)(struct version_list *ret, const struct body_input *body,
				     struct arena *a, struct error *err);
	/* A batch. `ret` then tells a refusal which documents it was about. */
	enum result (*read_batch)(struct batch_request *ret, const struct body_input *body,
				  struct arena *a, struct error *err);

	/* Entries of the audit log, as they were hashed: in a list or alone, or one a line. */
	void (*audit_entry)(struct buf *b, struct slice entry);
	void (*audit_line)(struct buf *b, struct slice entry);

	/* The response to a question about rights, and the state of the server. */
	void (*decision)(struct buf *b, const struct decision_item *d);
	void (*status)(struct buf *b, const struct status_item *s);
};
