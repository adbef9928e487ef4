#include "cli/options.h"

#include "base/buf.h"
#include "cli/output.h"

#include <getopt.h>
#include <string.h>

#define ROWS_MAX   32
#define FIRST_LONG 256

static int say_usage(const struct command *command, const char *fmt, va_list args)
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
	code = say_usage(command, fmt, args);
	va_end(args);
	return code;
}

static void fill(struct option *longs, char *shorts, const struct option_row *rows, size_t count,
		 bool is_ended_by_operand)
{
	size_t at = 0;

	if (is_ended_by_operand)
		shorts[at++] = '+';
	shorts[at++] = ':';
	for (size_t i = 0; i < count; i++) {
		bool takes = rows[i].kind != OPTION_FLAG;

		longs[i] = (struct option){rows[i].name, takes ? required_argument : no_argument,
					   NULL, FIRST_LONG + (int)i};
		if (rows[i].letter != 0) {
			shorts[at++] = rows[i].letter;
			if (takes)
				shorts[at++] = ':';
		}
	}
	shorts[at++] = 'h';
	shorts[at] = '\0';
	longs[count] = (struct option){"help", no_argument, NULL, 'h'};
	longs[count + 1] = (struct option){NULL, 0, NULL, 0};
}

static const struct option_row *row_of(int code, const struct option_row *rows, size_t count)
{
	if (code >= FIRST_LONG && (size_t)(code - FIRST_LONG) < count)
		return &rows[code - FIRST_LONG];
	for (size_t i = 0; i < count; i++) {
		if (rows[i].letter != 0 && rows[i].letter == code)
			return &rows[i];
	}
	return NULL;
}

static bool take(const struct option_row *row, const char *value)
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

/* Names the option and nothing else of the line: the words beside it may hold a secret's value. */
static int option_error(const struct command *command, int code, char **argv)
{
	const char *what = code == ':' ? "a value is missing after" : "no such option:";

	if (optopt > 0 && optopt < FIRST_LONG)
		return usage_error(command, "%s -%c", what, optopt);
	return usage_error(command, "%s %.*s", what, (int)strcspn(argv[optind - 1], "="),
			   argv[optind - 1]);
}

static bool check_operands(const struct operands *o, const struct command *command, int min,
			   int max, int *ret_exit)
{
	if (o->count < min)
		*ret_exit = usage_error(command, "a word is missing: %.*s",
					(int)strcspn(command->help, "\n"), command->help);
	else if (max >= 0 && o->count > max)
		*ret_exit = usage_error(command, "one word too many: %s", o->items[max]);
	else
		return true;
	return false;
}

bool options_parse(struct operands *ret, const struct command *command, int argc, char **argv,
		   const struct option_row *rows, size_t count, int operands_min, int operands_max,
		   int *ret_exit)
{
	struct option longs[ROWS_MAX + 2];
	char shorts[2 * ROWS_MAX + 5];
	int code;

	*ret_exit = EXIT_USAGE;
	if (count > ROWS_MAX)
		return false;
	fill(longs, shorts, rows, count, operands_max == OPERANDS_END_OPTIONS);
	optind = 0;
	opterr = 0;
	while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_row *row = row_of(code, rows, count);

		if (code == 'h' && row == NULL) {
			print_text(TO_STDOUT, slice_text(command->help));
			*ret_exit = EXIT_DONE;
			return false;
		}
		if (row == NULL) {
			*ret_exit = option_error(command, code, argv);
			return false;
		}
		if (!take(row, optarg)) {
			*ret_exit = usage_error(command, "--%s is given too often", row->name);
			return false;
		}
	}
	*ret = (struct operands){argv + optind, argc - optind};
	return check_operands(ret, command, operands_min, operands_max, ret_exit);
}
