#include "../skip.h"
#include "base/buf.h"
#include "base/file.h"
#include "doc/read.h"
#include "schema/format/format.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

struct format_case {
	const char *format;
	const char *text;
	bool is_valid;
};

static void expect_all(const struct format_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct format *f = format_find(slice_text(cases[i].format));

		cr_assert(f != NULL, "%s is not known", cases[i].format);
		cr_expect(format_is_valid(f, slice_text(cases[i].text)) == cases[i].is_valid,
			  "%s: \"%s\" should be %s", cases[i].format, cases[i].text,
			  cases[i].is_valid ? "valid" : "invalid");
	}
}

Test(format, a_date_is_one_of_the_calendar)
{
	static const struct format_case cases[] = {
		{"date", "2026-11-20", true},	{"date", "2024-02-29", true},
		{"date", "2026-02-29", false},	{"date", "1900-02-29", false},
		{"date", "2000-02-29", true},	{"date", "2026-11-31", false},
		{"date", "2026-13-01", false},	{"date", "2026-1-01", false},
		{"date", "2026-11-20 ", false},
	};

	expect_all(cases, ARRAY_SIZE(cases));
}

Test(format, a_leap_second_is_only_where_the_day_of_utc_ends)
{
	static const struct format_case cases[] = {
		{"time", "23:59:60Z", true},
		{"time", "12:59:60Z", false},
		{"time", "01:29:60+01:30", true},
		{"time", "15:59:60-08:00", true},
		{"time", "23:59:60+01:00", false},
		{"time", "23:59:61Z", false},
		{"date-time", "1998-12-31T15:59:60.5-08:00", true},
	};

	expect_all(cases, ARRAY_SIZE(cases));
}

Test(format, a_time_needs_its_offset_and_a_date_time_its_t)
{
	static const struct format_case cases[] = {
		{"time", "21:04:23", false},
		{"time", "21:04:23.Z", false},
		{"time", "21:04:23.5z", true},
		{"time", "21:04:23+24:00", false},
		{"date-time", "2026-11-20T21:04:23Z", true},
		{"date-time", "2026-11-20t21:04:23z", true},
		{"date-time", "2026-11-20 21:04:23Z", false},
		{"date-time", "2026-11-20", false},
	};

	expect_all(cases, ARRAY_SIZE(cases));
}

Test(format, a_duration_skips_no_unit_and_mixes_weeks_with_none)
{
	static const struct format_case cases[] = {
		{"duration", "P1Y2M3DT4H5M6S", true},
		{"duration", "P2W", true},
		{"duration", "PT1H2S", false},
		{"duration", "P1Y2D", false},
		{"duration", "P1W1D", false},
		{"duration", "P", false},
		{"duration", "P1DT", false},
		{"duration", "PT0.5S", false},
		{"duration", "P1", false},
	};

	expect_all(cases, ARRAY_SIZE(cases));
}

Test(format, addresses_are_in_their_whole_form)
{
	static const struct format_case cases[] = {
		{"ipv4", "192.0.2.1", true},	      {"ipv4", "192.0.2", false},
		{"ipv4", "192.0.2.01", false},	      {"ipv4", "192.0.2.256", false},
		{"ipv4", "192.0.2.1.", false},	      {"ipv6", "::", true},
		{"ipv6", "2001:db8::1", true},	      {"ipv6", "1:2:3:4:5:6:7::", true},
		{"ipv6", "1:2:3:4:5:6:7:8::", false}, {"ipv6", "1::2::3", false},
		{"ipv6", "::ffff:192.0.2.1", true},   {"ipv6", "::192.0.2.1:1", false},
		{"ipv6", "fe80::1%eth0", false},      {"ipv6", ":::", false},
	};

	expect_all(cases, ARRAY_SIZE(cases));
}

Test(format, a_host_name_is_made_of_labels_that_may_be_registered)
{
	static const struct format_case cases[] = {
		{"hostname", "warehouse-1.example.org", true},
		{"hostname", "host_name", false},
		{"hostname", "-host", false},
		{"hostname", "host.", false},
		{"hostname", "xn--bcher-kva.example", true},
		{"hostname", "XN--BCHER-KVA.example", true},
		{"hostname", "xn--x", false},
		{"hostname",
		 "b\xc3\xbc"
		 "cher.example",
		 false},
		{"idn-hostname",
		 "b\xc3\xbc"
		 "cher.example",
		 true},
		{"idn-hostname",
		 "a\xe3\x80\x82"
		 "b",
		 true},
		{"idn-hostname", "0a.\xd7\x90", false},
		{"idn-hostname", "a..b", false},
	};

	expect_all(cases, ARRAY_SIZE(cases));
}

Test(format, mail_uris_and_pointers_follow_their_grammar)
{
	static const struct format_case cases[] = {
		{"email", "a.b+c@example.org", true},
		{"email", "\"a b\"@example.org", true},
		{"email", "\"a\\\"@example.org", false},
		{"email", "a..b@example.org", false},
		{"email", "a@[IPv6:::1]", true},
		{"email", "a@[x:]", false},
		{"idn-email", "\xc3\xa9@example.org", true},
		{"uri", "https://u:p@example.org:8443/a;b?c=d/?#e", true},
		{"uri", "https://example.org/\xc3\xa9", false},
		{"uri", "/relative", false},
		{"uri", "https://[::1", false},
		{"uri", "https://[v1.a:b]/", true},
		{"uri", "https://[v1.a%41]/", false},
		{"uri", "a:b\n", false},
		{"uri-reference", "a:b/c", true},
		{"uri-reference", "1:b", false},
		{"uri-reference", "%4", false},
		{"iri", "https://example.org/\xc3\xa9", true},
		{"iri-reference", "\xee\x80\x80", false}, /* private use: in a query only */
		{"iri-reference", "?\xee\x80\x80", true},
		{"uri-template", "/users/{id}{?page,size*}", true},
		{"uri-template", "/users/{id", false},
		{"uri-template", "{a.}", false},
		{"json-pointer", "/a~0b/~1", true},
		{"json-pointer", "/a~2", false},
		{"relative-json-pointer", "1/a", true},
		{"relative-json-pointer", "01/a", false},
		{"uuid", "123e4567-e89b-12d3-a456-426614174000", true},
		{"uuid", "123e4567-e89b-12d3-a456-42661417400", false},
		{"regex", "^(?<=a+)b$", true},
		{"regex", "^(a", false},
	};

	expect_all(cases, ARRAY_SIZE(cases));
}

Test(format, an_unknown_name_has_no_check)
{
	cr_expect(format_find(SLICE_LITERAL("color")) == NULL);
	cr_expect(format_find(SLICE_LITERAL("Date")) == NULL);
	cr_expect(format_find(SLICE_NULL) == NULL);
}

/* Counts disagreements with the official suite. A format that we do not know accepts everything. */
static unsigned run_group(const struct tree_node *group, const char *file, unsigned *failed)
{
	const struct tree_node *schema = TREE_GET(group, "schema");
	const struct tree_node *name = TREE_GET(schema, "format");
	const struct tree_node *tests = TREE_GET(group, "tests");
	const struct format *f = name != NULL ? format_find(tree_text(name)) : NULL;

	for (uint32_t i = 0; i < tests->count; i++) {
		const struct tree_node *data = TREE_GET(&tests->of.items[i], "data");
		bool is_valid = f == NULL || data->kind != TREE_STRING ||
				format_is_valid(f, tree_text(data));

		if (is_valid != TREE_GET(&tests->of.items[i], "valid")->of.truth) {
			(*failed)++;
			cr_log_error("%s: line %u: %s", file, tests->of.items[i].line,
				     TREE_GET(&tests->of.items[i], "description")->of.text);
		}
	}
	return tests->count;
}

static unsigned run_file(const char *path, unsigned *failed)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct error err = ERROR_NULL;
	unsigned count = 0;

	cr_assert(file_read(&text, path, DOC_BYTES_MAX, &err) == OK, "%s", err.text);
	cr_assert(doc_read(&tree, DOC_JSON, buf_slice(&text), &DOC_LIMITS_DEFAULT, NULL, &err) ==
			  OK,
		  "%s: %s", path, err.text);
	for (uint32_t i = 0; i < tree.root.count; i++)
		count += run_group(&tree.root.of.items[i], path, failed);
	return count;
}

static void run_folder(const char *draft, unsigned tests_min)
{
	unsigned count = 0, failed = 0;
	char suite[512], path[1024];

	find_suite_or_skip("json-schema", suite, sizeof suite);
	snprintf(path, sizeof path, "%s/tests/%s/optional/format", suite, draft);
	DIR *folder = opendir(path);

	cr_assert(folder != NULL, "%s", path);
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		char file[2048];

		if (strstr(entry->d_name, ".json") == NULL)
			continue;
		snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
		count += run_file(file, &failed);
	}
	closedir(folder);
	cr_expect(failed == 0, "%s: %u of %u fail", draft, failed, count);
	cr_expect(count >= tests_min, "%s: only %u tests found", draft, count);
}

Test(format, the_official_suite_of_2020_12_passes)
{
	run_folder("draft2020-12", 491);
}

Test(format, the_official_suite_of_draft_7_passes)
{
	run_folder("draft7", 434);
}
