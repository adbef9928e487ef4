/*
 * The known formats; every other name asserts nothing (2020-12 validation, section 7.2.1).
 *
 * The table also has the price of each check, because the texts come from a client. A check with a
 * bound stops reading there: a longer text cannot have the format.
 */
#include "schema/format/format.h"

#include "base/memory.h"
#include "schema/format/format_checks.h"
#include "schema/regex/pattern.h"
#include "schema/regex/pattern_parse.h"

#define REGEX_ARENA_BYTES_MAX (2 * 1024 * 1024)

/* A check reads at most `bytes_max` bytes of a text (0: all). The price of a byte is in sixteenths
 * of a step. */
struct format {
	const char *name;
	const char *sentence;
	bool (*is_valid)(struct slice text);
	uint32_t bytes_max;
	uint32_t price;
};

static const struct format formats[] = {
	{"date", "must be a date such as 2026-11-20", is_date, 32, 4},
	{"date-time", "must be a date and time such as 2026-11-20T21:04:23Z", is_date_time, 0, 1},
	{"duration", "must be a duration such as P3D or PT1H30M", is_duration, 0, 1},
	{"email", "must be an e-mail address", is_email, 0, 4},
	{"hostname", "must be a host name", is_hostname, 254, 128},
	{"idn-email", "must be an e-mail address", is_idn_email, 0, 4},
	{"idn-hostname", "must be a host name", is_idn_hostname, 1100, 400},
	{"ipv4", "must be an IPv4 address such as 192.0.2.1", is_ipv4, 16, 4},
	{"ipv6", "must be an IPv6 address such as 2001:db8::1", is_ipv6, 46, 4},
	{"iri", "must be an absolute IRI", is_iri, 0, 6},
	{"iri-reference", "must be an IRI or a reference relative to one", is_iri_reference, 0, 6},
	{"json-pointer", "must be a JSON pointer such as /spark/app_name", is_json_pointer, 0, 1},
	{"regex", "must be a regular expression as ECMA-262 has them", is_regex, 4096, 64},
	{"relative-json-pointer", "must be a relative JSON pointer such as 1/name",
	 is_relative_json_pointer, 0, 1},
	{"time", "must be a time with its offset such as 21:04:23Z", is_time, 0, 1},
	{"uri", "must be an absolute URI such as https://example.org/", is_uri, 0, 6},
	{"uri-reference", "must be a URI or a reference relative to one", is_uri_reference, 0, 6},
	{"uri-template", "must be a URI template such as /users/{id}", is_uri_template, 0, 6},
	{"uuid", "must be a UUID such as 123e4567-e89b-12d3-a456-426614174000", is_uuid, 37, 4},
};

const struct format *format_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (slice_is_text(name, formats[i].name))
			return &formats[i];
	return NULL;
}

const char *format_sentence(const struct format *f)
{
	return f->sentence;
}

uint64_t format_price(const struct format *f, struct slice text)
{
	uint64_t bytes = f->bytes_max != 0 && text.len > f->bytes_max ? f->bytes_max : text.len;

	return 1 + bytes * f->price / 16;
}

bool format_is_valid(const struct format *f, struct slice text)
{
	if (text.data == NULL)
		text = SLICE_LITERAL("");
	return f->is_valid(text);
}

/* Accepts every expression that ECMA-262 allows, including those that `pattern` cannot use. */
bool is_regex(struct slice text)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT(REGEX_ARENA_BYTES_MAX, true);
	struct pattern_tree tree;

	return text.len <= PATTERN_BYTES_MAX && pattern_parse(&tree, &arena, text, NULL) == OK;
}
