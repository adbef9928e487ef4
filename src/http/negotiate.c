/*
 * Media types: names of ?format=, ranges of Accept, values of Content-Type. Three tables and the
 * parsers of two headers, without state and without memory of their own; any thread may call.
 *
 * The parser of Accept forgives, because the header is only a preference: what it does not
 * understand is passed over, and at worst the client gets JSON. The parser of Content-Type does not
 * forgive: a body that is read in the wrong format could be stored with another meaning.
 */
#include "http/negotiate.h"

#include "base/memory.h"

#include <strings.h>

/* A type of ?format= and of the response. Properties files are ISO 8859-1 by their definition, with
 * escapes for all else. */
static const struct media_row {
	const char *name;
	const char *type;
} media_rows[MEDIA_COUNT] = {
	[MEDIA_JSON] = {"json", "application/json"},
	[MEDIA_YAML] = {"yaml", "application/yaml"},
	[MEDIA_PROPERTIES] = {"properties", "text/x-java-properties; charset=iso-8859-1"},
	[MEDIA_ENV] = {"env", "text/plain; charset=utf-8"},
	[MEDIA_RAW] = {"raw", "text/plain; charset=utf-8"},
	[MEDIA_NDJSON] = {"ndjson", "application/x-ndjson"},
};

/* Their names in an Accept header. The x- forms and text/yaml are older than application/yaml (RFC
 * 9512) and are still sent. Env and raw have no type of their own, so only ?format= chooses
 * them. */
static const struct accepted {
	const char *range;
	enum media media;
} accepted[] = {
	{"application/json", MEDIA_JSON},
	{"application/*", MEDIA_JSON},
	{"*/*", MEDIA_JSON},
	{"application/yaml", MEDIA_YAML},
	{"application/x-yaml", MEDIA_YAML},
	{"text/yaml", MEDIA_YAML},
	{"text/x-yaml", MEDIA_YAML},
	{"text/x-java-properties", MEDIA_PROPERTIES},
	{"application/x-ndjson", MEDIA_NDJSON},
	{"application/jsonl", MEDIA_NDJSON},
};

/* RFC 7396 for the merge patch. JSON and YAML are read by the same rules under each of their
 * names. */
static const struct content_row {
	const char *type;
	enum content content;
} content_rows[] = {
	{"application/json", CONTENT_JSON},   {"application/yaml", CONTENT_YAML},
	{"application/x-yaml", CONTENT_YAML}, {"text/yaml", CONTENT_YAML},
	{"text/x-yaml", CONTENT_YAML},	      {"application/merge-patch+json", CONTENT_MERGE_PATCH},
};

bool media_from_name(struct slice name, enum media *ret)
{
	for (size_t i = 0; i < MEDIA_COUNT; i++) {
		if (slice_is_text(name, media_rows[i].name)) {
			*ret = (enum media)i;
			return true;
		}
	}
	return false;
}

const char *media_name(enum media m)
{
	return media_rows[m].name;
}

const char *media_type(enum media m)
{
	return media_rows[m].type;
}

static struct slice trim(struct slice s)
{
	while (s.len != 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = slice_from(s, 1);
	while (s.len != 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static bool is_word(struct slice s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.data, word, s.len) == 0;
}

/* "0.75" gives 750: at most three digits follow the point (RFC 9110 section 12.4.2), so thousandths
 * are exact. A malformed weight counts as 1, as a missing one does. */
static unsigned parse_quality(struct slice text)
{
	unsigned value = 0, scale = 100;

	if (text.len == 0 || (text.data[0] != '0' && text.data[0] != '1'))
		return 1000;
	value = text.data[0] == '1' ? 1000 : 0;
	for (size_t i = 2; i < text.len && i < 5 && text.data[1] == '.'; i++, scale /= 10) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return 1000;
		value += (unsigned)(text.data[i] - '0') * scale;
	}
	return value > 1000 ? 1000 : value;
}

/* Splits one element of the list into its range and its weight. */
static struct slice parse_range(struct slice element, unsigned *ret_quality)
{
	struct slice rest = element, range = SLICE_NULL, part;

	*ret_quality = 1000;
	if (slice_next_part(&rest, ';', &part))
		range = trim(part);
	while (slice_next_part(&rest, ';', &part)) {
		part = trim(part);
		if (part.len >= 2 && (part.data[0] == 'q' || part.data[0] == 'Q') &&
		    part.data[1] == '=')
			*ret_quality = parse_quality(slice_from(part, 2));
	}
	return range;
}

enum media media_from_accept(struct slice accept, uint32_t offered)
{
	enum media best = MEDIA_JSON;
	unsigned best_quality = 0;
	struct slice rest = accept, element;

	if (accept.len == 0 || slice_is_text(accept, "*/*"))
		return MEDIA_JSON;
	while (slice_next_part(&rest, ',', &element)) {
		unsigned quality;
		struct slice range = parse_range(element, &quality);

		for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
			/* Greater, not equal: of equal weights the first in the header wins. q=0
			 * never wins, since it means "not acceptable". */
			if (quality > best_quality &&
			    (MEDIA_BIT(accepted[i].media) & offered) != 0 &&
			    is_word(range, accepted[i].range)) {
				best = accepted[i].media;
				best_quality = quality;
			}
		}
	}
	return best;
}

enum content content_from_type(struct slice type)
{
	struct slice rest = type, name, parameter;

	if (type.data == NULL)
		return CONTENT_JSON;
	if (!slice_next_part(&rest, ';', &name))
		return CONTENT_OTHER;
	name = trim(name);
	while (slice_next_part(&rest, ';', &parameter)) {
		parameter = trim(parameter);
		/* Both formats are read as UTF-8. A body that announces another charset is refused
		 * instead of being misread. */
		if (!is_word(parameter, "charset=utf-8") &&
		    !is_word(parameter, "charset=\"utf-8\""))
			return CONTENT_OTHER;
	}
	for (size_t i = 0; i < ARRAY_SIZE(content_rows); i++) {
		if (is_word(name, content_rows[i].type))
			return content_rows[i].content;
	}
	return CONTENT_OTHER;
}
