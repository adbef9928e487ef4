/*
 * Turns the query and the headers of a request into the typed input of its call.
 *
 * One table has every parameter once for each family of input that it belongs to: its name, its
 * bit, its type, and where in struct call_input its value goes. A route names the bits that it
 * knows (routes.c); the verb names the family; both must fit. A name may have two rows with
 * different types: `from` is a version or a revision in a diff and a time in the audit log, `after`
 * is a path in some lists and a number in others.
 *
 * What must hold: a row's field has the C type that its enum param_type stands for, because the
 * value is written through an offset. A parameter is refused if the route does not know it, if it
 * comes twice, or if it has no value: to ignore any of these could turn a dry run into a write.
 *
 * Texts are decoded in place and point into the exchange's buffer, which lives as long as the call.
 * Runs in the connection's event loop; any thread may call.
 */
#include "http/params.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "doc/pointer.h"

#include <stddef.h>
#include <strings.h>

/* The C type of the field, and what is accepted. */
enum param_type {
	/* uint64_t, from 1: versions and revisions. */
	TYPE_NUMBER,
	/* struct optional_number: from 0, for positions in a list. */
	TYPE_OPTIONAL_NUMBER,
	/* uint32_t, from 1 to the setting limit_max. */
	TYPE_LIMIT,
	/* int64_t, milliseconds since 1970; an RFC 3339 text. */
	TYPE_TIME,
	/* int64_t, milliseconds; a duration such as 30s. */
	TYPE_WAIT,
	/* bool; true or false, and no other word. */
	TYPE_FLAG,
	/* struct slice, at most MESSAGE_BYTES_MAX. */
	TYPE_TEXT,
	/* struct slice, a JSON pointer (RFC 6901). */
	TYPE_POINTER,
	/* In struct param_format, not in the call: only http/ needs it. */
	TYPE_FORMAT,
};

static const struct param_row {
	const char *name;
	enum param param;
	uint32_t families; /* bits of enum input_family */
	enum param_type type;
	size_t offset; /* in struct call_input; 0 for ?format= */
} param_rows[] = {
#define ROW(name, param, family, type, field)                                         \
	{                                                                             \
		name, param, 1u << (family), type, offsetof(struct call_input, field) \
	}
	{"format", PARAM_FORMAT, UINT32_MAX, TYPE_FORMAT, 0},
	ROW("version", PARAM_VERSION, INPUT_DOCUMENT, TYPE_NUMBER, document.version),
	ROW("revision", PARAM_REVISION, INPUT_DOCUMENT, TYPE_NUMBER, document.at.revision),
	ROW("at", PARAM_AT, INPUT_DOCUMENT, TYPE_TIME, document.at.at_ms),
	ROW("dry_run", PARAM_DRY_RUN, INPUT_WRITE, TYPE_FLAG, write.is_dry_run),
	ROW("force", PARAM_FORCE, INPUT_WRITE, TYPE_FLAG, write.is_forced),
	ROW("message", PARAM_MESSAGE, INPUT_WRITE, TYPE_TEXT, write.message),
	ROW("source", PARAM_SOURCE, INPUT_WRITE, TYPE_TEXT, write.source),
	ROW("prefix", PARAM_PREFIX, INPUT_PAGE, TYPE_TEXT, page.prefix),
	ROW("path", PARAM_PATH, INPUT_PAGE, TYPE_TEXT, page.path),
	ROW("after", PARAM_AFTER, INPUT_PAGE, TYPE_TEXT, page.after),
	ROW("after", PARAM_AFTER_NUMBER, INPUT_PAGE, TYPE_OPTIONAL_NUMBER, page.below),
	ROW("limit", PARAM_LIMIT, INPUT_PAGE, TYPE_LIMIT, page.limit),
	ROW("from", PARAM_FROM, INPUT_DIFF, TYPE_NUMBER, diff.from),
	ROW("to", PARAM_TO, INPUT_DIFF, TYPE_NUMBER, diff.to),
	ROW("revision", PARAM_REVISION, INPUT_CONFIG, TYPE_NUMBER, config.at.revision),
	ROW("at", PARAM_AT, INPUT_CONFIG, TYPE_TIME, config.at.at_ms),
	ROW("key", PARAM_KEY, INPUT_CONFIG, TYPE_POINTER, config.key),
	ROW("reveal", PARAM_REVEAL, INPUT_CONFIG, TYPE_FLAG, config.is_revealed),
	ROW("explain", PARAM_EXPLAIN, INPUT_CONFIG, TYPE_FLAG, config.is_explained),
	ROW("wait", PARAM_WAIT, INPUT_CONFIG, TYPE_WAIT, config.wait_ms),
	ROW("actor", PARAM_ACTOR, INPUT_AUDIT, TYPE_TEXT, audit.actor),
	ROW("action", PARAM_ACTION, INPUT_AUDIT, TYPE_TEXT, audit.action),
	ROW("outcome", PARAM_OUTCOME, INPUT_AUDIT, TYPE_TEXT, audit.outcome),
	ROW("path", PARAM_PATH, INPUT_AUDIT, TYPE_TEXT, audit.path),
	ROW("from", PARAM_FROM_TIME, INPUT_AUDIT, TYPE_TIME, audit.from_ms),
	ROW("to", PARAM_TO_TIME, INPUT_AUDIT, TYPE_TIME, audit.to_ms),
	ROW("after", PARAM_AFTER_NUMBER, INPUT_AUDIT, TYPE_OPTIONAL_NUMBER, audit.start),
	ROW("limit", PARAM_LIMIT, INPUT_AUDIT, TYPE_LIMIT, audit.limit),
	ROW("force", PARAM_FORCE, INPUT_TOKEN, TYPE_FLAG, token.is_forced),
#undef ROW
};

struct param_reader {
	const struct param_rules *rules;
	struct param_format *format;
};

uint32_t params_of_family(enum input_family family)
{
	uint32_t params = 0;

	for (size_t i = 0; i < ARRAY_SIZE(param_rows); i++) {
		if ((param_rows[i].families & 1u << family) != 0)
			params |= param_rows[i].param;
	}
	return params;
}

/* A '+' in a time is the sign of its offset ("at=2026-11-20T21:04:23+01:00"); elsewhere it is a
 * blank, as forms write it. */
static bool is_plus_kept(struct slice name)
{
	return slice_is_text(name, "at") || slice_is_text(name, "from") ||
	       slice_is_text(name, "to");
}

static bool is_row_of(const struct param_row *row, const struct param_rules *rules)
{
	return (row->param & rules->allowed) != 0 && (row->families & 1u << rules->family) != 0;
}

/* Suggests the nearest of the parameters that the route has. */
static enum result refuse_unknown(struct slice name, const struct param_rules *rules,
				  struct error *err)
{
	struct slice known[ARRAY_SIZE(param_rows)], near;
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(param_rows); i++) {
		if (is_row_of(&param_rows[i], rules))
			known[count++] = slice_text(param_rows[i].name);
	}
	near = text_nearest(name, known, count);
	if (near.data != NULL)
		return fail(
			err, E_MALFORMED,
			"the query has a parameter that is not known here; did you mean \"%.*s\"?",
			SLICE_ARGS(near));
	return fail(err, E_MALFORMED, "the query has a parameter that is not known here");
}

static const struct param_row *find_param(struct slice name, const struct param_rules *rules)
{
	for (size_t i = 0; i < ARRAY_SIZE(param_rows); i++) {
		if (is_row_of(&param_rows[i], rules) && slice_is_text(name, param_rows[i].name))
			return &param_rows[i];
	}
	return NULL;
}

static enum result read_number(const struct param_row *row, void *field, struct slice value,
			       const struct param_reader *r, struct error *err)
{
	uint64_t number = 0;
	uint64_t max = row->type == TYPE_LIMIT ? r->rules->limits.limit_max : INT64_MAX;

	if (!slice_to_u64(value, max, &number) ||
	    (number == 0 && row->type != TYPE_OPTIONAL_NUMBER))
		return fail(err, E_MALFORMED, "%s must be a number from %d to %llu", row->name,
			    row->type != TYPE_OPTIONAL_NUMBER, (unsigned long long)max);
	if (row->type == TYPE_LIMIT)
		*(uint32_t *)field = (uint32_t)number;
	else if (row->type == TYPE_OPTIONAL_NUMBER)
		*(struct optional_number *)field = (struct optional_number){number, true};
	else
		*(uint64_t *)field = number;
	return OK;
}

static enum result read_flag(const struct param_row *row, bool *field, struct slice value,
			     struct error *err)
{
	if (!slice_is_text(value, "true") && !slice_is_text(value, "false"))
		return fail(err, E_MALFORMED, "%s must be true or false", row->name);
	*field = slice_is_text(value, "true");
	return OK;
}

static enum result read_value(const struct param_row *row, void *field, struct slice value,
			      const struct param_reader *r, struct error *err)
{
	switch (row->type) {
	case TYPE_NUMBER:
	case TYPE_OPTIONAL_NUMBER:
	case TYPE_LIMIT:
		return read_number(row, field, value, r, err);
	case TYPE_TIME:
		if (!timestamp_parse(value, field))
			return fail(err, E_MALFORMED,
				    "%s must be an RFC 3339 time such as 2026-11-20T21:04:23Z",
				    row->name);
		if (*(int64_t *)field == 0)
			*(int64_t *)field = 1; /* 0 means that no time was given */
		return OK;
	case TYPE_WAIT:
		if (!duration_parse(value, r->rules->limits.wait_ms_max, field))
			return fail(err, E_MALFORMED,
				    "%s must be a duration such as 30s, at most %lld ms", row->name,
				    (long long)r->rules->limits.wait_ms_max);
		return OK;
	case TYPE_FLAG:
		return read_flag(row, field, value, err);
	case TYPE_FORMAT:
		r->format->is_given = media_from_name(value, &r->format->media);
		return r->format->is_given ? OK
					   : fail(err, E_MALFORMED,
						  "format must be one of " MEDIA_FORMAT_NAMES);
	case TYPE_POINTER:
		if (!pointer_is_valid(value))
			return fail(err, E_MALFORMED,
				    "%s must be a JSON pointer such as /spark/app", row->name);
		break;
	case TYPE_TEXT:
		if (value.len > MESSAGE_BYTES_MAX)
			return fail(err, E_MALFORMED, "%s is longer than %d bytes", row->name,
				    MESSAGE_BYTES_MAX);
		break;
	}
	*(struct slice *)field = value.data != NULL ? value : SLICE_LITERAL("");
	return OK;
}

/* A request can name one state of the past, not two. `x & (x - 1)` is 0 for at most one bit. */
static enum result check_times(uint32_t seen, struct error *err)
{
	uint32_t states = seen & (PARAM_VERSION | PARAM_REVISION | PARAM_AT);

	if ((states & (states - 1)) == 0)
		return OK;
	return fail(err, E_MALFORMED, "version, revision and at exclude each other");
}

enum result params_read(struct call_input *ret, struct param_format *ret_format, struct slice query,
			const struct param_rules *rules, struct error *err)
{
	const struct param_reader reader = {rules, ret_format};
	uint32_t seen = 0;

	for (;;) {
		struct query_item item;
		const struct param_row *row;
		bool is_end;
		enum result rc = query_item_next(&query, &item, &is_end, is_plus_kept, err);

		if (rc == OK && is_end)
			return check_times(seen, err);
		if (rc != OK)
			return rc;
		row = find_param(item.name, rules);
		if (row == NULL)
			return refuse_unknown(item.name, rules, err);
		if ((seen & row->param) != 0)
			return fail(err, E_MALFORMED, "the parameter %s is there twice", row->name);
		seen |= row->param;
		if (!item.has_value)
			return fail(err, E_MALFORMED, "the parameter %s has no value", row->name);
		rc = read_value(row, (char *)ret + row->offset, item.value, &reader, err);
		if (rc != OK)
			return rc;
	}
}

/* "v3" with its quotes: our own strong entity tags of documents, as we write them and no other way,
 * so "v03" and W/"v3" are malformed. RFC 9110 section 13.1.1 wants strong comparison for
 * If-Match. */
static bool read_version_tag(struct slice tag, uint64_t *ret)
{
	if (tag.len < 4 || !slice_starts_with(tag, SLICE_LITERAL("\"v")) ||
	    tag.data[tag.len - 1] != '"' || tag.data[2] == '0')
		return false;
	return slice_to_u64(slice_make(tag.data + 2, tag.len - 3), INT64_MAX, ret);
}

void params_read_conditions(struct call_input *ret, const struct headers *h)
{
	ret->if_match = h->if_match;
	ret->if_none_match = h->if_none_match;
}

enum result params_refuse_preconditions(const struct headers *h, struct error *err)
{
	if (h->if_match.data == NULL && h->if_none_match.data == NULL)
		return OK;
	return fail(err, E_MALFORMED,
		    "%s is not known here: it is a condition on one document; a batch has "
		    "`if_version` for each change",
		    h->if_match.data != NULL ? "If-Match" : "If-None-Match");
}

enum result params_read_idempotency(struct call_input *ret, const struct headers *h,
				    struct error *err)
{
	struct slice key = h->idempotency_key;

	if (key.data == NULL)
		return OK;
	if (key.len == 0 || key.len > IDEMPOTENCY_KEY_BYTES_MAX)
		return fail(err, E_MALFORMED, "Idempotency-Key must have 1 to %d bytes",
			    IDEMPOTENCY_KEY_BYTES_MAX);
	for (size_t i = 0; i < key.len; i++) {
		if (key.data[i] <= ' ' || key.data[i] >= 0x7f)
			return fail(err, E_MALFORMED,
				    "Idempotency-Key must be visible ASCII characters");
	}
	ret->idempotency_key = key;
	return OK;
}

/* RFC 9110 section 13.1: If-Match is for changing what the client has seen, If-None-Match: * for
 * creating what must not exist yet. A list of tags is not supported: a write replaces one
 * version. */
enum result params_read_preconditions(struct call_input *ret, const struct headers *h,
				      struct error *err)
{
	if (h->if_match.data != NULL && h->if_none_match.data != NULL)
		return fail(err, E_MALFORMED, "If-Match and If-None-Match exclude each other here");
	if (h->if_match.data != NULL) {
		if (slice_is_text(h->if_match, "*"))
			ret->write.if_version = IF_VERSION_ANY;
		else if (!read_version_tag(h->if_match, &ret->write.if_version))
			return fail(
				err, E_MALFORMED,
				"If-Match must be * or one version such as \"v3\" with its quotes");
		ret->write.has_if_version = true;
	}
	if (h->if_none_match.data != NULL) {
		if (!slice_is_text(h->if_none_match, "*"))
			return fail(err, E_MALFORMED, "If-None-Match of a write must be *");
		ret->write.has_if_version = true;
		ret->write.if_version = 0;
	}
	return params_read_idempotency(ret, h, err);
}

/* RFC 6750 section 2.1; the scheme's name has no case (RFC 9110 section 11.1). The token itself is
 * not looked at here: all wrong tokens get the same refusal from the service. */
struct slice params_bearer(const struct headers *h)
{
	struct slice rest = h->authorization;

	if (rest.data == NULL || rest.len < 8 || strncasecmp(rest.data, "Bearer ", 7) != 0)
		return SLICE_NULL;
	rest = slice_from(rest, 7);
	while (rest.len != 0 && rest.data[0] == ' ')
		rest = slice_from(rest, 1);
	return rest.len != 0 ? rest : SLICE_NULL;
}
