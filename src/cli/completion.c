/* completion: made from the commands' own table, so that it cannot fall behind. */
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The words that a help text names: second words of "a|b|c …" and options. */
static void print_words(const struct command *c)
{
	const char *help = c->help;
	const char *at = strstr(help, c->name);

	if (at != NULL) {
		at += strlen(c->name);
		while (*at == ' ')
			at++;
		while (islower((unsigned char)*at) || *at == '|') {
			putchar(*at == '|' ? ' ' : *at);
			at++;
		}
	}
	for (at = strstr(help, "--"); at != NULL; at = strstr(at + 2, "--")) {
		if (!islower((unsigned char)at[2]) ||
		    (at != help && isalnum((unsigned char)at[-1])))
			continue;
		putchar(' ');
		for (const char *p = at; *p == '-' || islower((unsigned char)*p); p++)
			putchar(*p);
	}
}

static void print_bash(void)
{
	puts("# eval \"$(reeve completion bash)\"\n"
	     "_reeve() {\n"
	     "\tlocal word=${COMP_WORDS[COMP_CWORD]} words\n"
	     "\tif [ \"$COMP_CWORD\" -eq 1 ]; then");
	fputs("\t\twords='", stdout);
	for (size_t i = 0; i < commands_count; i++)
		printf("%s ", commands[i]->name);
	puts("--help --version'\n\telse\n\t\tcase ${COMP_WORDS[1]} in");
	for (size_t i = 0; i < commands_count; i++) {
		printf("\t\t%s) words='", commands[i]->name);
		print_words(commands[i]);
		puts(" --help' ;;");
	}
	puts("\t\t*) words= ;;\n\t\tesac\n\tfi\n"
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

const struct command completion_command = {"completion", "Print a shell's completion script",
					   "Usage: reeve completion bash|zsh\n\n"
					   "Example: eval \"$(reeve completion bash)\"\n",
					   run_completion};
