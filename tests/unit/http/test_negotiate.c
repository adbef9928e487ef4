#include "http/negotiate.h"

#include "base/memory.h"

#include <criterion/criterion.h>

#define ALL	     (MEDIA_BIT(MEDIA_COUNT) - 1)
#define JSON_OR_YAML (MEDIA_BIT(MEDIA_JSON) | MEDIA_BIT(MEDIA_YAML))

Test(negotiate, the_offer_of_the_highest_quality_wins_and_json_if_none_fits)
{
	static const struct {
		const char *accept;
		uint32_t offered;
		enum media media;
	} cases[] = {
		{NULL, ALL, MEDIA_JSON},
		{"", ALL, MEDIA_JSON},
		{"*/*", ALL, MEDIA_JSON},
		{"application/yaml", ALL, MEDIA_YAML},
		{"Application/YAML; charset=utf-8", ALL, MEDIA_YAML},
		{"text/yaml", ALL, MEDIA_YAML},
		{"application/yaml", MEDIA_BIT(MEDIA_JSON), MEDIA_JSON},
		{"application/json;q=0.5, application/yaml", JSON_OR_YAML, MEDIA_YAML},
		{"application/yaml;q=0.5, application/json;q=0.6", JSON_OR_YAML, MEDIA_JSON},
		{"application/yaml;q=0, */*", JSON_OR_YAML, MEDIA_JSON},
		{"text/html,application/xhtml+xml,*/*;q=0.8", ALL, MEDIA_JSON},
		{"application/x-ndjson", ALL, MEDIA_NDJSON},
		{"application/x-ndjson", JSON_OR_YAML, MEDIA_JSON},
		{";;;,,,q=1", ALL, MEDIA_JSON},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(media_from_accept(slice_text(cases[i].accept), cases[i].offered),
			     cases[i].media, "%s", cases[i].accept);
}

Test(negotiate, a_body_is_json_yaml_a_patch_or_not_supported)
{
	static const struct {
		const char *type;
		enum content content;
	} cases[] = {
		{NULL, CONTENT_JSON},
		{"application/json", CONTENT_JSON},
		{"APPLICATION/JSON; charset=UTF-8", CONTENT_JSON},
		{"application/json; charset=latin1", CONTENT_OTHER},
		{"application/yaml", CONTENT_YAML},
		{"text/yaml", CONTENT_YAML},
		{"application/x-yaml", CONTENT_YAML},
		{"application/merge-patch+json", CONTENT_MERGE_PATCH},
		{"application/x-www-form-urlencoded", CONTENT_OTHER},
		{"text/plain", CONTENT_OTHER},
		{"", CONTENT_OTHER},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(content_from_type(slice_text(cases[i].type)), cases[i].content, "%s",
			     cases[i].type);
}

Test(negotiate, the_name_of_every_format_gives_the_format_back)
{
	for (uint32_t i = 0; i < MEDIA_COUNT; i++) {
		enum media m = MEDIA_COUNT;

		cr_expect(media_from_name(slice_text(media_name((enum media)i)), &m));
		cr_expect_eq(m, i);
	}
}
