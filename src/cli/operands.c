/*
 * Checks words of the command line here, before a connection is made: a wrong path is an error of
 * usage (exit code 2) and needs no server. The functions append to a buffer whose failure the
 * caller or the client notices.
 */
#include "cli/operands.h"

#include "base/text.h"
#include "cli/options.h"
#include "doc/json_member.h"
#include "net/url.h"
#include "doc/path.h"

bool target_document(struct buf *ret, const struct command *command, const char *path,
		     const char *verb, int *ret_exit)
{
	struct error err = ERROR_NULL;
	enum doc_kind kind;

	if (path_check(slice_text(path), &kind, &err) != OK) {
		*ret_exit = usage_error(command, "%s: %s", path, err.text);
		return false;
	}
	buf_append_text(ret, "/v1/");
	url_append_path(ret, slice_text(path));
	if (verb != NULL)
		buf_printf(ret, ":%s", verb);
	return true;
}

bool target_secret(struct buf *ret, const struct command *command, const char *path,
		   const char *verb, int *ret_exit)
{
	CLEANUP(buf_clear) struct buf full = BUF_NULL;

	if (strncmp(path, "secrets/", 8) != 0)
		buf_append_text(&full, "secrets/");
	buf_append_text(&full, path);
	/* For want of memory; target_document() sets another code for a wrong path. */
	*ret_exit = EXIT_REFUSED;
	return !buf_is_failed(&full) && target_document(ret, command, full.data, verb, ret_exit);
}

bool target_config(struct buf *ret, const struct command *command, const char *name,
		   const char *verb, int *ret_exit)
{
	struct slice rest = slice_text(name), app = SLICE_NULL, profile = SLICE_NULL;

	if (slice_starts_with(rest, SLICE_LITERAL("config/")))
		rest = slice_from(rest, 7);
	if (!slice_next_part(&rest, '/', &app) || !slice_next_part(&rest, '/', &profile) ||
	    rest.data != NULL || !path_segment_is_valid(app) || !path_segment_is_valid(profile)) {
		*ret_exit =
			usage_error(command,
				    "%s is not of the form APP/PROFILE, such as orders/production",
				    name);
		return false;
	}
	buf_append_text(ret, "/v1/config/");
	url_append_path(ret, app);
	buf_append_char(ret, '/');
	url_append_path(ret, profile);
	if (verb != NULL)
		buf_printf(ret, ":%s", verb);
	return true;
}

bool number_parse(const struct command *command, const char *name, const char *text, uint64_t *ret,
		  int *ret_exit)
{
	if (slice_to_u64(slice_text(text), INT64_MAX, ret) && *ret != 0)
		return true;
	*ret_exit = usage_error(command, "%s must be a whole number from 1", name);
	return false;
}

bool versions_append(struct buf *json, const struct command *command, const char *text,
		     int *ret_exit)
{
	struct slice rest = slice_text(text), part;
	bool is_first = true;

	buf_append_char(json, '[');
	while (slice_next_part(&rest, ',', &part)) {
		uint64_t version;

		if (!slice_to_u64(part, INT64_MAX, &version) || version == 0) {
			*ret_exit =
				usage_error(command,
					    "--versions must be a list of numbers, such as 1,2");
			return false;
		}
		if (!is_first)
			buf_append_char(json, ',');
		buf_append_u64(json, version);
		is_first = false;
	}
	buf_append_char(json, ']');
	return true;
}

void member_append_text(struct buf *json, const char *name, const char *value)
{
	if (value != NULL)
		json_member_text(json, name, slice_text(value));
}
