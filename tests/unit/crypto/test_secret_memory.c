#include "support.h"

#include "crypto/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static enum result copy_out(void *ctx, const uint8_t bytes[static KEY_BYTES], struct error *err)
{
	(void)err;
	memcpy(ctx, bytes, KEY_BYTES);
	return OK;
}

Test(secret_memory, a_key_is_lent_and_its_source_wiped)
{
	static const uint8_t zeros[KEY_BYTES];
	uint8_t source[KEY_BYTES], lent[KEY_BYTES];
	struct secret_memory *m = new_memory();
	struct key *k = NULL;

	memset(source, 0x5a, sizeof source);
	cr_assert_eq(key_take_bytes(&k, m, source, NULL), OK);
	cr_expect_arr_eq(source, zeros, sizeof source);
	cr_assert_eq(key_lend(k, copy_out, lent, NULL), OK);
	memset(source, 0x5a, sizeof source);
	cr_expect_arr_eq(lent, source, sizeof lent);
	key_free(k);
	secret_memory_free(m);
}

/* On purpose a look at what was freed: the slot that the next key takes is the one just given
 * back. */
static enum result keep_address(void *ctx, const uint8_t bytes[static KEY_BYTES], struct error *err)
{
	(void)err;
	*(const uint8_t **)ctx = bytes;
	return OK;
}

Test(secret_memory, a_freed_key_is_wiped)
{
	static const uint8_t zeros[KEY_BYTES];
	struct secret_memory *m = new_memory();
	struct key *k = NULL;
	const uint8_t *at = NULL;

	cr_assert_eq(key_new_random(&k, m, NULL), OK);
	cr_assert_eq(key_lend(k, keep_address, &at, NULL), OK);
	cr_expect_arr_neq(at, zeros, KEY_BYTES);
	key_free(k);
	cr_expect_arr_eq(at, zeros, KEY_BYTES);
	secret_memory_free(m);
}

Test(secret_memory, random_and_derived_keys_differ)
{
	uint8_t a[KEY_BYTES], b[KEY_BYTES];
	struct secret_memory *m = new_memory();
	struct key *k = counting_key(m), *derived = NULL, *one = NULL, *two = NULL;

	cr_assert_eq(key_derive(&derived, m, k, "reeve/v1/derive/value-mac", NULL), OK);
	cr_assert_eq(key_lend(derived, copy_out, a, NULL), OK);
	cr_expect(is_hex(a, sizeof a,
			 "4d87410494732adc6b61982482c4c7be6bd487a4d96f2b9639e210810c9bf8a8"));
	cr_assert_eq(key_new_random(&one, m, NULL), OK);
	cr_assert_eq(key_new_random(&two, m, NULL), OK);
	cr_assert_eq(key_lend(one, copy_out, a, NULL), OK);
	cr_assert_eq(key_lend(two, copy_out, b, NULL), OK);
	cr_expect_arr_neq(a, b, KEY_BYTES);
	key_free(two);
	key_free(one);
	key_free(derived);
	key_free(k);
	secret_memory_free(m);
}

Test(secret_memory, a_full_pool_refuses_and_takes_again_what_was_freed)
{
	static struct key *keys[SECRET_MEMORY_KEYS];
	struct secret_memory *m = new_memory();
	struct key *more = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		cr_assert_eq(key_new_random(&keys[i], m, NULL), OK);
	cr_expect_eq(secret_memory_keys(m), SECRET_MEMORY_KEYS);
	cr_expect_eq(key_new_random(&more, m, NULL), E_LIMIT);
	cr_expect_null(more);
	key_free(keys[100]);
	cr_expect_eq(key_new_random(&keys[100], m, NULL), OK);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		key_free(keys[i]);
	cr_expect_eq(secret_memory_keys(m), 0);
	secret_memory_free(m);
}

/* Kilobytes that this process has locked, by the kernel's own account. */
static long locked_kib(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	long kib = -1;

	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		if (strncmp(line, "VmLck:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	}
	if (f != NULL)
		fclose(f);
	return kib;
}

Test(secret_memory, what_is_said_to_be_locked_is_locked)
{
	long before = locked_kib();
	struct secret_memory *m = new_memory();
	long after = locked_kib();

	cr_assert_geq(before, 0);
	cr_expect(secret_memory_is_locked(m) ? after - before >= 32 : after < 32);
	secret_memory_free(m);
}

/* Runs `body` in a child as an ordinary user; true when it says so. */
static bool holds_for_nobody(bool (*body)(void))
{
	pid_t child = fork();
	int status = 0;

	cr_assert_geq(child, 0);
	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(2);
		_exit(body() ? 0 : 1);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool tells_that_locking_failed(void)
{
	static const struct rlimit none = {0, 0};
	struct secret_memory *m = NULL;
	bool is_locked;

	if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || crypto_start(NULL) != OK ||
	    secret_memory_new(&m, NULL) != OK)
		return false;
	is_locked = secret_memory_is_locked(m);
	secret_memory_free(m);
	return !is_locked;
}

Test(secret_memory, a_failed_lock_is_told)
{
	cr_expect(holds_for_nobody(tells_that_locking_failed));
}

static bool is_hardened(void)
{
	struct rlimit core = {1, 1};
	int fd;

	/* Changing the user cleared it. */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0)
		return false;
	fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	close(fd);
	if (process_harden(NULL) != OK || getrlimit(RLIMIT_CORE, &core) != 0)
		return false;
	return core.rlim_cur == 0 && core.rlim_max == 0 &&
	       prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
	       open("/proc/self/mem", O_RDONLY | O_CLOEXEC) < 0;
}

Test(process, a_hardened_process_is_neither_dumped_nor_read)
{
	cr_expect(holds_for_nobody(is_hardened));
}

static bool make_memory(void *ctx)
{
	struct secret_memory *m = NULL;
	enum result rc = secret_memory_new(&m, NULL);

	(void)ctx;
	secret_memory_free(m);
	return rc == OK;
}

Test(secret_memory, short_memory_is_an_ordinary_error)
{
	cr_assert_eq(crypto_start(NULL), OK);
	each_fault(make_memory, NULL);
}
