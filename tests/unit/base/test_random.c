#include "base/random.h"

#include "base/log.h"
#include "base/memory.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

Test(random, bytes_differ_from_one_draw_to_the_next)
{
	uint8_t first[32] = {0}, second[32] = {0}, zeros[32] = {0};

	random_fill(&system_random, first, sizeof first);
	random_fill(&system_random, second, sizeof second);
	cr_assert_neq(memcmp(first, second, sizeof first), 0);
	cr_assert_neq(memcmp(first, zeros, sizeof first), 0);
}

/* Gives the values 0, 1, 2, … */
static void count_up(void *ctx, void *ret, size_t len)
{
	uint64_t *next = ctx;

	cr_assert_eq(len, sizeof *next);
	memcpy(ret, next, sizeof *next);
	++*next;
}

Test(random, a_number_is_below_its_bound_and_each_comes)
{
	uint64_t next = UINT64_MAX - 5;
	const struct random_source counting = {count_up, &next};
	bool has_come[10] = {false};

	for (int i = 0; i < 10; i++)
		has_come[random_below(&counting, 10)] = true;
	for (int i = 0; i < 10; i++)
		cr_expect(has_come[i], "%d", i);
	cr_expect_eq(next, 10, "the values above the last multiple are passed over");
}

/* As a filter of system calls in a container or a unit does. */
static bool refuse_getrandom(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = ARRAY_SIZE(rules), .filter = rules};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

Test(random, a_kernel_that_refuses_ends_the_process_with_a_message)
{
	char text[2048] = "";
	int ends[2], status = 0;
	pid_t child;

	cr_assert_eq(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		uint8_t bytes[8];

		log_set_sink(ends[1], LOG_ERROR);
		if (!refuse_getrandom())
			_exit(77);
		random_fill(&system_random, bytes, sizeof bytes);
		_exit(0);
	}
	close(ends[1]);
	cr_assert_geq(child, 0);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_geq(read(ends[0], text, sizeof text - 1), 0);
	close(ends[0]);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1, "%d", status);
	cr_assert(strstr(text, "getrandom: Operation not permitted"), "%s", text);
	cr_assert(strstr(text, "advice="), "%s", text);
}
