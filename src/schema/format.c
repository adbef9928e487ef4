/* The formats that we know; every other name asserts nothing (2020-12 validation, section 7.2.1). */
#include "schema/format.h"

#include "base/memory.h"
#include "schema/format_checks.h"
#include "schema/pattern.h"
#include "schema/pattern_parse.h"

#define REGEX_ARENA_BYTES_MAX (2 * 1024 * 1024)

struct format {
	const char *name;
	const char *sentence;
	bool (*is_valid)(struct slice text);
};

static const struct format formats[] = {
	{"date", "must be a date such as 2026-11-20", is_date},
	{"date-time", "must be a date and time such as 2026-11-20T21:04:23Z", is_date_time},
	{"duration", "must be a duration such as P3D or PT1H30M", is_duration},
	{"email", "must be an e-mail address", is_email},
	{"hostname", "must be a host name", is_hostname},
	{"idn-email", "must be an e-mail address", is_idn_email},
	{"idn-hostname", "must be a host name", is_idn_hostname},
	{"ipv4", "must be an IPv4 address such as 192.0.2.1", is_ipv4},
	{"ipv6", "must be an IPv6 address such as 2001:db8::1", is_ipv6},
	{"iri", "must be an absolute IRI", is_iri},
	{"iri-reference", "must be an IRI or a reference relative to one", is_iri_reference},
	{"json-pointer", "must be a JSON pointer such as /spark/app_name", is_json_pointer},
	{"regex", "must be a regular expression as ECMA-262 has them", is_regex},
	{"relative-json-pointer", "must be a relative JSON pointer such as 1/name",
	 is_relative_json_pointer},
	{"time", "must be a time with its offset such as 21:04:23Z", is_time},
	{"uri", "must be an absolute URI such as https://example.org/", is_uri},
	{"uri-reference", "must be a URI or a reference relative to one", is_uri_reference},
	{"uri-template", "must be a URI template such as /users/{id}", is_uri_template},
	{"uuid", "must be a UUID such as 123e4567-e89b-12d3-a456-426614174000", is_uuid},
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

bool format_is_valid(const struct format *f, struct slice text)
{
	if (text.data == NULL)
		text = SLICE_LITERAL("");
	return f->is_valid(text);
}

/* What ECMA-262 allows, also where PCRE2 cannot do it: the format is about the text, `pattern` about its use. */
bool is_regex(struct slice text)
{
	CLEANUP(arena_clear) struct arena arena = ARENA_INIT(REGEX_ARENA_BYTES_MAX, true);
	struct pattern_tree tree;

	return text.len <= PATTERN_BYTES_MAX && pattern_parse(&tree, &arena, text, NULL) == OK;
}
