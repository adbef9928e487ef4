/*
 * Reads the settings from flags, environment, file and defaults. Every error names the place to
 * edit: the setting, the variable, or the file with its line.
 *
 * Each source is first read as text, one text for each row (struct given), then merge() takes for
 * each row the text of the strongest source and parses it. A name that no row has is an error in
 * every source, since a mistyped setting would silently keep its default.
 *
 * Runs in the main thread at the start. Changes `ret` only.
 */
#include "app/settings.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "doc/read.h"
#include "schema/schema.h"

#include <stdio.h>
#include <unistd.h>

/* Far above any real file of settings; bounds the memory for a wrong path. */
#define FILE_BYTES_MAX (256 * 1024)

/* The schema comes from the table each time and not from schemas/reeved.json, so a server needs no
 * other file, and table and schema agree. */
static enum result compile_schema(struct schema **ret, struct error *err)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	const struct schema_options options = {.limits = SCHEMA_LIMITS_DEFAULT};
	enum result rc;

	settings_write_schema(&text);
	rc = buf_check(&text, err);
	if (rc == OK)
		rc = doc_read(&tree, DOC_JSON, buf_slice(&text), &DOC_LIMITS_DEFAULT, NULL, err);
	return rc == OK ? schema_compile(ret, &tree.root, &options, NULL, err) : rc;
}

/* Checks names and kinds of values. Reports the first problem only, with its line and pointer. */
static enum result check_file(const struct tree_node *root, struct error *err)
{
	CLEANUP(schema_unrefp) struct schema *schema = NULL;
	CLEANUP(schema_report_clear) struct schema_report report = {.arena = ARENA_NULL};
	enum result rc = compile_schema(&schema, err);

	if (rc == OK)
		rc = schema_validate(schema, root, NULL, &report, err);
	if (rc == E_INVALID && report.problems_count != 0) {
		const struct schema_problem *p = &report.problems[0];

		return fail_at(err, E_INVALID, p->node != NULL ? p->node->line : 0,
			       p->node != NULL ? p->node->column : 0, "line %u: %.*s: %s",
			       p->node != NULL ? p->node->line : 0, SLICE_ARGS(p->pointer),
			       p->message);
	}
	return rc;
}

/* The text that a flag would have for this value. */
static struct slice scalar_text(const struct tree_node *n)
{
	if (n->kind == TREE_BOOL)
		return n->of.truth ? SLICE_LITERAL("true") : SLICE_LITERAL("false");
	return tree_text(n);
}

enum result settings_read_file(struct given *ret, struct arena *a, struct slice text,
			       struct error *err)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct settings ignored = {0};
	enum result rc;

	rc = doc_read(&tree, DOC_YAML, text, &DOC_LIMITS_DEFAULT, NULL, err);
	if (rc != OK)
		return wrap(err, rc, "line %u", err != NULL ? err->line : 0);
	if (tree.root.kind == TREE_NULL)
		return OK;
	rc = check_file(&tree.root, err);
	for (uint32_t i = 0; rc == OK && i < tree.root.count; i++) {
		const struct tree_member *m = &tree.root.of.members[i];
		const struct setting_row *row = setting_find(tree_key(m));

		if (row == NULL) /* the schema is made from the same table */
			return fail(err, E_INTERNAL, "settings: the table and its schema differ");
		/* merge() parses the value again; here the line is known for the error. The schema
		 * cannot check the bounds of "64KiB" or "30s", this does. */
		rc = setting_parse(&ignored, row, scalar_text(&m->value), err);
		if (rc != OK)
			return wrap(err, rc, "line %u: %s", m->value.line, row->name);
		struct slice value = scalar_text(&m->value);
		char *copy = arena_text(a, value);
		if (copy == NULL)
			return fail(err, E_MEMORY, "settings: out of memory");
		ret->values[row - setting_rows] = slice_make(copy, value.len);
	}
	return rc;
}

/* getenv() for the environment that was passed in. */
static const char *variable(char *const *environment, const char *name)
{
	size_t len = strlen(name);

	for (; environment != NULL && *environment != NULL; environment++) {
		if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
			return *environment + len + 1;
	}
	return NULL;
}

/* Refuses unknown REEVED_ variables, because a mistyped one would have no effect. */
static enum result read_environment(struct given *ret, char *const *environment, struct error *err)
{
	for (; environment != NULL && *environment != NULL; environment++) {
		struct slice entry = slice_text(*environment);
		bool is_known = slice_starts_with(entry, SLICE_LITERAL("REEVED_CONFIG="));

		if (!slice_starts_with(entry, SLICE_LITERAL("REEVED_")))
			continue;
		for (size_t i = 0; i < setting_rows_count && !is_known; i++) {
			CLEANUP(buf_clear) struct buf name = BUF_NULL;

			setting_append_variable(&name, &setting_rows[i]);
			buf_append_char(&name, '=');
			if (buf_is_failed(&name))
				return fail(err, E_MEMORY, "settings: out of memory");
			is_known = slice_starts_with(entry, buf_slice(&name));
			if (is_known)
				ret->values[i] = slice_from(entry, name.len);
		}
		if (!is_known) {
			const char *equals = strchr(*environment, '=');

			return fail(err, E_MALFORMED,
				    "unknown environment variable %.*s; reeved serve --help lists "
				    "the settings",
				    equals != NULL ? (int)(equals - *environment) : 0,
				    *environment);
		}
	}
	return OK;
}

/* Writes the path of the file to read to `path`; an empty text where there is no file. A file that
 * the operator named must exist: reading it fails otherwise. DATA/reeved.yaml may be absent. The
 * data folder comes from flags or environment here, since the file is not read yet. */
static void find_file(char *path, size_t size, const struct given *flags,
		      const struct given *environment, struct slice config_file,
		      const char *config_variable)
{
	const struct setting_row *data = setting_find(SLICE_LITERAL("data"));
	size_t at = (size_t)(data - setting_rows);
	struct slice folder =
		flags->values[at].data != NULL ? flags->values[at] : environment->values[at];

	path[0] = '\0';
	if (config_file.data != NULL) {
		snprintf(path, size, "%.*s", SLICE_ARGS(config_file));
	} else if (config_variable != NULL) {
		snprintf(path, size, "%s", config_variable);
	} else if (folder.data != NULL) {
		snprintf(path, size, "%.*s/reeved.yaml", SLICE_ARGS(folder));
		if (access(path, F_OK) != 0)
			path[0] = '\0';
	}
}

/* `sources` are in rising order of strength: the last one that gives a text wins. */
static enum result merge(struct settings *ret, const struct given *const *sources, size_t count,
			 struct error *err)
{
	for (size_t i = 0; i < setting_rows_count; i++) {
		struct slice text = slice_text(setting_rows[i].fallback);
		bool has_value = text.len != 0;
		enum result rc;

		for (size_t k = 0; k < count; k++) {
			if (sources[k]->values[i].data == NULL)
				continue;
			text = sources[k]->values[i];
			has_value = true;
		}
		if (!has_value)
			continue; /* not given, and without a default */
		rc = setting_parse(ret, &setting_rows[i], text, err);
		if (rc != OK)
			return wrap(err, rc, "%s", setting_rows[i].name);
	}
	return OK;
}

/* One principal may use a quarter of bodies_max, so that an allowed body that is larger would never
 * be accepted. */
static enum result check_together(const struct settings *s, struct error *err)
{
	const struct service_settings *limits = &s->service;
	size_t largest = limits->batch_bytes_max;

	if (largest < limits->document_bytes_max)
		largest = limits->document_bytes_max;
	if (largest < limits->secret_bytes_max)
		largest = limits->secret_bytes_max;
	if (s->http.bodies_bytes_max / 4 >= largest)
		return OK;
	return fail(err, E_MALFORMED,
		    "bodies_max: must be at least %zu bytes, which is four times the largest of "
		    "batch_max, document_max and secret_max; raise it, or lower those",
		    4 * largest);
}

enum result settings_load(struct settings *ret, struct arena *a, const struct given *flags,
			  struct slice config_file, char *const *environment, struct error *err)
{
	struct given from_environment = {0}, from_file = {0};
	const struct given *const sources[] = {&from_file, &from_environment, flags};
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	char path[4096];
	enum result rc;

	rc = read_environment(&from_environment, environment, err);
	if (rc != OK)
		return rc;
	find_file(path, sizeof path, flags, &from_environment, config_file,
		  variable(environment, "REEVED_CONFIG"));
	if (path[0] != '\0') {
		rc = file_read(&text, path, FILE_BYTES_MAX, err);
		if (rc != OK)
			return rc;
		rc = settings_read_file(&from_file, a, buf_slice(&text), err);
		if (rc != OK)
			return wrap(err, rc, "%s", path);
	}
	*ret = (struct settings){0};
	rc = merge(ret, sources, ARRAY_SIZE(sources), err);
	return rc == OK ? check_together(ret, err) : rc;
}
