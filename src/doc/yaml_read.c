/*
 * Builds a tree from the events of libyaml, and checks what libyaml does not: depth, duplicate
 * keys, tags, the expansion of aliases, the meaning of scalars, and that there is one document
 * only.
 *
 * Invariants: an alias shares the nodes of its anchor, so it costs no memory. But it counts as if
 * it were written out (nodes, depth, bytes of text), because every writer of the tree writes it
 * out. An anchor can be used only after its node has ended, so there are no cycles. Copies of a
 * secret inside libyaml are wiped as far as they can be reached.
 */
#include "doc/yaml_read.h"

#include "doc/builder.h"
#include "doc/yaml_check.h"
#include "doc/yaml_error.h"
#include "doc/yaml_scalar.h"

#include <yaml.h>

/* find_anchor() looks at all of them, so their number is bounded. */
#define ANCHORS_MAX 1000
#define NO_ANCHOR   UINT32_MAX
#define TAG_PREFIX  "tag:yaml.org,2002:"

/* Measured: libyaml takes 10 to 35 ns for a byte of a long scalar and 0.3 to 0.9 us for a short
 * value. It gets the input in pieces, so that the budget is checked also within one long scalar. */
#define BYTE_STEPS  2
#define EVENT_STEPS 30
#define DEPTH_STEPS 2 /* for each open list or map, at each value */
#define PIECE_BYTES 4096

/* A node that an alias can refer to after it has ended. */
struct anchor {
	uint64_t hash;
	struct slice name; /* in the tree's arena */
	struct tree_node node;
	uint64_t bytes; /* of keys and texts */
	uint32_t nodes;
	uint32_t height; /* containers inside one another */
	bool is_open;
};

/* State of an open container until it closes. */
struct level {
	/* An index of `anchors`, or NO_ANCHOR. */
	uint32_t anchor;
	/* The counts at its start: the difference at its end is the size of its anchor. */
	uint32_t nodes_before;
	uint64_t bytes_before;
	uint32_t height; /* of the highest child so far */
	bool has_key;	 /* a map's next node is a value */
};

struct reader {
	struct builder builder;
	yaml_parser_t parser;
	/* yaml_parser_delete() is needed. */
	bool has_parser;
	struct slice input, rest; /* `rest`: not yet passed to libyaml */
	struct anchor *anchors;
	uint32_t anchors_count, anchors_size;
	uint64_t bytes, bytes_max; /* of keys and texts, aliases written out */
	struct level levels[DOC_DEPTH_CEILING];
	struct doc_warnings *warnings;
	struct error *err;
};

/* Wipes the copies of a secret inside libyaml that can be reached. */
static void wipe_parser(yaml_parser_t *p)
{
	mem_wipe(p->raw_buffer.start, (size_t)(p->raw_buffer.end - p->raw_buffer.start));
	mem_wipe(p->buffer.start, (size_t)(p->buffer.end - p->buffer.start));
}

static void reader_clear(struct reader *r)
{
	bool is_wiped = r->builder.tree->arena.is_wiped;

	if (r->has_parser) {
		if (is_wiped)
			wipe_parser(&r->parser);
		yaml_parser_delete(&r->parser);
	}
	if (is_wiped)
		mem_wipe(r->anchors, r->anchors_size * sizeof *r->anchors);
	alloc_free(r->anchors);
	builder_clear(&r->builder);
}

static uint32_t line_of(const yaml_event_t *e)
{
	return (uint32_t)e->start_mark.line + 1;
}

static uint32_t column_of(const yaml_event_t *e)
{
	return (uint32_t)e->start_mark.column + 1;
}

static enum result fail_event(const struct reader *r, const yaml_event_t *e, const char *text)
{
	return fail_at(r->err, E_MALFORMED, line_of(e), column_of(e), "%s", text);
}

/* Adds the place to an explanation that has none. */
static enum result place(const struct reader *r, const yaml_event_t *e, enum result rc)
{
	if (rc != OK && r->err != NULL) {
		r->err->line = line_of(e);
		r->err->column = column_of(e);
	}
	return rc;
}

static void warn(const struct reader *r, const yaml_event_t *e, const char *text)
{
	struct doc_warnings *w = r->warnings;

	if (w == NULL || text == NULL)
		return;
	if (w->count == DOC_WARNINGS_MAX)
		w->dropped++;
	else
		w->items[w->count++] = (struct doc_warning){line_of(e), column_of(e), text};
}

static struct slice scalar_text(const yaml_event_t *e)
{
	return slice_make((const char *)e->data.scalar.value, e->data.scalar.length);
}

static struct level *innermost(struct reader *r)
{
	return r->builder.depth != 0 ? &r->levels[r->builder.depth - 1] : NULL;
}

static bool is_key_next(struct reader *r)
{
	return r->builder.depth != 0 && builder_kind(&r->builder) == TREE_OBJECT &&
	       !innermost(r)->has_key;
}

/* Updates the container that a finished value belongs to. */
static void note_value(struct reader *r, uint32_t height)
{
	struct level *level = innermost(r);

	if (level == NULL)
		return;
	level->has_key = false;
	if (level->height < height)
		level->height = height;
}

static bool grow_anchors(struct reader *r)
{
	uint32_t size = r->anchors_size == 0 ? 16 : r->anchors_size * 2;
	struct anchor *anchors = alloc_zero_array(size, sizeof *anchors);

	if (anchors == NULL)
		return false;
	if (r->anchors_count != 0)
		memcpy(anchors, r->anchors, r->anchors_count * sizeof *anchors);
	if (r->builder.tree->arena.is_wiped)
		mem_wipe(r->anchors, r->anchors_size * sizeof *anchors);
	alloc_free(r->anchors);
	r->anchors = anchors;
	r->anchors_size = size;
	return true;
}

/* A later anchor of one name takes its place from there on, as YAML says. */
static enum result add_anchor(struct reader *r, const yaml_event_t *e, const yaml_char_t *name,
			      uint32_t *ret)
{
	struct slice text = slice_text((const char *)name);
	char *copy;

	*ret = NO_ANCHOR;
	if (name == NULL)
		return OK;
	if (r->anchors_count == ANCHORS_MAX)
		return place(r, e,
			     fail(r->err, E_LIMIT, "the document has more than %d anchors",
				  ANCHORS_MAX));
	if (r->anchors_count == r->anchors_size && !grow_anchors(r))
		return fail(r->err, E_MEMORY, "out of memory");
	copy = arena_text(&r->builder.tree->arena, text);
	if (copy == NULL)
		return builder_fail_memory(&r->builder, r->err);
	*ret = r->anchors_count++;
	r->anchors[*ret] = (struct anchor){
		.hash = slice_hash(text),
		.name = slice_make(copy, text.len),
		.is_open = true,
	};
	return OK;
}

/* The node has ended: from here on aliases may refer to it. */
static void close_anchor(struct reader *r, uint32_t anchor, const struct anchor *as)
{
	struct anchor *a;

	if (anchor == NO_ANCHOR)
		return;
	a = &r->anchors[anchor];
	a->node = as->node;
	a->bytes = as->bytes;
	a->nodes = as->nodes;
	a->height = as->height;
	a->is_open = false;
}

static const struct anchor *find_anchor(const struct reader *r, struct slice name)
{
	uint64_t hash = slice_hash(name);

	budget_spend(r->builder.budget, r->anchors_count / 8);
	for (uint32_t i = r->anchors_count; i > 0; i--) {
		const struct anchor *a = &r->anchors[i - 1];

		if (a->hash == hash && slice_is_equal(a->name, name))
			return a;
	}
	return NULL;
}

static enum result add_bytes(struct reader *r, const yaml_event_t *e, uint64_t bytes, bool is_alias)
{
	r->bytes += bytes;
	if (is_alias && r->bytes > r->bytes_max)
		return place(r, e,
			     fail(r->err, E_LIMIT,
				  "with its aliases written out the document is too large"));
	return OK;
}

static enum result read_alias(struct reader *r, const yaml_event_t *e)
{
	const struct anchor *a = find_anchor(r, slice_text((const char *)e->data.alias.anchor));
	struct builder *b = &r->builder;
	struct tree_member *top;
	enum result rc;

	if (is_key_next(r))
		return fail_event(r, e, "a key is text here and cannot be an alias");
	if (a == NULL)
		return fail_event(r, e, "there is no anchor of this alias's name before it");
	if (a->is_open)
		return fail_event(r, e, "an alias cannot stand inside what it stands for");
	if (b->depth + a->height > b->depth_max)
		return place(r, e,
			     fail(r->err, E_LIMIT, "maps and lists are nested more than %u deep",
				  b->depth_max));
	rc = add_bytes(r, e, a->bytes, true);
	if (rc == OK)
		rc = builder_top(b, &top, r->err);
	if (rc != OK)
		return rc;
	top->value = a->node;
	/* The node has the place of the alias, its children keep that of the anchor. */
	top->value.line = line_of(e);
	top->value.column = column_of(e);
	note_value(r, a->height);
	return builder_push(b, a->nodes, r->err);
}

/* "str" of "tag:yaml.org,2002:str", "!" for the non-specific tag, empty for none; false for
 * others. */
static bool core_tag(const yaml_char_t *tag, struct slice *ret)
{
	struct slice text = slice_text((const char *)tag);

	*ret = text;
	if (text.len == 0 || slice_is_text(text, "!"))
		return true;
	if (!slice_starts_with(text, SLICE_LITERAL(TAG_PREFIX)))
		return false;
	*ret = slice_from(text, sizeof TAG_PREFIX - 1);
	return true;
}

static enum result fail_tag(const struct reader *r, const yaml_event_t *e)
{
	return fail_event(
		r, e,
		"this tag is not one of !!str !!int !!float !!bool !!null !!map !!seq, or "
		"does not fit what it stands before");
}

/* What a tag makes of a scalar; false when it cannot. */
static bool apply_tag(struct slice tag, struct slice text, enum yaml_type *ret)
{
	enum yaml_type type = yaml_classify(text);

	*ret = type;
	if (slice_is_text(tag, "str") || slice_is_text(tag, "!")) {
		*ret = YAML_TEXT;
		return true;
	}
	if (slice_is_text(tag, "int"))
		return type == YAML_INTEGER;
	if (slice_is_text(tag, "float"))
		return type == YAML_INTEGER || type == YAML_REAL || type == YAML_NOT_FINITE;
	if (slice_is_text(tag, "bool"))
		return type == YAML_TRUE || type == YAML_FALSE;
	return slice_is_text(tag, "null") && type == YAML_NULL;
}

static bool is_plain(const yaml_event_t *e)
{
	return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && e->data.scalar.tag == NULL;
}

static enum result check_key(const struct reader *r, const yaml_event_t *e)
{
	struct slice tag;

	if (!core_tag(e->data.scalar.tag, &tag))
		return fail_tag(r, e);
	if (slice_is_text(tag, "merge") || (is_plain(e) && slice_is_text(scalar_text(e), "<<")))
		return fail_event(
			r, e, "<< is not merged here: use $extends to inherit, or quote the key");
	if (tag.len != 0 && !slice_is_text(tag, "str") && !slice_is_text(tag, "!"))
		return fail_event(r, e, "a key is text: it takes no tag but !!str");
	if (!is_plain(e))
		return OK;
	if (yaml_classify(scalar_text(e)) != YAML_TEXT)
		warn(r, e,
		     "keys are text: this one would be a number, a boolean or null as a value; "
		     "quotes would make it plain");
	else if (yaml_surprise(scalar_text(e)) != NULL)
		warn(r, e,
		     "keys are text: YAML 1.1 reads this one as a number or a boolean; quotes would "
		     "make it plain");
	return OK;
}

/* A key may have an anchor, and an alias then stands for its text. */
static enum result read_key(struct reader *r, const yaml_event_t *e)
{
	struct slice text = scalar_text(e);
	struct anchor as = {.nodes = 1, .bytes = text.len};
	struct tree_member *top;
	uint32_t anchor;
	enum result rc = check_key(r, e);

	if (rc == OK)
		rc = builder_top(&r->builder, &top, r->err);
	if (rc == OK)
		rc = add_anchor(r, e, e->data.scalar.anchor, &anchor);
	if (rc == OK)
		rc = add_bytes(r, e, text.len, false);
	if (rc != OK)
		return rc;
	if (!tree_copy_string(&as.node, &r->builder.tree->arena, text))
		return builder_fail_memory(&r->builder, r->err);
	top->key = as.node.of.text;
	top->key_len = as.node.count;
	top->hash = as.node.as.hash;
	top->line = line_of(e);
	top->column = column_of(e);
	innermost(r)->has_key = true;
	close_anchor(r, anchor, &as);
	return OK;
}

static enum result scalar_type(const struct reader *r, const yaml_event_t *e, enum yaml_type *ret)
{
	struct slice tag;

	if (!core_tag(e->data.scalar.tag, &tag))
		return fail_tag(r, e);
	if (tag.len != 0)
		return apply_tag(tag, scalar_text(e), ret) ? OK : fail_tag(r, e);
	*ret = is_plain(e) ? yaml_classify(scalar_text(e)) : YAML_TEXT;
	if (is_plain(e))
		warn(r, e, yaml_surprise(scalar_text(e)));
	return OK;
}

static enum result read_scalar(struct reader *r, const yaml_event_t *e)
{
	struct anchor as = {.nodes = 1, .bytes = scalar_text(e).len};
	struct tree_member *top;
	enum yaml_type type = YAML_TEXT;
	uint32_t anchor;
	enum result rc;

	if (is_key_next(r))
		return read_key(r, e);
	rc = scalar_type(r, e, &type);
	if (rc == OK && type == YAML_INTEGER)
		rc = budget_take(r->builder.budget, yaml_integer_steps(scalar_text(e)), r->err);
	if (rc == OK)
		rc = builder_top(&r->builder, &top, r->err);
	if (rc == OK)
		rc = add_anchor(r, e, e->data.scalar.anchor, &anchor);
	if (rc == OK)
		rc = add_bytes(r, e, as.bytes, false);
	if (rc == OK)
		rc = place(r, e,
			   yaml_set_scalar(&top->value, &r->builder.tree->arena, type,
					   scalar_text(e), r->err));
	if (rc != OK)
		return rc;
	top->value.line = line_of(e);
	top->value.column = column_of(e);
	as.node = top->value;
	close_anchor(r, anchor, &as);
	note_value(r, 0);
	return builder_push(&r->builder, 1, r->err);
}

/* The anchor opens with the container and closes with it, so an alias within it is refused. */
static enum result read_open(struct reader *r, const yaml_event_t *e)
{
	bool is_map = e->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *name =
		is_map ? e->data.mapping_start.anchor : e->data.sequence_start.anchor;
	const yaml_char_t *tag_text =
		is_map ? e->data.mapping_start.tag : e->data.sequence_start.tag;
	struct level level = {.nodes_before = r->builder.nodes, .bytes_before = r->bytes};
	struct slice tag;
	enum result rc;

	if (is_key_next(r))
		return fail_event(r, e, "a key is text: a map or a list cannot be one");
	if (!core_tag(tag_text, &tag) || (tag.len != 0 && !slice_is_text(tag, "!") &&
					  !slice_is_text(tag, is_map ? "map" : "seq")))
		return fail_tag(r, e);
	rc = builder_open(&r->builder, is_map ? TREE_OBJECT : TREE_ARRAY, line_of(e), column_of(e),
			  r->err);
	if (rc == OK)
		rc = add_anchor(r, e, name, &level.anchor);
	if (rc != OK)
		return rc;
	r->levels[r->builder.depth - 1] = level;
	return OK;
}

static enum result read_close(struct reader *r)
{
	struct level level = *innermost(r);
	struct anchor as = {.height = level.height + 1};
	const struct tree_node *node;
	enum result rc = builder_close(&r->builder, &node, r->err);

	if (rc != OK)
		return rc;
	as.node = *node;
	as.nodes = r->builder.nodes - level.nodes_before;
	as.bytes = r->bytes - level.bytes_before;
	close_anchor(r, level.anchor, &as);
	note_value(r, as.height);
	return OK;
}

static enum result read_document_start(struct reader *r, const yaml_event_t *e, bool *has_document)
{
	const yaml_version_directive_t *version = e->data.document_start.version_directive;

	if (*has_document)
		return fail_event(r, e, "a second document begins here; only one can be read");
	*has_document = true;
	if (version != NULL && version->minor < 2)
		warn(r, e, "the document says that it is YAML 1.1; it is read as YAML 1.2");
	return OK;
}

static enum result read_event(struct reader *r, const yaml_event_t *e, bool *has_document)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		return read_document_start(r, e, has_document);
	case YAML_ALIAS_EVENT:
		return read_alias(r, e);
	case YAML_SCALAR_EVENT:
		return read_scalar(r, e);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return read_open(r, e);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return read_close(r);
	default:
		return OK;
	}
}

/* A yaml_read_handler_t. */
static int give_piece(void *ctx, unsigned char *buffer, size_t size, size_t *ret_len)
{
	struct reader *r = ctx;
	struct slice piece = slice_first(r->rest, size < PIECE_BYTES ? size : PIECE_BYTES);

	if (!budget_spend(r->builder.budget, piece.len * BYTE_STEPS))
		return 0;
	if (piece.len != 0)
		memcpy(buffer, piece.data, piece.len);
	r->rest = slice_from(r->rest, piece.len);
	*ret_len = piece.len;
	return 1;
}

/* The budget first: give_piece() makes libyaml fail when it is used up. */
static enum result fail_parse(const struct reader *r)
{
	enum result rc = budget_result(r->builder.budget, r->err);

	return rc != OK ? rc : yaml_fail_parser(&r->parser, r->input, r->err);
}

static enum result read_events(struct reader *r)
{
	bool has_document = false, is_end = false;

	while (!is_end) {
		yaml_event_t event;
		enum result rc;

		rc = budget_take(r->builder.budget, EVENT_STEPS + DEPTH_STEPS * r->builder.depth,
				 r->err);
		if (rc != OK)
			return rc;
		if (!yaml_parser_parse(&r->parser, &event))
			return fail_parse(r);
		is_end = event.type == YAML_STREAM_END_EVENT;
		rc = read_event(r, &event, &has_document);
		if (event.type == YAML_SCALAR_EVENT && r->builder.tree->arena.is_wiped)
			mem_wipe(event.data.scalar.value, event.data.scalar.length);
		yaml_event_delete(&event);
		if (rc != OK)
			return rc;
	}
	return OK;
}

/* Nothing but comments is null, as an empty value is. */
static void set_root(struct reader *r)
{
	struct tree_node *root = &r->builder.tree->root;

	if (r->builder.used != 0) {
		*root = r->builder.stack[0].value;
		return;
	}
	tree_set_null(root);
	root->line = root->column = 1;
}

enum result yaml_read(struct tree *ret, struct slice input, const struct doc_limits *limits,
		      struct doc_warnings *warnings, struct error *err)
{
	CLEANUP(reader_clear) struct reader r = {.bytes_max = limits->bytes_max};
	enum result rc;

	builder_init(&r.builder, ret, limits);
	r.warnings = warnings;
	r.err = err;
	if (input.data == NULL)
		input = slice_text("");
	if (slice_starts_with(input, SLICE_LITERAL("\xef\xbb\xbf")))
		input = slice_from(input, 3);
	r.input = r.rest = input;
	rc = budget_take(limits->budget, input.len / 4 + 1, err);
	if (rc == OK)
		rc = yaml_check(input, err);
	if (rc != OK)
		return rc;
	r.has_parser = yaml_parser_initialize(&r.parser) != 0;
	if (!r.has_parser)
		return fail(err, E_MEMORY, "out of memory");
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input(&r.parser, give_piece, &r);
	rc = read_events(&r);
	if (rc == OK)
		set_root(&r);
	return rc;
}
