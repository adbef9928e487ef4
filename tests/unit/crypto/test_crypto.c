#include "crypto/crypto.h"

#include "base/log.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What libsodium does where the kernel gives it no random bytes. */
Test(crypto, libsodium_does_not_end_the_process_without_a_message)
{
	char text[2048] = "";
	int ends[2], status = 0;
	pid_t child;

	cr_assert_eq(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		log_set_sink(ends[1], LOG_ERROR);
		if (crypto_start(NULL) == OK)
			sodium_misuse();
		_exit(0);
	}
	close(ends[1]);
	cr_assert_geq(child, 0);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_geq(read(ends[0], text, sizeof text - 1), 0);
	close(ends[0]);
	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "%d", status);
	cr_assert(strstr(text, "random bytes"), "%s", text);
}
