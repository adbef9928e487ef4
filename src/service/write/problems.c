/*
 * Problems of a write: how they are collected in its report, and what of them a response shows.
 *
 * A response names no document that the caller may not read: a problem that cannot be told without
 * such a name is told in general words, or only counted. The report itself holds the full problems;
 * each response cuts copies of them down, by content (problem_visibility.c) and by name (here).
 *
 * The report holds at most CHECK_PROBLEMS_MAX errors and as many warnings. Further errors are
 * counted as dropped, so that a write is never taken for valid because the report was full or had
 * no memory.
 */
#include "service/write/problems.h"

#include "service/codec.h"
#include "service/write/document_visibility.h"
#include "service/write/problem_visibility.h"
#include "service/write/write.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* Without memory the text is empty; problems_write() sees by `is_short` that the arena failed. */
static struct slice keep_text(struct check_report *r, struct slice s)
{
	const char *copy = arena_text(&r->arena, s);

	return copy != NULL ? slice_make(copy, s.len) : SLICE_NULL;
}

static void fill(struct check_report *r, struct check_problem *p, const struct check_problem *place,
		 const char *message)
{
	*p = *place;
	p->profile = keep_text(r, place->profile);
	p->pointer = keep_text(r, place->pointer);
	p->keyword = keep_text(r, place->keyword);
	p->schema = keep_text(r, place->schema);
	p->constraint = keep_text(r, place->constraint);
	p->origin_path = keep_text(r, place->origin_path);
	p->message = arena_text(&r->arena, slice_text(message));
	if (p->message == NULL)
		p->message = "";
}

void report_add_error(struct check_report *r, const struct check_problem *place,
		      const char *message)
{
	if (r->errors == NULL)
		r->errors = arena_alloc_array(&r->arena, CHECK_PROBLEMS_MAX, sizeof *r->errors);
	if (r->errors == NULL || r->errors_count == CHECK_PROBLEMS_MAX)
		r->errors_dropped++;
	else
		fill(r, &r->errors[r->errors_count++], place, message);
}

void report_add_warning(struct check_report *r, const struct check_problem *place,
			const char *message)
{
	if (r->warnings == NULL)
		r->warnings = arena_alloc_array(&r->arena, CHECK_PROBLEMS_MAX, sizeof *r->warnings);
	if (r->warnings != NULL && r->warnings_count < CHECK_PROBLEMS_MAX)
		fill(r, &r->warnings[r->warnings_count++], place, message);
}

/* The caller may know of a profile that it writes, or whose source or configuration it may read.
 * "config/" is written over the end of "profiles/", two bytes further on. */
static bool may_see_profile(const struct write *w, struct slice profile)
{
	char path[PATH_BYTES_MAX + 16];
	struct slice as;

	if (profile.len == 0)
		return true;
	if (profile.len > PATH_BYTES_MAX)
		return false;
	memcpy(path, "profiles/", 9);
	memcpy(path + 9, profile.data, profile.len);
	as = slice_make(path, 9 + profile.len);
	if (write_change(w, as) != NULL || rights_may(w->view.reader, MAY_READ, as))
		return true;
	memcpy(path + 2, "config/", 7);
	return rights_may(w->view.reader, MAY_READ, slice_make(path + 2, 7 + profile.len));
}

/* Whether the caller may see all names in a text. One hidden name is allowed where the document
 * at `place` has it and may be read: the caller knows it from there. */
static bool may_see_names(const struct write *w, struct slice text, struct slice place)
{
	bool is_place_seen = place.len != 0 && write_may_see(w, place);
	uint32_t hidden = 0;
	struct slice path;

	while (path_next_in_text(&text, &path))
		hidden += write_change(w, path) == NULL && !write_may_see(w, path);
	return hidden == 0 || (hidden == 1 && is_place_seen);
}

/* Cuts a problem down to what the caller may see; false: nothing of it. */
static bool cut_problem(const struct write *w, struct check_problem *p, bool is_unchecked)
{
	const char *constraint = p->message;
	bool may_see_place = p->origin_path.len == 0 || write_may_see(w, p->origin_path) ||
			     write_change(w, p->origin_path) != NULL;

	if (!may_see_profile(w, p->profile) || (p->profile.len == 0 && !may_see_place))
		return false;
	problem_cut_content(w, p);
	/* The message about an unchecked value tells only the constraint. */
	if (is_unchecked && p->keyword.len != 0)
		p->message = constraint;
	if (!may_see_names(w, slice_text(p->message), p->origin_path))
		p->message =
			slice_is_text(p->keyword, "$extends")
				? "its inheritance is broken in a profile that you may not read"
				: "it needs a document that you may not read";
	if (!write_may_see_constraint(w, p)) {
		p->message = "does not fit a schema that you may not read";
		p->keyword = SLICE_NULL;
	}
	/* A caller who patches or restores a document without reading it knows the document, but
	 * not its lines. */
	if (p->origin_path.len != 0 && !write_may_see(w, p->origin_path))
		p->origin_path = SLICE_NULL;
	return true;
}

void problems_hide_names(const struct write *w, struct error *err)
{
	if (!may_see_names(w, slice_text(err->text), SLICE_NULL))
		(void)fail(err, E_INVALID, "it needs a document that you may not read");
	else if (problem_quotes_hidden(w, slice_text(err->text)))
		(void)fail(err, E_INVALID, "it is refused together with what you may not read");
}

/* Adds one problem that counts the hidden ones and names nothing. */
static void write_hidden(struct buf *ret, const struct codec *codec, uint32_t count)
{
	char text[64];
	struct check_problem p = {.message = text};

	if (count == 0)
		return;
	snprintf(text, sizeof text, "%u in documents that you may not read", count);
	codec->problem(ret, &p);
}

void problems_write(struct buf *ret, const struct write *w, enum problem_list list)
{
	const struct codec *codec = w->call->codec;
	const struct check_report *r = &w->report;
	const struct check_problem *problems = list == PROBLEMS_ERRORS	   ? r->errors
					       : list == PROBLEMS_WARNINGS ? r->warnings
									   : r->unchecked;
	/* The errors of a forced write are among its warnings. */
	uint32_t count = list == PROBLEMS_ERRORS     ? (w->was_forced ? 0 : r->errors_count)
			 : list == PROBLEMS_WARNINGS ? r->warnings_count
						     : r->unchecked_count;
	uint32_t hidden = 0;

	/* Without memory for the report, problems or their places may be missing. */
	ret->is_failed |= r->arena.is_short;
	codec->problems_begin(ret, list);
	for (uint32_t i = 0; i < count && !buf_is_failed(ret); i++) {
		struct check_problem p = problems[i];

		if (problem_is_left_out(w, &p))
			continue;
		if (cut_problem(w, &p, list == PROBLEMS_UNCHECKED))
			codec->problem(ret, &p);
		else
			hidden++;
	}
	write_hidden(ret, codec, hidden);
	codec->problems_end(ret);
}
