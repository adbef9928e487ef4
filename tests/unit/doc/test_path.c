#include "doc/path.h"

#include "helpers.h"

Test(path, documents_have_a_kind_and_segments)
{
	static const struct {
		const char *path;
		enum doc_kind kind;
	} cases[] = {
		{"profiles/orders/production", KIND_PROFILES},
		{"schemas/pysetl-pipeline", KIND_SCHEMAS},
		{"schemas/a/b/c", KIND_SCHEMAS},
		{"policies/orders-runtime", KIND_POLICIES},
		{"secrets/orders/production/warehouse", KIND_SECRETS},
		{"secrets/_x/1.2@a=b~c-d", KIND_SECRETS},
		{"secrets/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15", KIND_SECRETS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum doc_kind kind = KIND_COUNT;
		struct error err = ERROR_NULL;

		cr_expect_eq(path_check(slice_text(cases[i].path), &kind, &err), OK, "%s: %s",
			     cases[i].path, err.text);
		cr_expect_eq(kind, cases[i].kind);
	}
}

Test(path, what_is_no_documents_path_is_refused_with_the_rule)
{
	static const struct {
		const char *path, *reason;
	} cases[] = {
		{"", "empty"},
		{"profiles", "no document"},
		{"profiles/", "segment 2"},
		{"profiles/orders", "app and a name"},
		{"profiles/orders/a/b", "app and a name"},
		{"/profiles/a/b", "segment 1"},
		{"profiles//b", "segment 2"},
		{"profiles/a/b/", "segment 4"},
		{"config/a/b", "begins with"},
		{"Profiles/a/b", "begins with"},
		{"secrets/../x", "segment 2"},
		{"secrets/.", "segment 2"},
		{"secrets/.hidden", "segment 2"},
		{"secrets/-x", "segment 2"},
		{"secrets/a b", "segment 2"},
		{"secrets/a:b", "segment 2"},
		{"secrets/a*", "segment 2"},
		{"secrets/gr\xc3\xbc", "segment 2"},
		{"secrets/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", "at most 16"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum doc_kind kind = KIND_COUNT;
		struct error err = ERROR_NULL;

		cr_expect_eq(path_check(slice_text(cases[i].path), &kind, &err), E_MALFORMED, "%s",
			     cases[i].path);
		cr_expect(strstr(err.text, cases[i].reason) != NULL, "%s: %s", cases[i].path,
			  err.text);
		cr_expect_eq(kind, KIND_COUNT);
	}
}

Test(path, a_segment_has_at_most_128_bytes_and_no_nul)
{
	char text[130];

	memset(text, 'a', sizeof text);
	cr_expect(path_segment_is_valid(slice_make(text, 128)));
	cr_expect_not(path_segment_is_valid(slice_make(text, 129)));
	cr_expect_not(path_segment_is_valid(slice_make(text, 0)));
	text[3] = '\0';
	cr_expect_not(path_segment_is_valid(slice_make(text, 10)));
}

Test(path, kinds_are_parsed_by_their_names)
{
	for (int k = 0; k < KIND_COUNT; k++) {
		enum doc_kind kind = KIND_COUNT;

		cr_expect(kind_parse(slice_text(kind_name((enum doc_kind)k)), &kind));
		cr_expect_eq(kind, k);
	}
	enum doc_kind kind;
	cr_expect_not(kind_parse(SLICE_LITERAL("secret"), &kind));
}
