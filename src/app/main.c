/*
 * reeved: runs the command that the first word names. Sets here only what must hold for the whole
 * process before a command creates a file or a thread: the umask, the bound on malloc's arenas, and
 * that a limit on the size of files ends no process.
 */
#include "app/command.h"
#include "base/memory.h"
#include "base/stream.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* To add a command, declare its function in command.h and add a row. `run` gets the words behind
 * the command's name and returns the exit code of the process. */
static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{"init", command_init, "create a data folder, its keys and an administrator's token"},
	{"serve", command_serve, "serve requests until SIGTERM or SIGINT"},
	{"restore", command_restore, "create a data folder from a backup"},
	{"recover", command_recover, "create a new administrator's token for a stopped server"},
};

static void print_help(FILE *out)
{
	fprintf(out, "reeved " REEVE_VERSION ": a server for the configuration and the secrets of "
		     "data pipelines\n\nUsage: reeved COMMAND [FLAG]…\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\nHelp on a command: reeved COMMAND --help. Example:\n\n"
		     "  reeved init --data ./data --admin-token-file ./admin.token\n"
		     "  reeved serve --data ./data --listen 127.0.0.1:7338\n");
}

/* By default glibc makes an arena for each thread, which costs more memory than it saves time here.
 * With two, the committer waits for the event loop that has the same one. */
static void bound_memory(void)
{
	mallopt(M_ARENA_MAX, 4);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	/* Every file of reeved is for its own user only: the store, the keys and the tokens.
	 * audit.pub and the port file are the exceptions. */
	umask(077);
	/* `ulimit -f`: the write fails with EFBIG instead, as on a full disk. */
	signal(SIGXFSZ, SIG_IGN);
	stream_repeat_writes(&stdout, STDOUT_FILENO);
	stream_repeat_writes(&stderr, STDERR_FILENO);
	bound_memory();
	if (strcmp(word, "--version") == 0) {
		printf("reeved %s\n", REEVE_VERSION);
		return EXIT_DONE;
	}
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
		print_help(stdout);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(word, commands[i].name) == 0)
			return commands[i].run(argc - 2, argv + 2);
	}
	if (word[0] != '\0')
		fprintf(stderr, "reeved: unknown command \"%s\"\n\n", word);
	print_help(stderr);
	return EXIT_USAGE;
}
