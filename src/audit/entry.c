/*
 * Writes, reads and hashes entries; the form of a line is in entry.h.
 *
 * Invariants: audit_entry_write() is the only writer of entries, so audit/line.c and
 * audit_index_check() may rely on the order of the keys and on the absence of blanks. Entries that
 * are stored can never change: neither may their form, but under another "v".
 *
 * Each text is bounded, so that all of them together, with escapes of up to six bytes for one,
 * leave room for at least one touched document in AUDIT_ENTRY_BYTES_MAX (asserted below).
 *
 * There are two readers. audit_entry_read() builds a tree and is for showing entries;
 * audit/line.c walks over the bytes and is for verification, which reads millions. Both treat
 * the line as untrusted: it may be of a log that was tampered with. No state; any thread may call.
 */
#include "audit/entry.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/text.h"
#include "doc/json_member.h"
#include "doc/read.h"

#define ESCAPE_MAX   6	/* a control character: \u0001 */
#define FIELDS_COUNT 7	/* texts with the bound AUDIT_FIELD_BYTES_MAX */
#define NUMBER_MAX   20 /* digits of 2^64 - 1 */
/* `],"touched_more":4294967295}` */
#define TAIL_BYTES 29
/* `,{"path":"","version":,"value_mac":"","state":"destroyed","digest":""}` with their values */
#define TOUCH_BYTES(path_bytes) (71 + (path_bytes)*ESCAPE_MAX + NUMBER_MAX + 4 * HASH_BYTES)

_Static_assert(300 + 3 * NUMBER_MAX +
			       (FIELDS_COUNT * AUDIT_FIELD_BYTES_MAX + AUDIT_REASON_BYTES_MAX) *
				       ESCAPE_MAX +
			       TOUCH_BYTES(AUDIT_PATH_BYTES_MAX) + TAIL_BYTES <=
		       AUDIT_ENTRY_BYTES_MAX,
	       "one touched document always fits");

static const char *const state_names[AUDIT_STATE_COUNT] = {[AUDIT_STATE_LIVE] = "live",
							   [AUDIT_STATE_DELETED] = "deleted",
							   [AUDIT_STATE_DESTROYED] = "destroyed",
							   [AUDIT_STATE_REVOKED] = "revoked"};

const char *audit_state_name(enum audit_state state)
{
	return state_names[state];
}

enum audit_state audit_state_parse(struct slice name)
{
	for (enum audit_state s = AUDIT_STATE_NONE + 1; s < AUDIT_STATE_COUNT; s++) {
		if (slice_is_text(name, state_names[s]))
			return s;
	}
	return AUDIT_STATE_NONE;
}

/* A text over its bound is refused, not cut: a name or a path that was cut would name something
 * else. Only the reason may be cut (cut_reason()). */
static enum result check_text(const char *name, struct slice text, size_t max, struct error *err)
{
	if (text.len > max)
		return fail(err, E_TOO_LARGE, "audit entry: %s has more than %zu bytes", name, max);
	if (utf8_check(text) != SIZE_MAX)
		return fail(err, E_INVALID, "audit entry: %s is not UTF-8", name);
	return OK;
}

static enum result check_entry(const struct audit_entry *entry, struct error *err)
{
	const struct {
		const char *name;
		struct slice text;
	} fields[FIELDS_COUNT] = {
		{"actor", entry->actor},
		{"accessor", entry->accessor},
		{"auth", entry->auth},
		{"source", entry->source},
		{"action", entry->action},
		{"outcome", entry->outcome},
		{"request_id", entry->request_id},
	};
	enum result rc = OK;

	for (size_t i = 0; rc == OK && i < ARRAY_SIZE(fields); i++)
		rc = check_text(fields[i].name, fields[i].text, AUDIT_FIELD_BYTES_MAX, err);
	for (size_t i = 0; rc == OK && i < entry->touched_count; i++)
		rc = check_text("path", entry->touched[i].path, AUDIT_PATH_BYTES_MAX, err);
	if (rc == OK && (entry->time_ms < 0 || entry->time_ms > TIMESTAMP_MS_MAX))
		rc = fail(err, E_INVALID, "audit entry: its time is outside 1970 to 9999");
	return rc;
}

/* Cuts to the bound, and before bytes that are not UTF-8: the entry must be written even when its
 * explanation was cut in the middle of a character. */
static struct slice cut_reason(struct slice reason)
{
	struct slice cut = slice_first(reason, AUDIT_REASON_BYTES_MAX);

	return slice_first(cut, utf8_check(cut));
}

static void append_hex(struct buf *b, const char *name, const uint8_t bytes[static HASH_BYTES])
{
	json_member(b, name);
	buf_append_char(b, '"');
	hex_append(b, bytes, HASH_BYTES);
	buf_append_char(b, '"');
}

static void append_touch(struct buf *b, const struct audit_touch *touch)
{
	json_comma(b);
	buf_append_char(b, '{');
	json_member_text(b, "path", touch->path);
	json_member_u64(b, "version", touch->version);
	if (touch->has_mac)
		append_hex(b, "value_mac", touch->mac);
	if (touch->state != AUDIT_STATE_NONE)
		json_member_text(b, "state", slice_text(state_names[touch->state]));
	if (touch->has_digest)
		append_hex(b, "digest", touch->digest);
	buf_append_char(b, '}');
}

/* Appends as many as fit and counts the others; the end of the line (TAIL_BYTES) always has room.
 * `start` is where the line begins in `b`. */
static void append_touched(struct buf *b, const struct audit_entry *entry, size_t start)
{
	uint32_t count = 0;
	uint64_t more;

	json_member(b, "touched");
	buf_append_char(b, '[');
	while (count < entry->touched_count && !buf_is_failed(b)) {
		size_t before = b->len;

		append_touch(b, &entry->touched[count]);
		if (b->len - start + TAIL_BYTES > AUDIT_ENTRY_BYTES_MAX) {
			buf_cut(b, before);
			break;
		}
		count++;
	}
	more = (uint64_t)entry->touched_count - count + entry->touched_more;
	buf_append_char(b, ']');
	json_member_u64(b, "touched_more", more < UINT32_MAX ? more : UINT32_MAX);
	buf_append_char(b, '}');
}

enum result audit_entry_write(struct buf *ret, const struct audit_entry *entry, struct error *err)
{
	size_t start = ret->len;
	enum result rc = check_entry(entry, err);

	if (rc != OK)
		return rc;
	buf_append_char(ret, '{');
	json_member_u64(ret, "v", 1);
	json_member_u64(ret, "index", entry->index);
	json_member_time(ret, "time", entry->time_ms);
	json_member_u64(ret, "epoch", entry->epoch);
	json_member_u64(ret, "revision", entry->revision);
	json_member_text(ret, "actor", entry->actor);
	json_member_text(ret, "accessor", entry->accessor);
	json_member_text(ret, "auth", entry->auth);
	json_member_text(ret, "source", entry->source);
	json_member_text(ret, "action", entry->action);
	json_member_text(ret, "outcome", entry->outcome);
	json_member_text(ret, "reason", cut_reason(entry->reason));
	json_member_text(ret, "request_id", entry->request_id);
	append_touched(ret, entry, start);
	if (buf_is_failed(ret)) {
		buf_cut(ret, start);
		return fail(err, E_MEMORY, "audit entry: out of memory");
	}
	return OK;
}

/* Reads members of one object. A member that is missing or of another kind makes the whole entry
 * corrupt. */
struct reader {
	const struct tree_node *object;
	bool is_bad;
};

static struct slice read_text(struct reader *r, struct slice key)
{
	const struct tree_node *n = tree_get(r->object, key);

	if (n == NULL || n->kind != TREE_STRING) {
		r->is_bad = true;
		return SLICE_NULL;
	}
	return tree_text(n);
}

static uint64_t read_number(struct reader *r, struct slice key)
{
	const struct tree_node *n = tree_get(r->object, key);
	uint64_t value = 0;

	/* From its text: in a forged log an index may be larger than an int64. */
	if (n == NULL || n->kind != TREE_NUMBER || !slice_to_u64(tree_text(n), UINT64_MAX, &value))
		r->is_bad = true;
	return value;
}

/* A hash that may be absent. */
static bool read_hash(struct reader *r, struct slice key, uint8_t ret[static HASH_BYTES])
{
	const struct tree_node *n = tree_get(r->object, key);

	if (n != NULL && (n->kind != TREE_STRING || !hex_parse(tree_text(n), ret, HASH_BYTES)))
		r->is_bad = true;
	return n != NULL;
}

/* A state that may be absent. */
static enum audit_state read_state(struct reader *r)
{
	const struct tree_node *n = TREE_GET(r->object, "state");
	enum audit_state state = AUDIT_STATE_NONE;

	if (n != NULL && n->kind == TREE_STRING)
		state = audit_state_parse(tree_text(n));
	if (n != NULL && state == AUDIT_STATE_NONE)
		r->is_bad = true;
	return state;
}

static bool read_touch(struct audit_touch *ret, const struct tree_node *item)
{
	struct reader r = {item, false};

	ret->path = read_text(&r, SLICE_LITERAL("path"));
	ret->version = read_number(&r, SLICE_LITERAL("version"));
	ret->has_mac = read_hash(&r, SLICE_LITERAL("value_mac"), ret->mac);
	ret->state = read_state(&r);
	ret->has_digest = read_hash(&r, SLICE_LITERAL("digest"), ret->digest);
	return !r.is_bad;
}

static enum result read_touched(struct audit_entry *entry, struct arena *a,
				const struct tree_node *list, struct error *err)
{
	struct audit_touch *touched;

	if (list == NULL || list->kind != TREE_ARRAY)
		return fail(err, E_CORRUPT,
			    "audit entry: the list of touched documents is missing");
	touched = arena_alloc_array(a, list->count, sizeof *touched);
	if (touched == NULL)
		return fail(err, E_MEMORY, "audit entry: out of memory");
	for (uint32_t i = 0; i < list->count; i++) {
		if (!read_touch(&touched[i], &list->of.items[i]))
			return fail(err, E_CORRUPT,
				    "audit entry: the list of touched documents is malformed");
	}
	entry->touched = touched;
	entry->touched_count = list->count;
	return OK;
}

enum result audit_entry_read(struct audit_entry *ret, struct tree *tree, struct slice line,
			     struct error *err)
{
	static const struct doc_limits limits = {AUDIT_ENTRY_BYTES_MAX, 4, DOC_NODES_MAX, NULL};
	struct audit_entry e = {0};
	struct reader r = {&tree->root, false};
	uint64_t more;
	enum result rc = doc_read(tree, DOC_JSON, line, &limits, NULL, err);

	if (rc == E_MEMORY)
		return rc;
	if (rc != OK)
		return wrap(err, E_CORRUPT, "audit entry");
	if (read_number(&r, SLICE_LITERAL("v")) != 1)
		r.is_bad = true;
	e.index = read_number(&r, SLICE_LITERAL("index"));
	if (!timestamp_parse(read_text(&r, SLICE_LITERAL("time")), &e.time_ms))
		r.is_bad = true;
	e.epoch = read_number(&r, SLICE_LITERAL("epoch"));
	e.revision = read_number(&r, SLICE_LITERAL("revision"));
	e.actor = read_text(&r, SLICE_LITERAL("actor"));
	e.accessor = read_text(&r, SLICE_LITERAL("accessor"));
	e.auth = read_text(&r, SLICE_LITERAL("auth"));
	e.source = read_text(&r, SLICE_LITERAL("source"));
	e.action = read_text(&r, SLICE_LITERAL("action"));
	e.outcome = read_text(&r, SLICE_LITERAL("outcome"));
	e.reason = read_text(&r, SLICE_LITERAL("reason"));
	e.request_id = read_text(&r, SLICE_LITERAL("request_id"));
	more = read_number(&r, SLICE_LITERAL("touched_more"));
	if (r.is_bad || more > UINT32_MAX)
		return fail(err, E_CORRUPT, "audit entry: a field is missing or of another kind");
	e.touched_more = (uint32_t)more;
	rc = read_touched(&e, &tree->arena, TREE_GET(&tree->root, "touched"), err);
	if (rc == OK)
		*ret = e;
	return rc;
}

void audit_value_mac(uint8_t ret[static HASH_BYTES], const struct key *key, struct slice path,
		     uint64_t version, struct slice content)
{
	uint8_t number[8];
	struct slice fields[3];

	u64_store(number, version);
	fields[0] = path;
	fields[1] = slice_make((const char *)number, sizeof number);
	fields[2] = content;
	key_mac_fields(ret, key, fields, ARRAY_SIZE(fields));
}

void audit_content_digest(uint8_t ret[static HASH_BYTES], const struct key *key, struct slice path,
			  uint64_t version, struct slice content)
{
	struct slice rest = path, kind;

	slice_next_part(&rest, '/', &kind);
	if (slice_is_text(kind, "secrets"))
		audit_value_mac(ret, key, path, version, content);
	else
		sha256_slice(ret, content);
}

void audit_token_digest(uint8_t ret[static HASH_BYTES], struct slice hash, struct slice record)
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, hash.data, hash.len);
	sha256_update(&s, record.data, record.len);
	sha256_final(&s, ret);
}
