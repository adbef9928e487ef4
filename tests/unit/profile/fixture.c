#include "fixture.h"

#include "doc/write.h"

#include <criterion/criterion.h>

struct fixture *fixture_new(void)
{
	struct fixture *f = alloc_zero(sizeof *f);

	cr_assert_not_null(f);
	return f;
}

void fixture_free(struct fixture *f)
{
	for (uint32_t i = 0; i < f->count; i++)
		tree_clear(&f->trees[i]);
	effective_clear(&f->effective);
	arena_clear(&f->arena);
	buf_clear(&f->text);
	alloc_free(f);
}

void fixture_freep(struct fixture **f)
{
	fixture_free(*f);
}

static void append_quoted(struct buf *ret, struct slice text, char from, char to)
{
	for (size_t i = 0; i < text.len; i++)
		buf_append_char(ret, text.data[i] == from ? to : text.data[i]);
}

static enum result add_document(struct fixture *f, const char *path, enum doc_format format,
				struct slice text)
{
	struct doc_limits limits = DOC_LIMITS_DEFAULT;
	struct tree *tree = &f->trees[f->count];
	enum result rc;

	cr_assert_lt(f->count, FIXTURE_DOCS_MAX);
	*tree = (struct tree)TREE_INIT(0, false);
	rc = doc_read(tree, format, text, &limits, NULL, &f->err);
	cr_assert_eq(rc, OK, "%s: %u:%u %s", path, f->err.line, f->err.column, f->err.text);
	f->layers[f->count] = (struct profile_layer){
		.path = slice_text(path),
		.version = f->count + 1,
		.root = &tree->root,
		.header = &f->headers[f->count],
	};
	return profile_read_header(&f->headers[f->count++], &f->arena, slice_text(path),
				   &tree->root, &f->err);
}

enum result fixture_try_put(struct fixture *f, const char *path, const char *json)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;

	append_quoted(&text, slice_text(json), '\'', '"');
	return add_document(f, path, DOC_JSON, buf_slice(&text));
}

void fixture_put(struct fixture *f, const char *path, const char *json)
{
	enum result rc = fixture_try_put(f, path, json);

	cr_assert_eq(rc, OK, "%s: %s", path, f->err.text);
}

void fixture_put_yaml(struct fixture *f, const char *path, const char *yaml)
{
	enum result rc = add_document(f, path, DOC_YAML, slice_text(yaml));

	cr_assert_eq(rc, OK, "%s: %s", path, f->err.text);
}

enum result fixture_load(void *ctx, struct slice path, const struct profile_layer **ret,
			 struct error *err)
{
	struct fixture *f = ctx;

	f->loads++;
	for (uint32_t i = 0; i < f->count; i++) {
		if (slice_is_equal(f->layers[i].path, path)) {
			*ret = &f->layers[i];
			return OK;
		}
	}
	return fail(err, E_NOT_FOUND, "no such profile");
}

static struct slice last_segment(struct slice path)
{
	const char *slash = memrchr(path.data, '/', path.len);

	return slice_from(path, (size_t)(slash - path.data) + 1);
}

enum result fixture_try_order(struct fixture *f, const char *path)
{
	const struct profile_layer **layers = NULL;
	uint32_t count = 0;
	const struct profile_chain_input in = {slice_text(path), fixture_load, f, f->budget};
	enum result rc = profile_linearize(&layers, &count, &f->arena, &in, &f->err);

	buf_reset(&f->text);
	for (uint32_t i = 0; i < count; i++) {
		buf_append_text(&f->text, i != 0 ? " " : "");
		buf_append_slice(&f->text, last_segment(layers[i]->path));
	}
	return rc;
}

const char *fixture_order(struct fixture *f, const char *path)
{
	enum result rc = fixture_try_order(f, path);

	cr_assert_eq(rc, OK, "%s: %s", path, f->err.text);
	return f->text.data;
}

enum result fixture_resolve(struct fixture *f, const char *path)
{
	const struct profile_layer **layers = NULL;
	struct slice app = slice_text(path + strlen("profiles/"));
	uint32_t count = 0;
	const struct profile_chain_input in = {slice_text(path), fixture_load, f, f->budget};
	enum result rc = profile_linearize(&layers, &count, &f->arena, &in, &f->err);

	if (rc != OK)
		return rc;
	app.len = (size_t)(strchr(app.data, '/') - app.data);
	effective_clear(&f->effective);
	f->problems.count = f->problems.dropped = 0;
	return profile_resolve(&f->effective,
			       &(struct profile_resolve_input){layers, count, app,
							       last_segment(slice_text(path)),
							       f->budget},
			       &f->problems, &f->arena, &f->err);
}

const char *fixture_node_json(struct fixture *f, const struct tree_node *n)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL;

	json_write(&json, n);
	buf_reset(&f->text);
	append_quoted(&f->text, buf_slice(&json), '"', '\'');
	return f->text.data;
}

const char *fixture_json(struct fixture *f, const char *path)
{
	enum result rc = fixture_resolve(f, path);

	cr_assert_eq(rc, OK, "%s: %s", path, f->err.text);
	return fixture_node_json(f, &f->effective.tree.root);
}

const char *fixture_problem(const struct fixture *f)
{
	return f->problems.count != 0 ? f->problems.items[0].message : "";
}

const char *fixture_pointer(const struct fixture *f)
{
	return f->problems.count != 0 ? f->problems.items[0].pointer.data : "";
}
