/*
 * Runs one child with its configuration, and applies changes to it.
 *
 * Two threads: the poller's thread fetches changes; this one, the main thread, does the rest. It
 * waits in one poll() for signals (a signalfd), for the poller and for the due time. It takes no
 * lock but the poller's, within poller_take().
 *
 * States, by the fields of struct supervisor:
 *
 *   running    due_ms == 0; the child has `current`
 *   splaying   due_ms != 0, has_next: a change waits for its random delay
 *   stopping   is_stopping: SIGTERM was sent for a restart, SIGKILL follows at due_ms
 *   ending     is_ending: a signal to end was passed on
 *
 *   running --change--> splaying --due, signal--> running
 *                       splaying --due, restart--> stopping --child ended--> running
 *
 * What always holds: a child that ends in another state than stopping ends the run. After a signal
 * to end no change is applied and no child is started. A change that a child could not be started
 * with is refused before the running child is told or stopped. At most one child exists.
 */
#include "agent/supervise.h"

#include "agent/descriptors.h"
#include "agent/poller.h"
#include "agent/config_file.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/retry.h"
#include "doc/read.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of the effective configuration as JSON. Above it the change is refused, or the run does not
 * start. The bounds only keep a wrong server from filling the memory. */
#define CONFIG_BYTES_MAX (16 * 1024 * 1024)
#define CONFIG_NODES_MAX 1000000

struct supervisor {
	const struct run_options *options;
	struct descriptors inherited; /* the child gets these too */
	struct config_file file;
	struct fetched_config current;
	struct fetched_config next; /* applied when the splay is over */
	bool has_next;
	/* SIGTERM was sent for a restart; the end of the child starts the next one. */
	bool is_stopping;
	bool is_ending; /* the child got a signal to end, from us or from the terminal */
	int64_t due_ms; /* monotonic: end of the splay or of the grace period; 0: none */
	pid_t child;
	sigset_t signals;
	sigset_t signals_before;
	int signal_fd;
};

/* The signals that programs take as "read your configuration again" or as an end. SIGKILL and
 * SIGSTOP are not among them: a child could not act on them. */
bool signal_parse(const char *name, int *ret)
{
	static const struct {
		const char *name;
		int number;
	} rows[] = {{"HUP", SIGHUP},   {"USR1", SIGUSR1}, {"USR2", SIGUSR2},
		    {"TERM", SIGTERM}, {"INT", SIGINT},	  {"QUIT", SIGQUIT}};

	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strcmp(name, rows[i].name) == 0) {
			*ret = rows[i].number;
			return true;
		}
	}
	return false;
}

static void supervisor_clear(struct supervisor *s)
{
	config_file_close(&s->file);
	fetched_config_clear(&s->current);
	fetched_config_clear(&s->next);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
}

/* The signals are blocked and read from a descriptor. So no handler runs at an arbitrary place, and
 * each signal is handled between two steps of supervise(). */
static enum result block_signals(struct supervisor *s, struct error *err)
{
	static const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

	/* Our parent may have ignored it: waitpid() would then report no child. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&s->signals);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		sigaddset(&s->signals, numbers[i]);
	sigprocmask(SIG_BLOCK, &s->signals, &s->signals_before);
	s->signal_fd = signalfd(-1, &s->signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signal_fd >= 0 ? OK : fail_errno(err, E_IO, "signalfd");
}

static void tree_clearp(struct tree *t)
{
	tree_clear(t);
}

/* Uses no stream of stdio: the poller's thread may have held its lock at the fork. */
static void log_not_started(const char *command, int code)
{
	const char *why = strerrordesc_np(code);
	char name[256];

	log_line(LOG_ERROR, "child_not_started", "command=%s reason=\"%s\"",
		 log_quote(name, sizeof name, slice_text(command)),
		 why != NULL ? why : "unknown error");
}

/* In the child, between fork() and exec: only calls that take no lock, since the poller's thread
 * may have held any of them at the fork. The signal mask goes back to the one that this process was
 * started with, because exec keeps it. 126 and 127 are the exit codes of a shell for a command that
 * cannot be run and for one that is not found. */
static void become_child(const struct supervisor *s, char **environment, pid_t parent)
{
	sigprocmask(SIG_SETMASK, &s->signals_before, NULL);
	signal(SIGPIPE, SIG_DFL); /* an ignored signal stays ignored across exec */
	/* If the supervisor is killed, nothing updates the child any more: it ends too. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* The parent may have ended before prctl(): the kernel would then never send the signal. */
	if (getppid() != parent)
		_exit(127);
	descriptors_pass_only(&s->inherited);
	execvpe(s->options->argv[0], s->options->argv, environment);
	log_not_started(s->options->argv[0], errno);
	_exit(errno == ENOENT ? 127 : 126);
}

/* The variables that --env-all did not give. */
struct omitted {
	struct buf steering;
	size_t not_allowed;
};

static void omitted_clear(struct omitted *l)
{
	buf_clear(&l->steering);
}

static void log_omitted(const struct omitted *l)
{
	if (l->steering.len != 0)
		log_line(LOG_WARN, "env_left_out", "names=\"%.*s\" reason=\"%s\"",
			 SLICE_ARGS(buf_slice(&l->steering)),
			 "they steer programs; --env NAME=/pointer --env-unsafe gives one");
	if (l->not_allowed != 0)
		log_line(LOG_INFO, "env_not_allowed", "count=%zu reason=\"%s\"", l->not_allowed,
			 "no --env-allow names them");
}

/* The child's environment with this configuration. It fails if no child can be started with it. */
static enum result build_environment(char ***ret, struct arena *a, const struct supervisor *s,
				     const struct fetched_config *f, struct omitted *omitted,
				     struct error *err)
{
	CLEANUP(tree_clearp) struct tree config = TREE_INIT(0, true);
	const struct doc_limits limits = {CONFIG_BYTES_MAX, DOC_DEPTH_MAX, CONFIG_NODES_MAX, NULL};
	struct environment_request request = s->options->request;
	enum result rc = doc_read(&config, DOC_JSON, buf_slice(&f->content), &limits, NULL, err);

	request.config_file = s->file.path;
	request.omitted = &omitted->steering;
	request.not_allowed = &omitted->not_allowed;
	return rc == OK ? environment_build(ret, a, &request, &config.root, err) : rc;
}

static enum result start_child(struct supervisor *s, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT(0, true);
	CLEANUP(omitted_clear) struct omitted omitted = {BUF_NULL, 0};
	char **environment = NULL;
	pid_t parent = getpid();
	enum result rc = build_environment(&environment, &arena, s, &s->current, &omitted, err);

	if (rc == OK)
		log_omitted(&omitted);
	if (rc == OK)
		rc = config_file_write(&s->file, buf_slice(&s->current.content), err);
	if (rc != OK)
		return rc;
	s->child = fork();
	if (s->child < 0)
		return fail_errno(err, E_IO, "fork");
	if (s->child == 0)
		become_child(s, environment, parent);
	log_line(LOG_INFO, "child_started", "pid=%d revision=%llu", (int)s->child,
		 (unsigned long long)s->current.revision);
	return OK;
}

/* 0 in due_ms means that nothing is due, so a time that happens to be 0 becomes 1. */
static void set_due(struct supervisor *s, int64_t delay_ms)
{
	s->due_ms = clock_monotonic_ms(&system_clock) + delay_ms;
	if (s->due_ms == 0)
		s->due_ms = 1;
}

/* A change is applied after a random delay (--splay), so that many supervisors of one configuration
 * do not restart their children at the same moment. A newer change takes the place of one that
 * waits and keeps its due time: a stream of changes must not put off the first for ever. */
static void take_change(struct supervisor *s, struct poller *poller)
{
	int64_t delay_ms = 0;

	if (!poller_take(poller, &s->next))
		return;
	s->has_next = true;
	if (s->is_stopping || s->is_ending || s->due_ms != 0)
		return; /* it replaces the change that waits */
	if (s->options->splay_ms > 0)
		delay_ms =
			(int64_t)random_below(&system_random, (uint64_t)s->options->splay_ms + 1);
	log_line(LOG_INFO, "change", "revision=%llu in_ms=%lld",
		 (unsigned long long)s->next.revision, (long long)delay_ms);
	set_due(s, delay_ms);
}

static void make_next_current(struct supervisor *s)
{
	fetched_config_clear(&s->current);
	s->current = s->next;
	s->next = (struct fetched_config)FETCHED_CONFIG_NULL;
	s->has_next = false;
}

/* Builds the environment as a start would, and throws it away. It costs little beside a restart,
 * and finds a value that no variable can have while the running child still works. False: no child
 * can be started with the next configuration; it is dropped, and the child keeps the former one. */
static bool check_next(struct supervisor *s)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT(0, true);
	CLEANUP(omitted_clear) struct omitted omitted = {BUF_NULL, 0};
	struct error err = ERROR_NULL;
	char **environment = NULL, why[2 * ERROR_TEXT_BYTES];

	if (build_environment(&environment, &arena, s, &s->next, &omitted, &err) == OK)
		return true;
	log_line(LOG_ERROR, "change_refused", "revision=%llu detail=%s",
		 (unsigned long long)s->next.revision,
		 log_quote(why, sizeof why, slice_text(err.text)));
	fetched_config_clear(&s->next);
	s->has_next = false;
	return false;
}

/* The due time has come: of the grace period (the child gets SIGKILL), or of a change's delay. With
 * a signal the file is replaced first, so the child that is told finds the new content. If the file
 * cannot be written the child is not told; it keeps the former content, and the next change tries
 * again. */
static void apply_change(struct supervisor *s)
{
	struct error err = ERROR_NULL;
	char why[2 * ERROR_TEXT_BYTES];

	s->due_ms = 0;
	if (s->is_stopping) {
		log_line(LOG_WARN, "child_killed", "pid=%d reason=\"did not end in time\"",
			 (int)s->child);
		kill(s->child, SIGKILL);
		return;
	}
	if (!s->has_next || !check_next(s))
		return;
	if (s->options->on_change == ON_CHANGE_RESTART) {
		s->is_stopping = true;
		kill(s->child, SIGTERM);
		set_due(s, s->options->grace_ms);
		return;
	}
	make_next_current(s);
	if (config_file_write(&s->file, buf_slice(&s->current.content), &err) != OK) {
		log_line(LOG_ERROR, "render_failed", "detail=%s",
			 log_quote(why, sizeof why, slice_text(err.text)));
		return;
	}
	kill(s->child, s->options->signal);
	log_line(LOG_INFO, "child_signalled", "pid=%d revision=%llu", (int)s->child,
		 (unsigned long long)s->current.revision);
}

/* Reaps orphans too: as the first process of a container we are their parent. */
static bool has_child_ended(const struct supervisor *s, int *status)
{
	pid_t pid;

	do {
		pid = RETRY(waitpid(-1, status, WNOHANG));
	} while (pid > 0 && pid != s->child);
	return pid == s->child;
}

/* True: the run is over. */
static bool reap(struct supervisor *s, int *ret_exit, enum result *rc, struct error *err)
{
	int status;

	if (!has_child_ended(s, &status))
		return false;
	if (s->is_stopping) {
		s->is_stopping = false;
		s->due_ms = 0;
		/* A newer one may have replaced the one that was checked before the stop. */
		if (check_next(s))
			make_next_current(s);
		*rc = start_child(s, err);
		return *rc != OK;
	}
	/* As a shell reports it: 128 and the number for a child that a signal ended. */
	*ret_exit = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return true;
}

/* SIGHUP from a terminal means that the terminal is gone; from a process it usually asks a program
 * to read its configuration, so the run goes on. SI_KERNEL is the origin of the signals that a
 * terminal makes. */
static void pass_on(struct supervisor *s, const struct signalfd_siginfo *info)
{
	bool is_from_terminal = info->ssi_code == SI_KERNEL;
	int number = (int)info->ssi_signo;

	if (number == SIGTERM || number == SIGINT || number == SIGQUIT ||
	    (number == SIGHUP && is_from_terminal)) {
		s->is_ending = true; /* also if it was stopping for a restart */
		s->is_stopping = false;
		s->due_ms = 0;
	}
	/* The terminal signals the whole process group, so the child has this signal already. */
	if (!is_from_terminal)
		kill(s->child, number);
}

/* True: the run is over. Reads all signals that are there; the descriptor does not block. Several
 * SIGCHLD may be merged into one, which is why reap() waits for all that ended. */
static bool handle_signals(struct supervisor *s, int *ret_exit, enum result *rc, struct error *err)
{
	struct signalfd_siginfo info;

	while (RETRY(read(s->signal_fd, &info, sizeof info)) == (ssize_t)sizeof info) {
		if (info.ssi_signo != SIGCHLD)
			pass_on(s, &info);
		else if (reap(s, ret_exit, rc, err))
			return true;
	}
	return false;
}

/* For poll(): -1 without a due time, at most a minute at once, so that the number fits an int
 * whatever the delay is. */
static int time_left_ms(const struct supervisor *s)
{
	int64_t left;

	if (s->due_ms == 0)
		return -1;
	left = s->due_ms - clock_monotonic_ms(&system_clock);
	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static enum result supervise(struct supervisor *s, struct poller *poller, int *ret_exit,
			     struct error *err)
{
	struct pollfd fds[] = {{s->signal_fd, POLLIN, 0}, {poller_fd(poller), POLLIN, 0}};
	enum result rc = OK;

	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), time_left_ms(s)) < 0 && errno != EINTR)
			return fail_errno(err, E_IO, "poll");
		/* Signals first: a child that has ended, or a signal to end, must be seen before a
		 * change is applied. The due time last: it may have come during the two others. */
		if (handle_signals(s, ret_exit, &rc, err))
			return rc;
		if ((fds[1].revents & POLLIN) != 0)
			take_change(s, poller);
		if (s->due_ms != 0 && time_left_ms(s) == 0)
			apply_change(s);
	}
}

enum result run_command(int *ret_exit, struct client *client_taken,
			const struct run_options *options, struct error *err)
{
	CLEANUP(supervisor_clear)
	struct supervisor s = {.options = options,
			       .file = CONFIG_FILE_NULL,
			       .current = FETCHED_CONFIG_NULL,
			       .next = FETCHED_CONFIG_NULL,
			       .signal_fd = -1};
	CLEANUP(client_closep) struct client *client = client_taken;
	struct slice target = slice_text(options->target);
	struct poller *poller = NULL;
	enum result rc;

	descriptors_note(&s.inherited);
	rc = fetch_config(&s.current, client, target, err);

	/* Before the file is made, so that no signal ends the process with the file left behind. */
	if (rc == OK)
		rc = block_signals(&s, err);
	if (rc == OK)
		rc = config_file_open(&s.file, err);
	if (rc == OK)
		rc = start_child(&s, err);
	if (rc != OK)
		return rc;
	rc = poller_start(&poller, steal(&client), target, &s.current, err);
	if (rc != OK) {
		kill(s.child, SIGTERM);
		return rc;
	}
	return supervise(&s, poller, ret_exit, err);
}
