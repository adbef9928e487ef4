#include "agent/config_file.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

Test(config_file, the_file_is_private_in_memory_replaced_whole_and_removed_at_the_end)
{
	struct config_file f = CONFIG_FILE_NULL;
	struct error err = ERROR_NULL;
	struct buf text = BUF_NULL;
	struct stat st;
	struct statfs fs;
	char file[300];

	cr_assert_eq(config_file_open(&f, &err), OK, "%s", err.text);
	memcpy(file, f.path, sizeof file);
	cr_assert_eq(config_file_write(&f, SLICE_LITERAL("{\"a\":1}"), &err), OK, "%s", err.text);
	cr_assert_eq(config_file_write(&f, SLICE_LITERAL("{}"), &err), OK, "%s", err.text);
	cr_assert_eq(stat(f.path, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
	cr_assert_eq(stat(f.folder, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0700);
	cr_assert_eq(statfs(f.path, &fs), 0);
	cr_expect(fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
	cr_assert_eq(file_read(&text, f.path, 100, &err), OK);
	cr_expect_str_eq(text.data, "{}");
	config_file_close(&f);
	cr_expect_neq(access(file, F_OK), 0);
	buf_clear(&text);
}

static void make_old(const char *folder)
{
	const struct timespec times[] = {{1, 0}, {1, 0}};

	cr_assert_eq(utimensat(AT_FDCWD, folder, times, 0), 0);
}

Test(config_file, a_folder_of_a_killed_owner_is_removed_and_a_locked_one_is_not)
{
	char left[] = "/dev/shm/reeve-run.XXXXXX", file[64];
	struct config_file held = CONFIG_FILE_NULL, next = CONFIG_FILE_NULL;
	struct error err = ERROR_NULL;

	unsetenv("XDG_RUNTIME_DIR");
	cr_assert_not_null(mkdtemp(left));
	snprintf(file, sizeof file, "%s/config.json", left);
	cr_assert_eq(file_write(file, SLICE_LITERAL("{}"), 0600, &err), OK, "%s", err.text);
	make_old(left);
	cr_assert_eq(config_file_open(&held, &err), OK, "%s", err.text);
	cr_expect_neq(access(left, F_OK), 0);
	make_old(held.folder);
	cr_assert_eq(config_file_open(&next, &err), OK, "%s", err.text);
	cr_expect_eq(access(held.folder, F_OK), 0);
	config_file_close(&held);
	config_file_close(&next);
}
