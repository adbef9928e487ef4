/*
 * completion: generates a shell's script from the table of commands, so that it is never out of
 * date. The words come from the help texts: commands have no other list of their options.
 *
 * Only small letters and dashes of them reach the script, so it needs no quoting.
 */
#include "base/buf.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"

#include <ctype.h>
#include <string.h>

/* The options that a help text mentions: "--" and a small letter, at the start of a word. A bare
 * "--" (as in `reeve run … -- COMMAND`) is skipped. */
static void append_options(struct buf *ret, const char *help)
{
	for (const char *at = strstr(help, "--"); at != NULL; at = strstr(at + 2, "--")) {
		if (!islower((unsigned char)at[2]) ||
		    (at != help && isalnum((unsigned char)at[-1])))
			continue;
		buf_append_char(ret, ' ');
		for (const char *p = at; *p == '-' || islower((unsigned char)*p); p++)
			buf_append_char(ret, *p);
	}
}

/* The words to choose from in a usage line: "bash|zsh" after "completion". Nothing for an operand
 * in capitals, such as PATH. */
static void append_alternatives(struct buf *ret, const struct command *c)
{
	const char *at = strstr(c->help, c->name);

	if (at == NULL)
		return;
	for (at += strlen(c->name) + 1; islower((unsigned char)*at) || *at == '|'; at++)
		buf_append_char(ret, *at == '|' ? ' ' : *at);
}

/* One case of the script: 'token create '*) words=' --name … --help' ;; The cases of subcommands
 * come before that of their group, because the shell takes the first pattern that matches, and
 * 'token '* matches all of them. */
static void append_command(struct buf *ret, const struct command *c)
{
	if (c->subcommands == NULL) {
		buf_printf(ret, "\t'%s '*) words='", c->name);
		append_alternatives(ret, c);
		append_options(ret, c->help);
		buf_append_text(ret, " --help' ;;\n");
		return;
	}
	for (unsigned i = 0; i < c->subcommands_count; i++)
		append_command(ret, c->subcommands[i]);
	buf_printf(ret, "\t'%s '*) words='", c->name);
	for (unsigned i = 0; i < c->subcommands_count; i++)
		buf_printf(ret, "%s ", strchr(c->subcommands[i]->name, ' ') + 1);
	if (c->run != NULL)
		append_options(ret, c->help);
	buf_append_text(ret, " --help' ;;\n");
}

/* The words before the cursor select the case. Where none of its words fits, file names are
 * completed. */
static void append_bash(struct buf *ret)
{
	buf_append_text(ret, "# eval \"$(reeve completion bash)\"\n"
			     "_reeve() {\n"
			     "\tlocal word=${COMP_WORDS[COMP_CWORD]} words=\n"
			     "\tcase \"${COMP_WORDS[*]:1:COMP_CWORD-1} \" in\n");
	for (size_t i = 0; i < commands_count; i++)
		append_command(ret, commands[i]);
	buf_append_text(ret, "\t' ') words='");
	for (size_t i = 0; i < commands_count; i++)
		buf_printf(ret, "%s ", commands[i]->name);
	buf_append_text(ret, "--help --version' ;;\n"
			     "\tesac\n"
			     "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
			     "\t[ \"${#COMPREPLY[@]}\" -gt 0 ] ||\n"
			     "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
			     "}\n"
			     "complete -F _reeve reeve\n");
}

/* zsh runs the script of bash by its own emulation. */
static void append_zsh(struct buf *ret)
{
	buf_append_text(ret, "# eval \"$(reeve completion zsh)\"\n"
			     "autoload -U +X bashcompinit && bashcompinit\n");
	append_bash(ret);
}

static int run_completion(int argc, char **argv)
{
	CLEANUP(buf_clear) struct buf script = BUF_NULL;
	struct operands operands;
	int code;

	if (!options_parse(&operands, &completion_command, argc, argv, OPTION_SET_EMPTY, &code))
		return code;
	if (strcmp(operands.items[0], "bash") == 0)
		append_bash(&script);
	else if (strcmp(operands.items[0], "zsh") == 0)
		append_zsh(&script);
	else
		return usage_error(&completion_command, "the shell must be bash or zsh");
	return print_text(TO_STDOUT, buf_slice(&script));
}

const struct command completion_command = {.name = "completion",
					   .summary = "Print a shell's completion script",
					   .help = "Usage: reeve completion bash|zsh\n\n"
						   "Example: eval \"$(reeve completion bash)\"\n",
					   .operands_min = 1,
					   .operands_max = 1,
					   .run = run_completion};
