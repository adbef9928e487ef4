/*
 * One thread watches the configuration (poller), this one the child, the signals and the time. States:
 *
 *   running --change--> splaying --time--> running (signalled) or stopping --child gone--> running (started anew)
 *
 * A child that ends by itself, or by a signal that was passed on, ends the run. Once a signal to end was passed on, no change is taken on any more:
 * nothing is started again that somebody wanted stopped.
 */
#include "agent/supervise.h"

#include "agent/descriptors.h"
#include "agent/poller.h"
#include "agent/config_file.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
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

#define CONFIG_BYTES_MAX (16 * 1024 * 1024)
#define CONFIG_NODES_MAX 1000000

struct supervisor {
	const struct run_options *options;
	struct descriptors passed_on;
	struct render render;
	struct fetched current;
	struct fetched next; /* taken on when the splay is over */
	bool has_next;
	bool is_stopping; /* for a restart */
	bool is_ending;	  /* was told to end, by us or by the terminal */
	int64_t due_ms;	  /* monotonic: the splay's end, or the grace's; 0: none */
	pid_t child;
	sigset_t signals;
	sigset_t signals_before;
	int signal_fd;
};

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
	render_close(&s->render);
	fetched_clear(&s->current);
	fetched_clear(&s->next);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
}

static enum result block_signals(struct supervisor *s, struct error *err)
{
	static const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

	/* Ignored by who started us, children would vanish without a word. */
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

/* Without a stream of stdio, whose lock the other thread may have held when we forked. */
static void say_not_started(const char *command, int code)
{
	const char *why = strerrordesc_np(code);
	char name[256];

	log_line(LOG_ERROR, "child_not_started", "command=%s reason=\"%s\"",
		 log_quote(name, sizeof name, slice_text(command)),
		 why != NULL ? why : "unknown error");
}

static void become_child(const struct supervisor *s, char **environment, pid_t parent)
{
	sigprocmask(SIG_SETMASK, &s->signals_before, NULL);
	signal(SIGPIPE, SIG_DFL); /* what is ignored would stay so across exec */
	/* A supervisor that was killed outright leaves no child with an old configuration
	 * behind. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	descriptors_pass_only(&s->passed_on);
	execvpe(s->options->argv[0], s->options->argv, environment);
	say_not_started(s->options->argv[0], errno);
	_exit(errno == ENOENT ? 127 : 126);
}

/* What --env-all did not give. */
struct left_out {
	struct buf steering;
	size_t not_allowed;
};

static void left_out_clear(struct left_out *l)
{
	buf_clear(&l->steering);
}

static void say_left_out(const struct left_out *l)
{
	if (l->steering.len != 0)
		log_line(LOG_WARN, "env_left_out", "names=\"%.*s\" reason=\"%s\"",
			 SLICE_ARGS(buf_slice(&l->steering)),
			 "they steer programs; --env NAME=/pointer --env-unsafe gives one");
	if (l->not_allowed != 0)
		log_line(LOG_INFO, "env_not_allowed", "count=%zu reason=\"%s\"", l->not_allowed,
			 "no --env-allow names them");
}

/* The environment that a configuration comes to; fails for one that a child cannot be started
 * with. */
static enum result prepare(char ***ret, struct arena *a, const struct supervisor *s,
			   const struct fetched *f, struct left_out *left_out, struct error *err)
{
	CLEANUP(tree_clearp) struct tree config = TREE_INIT(0, true);
	const struct doc_limits limits = {CONFIG_BYTES_MAX, DOC_DEPTH_MAX, CONFIG_NODES_MAX, NULL};
	struct environment_request request = s->options->request;
	enum result rc = doc_read(&config, DOC_JSON, buf_slice(&f->content), &limits, NULL, err);

	request.config_file = s->render.file;
	request.left_out = &left_out->steering;
	request.not_allowed = &left_out->not_allowed;
	return rc == OK ? environment_build(ret, a, &request, &config.root, err) : rc;
}

static enum result start_child(struct supervisor *s, struct error *err)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT(0, true);
	CLEANUP(left_out_clear) struct left_out left_out = {BUF_NULL, 0};
	char **environment = NULL;
	pid_t parent = getpid();
	enum result rc = prepare(&environment, &arena, s, &s->current, &left_out, err);

	if (rc == OK)
		say_left_out(&left_out);
	if (rc == OK)
		rc = render_write(&s->render, buf_slice(&s->current.content), err);
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

static void plan(struct supervisor *s, int64_t delay_ms)
{
	s->due_ms = clock_monotonic_ms(&system_clock) + delay_ms;
	if (s->due_ms == 0)
		s->due_ms = 1;
}

static void hear_of_change(struct supervisor *s, struct poller *poller)
{
	int64_t delay_ms = 0;

	if (!poller_take(poller, &s->next))
		return;
	s->has_next = true;
	if (s->is_stopping || s->is_ending || s->due_ms != 0)
		return; /* it is taken on with what was waiting */
	if (s->options->splay_ms > 0)
		delay_ms =
			(int64_t)random_below(&system_random, (uint64_t)s->options->splay_ms + 1);
	log_line(LOG_INFO, "change", "revision=%llu in_ms=%lld",
		 (unsigned long long)s->next.revision, (long long)delay_ms);
	plan(s, delay_ms);
}

static void take_on_next(struct supervisor *s)
{
	fetched_clear(&s->current);
	s->current = s->next;
	s->next = (struct fetched)FETCHED_NULL;
	s->has_next = false;
}

/* A revision that a child could not be started with is refused; the old one stays. */
static bool may_take_on_next(struct supervisor *s)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT(0, true);
	CLEANUP(left_out_clear) struct left_out left_out = {BUF_NULL, 0};
	struct error err = ERROR_NULL;
	char **environment = NULL, why[2 * ERROR_TEXT_BYTES];

	if (prepare(&environment, &arena, s, &s->next, &left_out, &err) == OK)
		return true;
	log_line(LOG_ERROR, "change_refused", "revision=%llu detail=%s",
		 (unsigned long long)s->next.revision,
		 log_quote(why, sizeof why, slice_text(err.text)));
	fetched_clear(&s->next);
	s->has_next = false;
	return false;
}

static void take_on_change(struct supervisor *s)
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
	if (!s->has_next || !may_take_on_next(s))
		return;
	if (s->options->on_change == ON_CHANGE_RESTART) {
		s->is_stopping = true;
		kill(s->child, SIGTERM);
		plan(s, s->options->grace_ms);
		return;
	}
	take_on_next(s);
	if (render_write(&s->render, buf_slice(&s->current.content), &err) != OK) {
		log_line(LOG_ERROR, "render_failed", "detail=%s",
			 log_quote(why, sizeof why, slice_text(err.text)));
		return;
	}
	kill(s->child, s->options->signal);
	log_line(LOG_INFO, "child_signalled", "pid=%d revision=%llu", (int)s->child,
		 (unsigned long long)s->current.revision);
}

/* Also takes in orphans, which are ours where we are a container's first process. */
static bool has_child_ended(const struct supervisor *s, int *status)
{
	pid_t pid;

	do {
		pid = waitpid(-1, status, WNOHANG);
	} while (pid > 0 && pid != s->child);
	return pid == s->child;
}

/* True when the run is over. */
static bool reap(struct supervisor *s, int *ret_exit, enum result *rc, struct error *err)
{
	int status;

	if (!has_child_ended(s, &status))
		return false;
	if (s->is_stopping) {
		s->is_stopping = false;
		s->due_ms = 0;
		/* A newer one may have come since this one was found good. */
		if (may_take_on_next(s))
			take_on_next(s);
		*rc = start_child(s, err);
		return *rc != OK;
	}
	*ret_exit = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return true;
}

static void pass_on(struct supervisor *s, const struct signalfd_siginfo *info)
{
	bool is_from_terminal = info->ssi_code == SI_KERNEL;
	int number = (int)info->ssi_signo;

	if (number == SIGTERM || number == SIGINT || number == SIGQUIT ||
	    (number == SIGHUP && is_from_terminal)) {
		s->is_ending = true; /* for good, also where it was stopping for a restart */
		s->is_stopping = false;
		s->due_ms = 0;
	}
	/* What the terminal sent has reached the child too: they share a process group. */
	if (!is_from_terminal)
		kill(s->child, number);
}

static bool handle_signals(struct supervisor *s, int *ret_exit, enum result *rc, struct error *err)
{
	struct signalfd_siginfo info;

	while (read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo != SIGCHLD)
			pass_on(s, &info);
		else if (reap(s, ret_exit, rc, err))
			return true;
	}
	return false;
}

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
		if (handle_signals(s, ret_exit, &rc, err))
			return rc;
		if ((fds[1].revents & POLLIN) != 0)
			hear_of_change(s, poller);
		if (s->due_ms != 0 && time_left_ms(s) == 0)
			take_on_change(s);
	}
}

enum result run_command(int *ret_exit, struct client *client_taken,
			const struct run_options *options, struct error *err)
{
	CLEANUP(supervisor_clear)
	struct supervisor s = {.options = options,
			       .render = RENDER_NULL,
			       .current = FETCHED_NULL,
			       .next = FETCHED_NULL,
			       .signal_fd = -1};
	CLEANUP(client_closep) struct client *client = client_taken;
	struct slice target = slice_text(options->target);
	struct poller *poller = NULL;
	enum result rc;

	descriptors_note(&s.passed_on);
	rc = fetch_config(&s.current, client, target, err);

	/* Before there is a file: from here on no signal ends us with one left behind. */
	if (rc == OK)
		rc = block_signals(&s, err);
	if (rc == OK)
		rc = render_open(&s.render, err);
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
