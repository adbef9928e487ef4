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

Test(render, the_file_is_private_in_memory_replaced_whole_and_gone_at_the_end)
{
	struct render r = RENDER_NULL;
	struct error err = ERROR_NULL;
	struct buf text = BUF_NULL;
	struct stat st;
	struct statfs fs;
	char file[300];

	cr_assert_eq(render_open(&r, &err), OK, "%s", err.text);
	memcpy(file, r.file, sizeof file);
	cr_assert_eq(render_write(&r, SLICE_LITERAL("{\"a\":1}"), &err), OK, "%s", err.text);
	cr_assert_eq(render_write(&r, SLICE_LITERAL("{}"), &err), OK, "%s", err.text);
	cr_assert_eq(stat(r.file, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
	cr_assert_eq(stat(r.folder, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0700);
	cr_assert_eq(statfs(r.file, &fs), 0);
	cr_expect(fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
	cr_assert_eq(file_read(&text, r.file, 100, &err), OK);
	cr_expect_str_eq(text.data, "{}");
	render_close(&r);
	cr_expect_neq(access(file, F_OK), 0);
	buf_clear(&text);
}

static void make_old(const char *folder)
{
	const struct timespec times[] = {{1, 0}, {1, 0}};

	cr_assert_eq(utimensat(AT_FDCWD, folder, times, 0), 0);
}

Test(render, what_a_killed_owner_left_is_removed_and_what_is_held_is_not)
{
	char left[] = "/dev/shm/reeve-run.XXXXXX", file[64];
	struct render held = RENDER_NULL, next = RENDER_NULL;
	struct error err = ERROR_NULL;

	unsetenv("XDG_RUNTIME_DIR");
	cr_assert_not_null(mkdtemp(left));
	snprintf(file, sizeof file, "%s/config.json", left);
	cr_assert_eq(file_write(file, SLICE_LITERAL("{}"), 0600, &err), OK, "%s", err.text);
	make_old(left);
	cr_assert_eq(render_open(&held, &err), OK, "%s", err.text);
	cr_expect_neq(access(left, F_OK), 0);
	make_old(held.folder);
	cr_assert_eq(render_open(&next, &err), OK, "%s", err.text);
	cr_expect_eq(access(held.folder, F_OK), 0);
	render_close(&held);
	render_close(&next);
}
