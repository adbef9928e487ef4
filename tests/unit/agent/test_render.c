#include "agent/render.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <linux/magic.h>
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
