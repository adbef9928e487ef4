#include "app/flags.h"

#include "base/text.h"

static const struct flag_row *find_flag(struct slice name, const struct flag_row *rows,
					size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_is_text(name, rows[i].name))
			return &rows[i];
	}
	return NULL;
}

static enum result refuse_unknown(struct slice name, const struct flag_row *rows, size_t count,
				  struct error *err)
{
	struct slice known[FLAGS_MAX], near;

	for (size_t i = 0; i < count && i < FLAGS_MAX; i++)
		known[i] = slice_text(rows[i].name);
	near = text_nearest(name, known, count < FLAGS_MAX ? count : FLAGS_MAX);
	if (near.data != NULL)
		return fail(err, E_MALFORMED, "--%.*s is no option; did you mean --%.*s?",
			    SLICE_ARGS(name), SLICE_ARGS(near));
	return fail(err, E_MALFORMED, "--%.*s is no option", SLICE_ARGS(name));
}

/* One option; `*at` is moved past its value where that stands by itself. */
static enum result take_flag(struct slice *values, const struct flag_row *rows, size_t count,
			     int argc, char *const *argv, int *at, struct error *err)
{
	struct slice rest = slice_text(argv[*at] + 2), name;
	const struct flag_row *row;
	struct slice *value;

	if (!slice_next_part(&rest, '=', &name))
		return fail(err, E_MALFORMED, "an option must have a name");
	row = find_flag(name, rows, count);
	if (row == NULL)
		return refuse_unknown(name, rows, count, err);
	value = &values[row - rows];
	if (value->data != NULL)
		return fail(err, E_MALFORMED, "--%s is given twice", row->name);
	if (rest.data != NULL) {
		*value = rest;
	} else if (row->is_flag) {
		*value = SLICE_LITERAL("true");
	} else {
		if (*at + 1 >= argc)
			return fail(err, E_MALFORMED, "--%s needs a value", row->name);
		*value = slice_text(argv[++*at]);
	}
	return OK;
}

enum result flags_parse(struct slice *values, bool *ret_is_help, const struct flag_row *rows,
			size_t count, int argc, char *const *argv, struct error *err)
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
			return fail(err, E_MALFORMED, "\"%.*s\" is no option",
				    SLICE_ARGS(argument));
		rc = take_flag(values, rows, count, argc, argv, &i, err);
		if (rc != OK)
			return rc;
	}
	return OK;
}
