#include "../temporary.h"
#include "cli/folder.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[80];

static void make_root(void)
{
	cr_assert(temporary_folder(root, sizeof root));
}

static void remove_root(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", root);
	cr_assert_eq(system(command), 0);
}

static void put(const char *folder, const char *name, const char *content)
{
	char command[256], file[256];
	struct error err = ERROR_NULL;

	snprintf(command, sizeof command, "mkdir -p %s/%s", root, folder);
	cr_assert_eq(system(command), 0);
	snprintf(file, sizeof file, "%s/%s/%s", root, folder, name);
	cr_assert_eq(file_write(file, slice_text(content), 0644, &err), OK, "%s", err.text);
}

TestSuite(folder, .init = make_root, .fini = remove_root);

Test(folder, the_place_of_a_file_without_its_ending_is_the_path_of_the_document)
{
	struct folder f = FOLDER_NULL;
	struct error err = ERROR_NULL;
	const struct folder_document *d;

	put("profiles/orders", "base.yaml", "a: 1\n");
	put("schemas", "orders.v2.json", "{}");
	put("policies", "x.yml", "rules: []");
	put("profiles/orders", "README.md", "no document");
	put("profiles/orders", ".base.yaml.swp", "an editor's");
	put("elsewhere", "y.yaml", "no document");
	cr_assert_eq(folder_read(&f, root, &err), OK, "%s", err.text);
	cr_expect_eq(f.count, 3);
	d = folder_get(&f, SLICE_LITERAL("profiles/orders/base"));
	cr_assert_not_null(d);
	cr_expect_eq(d->kind, KIND_PROFILES);
	cr_expect_eq(d->format, DOC_YAML);
	cr_expect(slice_is_text(buf_slice(&d->source), "a: 1\n"));
	d = folder_get(&f, SLICE_LITERAL("schemas/orders.v2"));
	cr_assert_not_null(d);
	cr_expect_eq(d->format, DOC_JSON);
	cr_expect_not_null(folder_get(&f, SLICE_LITERAL("policies/x")));
	cr_expect_null(folder_get(&f, SLICE_LITERAL("profiles/orders/README")));
	folder_clear(&f);
}

Test(folder, two_files_for_one_path_are_refused_and_both_named)
{
	struct folder f = FOLDER_NULL;
	struct error err = ERROR_NULL;

	put("profiles/orders", "base.yaml", "a: 1\n");
	put("profiles/orders", "base.json", "{}");
	cr_expect_eq(folder_read(&f, root, &err), E_CONFLICT);
	cr_expect_not_null(strstr(err.text, "base.yaml"));
	cr_expect_not_null(strstr(err.text, "base.json"));
	folder_clear(&f);
}

Test(folder, a_file_whose_name_gives_no_path_is_refused_by_name)
{
	static const struct {
		const char *folder, *name;
	} cases[] = {{"profiles", "alone.yaml"},
		     {"profiles/orders/deep", "er.yaml"},
		     {"schemas", "with blank.json"}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct folder f = FOLDER_NULL;
		struct error err = ERROR_NULL;

		remove_root();
		make_root();
		put(cases[i].folder, cases[i].name, "{}");
		cr_expect_eq(folder_read(&f, root, &err), E_MALFORMED, "%s", cases[i].name);
		cr_expect_not_null(strstr(err.text, cases[i].name), "%s", err.text);
		folder_clear(&f);
	}
}

Test(folder, a_directory_without_any_of_the_folders_is_refused)
{
	struct folder f = FOLDER_NULL;
	struct error err = ERROR_NULL;

	cr_expect_eq(folder_read(&f, root, &err), E_NOT_FOUND);
	cr_expect_not_null(strstr(err.text, "schemas, policies and profiles"));
	folder_clear(&f);
}

static void link_to(const char *target, const char *name)
{
	char file[256];

	snprintf(file, sizeof file, "%s/%s", root, name);
	cr_assert_eq(symlink(target, file), 0);
}

Test(folder, a_link_that_stays_inside_is_followed)
{
	struct folder f = FOLDER_NULL;
	struct error err = ERROR_NULL;

	put("profiles/orders", "base.yaml", "a: 1\n");
	put("shared", "common.yaml", "b: 2\n");
	link_to("../../shared/common.yaml", "profiles/orders/common.yaml");
	cr_assert_eq(folder_read(&f, root, &err), OK, "%s", err.text);
	cr_expect_not_null(folder_get(&f, SLICE_LITERAL("profiles/orders/common")));
	folder_clear(&f);
}

Test(folder, a_link_within_one_repository_is_followed_but_not_into_the_git_folder)
{
	struct folder f = FOLDER_NULL;
	struct error err = ERROR_NULL;
	char inner[128];

	put("shared", "common.yaml", "b: 2\n");
	put(".git", "config.yaml", "token: x\n");
	put("deploy/profiles/orders", "base.yaml", "a: 1\n");
	link_to("../../../shared/common.yaml", "deploy/profiles/orders/common.yaml");
	snprintf(inner, sizeof inner, "%s/deploy", root);
	cr_assert_eq(folder_read(&f, inner, &err), OK, "%s", err.text);
	cr_expect_eq(f.count, 2);
	folder_clear(&f);
	link_to("../../../.git/config.yaml", "deploy/profiles/orders/git.yaml");
	cr_expect_eq(folder_read(&f, inner, &err), E_INVALID);
	folder_clear(&f);
}

Test(folder, no_link_leads_to_a_file_outside)
{
	static const struct {
		const char *target, *name;
	} cases[] = {{"/etc/passwd", "profiles/orders/x.yaml"},
		     {"../../../../../../../../etc/passwd", "profiles/orders/x.json"},
		     {"/etc", "profiles/other"},
		     {"/etc", "schemas"},
		     {"../../..", "policies"}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct folder f = FOLDER_NULL;
		struct error err = ERROR_NULL;

		remove_root();
		make_root();
		put("profiles/orders", "base.yaml", "a: 1\n");
		link_to(cases[i].target, cases[i].name);
		cr_expect_eq(folder_read(&f, root, &err), E_INVALID, "%s", cases[i].name);
		cr_expect_not_null(strstr(err.text, "outside of"), "%s", err.text);
		folder_clear(&f);
	}
}

/* Twelve folders, each with eight links to the next, give 8^12 paths to the last. */
Test(folder, links_that_multiply_are_not_walked_for_ever)
{
	struct folder f = FOLDER_NULL;
	struct error err = ERROR_NULL;
	char folder[32], name[64], target[32];

	put("profiles/orders", "base.yaml", "a: 1\n");
	for (int i = 0; i < 12; i++) {
		snprintf(folder, sizeof folder, "chain/%d", i);
		put(folder, "README", "no document");
		snprintf(target, sizeof target, "../%d", i + 1);
		for (int j = 0; j < 8 && i < 11; j++) {
			snprintf(name, sizeof name, "%s/%d", folder, j);
			link_to(target, name);
		}
	}
	link_to("../chain/0", "profiles/chain");
	cr_expect_eq(folder_read(&f, root, &err), E_LIMIT);
	cr_expect_not_null(strstr(err.text, "files and folders"), "%s", err.text);
	folder_clear(&f);
}
