#include "../skip.h"
#include "../temporary.h"
#include "support.h"

#include "base/file.h"
#include "crypto/root_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of its own for each test; removed with what is in it. */
struct place {
	char folder[80];
	char file[96];
	struct secret_memory *m;
};

static struct place new_place(void)
{
	struct place p = {.m = new_memory()};

	cr_assert(temporary_folder(p.folder, sizeof p.folder));
	snprintf(p.file, sizeof p.file, "%s/root.key", p.folder);
	return p;
}

static void place_clear(struct place *p)
{
	unlink(p->file);
	rmdir(p->folder);
	secret_memory_free(p->m);
}

static enum result try_read(struct place *p, const char *content, mode_t mode)
{
	struct error err = ERROR_NULL;
	struct key *root = NULL;
	enum result rc;

	unlink(p->file);
	cr_assert_eq(file_write(p->file, slice_text(content), mode, NULL), OK);
	rc = root_key_read(&root, p->m, p->file, &err);
	cr_expect((rc == OK) == (root != NULL));
	if (rc != OK) {
		cr_expect_neq(err.text[0], '\0');
		cr_expect_null(strstr(err.text, "0123"), "the key is in the error");
	}
	key_free(root);
	cr_expect_eq(secret_memory_keys(p->m), 0, "a key leaked");
	return rc;
}

static enum result copy_out(void *ctx, const uint8_t bytes[static KEY_BYTES], struct error *err)
{
	(void)err;
	memcpy(ctx, bytes, KEY_BYTES);
	return OK;
}

Test(root_key, a_new_file_is_for_its_owner_alone_and_reads_back)
{
	CLEANUP(place_clear) struct place p = new_place();
	struct error err = ERROR_NULL;
	struct key *one = NULL, *two = NULL;
	uint8_t a[KEY_BYTES], b[KEY_BYTES];
	struct stat st;

	cr_assert_eq(root_key_create(p.file, p.m, &err), OK, "%s", err.text);
	cr_assert_eq(stat(p.file, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0400);
	cr_expect_eq(root_key_create(p.file, p.m, &err), E_CONFLICT, "a root key is gone");
	cr_assert_eq(root_key_read(&one, p.m, p.file, &err), OK, "%s", err.text);
	cr_assert_eq(root_key_read(&two, p.m, p.file, &err), OK);
	cr_assert_eq(key_lend(one, copy_out, a, NULL), OK);
	cr_assert_eq(key_lend(two, copy_out, b, NULL), OK);
	cr_expect_arr_eq(a, b, KEY_BYTES);
	key_free(one);
	key_free(two);
}

#define HEX    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BASE64 "ASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8="

Test(root_key, hexadecimal_and_base64_are_read)
{
	CLEANUP(place_clear) struct place p = new_place();

	cr_expect_eq(try_read(&p, HEX, 0400), OK);
	cr_expect_eq(try_read(&p, HEX "\n", 0600), OK);
	cr_expect_eq(try_read(&p, BASE64, 0600), OK);
	cr_expect_eq(try_read(&p, BASE64 "\n", 0400), OK);
}

Test(root_key, what_is_no_key_is_refused)
{
	static const char *const bad[] = {
		"", "\n", HEX "\n\n", HEX HEX, HEX "00", " " HEX, BASE64 "=", "ASNFZ4mrze8=",
	};
	CLEANUP(place_clear) struct place p = new_place();

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_expect_eq(try_read(&p, bad[i], 0400), E_MALFORMED, "case %zu", i);
}

Test(root_key, a_file_that_others_could_read_is_refused)
{
	static const mode_t bad[] = {0440, 0404, 0640, 0644, 0666, 0700, 0500, 04400};
	CLEANUP(place_clear) struct place p = new_place();
	struct key *root = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_expect_eq(try_read(&p, HEX "\n", bad[i]), E_FORBIDDEN, "%04o", bad[i]);
	cr_expect_eq(root_key_read(&root, p.m, p.folder, NULL), E_FORBIDDEN, "a folder");
}

Test(root_key, a_file_of_another_user_is_refused)
{
	CLEANUP(place_clear) struct place p = new_place();
	struct key *root = NULL;

	if (geteuid() != 0)
		SKIP_TEST("only root can make one");
	cr_assert_eq(file_write(p.file, SLICE_LITERAL(HEX), 0400, NULL), OK);
	cr_assert_eq(chown(p.file, 65534, 65534), 0);
	cr_expect_eq(root_key_read(&root, p.m, p.file, NULL), E_FORBIDDEN);
}

Test(root_key, a_missing_file_is_not_found_and_a_pipe_does_not_hang)
{
	CLEANUP(place_clear) struct place p = new_place();
	struct key *root = NULL;

	cr_expect_eq(root_key_read(&root, p.m, p.file, NULL), E_NOT_FOUND);
	cr_assert_eq(mkfifo(p.file, 0400), 0);
	cr_expect_eq(root_key_read(&root, p.m, p.file, NULL), E_FORBIDDEN);
}

static bool create_and_read(void *ctx)
{
	struct place *p = ctx;
	struct key *root = NULL;
	bool is_done;

	unlink(p->file);
	is_done = root_key_create(p->file, p->m, NULL) == OK &&
		  root_key_read(&root, p->m, p->file, NULL) == OK;
	key_free(root);
	return is_done;
}

Test(root_key, short_memory_is_an_ordinary_error)
{
	CLEANUP(place_clear) struct place p = new_place();

	each_fault(create_and_read, &p);
	cr_expect_eq(secret_memory_keys(p.m), 0, "a key leaked");
}
