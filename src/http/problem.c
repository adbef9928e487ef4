/*
 * Problem details (RFC 9457), status codes and links, as text; no libmicrohttpd, no connection.
 *
 * A table gives each result its status and its title. `type` is "urn:reeve:problem:" and the name
 * of the result: programs compare it, so names do not change. The explanation of a failure inside
 * the server (storage, keys, memory) is for the log only: it can name files and errors of the
 * system, and a client cannot act on it. Such a problem has its title as detail, and its request_id
 * leads to the line in the log. The texts of E_FULL name no file: service/ writes them.
 *
 * The size is bounded: texts by struct error, the list of errors by ERRORS_BYTES_MAX. Any thread
 * may call.
 */
#include "http/problem.h"

#include "base/memory.h"
#include "base/text.h"
#include "doc/json_member.h"

/* The rest is for a title, a sentence of ERROR_TEXT_BYTES and numbers. */
#define ERRORS_BYTES_MAX (PROBLEM_BYTES_MAX - ((size_t)128 << 10))

/* A new result gets a row here, its reverse in client/problem.c, and a line in docs/api.md. */
static const struct status_row {
	unsigned status;
	const char *title;
	bool is_private; /* the explanation is for the log only */
} status_rows[] = {
	[OK] = {200, "", false},
	[E_MALFORMED] = {400, "Malformed request", false},
	[E_UNAUTHENTICATED] = {401, "Not authenticated", false},
	[E_FORBIDDEN] = {403, "Not allowed", false},
	[E_NOT_FOUND] = {404, "Not found", false},
	[E_CONFLICT] = {409, "Conflict", false},
	[E_PRECONDITION] = {412, "Precondition failed", false},
	[E_TOO_LARGE] = {413, "Too large", false},
	[E_UNSUPPORTED] = {415, "Unsupported media type", false},
	[E_INVALID] = {422, "Refused by validation", false},
	[E_LIMIT] = {422, "A bound was reached", false},
	[E_BUSY] = {429, "Too many requests", false},
	[E_UNAVAILABLE] = {503, "Not available", false},
	[E_IO] = {503, "Storage failed", true},
	[E_FULL] = {507, "Insufficient storage", false},
	[E_CORRUPT] = {500, "Stored data is damaged", true},
	[E_CRYPTO] = {500, "Stored data does not open", true},
	[E_MEMORY] = {503, "Out of memory", true},
	[E_INTERNAL] = {500, "Internal error", true},
};

/* A result without a row is a defect of ours, and is reported as one. */
static const struct status_row *status_row(enum result rc)
{
	size_t row = (size_t)rc;

	if (row >= ARRAY_SIZE(status_rows) || status_rows[row].status == 0)
		row = E_INTERNAL;
	return &status_rows[row];
}

/* 304 before 201 and 204: a response that is not modified has no body either. */
unsigned response_status(const struct response *r)
{
	if (r->result != OK)
		return status_row(r->result)->status;
	if (r->is_not_modified)
		return 304;
	if (r->is_created)
		return 201;
	return r->body == NULL || r->kind == BODY_NONE ? 204 : 200;
}

/* A text that was cut to its maximum may end inside a character. */
static struct slice valid_part(const char *text)
{
	struct slice s = slice_text(text);

	return slice_first(s, utf8_check(s));
}

/* The longest beginning of a JSON array that has whole items and at most `max` bytes, without the
 * closing bracket. The array is well-formed, since the service wrote it; so it is enough to follow
 * strings and brackets. `{"a":"],"}` shows why strings matter. An array whose first item is too
 * long gives "[". */
static struct slice whole_items(struct slice array, size_t max)
{
	size_t end = 1, depth = 0;
	bool is_text = false;

	for (size_t i = 0; i < array.len && i < max; i++) {
		char c = array.data[i];

		if (is_text && c == '\\') {
			i++;
		} else if (c == '"') {
			is_text = !is_text;
		} else if (!is_text && (c == '[' || c == '{')) {
			depth++;
		} else if (!is_text && (c == ']' || c == '}')) {
			depth--;
		} else if (!is_text && c == ',' && depth == 1) {
			end = i; /* the items before the comma are whole */
		}
	}
	return slice_first(array, end);
}

static void write_errors(struct buf *ret, struct slice errors)
{
	json_member(ret, "errors");
	if (errors.len <= ERRORS_BYTES_MAX) {
		buf_append_slice(ret, errors);
		return;
	}
	buf_append_slice(ret, whole_items(errors, ERRORS_BYTES_MAX));
	buf_append_char(ret, ']');
	json_member_bool(ret, "errors_omitted", true);
}

void problem_write(struct buf *ret, const struct problem *p)
{
	const struct response *r = p->response;
	const struct status_row *row = status_row(r->result);
	const char *name = p->is_wrong_method ? "method_not_allowed" : result_name(r->result);
	const char *title = p->is_wrong_method ? "Method not allowed" : row->title;
	bool has_detail = !row->is_private && r->error.text[0] != '\0';

	buf_append_char(ret, '{');
	json_member(ret, "type");
	buf_printf(ret, "\"urn:reeve:problem:%s\"", name);
	json_member_text(ret, "title", slice_text(title));
	json_member_u64(ret, "status", p->is_wrong_method ? 405 : row->status);
	json_member_text(ret, "detail", has_detail ? valid_part(r->error.text) : slice_text(title));
	if (r->error.line != 0) {
		json_member_u64(ret, "line", r->error.line);
		json_member_u64(ret, "column", r->error.column);
	}
	json_member_text(ret, "request_id", slice_text(p->request_id));
	if (p->is_errors_omitted)
		json_member_bool(ret, "errors_omitted", true);
	else if (r->problems.len != 0)
		write_errors(ret, buf_slice(&r->problems));
	buf_append_char(ret, '}');
}

/* Encodes more than a query needs (RFC 3986 section 3.4), so that `after` cannot end the link. */
static void append_encoded(struct buf *ret, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("-._~/", c) != NULL)
			buf_append_char(ret, (char)c);
		else
			buf_printf(ret, "%%%02X", c);
	}
}

/* The former `after` is left out and the new one appended; all other parameters stay as they were
 * sent, still encoded, so the next page is of the same list. */
void link_write_next(struct buf *ret, struct slice raw_target, const char *after)
{
	struct slice rest = raw_target, part;
	bool is_first = true;

	buf_append_char(ret, '<');
	if (slice_next_part(&rest, '?', &part))
		buf_append_slice(ret, part);
	while (slice_next_part(&rest, '&', &part)) {
		if (part.len == 0 || slice_starts_with(part, SLICE_LITERAL("after=")))
			continue;
		buf_append_char(ret, is_first ? '?' : '&');
		buf_append_slice(ret, part);
		is_first = false;
	}
	buf_append_text(ret, is_first ? "?after=" : "&after=");
	append_encoded(ret, after);
	buf_append_text(ret, ">; rel=\"next\"");
}
