/*
 * Documents for the schema commands. Nothing is fetched from a network: a URI names a file in a
 * folder that the user gave, or it is an error. The library reads each document once and owns it
 * until schema_library_clear(), because several schemas may refer to it.
 */
#include "cli/schema_files.h"

#include "base/file.h"

/* The official test suite serves its folder remotes/ there. */
#define REMOTES_URI "http://localhost:1234/"
#define SCHEMAS_URI "reeve:///schemas/"

/* A document that was read, under the URI that asked for it. */
struct schema_document {
	struct schema_document *next;
	char *uri;
	struct tree tree;
};

static bool ends_with(const char *path, const char *end)
{
	size_t len = strlen(path), end_len = strlen(end);

	return len >= end_len && strcmp(path + len - end_len, end) == 0;
}

/* By the ending, else by the first character: JSON documents of other endings begin with a brace or
 * a bracket. Everything else is read as YAML. */
static enum doc_format format_of(const char *path, struct slice text)
{
	size_t at = 0;

	if (ends_with(path, ".json"))
		return DOC_JSON;
	if (ends_with(path, ".yaml") || ends_with(path, ".yml"))
		return DOC_YAML;
	while (at < text.len && strchr(" \t\r\n", text.data[at]) != NULL)
		at++;
	return at < text.len && (text.data[at] == '{' || text.data[at] == '[') ? DOC_JSON
									       : DOC_YAML;
}

static enum result read_document(struct tree *ret, const char *path, struct doc_warnings *warnings,
				 struct error *err)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	enum result rc = file_read(&text, path, FILE_BYTES_MAX, err);

	if (rc != OK)
		return rc;
	return doc_read(ret, format_of(path, buf_slice(&text)), buf_slice(&text), &FILE_LIMITS,
			warnings, err);
}

enum result schema_file_read(struct tree *ret, const char *path, struct doc_warnings *warnings,
			     struct error *err)
{
	enum result rc = read_document(ret, path, warnings, err);

	if (rc != OK && err->line != 0)
		print_line(TO_STDERR, "%s:%u:%u: %s", path, err->line, err->column, err->text);
	else if (rc != OK)
		print_line(TO_STDERR, "reeve: %s", err->text);
	return rc;
}

static void free_document(struct schema_document *d)
{
	tree_clear(&d->tree);
	alloc_free(d->uri);
	alloc_free(d);
}

void schema_library_clear(struct schema_library *l)
{
	while (l->first != NULL) {
		struct schema_document *d = l->first;

		l->first = d->next;
		free_document(d);
	}
}

/* Tries the name as it is, then with each ending: reeve:///schemas/orders is the file orders.yaml,
 * and the test suite's URIs have their endings. */
static enum result read_first(struct schema_library *l, struct slice uri, struct slice base,
			      const char *folder, const struct tree_node **ret, struct error *err)
{
	static const char *const endings[] = {"", ".json", ".yaml", ".yml"};
	struct slice name = slice_from(uri, base.len);
	struct schema_document *d = alloc_zero(sizeof *d);
	enum result rc = E_NOT_FOUND;

	if (d != NULL)
		d->uri = alloc_text(uri.data, uri.len);
	if (d == NULL || d->uri == NULL) {
		alloc_free(d);
		return fail(err, E_MEMORY, "out of memory");
	}
	for (size_t i = 0; i < ARRAY_SIZE(endings) && rc == E_NOT_FOUND; i++) {
		CLEANUP(buf_clear) struct buf path = BUF_NULL;

		buf_printf(&path, "%s/%.*s%s", folder, SLICE_ARGS(name), endings[i]);
		rc = buf_check(&path, err);
		if (rc == OK)
			rc = read_document(&d->tree, path.data, NULL, err);
	}
	if (rc != OK) {
		free_document(d);
		return rc;
	}
	d->next = l->first;
	l->first = d;
	*ret = &d->tree.root;
	return OK;
}

/* Whether the name leads out of the folder: a schema must not read other files of the user. A NUL
 * would cut the path behind the check. */
static bool leaves_folder(struct slice name)
{
	struct slice part;

	while (slice_next_part(&name, '/', &part))
		if (slice_is_text(part, "..") ||
		    (part.len != 0 && memchr(part.data, '\0', part.len)))
			return true;
	return false;
}

enum result schema_library_load(void *ctx, struct slice uri, const struct tree_node **ret,
				struct error *err)
{
	struct schema_library *l = ctx;
	const struct {
		struct slice base;
		const char *folder;
	} places[] = {{SLICE_LITERAL(REMOTES_URI), l->remotes},
		      {SLICE_LITERAL(SCHEMAS_URI), l->schemas}};

	/* Also for a document that was loaded by another schema: each file is read once. */
	for (const struct schema_document *d = l->first; d != NULL; d = d->next) {
		if (slice_is_text(uri, d->uri)) {
			*ret = &d->tree.root;
			return OK;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (places[i].folder == NULL || !slice_starts_with(uri, places[i].base) ||
		    leaves_folder(slice_from(uri, places[i].base.len)))
			continue;
		return read_first(l, uri, places[i].base, places[i].folder, ret, err);
	}
	return fail(err, E_NOT_FOUND, "is not in the folders given by --schemas and --remotes");
}

void schema_library_base(struct buf *ret, const struct schema_library *l, const char *path)
{
	size_t folder_len = l->schemas != NULL ? strlen(l->schemas) : 0;
	struct slice name = slice_text(path);
	const char *slash = strrchr(path, '/'), *dot;

	if (folder_len == 0)
		return;
	/* "conf/" and "conf" are the same folder. */
	while (folder_len > 1 && l->schemas[folder_len - 1] == '/')
		folder_len--;
	if (strncmp(path, l->schemas, folder_len) == 0 && path[folder_len] == '/')
		name = slice_from(name, folder_len + 1);
	else if (slash != NULL)
		name = slice_text(slash + 1);
	/* Drops the ending of the last segment: "v1.2/base.yaml" is v1.2/base. */
	dot = name.len != 0 ? memrchr(name.data, '.', name.len) : NULL;
	if (dot != NULL && memchr(dot, '/', (size_t)(name.data + name.len - dot)) == NULL)
		name.len = (size_t)(dot - name.data);
	buf_append_text(ret, SCHEMAS_URI);
	buf_append_slice(ret, name);
}

void schema_print_problems(enum print_to to, const char *path, const struct schema_report *report)
{
	for (uint32_t i = 0; i < report->problems_count; i++) {
		const struct schema_problem *p = &report->problems[i];

		print_line(to, "%s:%u:%u: %.*s%s%s", path, p->node != NULL ? p->node->line : 0,
			   p->node != NULL ? p->node->column : 0, SLICE_ARGS(p->pointer),
			   p->pointer.len != 0 ? ": " : "", p->message);
	}
	if (report->problems_dropped != 0)
		print_line(to, "%s: and %u more", path, report->problems_dropped);
}
