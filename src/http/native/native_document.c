/*
 * Versions of documents and dependents as JSON. Member names and the words of states are part of
 * the interface (docs/api.md): they may be added to, and never renamed. Each function writes one
 * item of a list, with the comma before it where one is due.
 */
#include "http/native/native_json.h"

#include "base/text.h"
#include "doc/json_member.h"
#include "doc/write.h"

const char *native_state_name(enum version_state state)
{
	static const char *const names[] = {
		[VERSION_LIVE] = "live",
		[VERSION_DELETED] = "deleted",
		[VERSION_DESTROYED] = "destroyed",
	};

	return names[state];
}

void native_version_members(struct buf *b, const struct version_item *v)
{
	json_member_text(b, "path", v->path);
	json_member_u64(b, "version", v->version);
	json_member_u64(b, "revision", v->revision);
	json_member_time(b, "created_at", v->created_ms);
	if (v->has_author) {
		json_member_text(b, "created_by", v->created_by);
		json_member_text(b, "message", v->message);
	}
	/* A digest of a secret's content is keyed, so a reader cannot confirm a guess of the secret
	 * by hashing it; its prefix tells the two kinds apart. */
	if (v->digest.len != 0) {
		json_member(b, "digest");
		buf_append_text(b, v->is_keyed ? "\"keyed:" : "\"sha256:");
		hex_append(b, v->digest.data, v->digest.len);
		buf_append_char(b, '"');
	}
	if (v->has_state)
		json_member_text(b, "state", slice_text(native_state_name(v->state)));
}

void native_version(struct buf *b, const struct version_item *v)
{
	json_comma(b);
	buf_append_char(b, '{');
	native_version_members(b, v);
	buf_append_char(b, '}');
}

void native_dependent(struct buf *b, const struct dependent_item *d)
{
	static const char *const needs[] = {
		[EDGE_EXTENDS] = "extends",
		[EDGE_SCHEMA] = "schema",
		[EDGE_SECRET] = "secret",
		[EDGE_SCHEMA_REF] = "schema_ref",
	};

	json_comma(b);
	buf_append_char(b, '{');
	json_member_text(b, "path", d->path);
	json_member_text(b, "need", slice_text(needs[d->need]));
	buf_append_char(b, '}');
}

/* The version's own time and author, then what its writer added; a writer's member of the same name
 * is left out. */
static void write_metadata(struct buf *b, const struct document_item *d)
{
	const struct tree_node *metadata = d->metadata;

	json_member(b, "metadata");
	buf_append_char(b, '{');
	json_member_time(b, "created_at", d->version.created_ms);
	json_member_text(b, "created_by", d->version.created_by);
	for (uint32_t i = 0;
	     metadata != NULL && metadata->kind == TREE_OBJECT && i < metadata->count; i++) {
		const struct tree_member *m = &metadata->of.members[i];

		if (slice_is_text(tree_key(m), "created_at") ||
		    slice_is_text(tree_key(m), "created_by"))
			continue;
		json_comma(b);
		json_append_string(b, tree_key(m));
		buf_append_char(b, ':');
		json_write(b, &m->value);
	}
	buf_append_char(b, '}');
}

static void write_secret(struct buf *b, const struct document_item *d)
{
	static const struct tree_node empty = {.kind = TREE_OBJECT};

	json_member(b, "data");
	json_write(b, d->data != NULL ? d->data : &empty);
	if (d->encoding != NULL) {
		json_member(b, "encoding");
		json_write(b, d->encoding);
	}
	write_metadata(b, d);
}

void native_document(struct buf *b, const struct document_item *d)
{
	buf_append_char(b, '{');
	native_version_members(b, &d->version);
	if (d->content != NULL) {
		json_member(b, "content");
		json_write(b, d->content);
	} else {
		write_secret(b, d);
	}
	buf_append_char(b, '}');
}
