/* check: validates a directory of documents without a server. check_folder.c does the work; this
 * file prints. Exits with 1 if a document has errors, with 2 if the directory cannot be read. */
#include "cli/check_folder.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "doc/json_member.h"

/* "examples/profiles/orders/base.yaml:3:12: orders/production /spark/cores: must be …". Parts that
 * are unknown are left out; the form file:line:column lets an editor jump there. */
static void print_problem(const struct folder_check *c, const struct check_problem *p,
			  const char *label)
{
	const struct folder_document *d = folder_get(&c->folder, p->origin_path);
	CLEANUP(buf_clear) struct buf place = BUF_NULL;

	if (d != NULL)
		buf_append_text(&place, d->file);
	if (d != NULL && p->line != 0)
		buf_printf(&place, ":%u:%u", p->line, p->column);
	print_line(TO_STDOUT, "%.*s%s%s%.*s%s%.*s%s%s", SLICE_ARGS(buf_slice(&place)),
		   place.len != 0 ? ": " : "", label, SLICE_ARGS(p->profile),
		   p->profile.len != 0 && p->pointer.len != 0 ? " " : "", SLICE_ARGS(p->pointer),
		   p->profile.len + p->pointer.len != 0 ? ": " : "", p->message);
}

static int print_report(const struct folder_check *c)
{
	CLEANUP(buf_clear) struct buf total = BUF_NULL;
	uint32_t errors = folder_check_count_errors(c);

	for (uint32_t i = 0; i < c->errors.count; i++)
		print_problem(c, &c->errors.items[i], "");
	for (uint32_t i = 0; i < c->warnings.count; i++)
		print_problem(c, &c->warnings.items[i], "warning: ");
	buf_printf(&total, "%zu documents, %u error%s", c->folder.count, errors,
		   errors == 1 ? "" : "s");
	if (c->report.unchecked_count != 0)
		buf_printf(&total, ", %u checks skipped because they need the value of a secret",
			   c->report.unchecked_count);
	print_line(TO_STDOUT, "%.*s", SLICE_ARGS(buf_slice(&total)));
	return errors == 0 ? EXIT_DONE : EXIT_REFUSED;
}

static int print_json(const struct folder_check *c)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;

	buf_append_char(&text, '{');
	json_member(&text, "errors");
	check_problems_write(&text, c->errors.items, c->errors.count);
	json_member(&text, "warnings");
	check_problems_write(&text, c->warnings.items, c->warnings.count);
	json_member(&text, "unchecked");
	check_problems_write(&text, c->report.unchecked, c->report.unchecked_count);
	buf_append_char(&text, '}');
	if (print_content_line(buf_slice(&text)) != EXIT_DONE)
		return EXIT_REFUSED;
	return folder_check_count_errors(c) == 0 ? EXIT_DONE : EXIT_REFUSED;
}

static int run_check(int argc, char **argv)
{
	CLEANUP(folder_check_clear) struct folder_check c = FOLDER_CHECK_NULL;
	const char *directory = NULL, *output = "text";
	const struct option_row rows[] = {{"file", 'f', OPTION_TEXT, &directory},
					  {"output", 'o', OPTION_TEXT, &output}};
	struct operands operands;
	struct error err = ERROR_NULL;
	enum result rc;
	int code;

	if (!options_parse(&operands, &check_command, argc, argv, OPTION_SET(rows), &code))
		return code;
	if (directory == NULL)
		return usage_error(&check_command, "-f DIR is missing");
	if (strcmp(output, "text") != 0 && strcmp(output, "json") != 0)
		return usage_error(&check_command, "-o %s is not an output of this command",
				   output);
	rc = folder_check_run(&c, directory, &err);
	if (rc != OK) {
		print_failure(&check_command, rc, &err);
		return EXIT_USAGE;
	}
	return strcmp(output, "json") == 0 ? print_json(&c) : print_report(&c);
}

const struct command check_command = {
	.name = "check",
	.summary = "Validate a directory of documents without a server",
	.help = "Usage: reeve check -f DIR\n\n"
		"Validates the documents in DIR/schemas, DIR/policies and DIR/profiles as a\n"
		"server would validate a write of them, for example in a pre-commit hook.\n"
		"Assumes that all secrets exist and are strings; skips checks that need their\n"
		"values.\n\n"
		"  -f, --file DIR\n"
		"  -o text|json\n"
		"\nExample: reeve check -f examples/orders\n",
	.run = run_check};
