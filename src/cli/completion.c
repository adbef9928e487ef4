/* completion: made from the commands' own table, so that it cannot fall behind. */
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The options that a help text names. */
static void print_options(const char *help)
{
	for (const char *at = strstr(help, "--"); at != NULL; at = strstr(at + 2, "--")) {
		if (!islower((unsigned char)at[2]) ||
		    (at != help && isalnum((unsigned char)at[-1])))
			continue;
		putchar(' ');
		for (const char *p = at; *p == '-' || islower((unsigned char)*p); p++)
			putchar(*p);
	}
}

/* The operands that a usage line spells out: "bash|zsh". */
static void print_alternatives(const struct command *c)
{
	const char *at = strstr(c->help, c->name);

	if (at == NULL)
		return;
	for (at += strlen(c->name) + 1; islower((unsigned char)*at) || *at == '|'; at++)
		putchar(*at == '|' ? ' ' : *at);
}

static void print_command(const struct command *c)
{
	if (c->subcommands == NULL) {
		printf("\t'%s '*) words='", c->name);
		print_alternatives(c);
		print_options(c->help);
		puts(" --help' ;;");
		return;
	}
	for (unsigned i = 0; i < c->subcommands_count; i++)
		print_command(c->subcommands[i]);
	printf("\t'%s '*) words='", c->name);
	for (unsigned i = 0; i < c->subcommands_count; i++)
		printf("%s ", strchr(c->subcommands[i]->name, ' ') + 1);
	puts("--help' ;;");
}

/* The words before the one that is completed choose the case; what no word fits is completed as a file. */
static void print_bash(void)
{
	puts("# eval \"$(reeve completion bash)\"\n"
	     "_reeve() {\n"
	     "\tlocal word=${COMP_WORDS[COMP_CWORD]} words=\n"
	     "\tcase \"${COMP_WORDS[*]:1:COMP_CWORD-1} \" in");
	for (size_t i = 0; i < commands_count; i++)
		print_command(commands[i]);
	fputs("\t' ') words='", stdout);
	for (size_t i = 0; i < commands_count; i++)
		printf("%s ", commands[i]->name);
	puts("--help --version' ;;\n"
	     "\tesac\n"
	     "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
	     "\t[ \"${#COMPREPLY[@]}\" -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
	     "}\n"
	     "complete -F _reeve reeve");
}

static void print_zsh(void)
{
	puts("# eval \"$(reeve completion zsh)\"\nautoload -U +X bashcompinit && bashcompinit");
	print_bash();
}

static int run_completion(int argc, char **argv)
{
	struct operands operands;
	int code;

	if (!options_parse(&operands, &completion_command, argc, argv, NULL, 0, 1, 1, &code))
		return code;
	if (strcmp(operands.items[0], "bash") == 0)
		print_bash();
	else if (strcmp(operands.items[0], "zsh") == 0)
		print_zsh();
	else
		return usage_error(&completion_command, "there is one for bash and one for zsh");
	return EXIT_DONE;
}

const struct command completion_command = {.name = "completion",
					   .summary = "Print a shell's completion script",
					   .help = "Usage: reeve completion bash|zsh\n\n"
						   "Example: eval \"$(reeve completion bash)\"\n",
					   .run = run_completion};
