/*
 * A write from request to commit job: the order of its checks.
 *
 * The order in write_prepare() matters:
 *   rights and form     before any look at a document, so that a refusal tells nothing
 *   prepare and lay     all changes, before any check: documents of one batch may need each other
 *   references          before their targets are read for the check
 *   content, cascade    all problems are collected for one response
 *   lockout             after force has been applied to the problems
 *   sealing             last: ciphertext is made only of content that will be committed
 *
 * What must hold: a write that reaches the committer was checked whole against one snapshot, and
 * its view remembers all that was looked at. In a worker.
 */

#include "service/write/write_prepare.h"

#include "service/engine/audit_draft.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"
#include "service/token/lockout.h"
#include "service/write/cascade.h"
#include "service/write/change_check.h"
#include "service/write/change_prepare.h"
#include "service/write/commit_write.h"
#include "service/write/dry_run.h"
#include "service/write/problems.h"
#include "service/write/reference_permission.h"
#include "service/write/write.h"
#include "service/write/write_response.h"

#include "base/plain_text.h"
#include "crypto/content.h"

#define MESSAGE_BYTES_MAX 4096

/* Before any look at the documents, so that a refusal tells nothing of them. */
static enum result authorise(struct verb_context *ctx, struct write *w, struct error *err)
{
	for (uint32_t i = 0; i < w->changes_count; i++) {
		struct change *c = &w->changes[i];
		enum result rc = path_check(c->path, &c->kind, err);

		if (rc != OK)
			return rc;
		if (write_may_change(ctx, w, c))
			continue;
		if (!audit_draft_touch(ctx->call, c->path, 0, NULL))
			return fail(err, E_UNAVAILABLE, "cannot record the refusal");
		atomic_fetch_add(&ctx->service->counters.refused, 1);
		return fail(err, E_FORBIDDEN, "may not %s %.*s", c->origin, SLICE_ARGS(c->path));
	}
	return OK;
}

/* Force has an effect only on changes that take a document away and on policies; elsewhere it is
 * refused rather than ignored. */
static enum result check_force(const struct write *w, struct error *err)
{
	if (!w->is_forced || w->changes_count == 0)
		return OK;
	for (uint32_t i = 0; i < w->changes_count; i++) {
		const struct change *c = &w->changes[i];

		if (change_takes_away(c) || c->kind == KIND_POLICIES)
			return OK;
	}
	return fail(err, E_MALFORMED, "`force` is for what takes something away, and for policies");
}

/* Each is compared with each: a batch has at most batch_changes_max changes, 1,000 by default. */
static enum result refuse_twice(const struct write *w, struct error *err)
{
	for (uint32_t i = 1; i < w->changes_count; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (slice_is_equal(w->changes[i].path, w->changes[j].path))
				return fail(err, E_MALFORMED, "%.*s is changed twice",
					    SLICE_ARGS(w->changes[i].path));
		}
	}
	return OK;
}

/* Messages and sources stand in the history for all its readers. */
static enum result check_text(struct slice text, const char *name, struct error *err)
{
	if (text.len > MESSAGE_BYTES_MAX)
		return fail(err, E_TOO_LARGE, "a %s has at most %d bytes", name, MESSAGE_BYTES_MAX);
	if (!text_is_plain(text, true))
		return fail(err, E_MALFORMED,
			    "a %s must have no control or bidirectional characters but tabs and "
			    "ends of lines",
			    name);
	return OK;
}

/* First all are prepared, each from the snapshot alone; then all are laid over the view, before
 * anything is looked at in it. */
static enum result prepare_changes(struct verb_context *ctx, struct write *w, struct error *err)
{
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < w->changes_count; i++)
		rc = change_prepare(ctx, w, &w->changes[i], err);
	for (uint32_t i = 0; rc == OK && i < w->changes_count; i++) {
		w->has_revision |= w->changes[i].is_changed;
		rc = view_lay(&w->view, &w->changes[i], err);
	}
	return rc;
}

/* Checks all changes, so that one response names all that is wrong. */
static enum result check_changes(struct write *w, struct error *err)
{
	enum result first = OK;

	for (uint32_t i = 0; i < w->changes_count; i++) {
		struct error one = ERROR_NULL;
		enum result rc = change_check(w, &w->changes[i], &one);

		if (rc != OK && first == OK) {
			first = rc;
			*err = one;
		}
	}
	return first;
}

/* In the worker, because the committer must not spend time on encryption. It uses the key
 * generation of now. */
static enum result seal_changes(struct write *w, struct error *err)
{
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < w->changes_count; i++) {
		struct change *c = &w->changes[i];
		struct content_place place = {.kind = slice_text(kind_name(c->kind)),
					      .path = c->path,
					      .version = c->version,
					      .content_type = c->content_type};

		if (c->action == CHANGE_PUT && c->is_changed)
			rc = content_seal(&c->sealed, &c->wrapped, w->service->state.keyring,
					  &place, buf_slice(&c->plain), err);
	}
	return rc;
}

/* Results that come with a list of problems. */
static bool is_about_content(enum result rc)
{
	return rc == E_INVALID || rc == E_CONFLICT || rc == E_MALFORMED;
}

/* Names are hidden in the one text; the list is cut problem by problem. */
static enum step response_refused(struct write *w, enum result rc, const struct error *err)
{
	struct call *c = w->call;
	struct error shown = *err;

	if (rc != E_FORBIDDEN) /* that text names only what the caller sent */
		problems_hide_names(w, &shown);
	if (is_about_content(rc) && (w->report.errors_count != 0 || w->report.arena.is_short))
		problems_write(&c->out.problems, w, PROBLEMS_ERRORS);
	if (buf_is_failed(&c->out.problems)) /* the list is incomplete */
		rc = response_check(&c->out.problems, &shown);
	if (w->is_dry_run && rc != E_FORBIDDEN)
		audit_draft_dry_run(c);
	return response_error(c, rc, &shown);
}

/* Problems that force overrides become warnings, and the audit entry says "forced". */
static void downgrade_problems(struct write *w)
{
	w->was_forced = true;
	for (uint32_t i = 0; i < w->report.errors_count; i++)
		report_add_warning(&w->report, &w->report.errors[i], w->report.errors[i].message);
}

/* Force overrides only what a delete or destroy leaves behind, never content that is invalid
 * itself. */
static bool is_forceable(const struct write *w, enum result rc)
{
	if (!w->is_forced || (rc != E_CONFLICT && rc != E_INVALID))
		return false;
	for (uint32_t i = 0; i < w->changes_count; i++) {
		if (!change_takes_away(&w->changes[i]))
			return false;
	}
	return true;
}

/* A forced write may leave nobody who can administer; a warning says so. */
static enum result check_lockout(struct write *w, int64_t now_ms, struct error *err)
{
	struct rights_change change = {.before = w->view.snapshot,
				       .caller = w->accessor,
				       .documents = w->changes,
				       .documents_count = w->changes_count};
	struct check_problem place = {.line = 0};
	struct error refusal = ERROR_NULL;
	enum result rc = lockout_check(&w->administrator, &change, now_ms, &w->arena, &refusal);

	if (rc == E_CONFLICT && w->is_forced) {
		w->was_forced = true;
		report_add_warning(&w->report, &place, LOCKOUT_TEXT);
		return OK;
	}
	if (rc == E_CONFLICT)
		report_add_error(&w->report, &place, LOCKOUT_TEXT);
	if (rc != OK)
		*err = refusal;
	return rc;
}

/* The committer can do the rest. */
static enum step commit(struct write *w)
{
	w->job.ops = &write_job_ops;
	return STEP_COMMIT;
}

/* Where nothing changes, only an idempotency key has to be stored, by the committer. */
static enum step response_unchanged(struct write *w)
{
	struct error err = ERROR_NULL;
	enum result rc;

	if (w->idempotency.key.len != 0)
		return commit(w);
	w->revision = w->view.snapshot->revision;
	rc = write_response(w, &err);
	return rc == OK ? STEP_RESPOND : response_error(w->call, rc, &err);
}

enum step write_prepare(struct verb_context *ctx, struct write *w)
{
	struct error err = ERROR_NULL;
	enum result rc = authorise(ctx, w, &err);

	if (rc == OK)
		rc = check_text(w->message, "message", &err);
	if (rc == OK)
		rc = check_text(w->source, "source", &err);
	if (rc == OK)
		rc = check_force(w, &err);
	if (rc == OK)
		rc = refuse_twice(w, &err);
	if (rc == OK)
		rc = prepare_changes(ctx, w, &err);
	if (rc == OK)
		rc = referral_check(w, &err);
	if (rc != OK)
		return response_refused(w, rc, &err);
	rc = check_changes(w, &err);
	if (rc == OK)
		rc = cascade_check(ctx, w, &err);
	if (is_forceable(w, rc)) {
		downgrade_problems(w);
		rc = OK;
	}
	if (rc == OK)
		rc = check_lockout(w, ctx->now_ms, &err);
	if (w->is_dry_run && (rc == OK || is_about_content(rc)))
		return dry_run_response(ctx, w);
	if (rc == OK && !w->has_revision)
		return response_unchanged(w);
	if (rc == OK)
		rc = seal_changes(w, &err);
	return rc == OK ? commit(w) : response_refused(w, rc, &err);
}
