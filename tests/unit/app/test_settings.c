#include "../temporary.h"
#include "app/settings.h"

#include "base/file.h"
#include "base/memory.h"
#include "doc/read.h"
#include "schema/schema.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct loaded {
	struct settings settings;
	struct arena texts;
	struct error err;
};

static enum result load(struct loaded *l, const struct given *flags, const char *file,
			char *const *environment)
{
	*l = (struct loaded){.texts = ARENA_NULL};
	return settings_load(&l->settings, &l->texts, flags, slice_text(file), environment,
			     &l->err);
}

static void give(struct given *g, const char *name, const char *value)
{
	g->values[setting_find(slice_text(name)) - setting_rows] = slice_text(value);
}

/* Makes a file in a new folder; the caller removes both with remove_file(). */
static void write_file(char path[static 96], const char *text)
{
	cr_assert(temporary_folder(path, 80));
	strcat(path, "/settings");
	cr_assert_eq(file_write(path, slice_text(text), 0600, NULL), OK);
}

static void remove_file(char path[static 96])
{
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

Test(settings, a_setting_that_is_not_given_has_its_default)
{
	struct given none = {0};
	struct loaded l;

	cr_assert_eq(load(&l, &none, NULL, NULL), OK, "%s", l.err.text);
	cr_expect(slice_is_text(l.settings.listen, "127.0.0.1:7338"));
	cr_expect(l.settings.data.data == NULL);
	cr_expect_eq(l.settings.http.header_ms, 10000);
	cr_expect_eq(l.settings.service.document_bytes_max, 1048576);
	cr_expect(l.settings.service.is_format_asserted && !l.settings.is_insecure_listen);
	arena_clear(&l.texts);
}

Test(settings, a_flag_overrides_the_environment_and_that_the_file)
{
	char *environment[] = {"REEVED_LIMIT_MAX=200", "REEVED_WORKERS=5", "HOME=/", NULL};
	struct given flags = {0};
	struct loaded l;
	char path[96];

	write_file(path, "limit_max: 100\nworkers: 4\nthreads: 3\nwait_max: 5m\ncache_max: 1KiB\n");
	give(&flags, "limit_max", "300");
	cr_assert_eq(load(&l, &flags, path, environment), OK, "%s", l.err.text);
	cr_expect_eq(l.settings.service.limit_max, 300);
	cr_expect_eq(l.settings.service.workers, 5);
	cr_expect_eq(l.settings.http.threads, 3);
	cr_expect_eq(l.settings.service.wait_ms_max, 300000);
	cr_expect_eq(l.settings.service.cache_bytes_max, 1024);
	arena_clear(&l.texts);
	remove_file(path);
}

Test(settings, an_impossible_value_is_refused_by_the_setting_s_name)
{
	static const struct {
		const char *name, *value;
	} cases[] = {
		{"limit_max", "0"},	 {"limit_max", "many"},
		{"limit_max", "-1"},	 {"wait_max", "10"},
		{"wait_max", "2 h"},	 {"document_max", "2MiB"},
		{"document_max", "1MB"}, {"insecure_listen", "yes"},
		{"log_level", "loud"},	 {"data", ""},
		{"threads", "65"},	 {"answers_max", "255MiB"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct given flags = {0};
		struct loaded l;

		give(&flags, cases[i].name, cases[i].value);
		if (slice_is_text(slice_text(cases[i].value), "10"))
			give(&flags, cases[i].name, "10ms");
		cr_expect_eq(load(&l, &flags, NULL, NULL), E_MALFORMED, "%s=%s", cases[i].name,
			     cases[i].value);
		cr_expect(strstr(l.err.text, cases[i].name) == l.err.text, "%s", l.err.text);
		arena_clear(&l.texts);
	}
}

/* Otherwise its sender would get 429 for ever. */
Test(settings, the_largest_body_must_fit_into_the_share_of_one_principal)
{
	static const struct {
		const char *bodies, *name, *value;
		bool is_taken;
	} cases[] = {
		{"32MiB", "batch_max", "8MiB", true},	 {"33554431", "batch_max", "8MiB", false},
		{"256MiB", "batch_max", "64MiB", true},	 {"255MiB", "batch_max", "64MiB", false},
		{"2MiB", "document_max", "1MiB", false}, {"4MiB", "document_max", "1MiB", true},
		{"1MiB", "secret_max", "512KiB", false}, {"2MiB", "secret_max", "512KiB", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct given flags = {0};
		struct loaded l;

		give(&flags, "batch_max", "1KiB");
		give(&flags, "document_max", "1KiB");
		give(&flags, "secret_max", "1KiB");
		give(&flags, "bodies_max", cases[i].bodies);
		give(&flags, cases[i].name, cases[i].value);
		cr_expect_eq(load(&l, &flags, NULL, NULL), cases[i].is_taken ? OK : E_MALFORMED,
			     "%zu: %s", i, l.err.text);
		if (!cases[i].is_taken)
			cr_expect(strstr(l.err.text, "bodies_max: must be at least") == l.err.text,
				  "%s", l.err.text);
		arena_clear(&l.texts);
	}
}

Test(settings, a_file_that_its_schema_refuses_is_refused_with_its_place)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"listen: 127.0.0.1:1\nworker: 3\n", "line 2"},
		{"workers: many\n", "/workers"},
		{"workers: 65\n", "/workers"},
		{"wait_max: 1y\n", "/wait_max"},
		{"wait_max: 100h\n", "wait_max"},
		{"formats: maybe\n", "/formats"},
		{"- 1\n", "line 1"},
		{"workers: [\n", "line"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct given none = {0};
		struct loaded l;
		char path[96];

		write_file(path, cases[i].text);
		cr_expect_neq(load(&l, &none, path, NULL), OK, "%s", cases[i].text);
		cr_expect(strstr(l.err.text, path) != NULL, "%s", l.err.text);
		cr_expect(strstr(l.err.text, cases[i].part) != NULL, "%s: %s", cases[i].text,
			  l.err.text);
		arena_clear(&l.texts);
		remove_file(path);
	}
}

Test(settings, an_empty_file_sets_nothing_and_a_missing_one_is_an_error)
{
	struct given none = {0};
	struct loaded l;
	char path[96];

	write_file(path, "# nothing\n");
	cr_expect_eq(load(&l, &none, path, NULL), OK, "%s", l.err.text);
	arena_clear(&l.texts);
	remove_file(path);
	cr_expect_eq(load(&l, &none, path, NULL), E_NOT_FOUND);
}

Test(settings, a_mistyped_variable_is_refused_not_ignored)
{
	char *environment[] = {"REEVED_LIMITMAX=200", NULL};
	struct given none = {0};
	struct loaded l;

	cr_expect_eq(load(&l, &none, NULL, environment), E_MALFORMED);
	cr_expect(strstr(l.err.text, "REEVED_LIMITMAX") != NULL &&
			  strstr(l.err.text, "200") == NULL,
		  "%s", l.err.text);
}

Test(settings, the_data_folder_may_hold_the_file)
{
	char folder[80], path[96];
	struct given flags = {0};
	struct loaded l;

	cr_assert(temporary_folder(folder, sizeof folder));
	snprintf(path, sizeof path, "%s/reeved.yaml", folder);
	cr_assert_eq(file_write(path, SLICE_LITERAL("workers: 7\n"), 0600, NULL), OK);
	give(&flags, "data", folder);
	cr_assert_eq(load(&l, &flags, NULL, NULL), OK, "%s", l.err.text);
	cr_expect_eq(l.settings.service.workers, 7);
	arena_clear(&l.texts);
	unlink(path);
	rmdir(folder);
}

Test(settings, the_shipped_schema_is_that_of_the_table)
{
	CLEANUP(buf_clear) struct buf made = BUF_NULL;
	CLEANUP(buf_clear) struct buf shipped = BUF_NULL;
	struct error err = ERROR_NULL;

	settings_write_schema(&made);
	cr_assert_eq(file_read(&shipped, REEVE_SOURCE "/schemas/reeved.json", 1 << 20, &err), OK,
		     "%s", err.text);
	cr_expect(slice_is_equal(buf_slice(&made), buf_slice(&shipped)),
		  "reeved serve --settings-schema >schemas/reeved.json brings it up to date");
}

Test(settings, every_default_is_valid)
{
	for (size_t i = 0; i < setting_rows_count; i++) {
		struct settings s;
		struct error err = ERROR_NULL;

		if (setting_rows[i].fallback[0] != '\0')
			cr_expect_eq(setting_parse(&s, &setting_rows[i],
						   slice_text(setting_rows[i].fallback), &err),
				     OK, "%s %s", setting_rows[i].name, err.text);
	}
}

Test(settings, the_help_names_every_setting)
{
	CLEANUP(buf_clear) struct buf help = BUF_NULL;

	settings_write_help(&help);
	for (size_t i = 0; i < setting_rows_count; i++) {
		CLEANUP(buf_clear) struct buf flag = BUF_NULL;

		setting_append_flag(&flag, &setting_rows[i]);
		cr_expect(strstr(help.data, flag.data) != NULL, "%s", flag.data);
	}
}

struct failing {
	uint32_t calls, fail_at;
};

static bool may_allocate(void *ctx)
{
	struct failing *f = ctx;

	return ++f->calls != f->fail_at;
}

Test(settings, memory_that_runs_out_anywhere_is_an_error_and_leaves_nothing_behind)
{
	struct failing f = {0};
	enum result rc = E_MEMORY;
	char path[96];

	write_file(path, "workers: 3\nlisten: 127.0.0.1:9\n");
	for (f.fail_at = 1; rc != OK && f.fail_at < 20000; f.fail_at++) {
		struct given none = {0};
		struct loaded l;

		f.calls = 0;
		alloc_hook_set(may_allocate, &f);
		rc = load(&l, &none, path, NULL);
		alloc_hook_set(NULL, NULL);
		cr_assert(rc == OK || rc == E_MEMORY, "allocation %u: %s", f.fail_at, l.err.text);
		arena_clear(&l.texts);
	}
	cr_expect_eq(rc, OK);
	cr_expect_gt(f.fail_at, 3);
	remove_file(path);
}
