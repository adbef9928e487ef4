#include "../temporary.h"
#include "base/file.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char folder[80];
	char path[96];
};

static struct place make_place(void)
{
	struct place p;

	cr_assert(temporary_folder(p.folder, sizeof p.folder));
	snprintf(p.path, sizeof p.path, "%s/file", p.folder);
	return p;
}

/* Removes the file and its folder, which must hold nothing else: no temporary file was left. */
static void leave_place(const struct place *p)
{
	unlink(p->path);
	cr_expect_eq(rmdir(p->folder), 0, "something was left in %s", p->folder);
}

static void expect_content(const struct place *p, const char *text)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;

	cr_assert_eq(file_read(&b, p->path, 1000, NULL), OK);
	cr_expect_str_eq(buf_slice(&b).data, text);
}

Test(file, what_is_written_is_read_and_has_its_mode)
{
	struct place p = make_place();
	struct stat st;

	cr_expect_eq(file_write(p.path, SLICE_LITERAL("one"), 0640, NULL), OK);
	expect_content(&p, "one");
	cr_expect_eq(file_write(p.path, SLICE_LITERAL("second"), 0600, NULL), OK);
	expect_content(&p, "second");
	cr_assert_eq(stat(p.path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
	leave_place(&p);
}

Test(file, creating_what_exists_is_a_conflict_and_changes_nothing)
{
	struct place p = make_place();
	struct error err = ERROR_NULL;

	cr_expect_eq(file_create(p.path, SLICE_LITERAL("one"), 0600, NULL), OK);
	cr_expect_eq(file_create(p.path, SLICE_LITERAL("two"), 0600, &err), E_CONFLICT);
	cr_expect(strstr(err.text, p.path) != NULL, "%s", err.text);
	expect_content(&p, "one");
	leave_place(&p);
}

Test(file, a_new_file_has_the_mode_that_was_asked_for)
{
	struct place p = make_place();
	struct stat st;
	mode_t before = umask(0077);

	cr_expect_eq(file_create(p.path, SLICE_LITERAL("one"), 0644, NULL), OK);
	umask(before);
	cr_assert_eq(stat(p.path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0644, "%o", st.st_mode);
	leave_place(&p);
}

Test(file, reading_is_bounded)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;
	struct place p = make_place();

	cr_assert_eq(file_write(p.path, SLICE_LITERAL("12345"), 0600, NULL), OK);
	cr_expect_eq(file_read(&b, p.path, 5, NULL), OK);
	cr_expect_eq(file_read(&b, p.path, 4, NULL), E_TOO_LARGE);
	leave_place(&p);
}

Test(file, an_empty_file_is_an_empty_text)
{
	struct place p = make_place();

	cr_assert_eq(file_write(p.path, SLICE_LITERAL(""), 0600, NULL), OK);
	expect_content(&p, "");
	leave_place(&p);
}

Test(file, failures_name_the_path_and_the_reason)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;
	struct error err = ERROR_NULL;

	cr_expect_eq(file_read(&b, "/tmp/reeve-no-such-file", 10, &err), E_NOT_FOUND);
	cr_expect_str_eq(err.text, "open /tmp/reeve-no-such-file: No such file or directory");
	cr_expect_eq(file_read(&b, "/tmp", 10, &err), E_IO);
	cr_expect_eq(file_write("/tmp/reeve-no-such-folder/x", SLICE_LITERAL("x"), 0600, &err),
		     E_IO);
	cr_expect(strstr(err.text, "No such file") != NULL, "%s", err.text);
}

Test(file, a_rename_never_replaces_a_file)
{
	struct place p = make_place();
	char other[112];

	snprintf(other, sizeof other, "%s.new", p.path);
	cr_assert_eq(file_create(p.path, SLICE_LITERAL("one"), 0600, NULL), OK);
	cr_assert_eq(file_create(other, SLICE_LITERAL("two"), 0600, NULL), OK);
	cr_expect_eq(file_rename_new(other, p.path, NULL), E_CONFLICT);
	expect_content(&p, "one");
	unlink(p.path);
	cr_expect_eq(file_rename_new(other, p.path, NULL), OK);
	expect_content(&p, "two");
	cr_expect_eq(file_rename_new(other, p.path, NULL), E_IO);
	cr_expect_eq(file_sync(p.path, NULL), OK);
	cr_expect_eq(file_sync(other, NULL), E_IO);
	leave_place(&p);
}
