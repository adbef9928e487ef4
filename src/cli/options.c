/*
 * Turns a command's option rows into the tables of getopt_long() and stores each value at its
 * target. Values are pointers into argv; nothing is copied.
 *
 * Error texts are ours, not getopt's: they name the option only, never the words around it, since a
 * value may be a secret. Uses the global state of getopt, so one thread only.
 */
#include "cli/options.h"

#include "base/buf.h"
#include "cli/output.h"

#include <getopt.h>
#include <string.h>

/* The most rows of one command, which bounds the tables on the stack. A command with more rows
 * fails with EXIT_USAGE at every call, so a test of it cannot miss that. */
#define ROWS_MAX   32
#define FIRST_LONG 256 /* getopt_long() returns this and the row's number for a long option */

static int print_usage_error(const struct command *command, const char *fmt, va_list args)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;

	buf_vprintf(&text, fmt, args);
	print_line(TO_STDERR, "reeve %s: %.*s", command->name, SLICE_ARGS(buf_slice(&text)));
	print_line(TO_STDERR, "Try: reeve %s --help", command->name);
	return EXIT_USAGE;
}

int usage_error(const struct command *command, const char *fmt, ...)
{
	va_list args;
	int code;

	va_start(args, fmt);
	code = print_usage_error(command, fmt, args);
	va_end(args);
	return code;
}

/* The tables that getopt_long() reads. Beside the rows they hold --help and the end mark; beside
 * the letters '+', ':', 'h' and a NUL. */
struct getopt_tables {
	struct option longs[ROWS_MAX + 2];
	char shorts[2 * ROWS_MAX + 5];
};

/* With `ends_at_operand` ('+') the options end at the first operand: the words of `reeve run --
 * COMMAND` belong to that command. */
static void make_tables(struct getopt_tables *ret, struct option_set set, bool ends_at_operand)
{
	char *shorts = ret->shorts;

	if (ends_at_operand)
		*shorts++ = '+';
	*shorts++ = ':'; /* reports a missing value as ':' */
	for (size_t i = 0; i < set.count; i++) {
		const struct option_row *row = &set.rows[i];
		bool has_value = row->kind != OPTION_FLAG;

		ret->longs[i] =
			(struct option){row->name, has_value ? required_argument : no_argument,
					NULL, FIRST_LONG + (int)i};
		if (row->letter == 0)
			continue;
		*shorts++ = row->letter;
		if (has_value)
			*shorts++ = ':';
	}
	*shorts++ = 'h';
	*shorts = '\0';
	ret->longs[set.count] = (struct option){"help", no_argument, NULL, 'h'};
	ret->longs[set.count + 1] = (struct option){NULL, 0, NULL, 0};
}

/* The row of a result of getopt_long(): a long option by its number, a short one by its letter.
 * NULL for -h, for an unknown option and for a missing value. */
static const struct option_row *find_row(int code, struct option_set set)
{
	if (code >= FIRST_LONG && (size_t)(code - FIRST_LONG) < set.count)
		return &set.rows[code - FIRST_LONG];
	for (size_t i = 0; i < set.count; i++) {
		if (set.rows[i].letter != 0 && set.rows[i].letter == code)
			return &set.rows[i];
	}
	return NULL;
}

/* False where a list is full. */
static bool store_value(const struct option_row *row, const char *value)
{
	struct option_list *list = row->target;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)row->target = true;
		return true;
	case OPTION_TEXT:
		*(const char **)row->target = value;
		return true;
	case OPTION_LIST:
		if (list->count == OPTION_LIST_MAX)
			return false;
		list->items[list->count++] = value;
		return true;
	}
	return false;
}

/* Prints the option's name only: the words next to it may hold the value of a secret. */
static int option_error(const struct command *command, int code, char **argv)
{
	const char *problem = code == ':' ? "a value is missing after" : "no such option:";

	/* A letter is in `optopt`. For a long option `optopt` is 0 or its row, and the word is the
	 * one before `optind`; the text is cut at '=', where its value begins. */
	if (optopt > 0 && optopt < FIRST_LONG)
		return usage_error(command, "%s -%c", problem, optopt);
	return usage_error(command, "%s %.*s", problem, (int)strcspn(argv[optind - 1], "="),
			   argv[optind - 1]);
}

/* The first line of a help text is its usage line, which names the missing word. */
static bool check_operands(const struct operands *o, const struct command *command, int *ret_exit)
{
	if (o->count < command->operands_min)
		*ret_exit = usage_error(command, "a word is missing: %.*s",
					(int)strcspn(command->help, "\n"), command->help);
	else if (command->operands_max >= 0 && o->count > command->operands_max)
		*ret_exit = usage_error(command, "one word too many: %s",
					o->items[command->operands_max]);
	else
		return true;
	return false;
}

bool options_parse(struct operands *ret, const struct command *command, int argc, char **argv,
		   struct option_set options, int *ret_exit)
{
	struct getopt_tables tables;
	int code;

	*ret_exit = EXIT_USAGE;
	if (options.count > ROWS_MAX)
		return false;
	make_tables(&tables, options, command->operands_max == OPERANDS_END_OPTIONS);
	/* 0 makes glibc start anew and read the '+' again; messages are printed here, not by
	 * getopt. */
	optind = 0;
	opterr = 0;
	while ((code = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		const struct option_row *row = find_row(code, options);

		if (code == 'h' && row == NULL) {
			print_text(TO_STDOUT, slice_text(command->help));
			*ret_exit = EXIT_DONE;
			return false;
		}
		if (row == NULL) {
			*ret_exit = option_error(command, code, argv);
			return false;
		}
		if (!store_value(row, optarg)) {
			*ret_exit = usage_error(command, "--%s is given more than %d times",
						row->name, OPTION_LIST_MAX);
			return false;
		}
	}
	*ret = (struct operands){argv + optind, argc - optind};
	return check_operands(ret, command, ret_exit);
}
