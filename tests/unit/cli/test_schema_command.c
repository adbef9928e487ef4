#include "../temporary.h"
#include "base/file.h"
#include "cli/schema_command.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[80];

static const char *path_of(const char *name)
{
	static char paths[8][256];
	static unsigned next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];

	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static const char *put(const char *name, const char *content)
{
	const char *path = path_of(name);
	struct error err = ERROR_NULL;

	cr_assert(file_write(path, slice_text(content), 0600, &err) == OK, "%s", err.text);
	return path;
}

static void set_up(void)
{
	cr_redirect_stdout();
	cr_redirect_stderr();
	cr_assert(temporary_folder(folder, sizeof folder));
	put("schema.json", "{\"type\": \"object\", \"required\": [\"name\"],\n"
			   " \"properties\": {\"name\": {\"type\": \"string\"},\n"
			   "  \"day\": {\"format\": \"date\"}}}");
}

static void tear_down(void)
{
	static const char *const names[] = {"schema.json", "a.yaml",	  "b.json",
					    "tests.json",  "remote.json", "lines.jsonl",
					    "other.json",  "bad.json"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unlink(path_of(names[i]));
	rmdir(folder);
}

TestSuite(schema_command, .init = set_up, .fini = tear_down);

/* Runs `reeve schema` with the words up to NULL. Returns its exit code. */
static int run(const char *first, ...)
{
	char *argv[16] = {"schema"};
	const char *word = first;
	int argc = 1;
	va_list words;

	va_start(words, first);
	for (; word != NULL && argc < 15; word = va_arg(words, const char *))
		argv[argc++] = (char *)(uintptr_t)word;
	va_end(words);
	int ret = command_run(&schema_command, argc, argv);

	fflush(stdout);
	fflush(stderr);
	return ret;
}

static bool is_printed(FILE *from, const char *text)
{
	static char all[65536];
	size_t len = fread(all, 1, sizeof all - 1, from);

	all[len] = '\0';
	return strstr(all, text) != NULL;
}

Test(schema_command, a_valid_file_prints_nothing)
{
	const char *yaml = put("a.yaml", "name: orders\nday: 2026-11-20\n");

	cr_expect_eq(run("check", "--schema", path_of("schema.json"), yaml, NULL), EXIT_DONE);
	cr_expect_stdout_eq_str("");
}

Test(schema_command, an_error_is_printed_with_file_line_column_and_pointer)
{
	const char *yaml = put("a.yaml", "name: orders\nday: tomorrow\n");
	char expected[512];

	snprintf(expected, sizeof expected, "%s:2:6: /day: must be a date such as 2026-11-20\n",
		 yaml);
	cr_expect_eq(run("check", "--schema", path_of("schema.json"), yaml, NULL), EXIT_REFUSED);
	cr_expect_stdout_eq_str(expected);
}

Test(schema_command, format_can_be_left_an_annotation)
{
	const char *yaml = put("a.yaml", "name: orders\nday: tomorrow\n");

	cr_expect_eq(run("check", "--no-format-assertion", "--schema", path_of("schema.json"), yaml,
			 NULL),
		     EXIT_DONE);
}

Test(schema_command, one_invalid_file_of_several_decides_the_exit_code)
{
	const char *good = put("a.yaml", "name: orders\n"), *bad = put("b.json", "{}");

	cr_expect_eq(run("check", good, bad, good, "--schema", path_of("schema.json"), NULL),
		     EXIT_REFUSED);
	cr_expect(is_printed(cr_get_redirected_stdout(), "must have the key `name`"));
}

Test(schema_command, output_is_as_the_specification_says)
{
	const char *bad = put("b.json", "{}");

	cr_expect_eq(run("check", "--schema", path_of("schema.json"), "--output", "flag", bad,
			 NULL),
		     EXIT_REFUSED);
	cr_expect_stdout_eq_str("{\"valid\":false}\n");
}

Test(schema_command, a_schema_may_refer_to_others_of_its_folder)
{
	const char *other = put("other.json", "{\"$ref\": \"schema\"}"), *bad = put("b.json", "{}");

	cr_expect_eq(run("check", "--schema", other, "--schemas", folder, bad, NULL), EXIT_REFUSED);
	cr_expect_eq(run("check", "--schema", other, bad, NULL), EXIT_USAGE);
}

Test(schema_command, a_reference_cannot_leave_its_folder)
{
	const char *other =
		put("other.json", "{\"$ref\": \"reeve:///schemas/a/../../../../etc/hostname\"}");

	cr_expect_eq(run("check", "--schema", other, "--schemas", folder, other, NULL), EXIT_USAGE);
}

Test(schema_command, unreadable_files_and_wrong_usage_end_with_2)
{
	const char *good = put("a.yaml", "name: orders\n");
	const char *bad = put("bad.json", "{\"type\": \"strin\"}");

	cr_expect_eq(run("check", "--schema", path_of("schema.json"), "/nonexistent", NULL),
		     EXIT_USAGE);
	cr_expect_eq(run("check", "--schema", bad, good, NULL), EXIT_USAGE);
	cr_expect_eq(run("check", good, NULL), EXIT_USAGE);
	cr_expect_eq(run("check", "--nonsense", NULL), EXIT_USAGE);
	cr_expect_eq(run("check", "--output", "loud", NULL), EXIT_USAGE);
	cr_expect_eq(run("test", NULL), EXIT_USAGE);
	cr_expect_eq(run("bench", NULL), EXIT_USAGE);
	cr_expect_eq(run(NULL), EXIT_USAGE);
}

Test(schema_command, help_is_printed_for_each_subcommand)
{
	cr_expect_eq(run("check", "--schema", "x", "--help", NULL), EXIT_DONE);
	cr_expect_stdout_eq_str(schema_check_command.help);
}

Test(schema_command, strict_refuses_an_unknown_keyword)
{
	const char *bad = put("bad.json", "{\"requird\": [\"a\"]}"), *good = put("b.json", "{}");

	cr_expect_eq(run("check", "--schema", bad, good, NULL), EXIT_DONE);
	cr_expect_eq(run("check", "--strict", "--schema", bad, good, NULL), EXIT_USAGE);
	cr_expect(is_printed(cr_get_redirected_stderr(), "did you mean `required`?"));
}

Test(schema_command, a_batch_has_one_verdict_a_line)
{
	const char *lines =
		put("lines.jsonl", "{\"schema\": {\"type\": \"string\"}, \"instance\": \"a\"}\n"
				   "{\"schema\": {\"type\": \"string\"}, \"instance\": 1}\n"
				   "{\"schema\": {\"type\": 1}, \"instance\": 1}\n"
				   "{\"schema\": {\"not\": {\"pattern\": \"^(?=a)(a+)+$\"}},"
				   " \"instance\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"}\n"
				   "[\n");

	cr_expect_eq(run("check", "--batch", lines, NULL), EXIT_REFUSED);
	cr_expect_stdout_eq_str("valid\ninvalid\nrefused\nlimit\nmalformed\n");
}

Test(schema_command, tests_are_counted_and_failures_are_printed)
{
	put("remote.json", "{\"type\": \"integer\"}");
	const char *tests = put(
		"tests.json",
		"[{\"description\": \"numbers\", \"schema\": {\"$ref\": \"http://localhost:1234/remote.json\"},"
		"  \"tests\": [{\"description\": \"one\", \"data\": 1, \"valid\": true},"
		"             {\"description\": \"text\", \"data\": \"a\", \"valid\": true}]},"
		" {\"description\": \"broken\", \"schema\": {\"type\": 1},"
		"  \"tests\": [{\"description\": \"any\", \"data\": 1, \"valid\": false}]}]");

	cr_expect_eq(run("test", "--remotes", folder, tests, NULL), EXIT_REFUSED);
	FILE *out = cr_get_redirected_stdout();
	static char all[4096];

	all[fread(all, 1, sizeof all - 1, out)] = '\0';
	cr_expect(strstr(all, "numbers: text: the data should be valid, but is invalid") != NULL,
		  "%s", all);
	cr_expect(strstr(all, "broken: the schema is refused") != NULL, "%s", all);
	cr_expect(strstr(all, "1 passed, 2 failed\n") != NULL, "%s", all);
}

Test(schema_command, a_draft_7_file_is_run_as_one)
{
	const char *tests = put(
		"tests.json",
		"[{\"description\": \"draft\", \"schema\": {\"items\": [{\"type\": \"string\"}]},"
		"  \"tests\": [{\"description\": \"a\", \"data\": [1], \"valid\": false}]}]");

	cr_expect_eq(run("test", "--draft", "7", tests, NULL), EXIT_DONE);
}

Test(schema_command, timing_prints_its_figures)
{
	const char *lines = put("lines.jsonl", "{\"name\": \"a\"}\n{\"name\": 1}\n");

	cr_expect_eq(run("bench", "--schema", path_of("schema.json"), "--instances", lines, NULL),
		     EXIT_DONE);
	FILE *out = cr_get_redirected_stdout();
	static char all[4096];

	all[fread(all, 1, sizeof all - 1, out)] = '\0';
	cr_expect(strstr(all, "\ninstances 2\nvalid 1\nns_per_instance ") != NULL, "%s", all);
}
