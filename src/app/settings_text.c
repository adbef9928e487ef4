/*
 * Writes the help text and the JSON Schema of the settings from the table. Both change only with
 * the table; a test compares the schema with schemas/reeved.json.
 *
 * Appends to a buffer that the caller checks for failure (buf_is_failed).
 */
#include "app/settings.h"

#include "base/text.h"

/* The placeholder behind the flag: "--wait-max DURATION". For a word, the choices themselves. */
static const char *value_name(const struct setting_row *row)
{
	switch (row->type) {
	case SETTING_TEXT:
		return "TEXT";
	case SETTING_WORD:
		return row->words;
	case SETTING_FLAG:
		return "true|false";
	case SETTING_COUNT:
		return "NUMBER";
	case SETTING_BYTES:
		return "BYTES";
	case SETTING_DURATION:
		return "DURATION";
	}
	return "";
}

void settings_write_help(struct buf *ret)
{
	for (size_t i = 0; i < setting_rows_count; i++) {
		const struct setting_row *row = &setting_rows[i];

		buf_append_text(ret, "  ");
		setting_append_flag(ret, row);
		if (row->type != SETTING_FLAG)
			buf_printf(ret, " %s", value_name(row));
		buf_printf(ret, "\n      %s", row->sentence);
		if (row->fallback[0] != '\0')
			buf_printf(ret, " Default: %s.", row->fallback);
		buf_append_char(ret, '\n');
	}
}

/* "error|warn" gives "enum": ["error", "warn"]. */
static void write_words(struct buf *ret, const char *words)
{
	struct slice rest = slice_text(words), part;
	bool is_first = true;

	buf_append_text(ret, "\"enum\": [");
	while (slice_next_part(&rest, '|', &part)) {
		if (!is_first)
			buf_append_text(ret, ", ");
		json_append_string(ret, part);
		is_first = false;
	}
	buf_append_char(ret, ']');
}

static void write_type(struct buf *ret, const struct setting_row *row)
{
	switch (row->type) {
	case SETTING_TEXT:
		buf_printf(ret, "\"type\": \"string\", \"minLength\": %llu, \"maxLength\": %llu",
			   (unsigned long long)row->min, (unsigned long long)row->max);
		break;
	case SETTING_WORD:
		write_words(ret, row->words);
		break;
	case SETTING_FLAG:
		buf_append_text(ret, "\"type\": \"boolean\"");
		break;
	case SETTING_COUNT:
		buf_printf(ret, "\"type\": \"integer\", \"minimum\": %llu, \"maximum\": %llu",
			   (unsigned long long)row->min, (unsigned long long)row->max);
		break;
	/* With a unit the value is a string, whose bounds a schema cannot express: setting_parse()
	 * checks them. */
	case SETTING_BYTES:
		buf_append_text(ret, "\"type\": [\"integer\", \"string\"], \"minimum\": 0, "
				     "\"pattern\": \"^[0-9]+(KiB|MiB|GiB)?$\"");
		break;
	case SETTING_DURATION:
		buf_append_text(ret, "\"type\": [\"integer\", \"string\"], \"minimum\": 0, "
				     "\"pattern\": \"^[0-9]+(ms|s|m|h|d)?$\"");
		break;
	}
}

/* Defaults of sizes and durations have units, so they are strings as in the file. */
static void write_default(struct buf *ret, const struct setting_row *row)
{
	if (row->fallback[0] == '\0')
		return;
	buf_append_text(ret, ", \"default\": ");
	if (row->type == SETTING_FLAG || row->type == SETTING_COUNT)
		buf_append_text(ret, row->fallback);
	else
		json_append_string(ret, slice_text(row->fallback));
}

void settings_write_schema(struct buf *ret)
{
	buf_append_text(ret, "{\n"
			     "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
			     "  \"title\": \"Settings of reeved\",\n"
			     "  \"type\": \"object\",\n"
			     "  \"properties\": {\n");
	for (size_t i = 0; i < setting_rows_count; i++) {
		buf_append_text(ret, "    ");
		json_append_string(ret, slice_text(setting_rows[i].name));
		buf_append_text(ret, ": {");
		write_type(ret, &setting_rows[i]);
		write_default(ret, &setting_rows[i]);
		buf_append_text(ret, ", \"description\": ");
		json_append_string(ret, slice_text(setting_rows[i].sentence));
		buf_append_text(ret, i + 1 < setting_rows_count ? "},\n" : "}\n");
	}
	buf_append_text(ret, "  },\n  \"additionalProperties\": false\n}\n");
}
