/*
 * Parses the flags of `reeved` in one pass over argv. Copies nothing: every value is a slice of
 * argv. A flag that is unknown, repeated or without its value ends the parsing with E_MALFORMED, so
 * that no command starts with a setting that the operator did not mean.
 */
#include "app/flags.h"

#include "base/text.h"

static const struct flag_row *find_flag(struct slice name, struct flag_set flags)
{
	for (size_t i = 0; i < flags.count; i++) {
		if (slice_is_text(name, flags.rows[i].name))
			return &flags.rows[i];
	}
	return NULL;
}

/* Looks for a similar name among the first FLAGS_MAX rows only, which bounds the stack. With more
 * rows a suggestion may be missing, but the flag is refused all the same. */
static enum result refuse_unknown(struct slice name, struct flag_set flags, struct error *err)
{
	struct slice known[FLAGS_MAX], nearest;
	size_t count = flags.count < FLAGS_MAX ? flags.count : FLAGS_MAX;

	for (size_t i = 0; i < count; i++)
		known[i] = slice_text(flags.rows[i].name);
	nearest = text_nearest(name, known, count);
	if (nearest.data != NULL)
		return fail(err, E_MALFORMED, "unknown flag --%.*s; did you mean --%.*s?",
			    SLICE_ARGS(name), SLICE_ARGS(nearest));
	return fail(err, E_MALFORMED, "unknown flag --%.*s", SLICE_ARGS(name));
}

/* Parses the flag at `argv[*at]`. Moves `*at` to its value where that is an argument of its own. */
static enum result parse_flag(struct slice *values, struct flag_set flags, int argc,
			      char *const *argv, int *at, struct error *err)
{
	struct slice rest = slice_text(argv[*at] + 2), name;
	const struct flag_row *row;
	struct slice *value;

	if (!slice_next_part(&rest, '=', &name) || name.len == 0)
		return fail(err, E_MALFORMED, "a flag must have a name");
	row = find_flag(name, flags);
	if (row == NULL)
		return refuse_unknown(name, flags, err);
	value = &values[row - flags.rows];
	if (value->data != NULL)
		return fail(err, E_MALFORMED, "--%s is given twice", row->name);
	/* slice_next_part() leaves NULL in `rest` only where the argument has no '='. So
	 * "--port-file=" is an empty value, and does not take the next argument. */
	if (rest.data != NULL) {
		*value = rest;
	} else if (row->is_yes_no) {
		*value = SLICE_LITERAL("true");
	} else {
		if (*at + 1 >= argc)
			return fail(err, E_MALFORMED, "--%s needs a value", row->name);
		*value = slice_text(argv[++*at]);
	}
	return OK;
}

enum result flags_parse(struct slice *values, bool *ret_is_help, struct flag_set flags, int argc,
			char *const *argv, struct error *err)
{
	*ret_is_help = false;
	for (int i = 0; i < argc; i++) {
		struct slice argument = slice_text(argv[i]);
		enum result rc;

		if (slice_is_text(argument, "--help") || slice_is_text(argument, "-h")) {
			*ret_is_help = true;
			return OK;
		}
		if (!slice_starts_with(argument, SLICE_LITERAL("--")) || argument.len == 2)
			return fail(err, E_MALFORMED, "\"%.*s\" is not a flag: flags begin with --",
				    SLICE_ARGS(argument));
		rc = parse_flag(values, flags, argc, argv, &i, err);
		if (rc != OK)
			return rc;
	}
	return OK;
}
