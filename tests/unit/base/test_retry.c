/* Signals come every 200 microseconds to the thread that tests, with a handler that lets calls fail
 * with EINTR (no SA_RESTART). A second thread, which gets none, makes the calls wait. */
#include "../temporary.h"
#include "base/retry.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/stream.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECES	    40
#define PIECE_BYTES 8192

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
	(void)number;
	signals++;
}

static void begin_signals(void)
{
	const struct sigaction action = {.sa_handler = count_signal};
	const struct itimerval each = {{0, 200}, {0, 200}};

	signals = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &each, NULL);
}

static void end_signals(void)
{
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
	cr_assert_gt(signals, 5, "no call was interrupted");
}

/* The other side of a FIFO. */
struct other_side {
	char path[96];
	pthread_t thread;
	bool is_whole;
};

static char piece_letter(int piece)
{
	return (char)('a' + piece % 26);
}

static void *write_slowly(void *ctx)
{
	struct other_side *o = ctx;
	char piece[PIECE_BYTES];
	FILE *to;

	usleep(20000); /* the reader waits in open(2) */
	to = fopen(o->path, "w");
	for (int i = 0; to != NULL && i < PIECES; i++) {
		memset(piece, piece_letter(i), sizeof piece);
		o->is_whole = fwrite(piece, 1, sizeof piece, to) == sizeof piece && fflush(to) == 0;
		usleep(1000);
	}
	if (to != NULL)
		fclose(to);
	return NULL;
}

static void *read_slowly(void *ctx)
{
	struct other_side *o = ctx;
	char piece[PIECE_BYTES];
	FILE *from;

	usleep(20000);
	from = fopen(o->path, "r");
	o->is_whole = from != NULL;
	for (int i = 0; from != NULL && i < PIECES; i++) {
		o->is_whole &= fread(piece, 1, sizeof piece, from) == sizeof piece &&
			       piece[0] == piece_letter(i) &&
			       piece[PIECE_BYTES - 1] == piece_letter(i);
		usleep(1000);
	}
	if (from != NULL)
		fclose(from);
	return NULL;
}

static void begin(struct other_side *o, void *(*body)(void *ctx))
{
	sigset_t all, before;

	cr_assert(temporary_folder(o->path, 80));
	strcat(o->path, "/fifo");
	cr_assert_eq(mkfifo(o->path, 0600), 0);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	cr_assert_eq(pthread_create(&o->thread, NULL, body, o), 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	begin_signals();
}

static void end(struct other_side *o)
{
	end_signals();
	pthread_join(o->thread, NULL);
	cr_assert(o->is_whole);
	unlink(o->path);
	*strrchr(o->path, '/') = '\0';
	rmdir(o->path);
}

static void append_pieces(struct buf *b)
{
	for (int i = 0; i < PIECES; i++) {
		for (int k = 0; k < PIECE_BYTES; k++)
			buf_append_char(b, piece_letter(i));
	}
}

Test(retry, a_file_is_opened_and_read_as_a_whole)
{
	static struct other_side o; /* a failed test may end before its thread */
	struct buf got = BUF_NULL, wanted = BUF_NULL;

	append_pieces(&wanted);
	begin(&o, write_slowly);
	cr_assert_eq(file_read(&got, o.path, SIZE_MAX / 2, NULL), OK);
	end(&o);
	cr_assert(slice_is_equal(buf_slice(&got), buf_slice(&wanted)));
	buf_clear(&got);
	buf_clear(&wanted);
}

Test(retry, a_file_is_written_as_a_whole)
{
	static struct other_side o; /* a failed test may end before its thread */
	struct buf content = BUF_NULL;
	int fd;

	append_pieces(&content);
	begin(&o, read_slowly);
	fd = RETRY(open(o.path, O_WRONLY));
	cr_assert_geq(fd, 0);
	cr_assert_eq(file_write_fd(fd, buf_slice(&content), o.path, NULL), OK);
	close(fd);
	end(&o);
	buf_clear(&content);
}

/* stdio by itself loses what it was writing. */
Test(retry, a_stream_is_written_as_a_whole)
{
	static struct other_side o; /* a failed test may end before its thread */
	struct buf content = BUF_NULL;
	FILE *out = stdout;
	int kept = dup(STDOUT_FILENO), fd;

	append_pieces(&content);
	begin(&o, read_slowly);
	fd = RETRY(open(o.path, O_WRONLY));
	cr_assert_geq(fd, 0);
	dup2(fd, STDOUT_FILENO);
	close(fd);
	stream_repeat_writes(&out, STDOUT_FILENO);
	cr_assert_neq(out, stdout);
	cr_assert_eq(fwrite(content.data, 1, content.len, out), content.len);
	cr_assert_eq(fclose(out), 0);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	end(&o);
	buf_clear(&content);
}

Test(retry, a_sleep_lasts)
{
	int64_t begun_ms = clock_monotonic_ms(&system_clock);

	begin_signals();
	sleep_us(30000);
	end_signals();
	cr_assert_geq(clock_monotonic_ms(&system_clock) - begun_ms, 29);
}

Test(retry, a_child_is_waited_for)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		usleep(30000);
		_exit(7);
	}
	begin_signals();
	cr_assert_eq(RETRY(waitpid(child, &status, 0)), child);
	end_signals();
	cr_assert_eq(WEXITSTATUS(status), 7);
}

Test(retry, an_error_that_is_no_signal_is_given)
{
	errno = 0;
	cr_assert_eq(RETRY(open("/nonexistent/file", O_RDONLY)), -1);
	cr_assert_eq(errno, ENOENT);
}
